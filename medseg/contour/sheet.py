"""Sheet: the voxels nearest to a plane that is no slice of the grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.contour.slices import Slice


@dataclass(frozen=True, order=True)
class Sheet:
    """A plane that runs obliquely through a grid, or between two slices of it.

    The grid's columns of voxels along ``axis`` each cross the plane once, at the index
    ``offset + slopes[0] * a + slopes[1] * b``, where ``a`` and ``b`` are the indices along the two other
    axes in array order. The nearest voxel of each column belongs to the sheet.

    Attributes:
        axis: Array axis of the columns (0 is k, 1 is j, 2 is i): the one nearest to the plane's normal when
            voxels are taken as cubes.
        offset: Where the column ``(0, 0)`` crosses the plane, a fractional index.
        slopes: How much further along ``axis`` the next column crosses it, for both other axes. Neither
            is steeper than 1, so that the sheet has no gaps: its voxels touch by an edge at least.
    """

    axis: int
    offset: float
    slopes: tuple[float, float] = (0.0, 0.0)

    def __str__(self) -> str:
        a, b = ("kji"[other] for other in range(3) if other != self.axis)
        terms = "".join(
            f"{slope:+.4g}{name}" for slope, name in zip(self.slopes, (a, b), strict=True) if slope
        )
        return f"{'kji'[self.axis]}={self.offset:.4g}{terms}"


Placement = Slice | Sheet
"""Where a contour lies on a grid."""


def height(where: Placement, shape: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Fractional index along ``where.axis`` at which each column crosses the plane.

    Args:
        where: The plane.
        shape: Numbers of voxels along the two other axes.
    """
    if isinstance(where, Slice):
        return np.full(shape, float(where.index))
    a, b = np.ogrid[: shape[0], : shape[1]]
    return where.offset + where.slopes[0] * a + where.slopes[1] * b


def nearest_index(where: Placement, shape: tuple[int, int]) -> npt.NDArray[np.intp]:
    """Index along ``where.axis`` of the voxel of each column that is nearest to the plane.

    It may lie off the grid. Of two that are equally near it is the one with the larger index.

    Args:
        where: The plane.
        shape: Numbers of voxels along the two other axes.
    """
    # np.rint would take the even one of two that are equally near, and tear holes into a sheet at 45°.
    return np.floor(height(where, shape) + 0.5).astype(np.intp)


def columns_shape(where: Placement, shape_kji: tuple[int, int, int]) -> tuple[int, int]:
    """Numbers of voxels along the two axes other than the plane's: the shape of a mask on it."""
    a, b = (n for axis, n in enumerate(shape_kji) if axis != where.axis)
    return a, b


def lift(where: Placement, columns: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Where columns cross the plane.

    Args:
        where: The plane.
        columns: Indices along the two axes other than the plane's, fractional ones too, shape ``(n, 2)``.

    Returns:
        Fractional indices ``(k, j, i)``, shape ``(n, 3)``.
    """
    ab = np.asarray(columns, dtype=np.float64)
    if isinstance(where, Slice):
        along = np.full(len(ab), float(where.index))
    else:
        along = where.offset + ab @ np.array(where.slopes)
    return np.insert(ab, where.axis, along, axis=1)


def voxels_of(
    where: Placement, mask: npt.NDArray[np.bool_], shape_kji: tuple[int, int, int]
) -> npt.NDArray[np.intp]:
    """The voxels of a mask on a plane.

    Args:
        where: The plane.
        mask: Which columns are taken, of the grid's full extent.
        shape_kji: Shape of the grid; columns that cross the plane outside it have no voxel.

    Returns:
        Indices ``(k, j, i)``, shape ``(n, 3)``.
    """
    # Half as long as np.argwhere, which numpy does not specialise for flags.
    a, b = np.unravel_index(np.flatnonzero(mask), mask.shape)
    if isinstance(where, Slice):
        along = np.full(len(a), where.index)
    else:
        along = np.floor(where.offset + where.slopes[0] * a + where.slopes[1] * b + 0.5).astype(np.intp)
    within = (along >= 0) & (along < shape_kji[where.axis])
    index = [a[within], b[within]]
    index.insert(where.axis, along[within])
    return np.stack(index, axis=1)
