"""Space: array index ↔ patient mm. Arrays are ``[k, j, i]``; patient space is LPS+ in mm."""

from medseg.space.anatomical import AnatomicalOrder
from medseg.space.box import Box, box_around, box_at, box_grown, box_of
from medseg.space.grid import FLOAT32_TOLERANCE_MM, GEOMETRY_TOLERANCE_MM, Grid
from medseg.space.plane import Plane
from medseg.space.upright import is_upright, upright_grid

__all__ = [
    "FLOAT32_TOLERANCE_MM",
    "GEOMETRY_TOLERANCE_MM",
    "AnatomicalOrder",
    "Box",
    "Grid",
    "Plane",
    "box_around",
    "box_at",
    "box_grown",
    "box_of",
    "is_upright",
    "upright_grid",
]
