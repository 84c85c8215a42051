"""Measurements: what a structure is like, and how two of them agree; one family a file."""

from medseg.measurement.boundary import boundary
from medseg.measurement.difference import (
    LabelMapDifference,
    StructureDifference,
    TableChange,
    difference_between,
)
from medseg.measurement.overlap import dice, jaccard
from medseg.measurement.size import volume_ml, volume_mm3
from medseg.measurement.surface_distance import (
    SurfaceDistance,
    boundary_hausdorff_mm,
    largest_surface_distance,
)

__all__ = [
    "LabelMapDifference",
    "StructureDifference",
    "SurfaceDistance",
    "TableChange",
    "boundary",
    "boundary_hausdorff_mm",
    "dice",
    "difference_between",
    "jaccard",
    "largest_surface_distance",
    "volume_ml",
    "volume_mm3",
]
