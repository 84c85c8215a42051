"""Contours of a 4-D image: which of them count at a time point, and which don't."""

from __future__ import annotations

from dataclasses import dataclass, field

from medseg.contour.contour_set import ContourSet


@dataclass(frozen=True, eq=False)
class OtherTimePoints:
    """What lies beside the contours of one time point of a 4-D image.

    Attributes:
        shown: The time point whose contours and voxels are meant, from 0.
        contours: All contours that don't count there: those of other time points, and those of all time
            points where the shown one has its own.
    """

    shown: int
    contours: ContourSet = field(default_factory=ContourSet)
