"""Beyond the last plane: where a structure may go on that is drawn on parallel planes alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.contour import Placement, Sheet, Slice, height
from medseg.interpolation.closeness import mm_off_plane
from medseg.interpolation.drawn import DrawnStructure
from medseg.space import Grid

REACH = 2.0
"""How far to look beyond the last plane, in radii of what was drawn there: a ball ends after one."""

CLOSED_BELOW = 0.5
"""A structure whose last plane shows less than this share of its largest area may end there.

A reader who is done has drawn the ends, and they are small: 0.15 of the largest area on average.
"""

WIDENING = 0.5
"""How far to look beside what was drawn on the last plane, in radii."""


@dataclass(frozen=True, eq=False)
class Beyond:
    """A box beyond a plane in which a structure may go on.

    Attributes:
        axis: The array axis that leads off the plane.
        corner_kji: Index of the box's first voxel in the grid.
        shape: Of the box: voxels along ``axis``, then along the two others in array order.
        off_axis_mm: For each column along ``axis`` how far it lies off the middle of a ball that the plane
            cuts through its centre; less than ``radius_mm`` where the structure was drawn.
        off_plane_mm: For each column how far beyond the plane its first voxel lies.
        step_mm: By how much that grows with each step along ``axis``, negative below the plane.
        radius_mm: The ball's radius: the largest depth of the structure on the plane.
        weight: How likely it is that the structure goes on here at all.
    """

    axis: int
    corner_kji: tuple[int, int, int]
    shape: tuple[int, int, int]
    off_axis_mm: npt.NDArray[np.float32]
    off_plane_mm: npt.NDArray[np.float32]
    step_mm: float
    radius_mm: float
    weight: float

    @property
    def shape_kji(self) -> tuple[int, int, int]:
        """Shape of the box in the grid."""
        k, j, i = np.insert(self.shape[1:], self.axis, self.shape[0]).tolist()
        return k, j, i


def beyond(drawn: DrawnStructure) -> Iterator[Beyond]:
    """Where a structure may go on beyond its outermost planes.

    Methods extrapolate nothing beyond parallel slices, and a single plane shows no extent off itself. There
    a structure is thought to be about as deep as it is wide: it ends as a ball does of which the last plane
    is the equator. Planes of several directions show the extent themselves.

    Where the areas on the planes close towards the end, it may end there: the weight falls with the square
    of the last area, from 1 at ``CLOSED_BELOW`` of the largest.
    """
    if len(drawn.masks) > 1 and drawn.parallel_axis is None:
        return
    areas = {where: int(np.count_nonzero(mask)) for where, mask in drawn.masks.items()}
    ordered = sorted(drawn.masks, key=lambda where: where.index if isinstance(where, Slice) else 0)
    for where, side in ((ordered[0], -1), (ordered[-1], 1)) if ordered else ():
        if areas[where]:
            weight = min(1.0, areas[where] / (CLOSED_BELOW * max(areas.values()))) ** 2
            yield _beyond(where, drawn.masks[where], drawn.grid, side, weight)


def _beyond(where: Placement, mask: npt.NDArray[np.bool_], grid: Grid, side: int, weight: float) -> Beyond:
    from scipy.ndimage import distance_transform_edt

    steps_mm = _steps_mm(where, grid)
    rows, columns = np.nonzero(mask)
    filled = mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    radius_mm = float(distance_transform_edt(np.pad(filled, 1), sampling=steps_mm).max())
    top, bottom = _grown(rows, WIDENING * radius_mm / steps_mm[0], mask.shape[0])
    left, right = _grown(columns, WIDENING * radius_mm / steps_mm[1], mask.shape[1])
    around = np.pad(mask[top:bottom, left:right], 1)
    inside_mm = distance_transform_edt(around, sampling=steps_mm)
    outside_mm = distance_transform_edt(~around, sampling=steps_mm)
    off_axis_mm = (radius_mm - inside_mm + outside_mm)[1:-1, 1:-1]

    at = height(where, mask.shape)[top:bottom, left:right]
    off_mm = mm_off_plane(where, grid)
    reach = REACH * radius_mm / off_mm
    first = max(0, int(np.ceil(at.min() - reach if side < 0 else at.min())))
    last = min(grid.shape_kji[where.axis] - 1, int(np.floor(at.max() + reach if side > 0 else at.max())))
    corner_kji = np.insert([top, left], where.axis, first)
    return Beyond(
        where.axis,
        (int(corner_kji[0]), int(corner_kji[1]), int(corner_kji[2])),
        (max(0, last + 1 - first), bottom - top, right - left),
        off_axis_mm.astype(np.float32),
        (side * off_mm * (first - at)).astype(np.float32),
        side * off_mm,
        radius_mm,
        weight,
    )


def _steps_mm(where: Placement, grid: Grid) -> tuple[float, float]:
    """Length of one step down the rows and across the columns of a mask, along its plane."""
    rows_mm, columns_mm = (mm for axis, mm in enumerate(grid.spacing_kji_mm) if axis != where.axis)
    along_mm = grid.spacing_kji_mm[where.axis]
    slopes = where.slopes if isinstance(where, Sheet) else (0.0, 0.0)
    return float(np.hypot(rows_mm, along_mm * slopes[0])), float(np.hypot(columns_mm, along_mm * slopes[1]))


def _grown(indices: npt.NDArray[np.intp], by: float, length: int) -> tuple[int, int]:
    """The extent of some indices, grown on both sides, within ``0 … length``."""
    return max(0, int(indices.min() - by)), min(length, int(indices.max() + by) + 1)
