"""What a user must know about slices that are stacked at a slant, as by a tilted gantry."""

from __future__ import annotations

import math

from medseg.space import Grid

ITK_SHEAR_LIMIT = 1e-4
"""Largest cosine between axes that ITK's NIfTI reader takes for a right angle (measured, SimpleITK 2.5)."""


def is_sheared(grid: Grid) -> bool:
    """Whether programs that know right angles only will refuse or misread the grid."""
    return grid.shear > ITK_SHEAR_LIMIT


def shear_warnings(grid: Grid) -> tuple[str, ...]:
    """One sentence about a sheared grid; none about any other."""
    if not is_sheared(grid):
        return ()
    tilt_deg = math.degrees(math.asin(grid.shear))
    return (
        f"The stack of slices leans by {tilt_deg:.3g}°, as acquired: planes across the slices look skewed, "
        "and programs built on ITK refuse such a NIfTI file or misread it.",
    )
