"""Which slice of a grid a contour lies on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.contour.contour import Contour
from medseg.errors import ContourError
from medseg.space import Grid

ON_SLICE_TOLERANCE = 1e-3
"""Distance from a slice, in slices, up to which a contour lies on it.

A coordinate stored with three decimals, as in RTSTRUCT, is off by 5e-4 mm; a contour drawn half-way
between two slices is off by 0.5.
"""


@dataclass(frozen=True, order=True)
class Slice:
    """One slice of a grid: ``index`` along the array axis ``axis`` (0 is k, 1 is j, 2 is i)."""

    axis: int
    index: int

    def __str__(self) -> str:
        return f"{'kji'[self.axis]}={self.index}"


def slice_of(contour: Contour, grid: Grid) -> Slice:
    """The slice of the grid that a contour lies on.

    Args:
        contour: A contour in patient space.
        grid: The grid to look in. A contour that leaves the grid sideways is fine.

    Raises:
        ContourError: The contour's plane is no slice of the grid, along any axis.
    """
    nearest, deviation = nearest_slice(contour, grid)
    if deviation > ON_SLICE_TOLERANCE:
        raise ContourError(
            "expected a contour on a slice of the grid, but its vertices lie up to "
            f"{deviation:.3g} slices off the nearest one",
            hint="draw on slices of the image's own grid (k, j or i)",
            structure_id=contour.structure_id,
            deviation_slices=deviation,
        )
    return require_on_grid(nearest, contour, grid)


def nearest_slice(contour: Contour, grid: Grid) -> tuple[Slice, float]:
    """The slice nearest to a contour, on the grid or beyond it, and how many slices its vertices lie off."""
    index_kji = grid.to_index(contour.points_lps_mm)
    middle = np.rint(index_kji.mean(axis=0))
    deviation = np.abs(index_kji - middle).max(axis=0)
    axis = int(deviation.argmin())
    return Slice(axis, int(middle[axis])), float(deviation[axis])


def require_on_grid(where: Slice, contour: Contour, grid: Grid) -> Slice:
    """Refuse a contour on a slice beyond the first or the last one of the grid.

    Raises:
        ContourError: The grid has no such slice.
    """
    if not 0 <= where.index < grid.shape_kji[where.axis]:
        raise ContourError(
            f"a contour lies on slice {where}, outside the grid's {grid.shape_kji[where.axis]} slices",
            hint="is this the contour of another image?",
            structure_id=contour.structure_id,
            index=where.index,
        )
    return where


def by_slice(contours: Iterable[Contour], grid: Grid) -> dict[Slice, tuple[Contour, ...]]:
    """Sort contours by the slice that they lie on, slices in ascending order.

    Raises:
        ContourError: A contour lies on no slice of the grid.
    """
    groups: dict[Slice, list[Contour]] = {}
    for contour in contours:
        groups.setdefault(slice_of(contour, grid), []).append(contour)
    return {where: tuple(groups[where]) for where in sorted(groups)}


def in_slice_index(points_lps_mm: npt.ArrayLike, grid: Grid, axis: int) -> npt.NDArray[np.float64]:
    """Fractional indices along the two array axes that a slice keeps, shape ``(n, 2)``."""
    return np.delete(grid.to_index(points_lps_mm), axis, axis=1)
