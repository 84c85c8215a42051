"""Planes of a grid, as a box around a structure cuts them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.contour import Placement, Sheet, Slice, nearest_index
from medseg.interpolation.field import Field
from medseg.interpolation.image_model import REACH_MM, Sample, Triple, Voxels
from medseg.space import Grid

BAND_MM = 8.0
"""Pixels up to this distance from a drawn outline show what lies on either side of it."""


@dataclass(frozen=True)
class Box:
    """A box of voxels of a grid.

    Attributes:
        grid: The grid.
        corner_kji: Index of the first voxel.
        shape_kji: Number of voxels.
    """

    grid: Grid
    corner_kji: tuple[int, int, int]
    shape_kji: tuple[int, int, int]

    @classmethod
    def around(cls, field: Field, grid: Grid) -> Box:
        """The box of a field, widened by what has to be seen around it."""
        more = np.ceil(BAND_MM / np.array(grid.spacing_kji_mm)).astype(int)
        low = np.maximum(np.subtract(field.corner_kji, more), 0)
        high = np.minimum(np.add(field.corner_kji, field.depth_mm.shape) + more, grid.shape_kji)
        k, j, i = low.tolist()
        planes, rows, columns = np.maximum(high - low, 0).tolist()
        return cls(grid, (k, j, i), (planes, rows, columns))

    @property
    def index(self) -> tuple[slice, ...]:
        """The box as an index into the grid."""
        return tuple(slice(a, a + n) for a, n in zip(self.corner_kji, self.shape_kji, strict=True))


class PlaneInBox:
    """The columns of a box that a plane crosses, one voxel each.

    Args:
        where: The plane.
        box: The box.

    Attributes:
        window: First row, first column, rows and columns of the box on the plane.
        spacing_mm: Distance of rows and of columns.
    """

    def __init__(self, where: Placement, box: Box) -> None:
        self.where = where
        self._box = box
        a, b = self._others = [axis for axis in range(3) if axis != where.axis]
        corner, shape, spacing = box.corner_kji, box.shape_kji, box.grid.spacing_kji_mm
        self.window = (corner[a], corner[b], shape[a], shape[b])
        self.spacing_mm = (spacing[a], spacing[b])

    def voxels(self, chosen: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.bool_], Voxels]:
        """The voxels of chosen columns.

        Returns:
            Which of the columns have a voxel in the box, and those voxels.
        """
        along = self._along()
        within = (along >= 0) & (along < self._box.shape_kji[self.where.axis])
        there = chosen & within
        indices = np.broadcast_to(along, there.shape)[there]
        return there, np.insert(np.argwhere(there), self.where.axis, indices, axis=1)

    def depth_mm(self, field: Field) -> npt.NDArray[np.float32]:
        """Depth of a field at each column's voxel; ``-inf`` where the field ends."""
        depth = np.full(self.window[2:], -np.inf, dtype=np.float32)
        (a, rows), (b, columns) = (_overlap(field, self._box, axis) for axis in self._others)
        there = np.moveaxis(field.depth_mm, self.where.axis, 0)[:, a, b]
        shift = self._box.corner_kji[self.where.axis] - field.corner_kji[self.where.axis]
        along = self._along() + shift
        if along.ndim == 0:
            if 0 <= along < len(there):
                depth[rows, columns] = there[int(along)]
            return depth
        along = along[rows, columns]
        r, c = np.nonzero((along >= 0) & (along < len(there)))
        depth[rows, columns][r, c] = there[along[r, c], r, c]
        return depth

    def _along(self) -> npt.NDArray[np.intp]:
        """Index of each column's voxel along the plane's axis; one for all columns of a slice.

        It may lie outside the box.
        """
        corner = self._box.corner_kji[self.where.axis]
        if isinstance(self.where, Slice):
            return np.array(self.where.index - corner)
        row, column, rows, columns = self.window
        return nearest_index(self.where, (row + rows, column + columns))[row:, column:] - corner


class DrawnPlane(PlaneInBox):
    """A drawn plane in a box.

    Attributes:
        drawn: The mask that was drawn, of the grid's full extent.
        inside: The box's part of it.
    """

    def __init__(self, where: Placement, drawn: npt.NDArray[np.bool_], box: Box) -> None:
        super().__init__(where, box)
        row, column, rows, columns = self.window
        self.drawn = drawn
        self.inside = drawn[row : row + rows, column : column + columns]

    def sample(self) -> Sample:
        """The voxels beside the outline."""
        from medseg.interpolation.distance import depth_map_mm

        depth_mm = depth_map_mm(self.drawn, self.spacing_mm, self.window)
        beside, voxels = self.voxels(np.abs(depth_mm) < BAND_MM)
        return Sample(voxels, self.inside[beside], self.spacing_mm[0] * self.spacing_mm[1])


class Nearest:
    """How far voxels lie from the nearest of some planes.

    Args:
        planes: The planes.
        box: The box that voxels are counted in.
    """

    def __init__(self, planes: Sequence[Placement], box: Box) -> None:
        self._sheets = [where for where in planes if isinstance(where, Sheet)]
        self._corner, self._spacing = box.corner_kji, box.grid.spacing_kji_mm
        self._from_slices = {}
        for axis in {where.axis for where in planes if isinstance(where, Slice)}:
            drawn = np.array([p.index for p in planes if isinstance(p, Slice) and p.axis == axis])
            along = np.arange(box.shape_kji[axis]) + self._corner[axis]
            apart = np.abs(along[:, None] - drawn).min(axis=1)
            self._from_slices[axis] = (apart * self._spacing[axis]).astype(np.float32)

    def distance_mm(self, voxels: Voxels) -> npt.NDArray[np.float32]:
        """Distance of each voxel's centre, shape ``(n,)``; at least half a voxel.

        Shear is left out of account.
        """
        distance = np.full(len(voxels), np.inf, dtype=np.float32)
        for axis, from_slices in self._from_slices.items():
            np.minimum(distance, from_slices[voxels[:, axis]], out=distance)
        for sheet in self._sheets:
            np.minimum(distance, self._from_sheet(sheet, voxels), out=distance)
        return np.maximum(distance, np.float32(0.5 * min(self._spacing)), out=distance)

    def _from_sheet(self, sheet: Sheet, voxels: Voxels) -> npt.NDArray[np.float32]:
        a, b = (axis for axis in range(3) if axis != sheet.axis)
        index = voxels + np.array(self._corner)
        off = index[:, sheet.axis] - sheet.offset - index[:, [a, b]] @ np.array(sheet.slopes)
        gradient_per_mm = [1.0, *sheet.slopes] / np.array([self._spacing[n] for n in (sheet.axis, a, b)])
        return np.asarray(np.abs(off) / np.linalg.norm(gradient_per_mm), dtype=np.float32)


def reach_kji_mm(planes: Sequence[Placement], grid: Grid) -> Triple:
    """How far a place must look to learn from drawn planes: across the widest gap of parallel slices."""
    reach = [REACH_MM] * 3
    axes = {where.axis if isinstance(where, Slice) else None for where in planes}
    axis = axes.pop() if len(axes) == 1 else None
    if axis is not None:
        indices = sorted(where.index for where in planes if isinstance(where, Slice))
        gap = max(np.diff(indices), default=0)
        reach[axis] = max(REACH_MM, float(gap) * grid.spacing_kji_mm[axis])
    return reach[0], reach[1], reach[2]


def _overlap(field: Field, box: Box, axis: int) -> tuple[slice, slice]:
    """Where a field and a box overlap along an axis, counted in the field and in the box."""
    field_starts, box_starts = field.corner_kji[axis], box.corner_kji[axis]
    start = max(field_starts, box_starts)
    stop = min(field_starts + field.depth_mm.shape[axis], box_starts + box.shape_kji[axis])
    stop = max(start, stop)
    return slice(start - field_starts, stop - field_starts), slice(start - box_starts, stop - box_starts)
