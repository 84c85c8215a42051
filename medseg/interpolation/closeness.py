"""Closeness: how near to the drawn planes voxels lie.

A voxel's closeness, in 1/mm, is the sum over the three array axes of the reciprocal distances to the next
drawn plane on either side. Half-way between two planes its reciprocal is a quarter of their distance; planes
along other axes lower it further, and beyond the last plane it is the distance to that. What it is made of
is prepared here for the compiled loops of :mod:`~medseg.interpolation.doubt`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.contour import Placement, Sheet, Slice
from medseg.interpolation.drawn import DrawnStructure
from medseg.space import Grid

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class DrawnPlanes:
    """Where the drawn planes lie.

    Attributes:
        tables: For each axis the reciprocal distances, in 1/mm, to the next drawn slice below and above each
            index, shape ``(2, n)``: infinite on a drawn slice, 0 where there is none.
        sheets: Rows ``(axis, offset, slope_a, slope_b, mm_per_index)``, shape ``(n, 5)``: a sheet crosses the
            column ``(a, b)`` of its axis at ``offset + slope_a * a + slope_b * b``, and one index along the
            column is that many mm off the plane.
    """

    tables: tuple[Floats, Floats, Floats]
    sheets: Floats


def drawn_planes(drawn: DrawnStructure) -> DrawnPlanes:
    """Prepare the planes of a structure."""
    k, j, i = (_table(drawn, axis) for axis in range(3))
    rows = [
        (where.axis, where.offset, *where.slopes, mm_off_plane(where, drawn.grid))
        for where in drawn.masks
        if isinstance(where, Sheet)
    ]
    return DrawnPlanes((k, j, i), np.array(rows, dtype=np.float64).reshape(-1, 5))


def neighbours(drawn: DrawnStructure, axis: int) -> npt.NDArray[np.int64]:
    """For each index along an axis the next drawn slices at or below and at or above it, shape ``(2, n)``.

    Where there is none, −1 and the axis' length.
    """
    n = drawn.grid.shape_kji[axis]
    slices = [where.index for where in drawn.masks if isinstance(where, Slice) and where.axis == axis]
    is_drawn = np.zeros(n, dtype=np.bool_)
    is_drawn[slices] = True
    index = np.arange(n)
    below = np.maximum.accumulate(np.where(is_drawn, index, -1))
    above = np.minimum.accumulate(np.where(is_drawn, index, n)[::-1])[::-1]
    return np.stack([below, above]).astype(np.int64)


def mm_off_plane(where: Placement, grid: Grid) -> float:
    """How far off a plane one step along its columns leads."""
    rows_mm, columns_mm = (mm for axis, mm in enumerate(grid.spacing_kji_mm) if axis != where.axis)
    along_mm = grid.spacing_kji_mm[where.axis]
    slopes = where.slopes if isinstance(where, Sheet) else (0.0, 0.0)
    return float(
        along_mm / np.hypot(1.0, np.hypot(along_mm * slopes[0] / rows_mm, along_mm * slopes[1] / columns_mm))
    )


def _table(drawn: DrawnStructure, axis: int) -> Floats:
    n = drawn.grid.shape_kji[axis]
    below, above = neighbours(drawn, axis)
    index = np.arange(n)
    with np.errstate(divide="ignore"):
        near = 1.0 / (drawn.grid.spacing_kji_mm[axis] * np.array([index - below, above - index]))
    return np.where(np.array([below >= 0, above < n]), near, 0.0)
