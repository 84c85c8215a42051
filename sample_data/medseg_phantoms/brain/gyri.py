"""Gyri: a brain's surface folded into sulci."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medseg_phantoms.points import Field, Points
from medseg_phantoms.relief import Waves
from medseg_phantoms.solids import Box, Solid

_FOLDS = Waves(1.0, 25, seed=31, count=8)
_FOLD_DEPTH = Waves(6.0, 60, seed=32, count=4)

_STEEPNESS_PER_MM = 0.06
"""Typical slope of ``_FOLDS`` where it crosses zero: turns its value into a distance."""


@dataclass(frozen=True)
class Gyri:
    """A hull with sulci cut into it along the sheets where a smooth random field crosses zero.

    Args:
        hull: The brain as if wrapped in film.
        depth_mm: Mean depth of the sulci.
        half_width_mm: Half their width.
    """

    hull: Solid
    depth_mm: float = 14.0
    half_width_mm: float = 0.8

    @property
    def box_mm(self) -> Box:
        """The hull's box."""
        return self.hull.box_mm

    def distance_mm(self, points: Points) -> Field:
        """Distance to the folded surface."""
        hull = self.hull.distance_mm(points)
        sheet = np.abs(_FOLDS(points)) / np.float32(_STEEPNESS_PER_MM)
        below = np.maximum(-hull - np.float32(self.depth_mm) - _FOLD_DEPTH(points), 0)
        sulcus = np.sqrt(sheet * sheet + below * below) - np.float32(self.half_width_mm)
        return np.asarray(np.maximum(hull, -sulcus), dtype=np.float32)
