"""ResampledSlices: a volume as it lies on another grid, one slice at a time, when it is looked at.

Nothing is resampled beforehand: a CT that is laid on an MR costs what its slices in view cost.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from medseg.space import AnatomicalOrder, Grid
from medseg.volume.parallel_axes import axes_of, sampled_along
from medseg.volume.volume import Quantity, Volume

KEPT_BYTES = 64 * 2**20
"""Slices that were sampled are kept up to this size: going back and forth costs nothing."""

HALF_VOXEL = 0.5 + 1e-6
"""A voxel reaches half its size beyond its centre; the rest is rounding of the affines."""

OUTSIDE: dict[Quantity, float] = {Quantity.HU: -1024.0}
"""What is shown where a volume has no voxels: air in HU; 0 (no activity, no signal) for all else."""


class Order(IntEnum):
    """How a value between voxels is made."""

    NEAREST = 0
    """The value of the nearest voxel: labels, and values as they were measured."""
    LINEAR = 1
    """From the eight voxels around, never beyond their values."""


class ResampledSlices:
    """An array ``[k, j, i]`` on another grid whose slices are sampled when they are asked for.

    It can be indexed as a numpy array with integers and slices, and turned into one by ``np.asarray``.
    Where the volume has no voxel it holds ``outside``; a voxel reaches half its size beyond its centre.

    Args:
        volume: What is shown.
        grid: Where it is shown; any grid of the same patient space.
        order: How values between voxels are made.
        outside: The value where the volume has none; by default air for HU, else 0.
    """

    def __init__(
        self, volume: Volume, grid: Grid, *, order: Order = Order.LINEAR, outside: float | None = None
    ) -> None:
        self.volume = volume
        self.grid = grid
        self.order = order
        self.outside = OUTSIDE.get(volume.quantity, 0.0) if outside is None else outside
        # index of this grid → index of the volume; both affines are exact, so is their product.
        matrix = volume.grid.lps_mm_to_index @ grid.index_to_lps_mm
        self._matrix, self._offset = matrix[:3, :3], matrix[:3, 3]
        self._axes = axes_of(self._matrix, grid.shape_kji)
        self._kept: OrderedDict[tuple[int, int], npt.NDArray[Any]] = OrderedDict()

    @property
    def shape(self) -> tuple[int, int, int]:
        """That of the grid."""
        return self.grid.shape_kji

    @property
    def ndim(self) -> int:
        """Always 3."""
        return 3

    @property
    def size(self) -> int:
        """Number of voxels of the grid."""
        return int(np.prod(self.shape))

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of the volume for nearest values, else ``float32``."""
        return self.volume.voxels.dtype if self.order is Order.NEAREST else np.dtype(np.float32)

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:  # noqa: FBT001 - numpy's signature
        whole = np.stack([self._slice(0, k) for k in range(self.shape[0])])
        return whole.astype(dtype, copy=False) if dtype is not None else whole

    def __getitem__(self, key: Any) -> Any:
        """A part of the array, as numpy gives it.

        Raises:
            IndexError: Beyond the grid, or more than three indices.
        """
        index = _three(key)
        chosen = [range(n)[one] for n, one in zip(self.shape, index, strict=True)]
        counts = [len(one) if isinstance(one, range) else 1 for one in chosen]
        # Viewers ask for slices by ranges of one: as few as possible are sampled, along whatever axis.
        axis = counts.index(min(counts))
        rest = tuple(one for a, one in enumerate(index) if a != axis)
        along = chosen[axis]
        if not isinstance(along, range):
            return self._slice(axis, along)[rest]
        place = sum(isinstance(one, slice) for one in index[:axis])
        if len(along) == 1:
            return np.expand_dims(self._slice(axis, along[0])[rest], place)
        if not along:
            return np.zeros([len(one) for one in chosen if isinstance(one, range)], self.dtype)
        return np.stack([self._slice(axis, n)[rest] for n in along], axis=place)

    def _slice(self, axis: int, index: int) -> npt.NDArray[Any]:
        key = (axis, index)
        pixels = self._kept.pop(key, None)
        if pixels is None:
            pixels = self._sampled(axis, index)
            pixels.setflags(write=False)
        self._kept[key] = pixels
        while len(self._kept) > 1 and sum(one.nbytes for one in self._kept.values()) > KEPT_BYTES:
            self._kept.popitem(last=False)
        return pixels

    def _sampled(self, axis: int, index: int) -> npt.NDArray[Any]:
        """One slice, shape of the two other axes."""
        down, across = (a for a in range(3) if a != axis)
        rows, columns = self.shape[down], self.shape[across]
        start = self._offset + index * self._matrix[:, axis]
        steps = (self._matrix[:, down], self._matrix[:, across])
        pixels = self._parallel(axis, index) if self._axes else self._slanted(axis, start, (rows, columns))
        inside = self._inside(start, *steps, (rows, columns))
        if inside is not None:
            pixels[~inside] = self.outside
        return pixels

    def _parallel(self, axis: int, index: int) -> npt.NDArray[Any]:
        """A slice where both grids run parallel."""
        assert self._axes is not None  # noqa: S101 - asked for before
        at: list[npt.NDArray[np.float64]] = [np.zeros(0)] * 3
        for own, other in enumerate(self._axes):
            numbers = np.array([index]) if own == axis else np.arange(self.shape[own])
            at[other] = self._offset[other] + numbers * self._matrix[other, own]
        values = sampled_along(self.volume.voxels, at, linear=self.order is Order.LINEAR)
        return np.array(values.transpose(self._axes).take(0, axis), self.dtype, order="C")

    def _slanted(self, axis: int, start: npt.NDArray[np.float64], shape: tuple[int, int]) -> npt.NDArray[Any]:
        """A slice where the volume lies at an angle to the grid."""
        down, across = (a for a in range(3) if a != axis)
        # A slice of one, so that scipy finds three axes.
        matrix = self._matrix[:, [axis, down, across]]
        pixels = np.empty((1, *shape), self.dtype)
        ndimage.affine_transform(
            self.volume.voxels, matrix, start, output=pixels, output_shape=pixels.shape,
            order=int(self.order), mode="nearest", prefilter=False,
        )  # fmt: skip
        return np.asarray(pixels[0])

    def _inside(
        self,
        start: npt.NDArray[np.float64],
        down: npt.NDArray[np.float64],
        across: npt.NDArray[np.float64],
        shape: tuple[int, int],
    ) -> npt.NDArray[np.bool_] | None:
        """Where the volume has voxels; None where it has them everywhere."""
        lasts = np.array(self.volume.grid.shape_kji) - 1
        corners = [start + r * (shape[0] - 1) * down + c * (shape[1] - 1) * across
                   for r in (0, 1) for c in (0, 1)]  # fmt: skip
        # Where the corners of a flat slice are inside of a box, all of it is.
        if all(((corner >= -HALF_VOXEL) & (corner <= lasts + HALF_VOXEL)).all() for corner in corners):
            return None
        inside = np.ones(shape, dtype=bool)
        rows, columns = np.arange(shape[0])[:, None], np.arange(shape[1])
        for axis, last in enumerate(lasts):
            at = start[axis] + rows * down[axis] + columns * across[axis]
            inside &= (at >= -HALF_VOXEL) & (at <= last + HALF_VOXEL)
        return inside


def displayed_grid(grid: Grid) -> Grid:
    """The same voxels with their axes as they are displayed: superior, posterior, left."""
    order = AnatomicalOrder.of(grid)
    shape = [grid.shape_kji[axis] for axis in order.axes]
    corner = order.to_kji(np.zeros(3))
    steps = [order.to_kji(np.eye(3)[axis]) - corner for axis in range(3)]
    affine = np.eye(4)
    affine[:3, :3] = np.column_stack([grid.index_to_lps_mm[:3, :3] @ step for step in steps])
    affine[:3, 3] = grid.to_lps_mm(corner)
    return Grid((shape[0], shape[1], shape[2]), affine, grid.frame_of_reference_uid)


def value_at(volume: Volume, point_lps_mm: npt.ArrayLike) -> float | None:
    """The value of the voxel that holds a point of the patient; None where there is none."""
    index = np.rint(volume.grid.to_index(point_lps_mm)).astype(int)
    if (index < 0).any() or (index >= volume.grid.shape_kji).any():
        return None
    return float(volume.voxels[tuple(index)])


def _three(key: Any) -> tuple[Any, Any, Any]:
    """An index with all three axes."""
    parts: Sequence[Any] = key if isinstance(key, tuple) else (key,)
    if any(part is Ellipsis for part in parts):
        at = next(n for n, part in enumerate(parts) if part is Ellipsis)
        filled = [slice(None)] * (4 - len(parts))
        parts = [*parts[:at], *filled, *parts[at + 1 :]]
    if len(parts) > 3:
        raise IndexError(f"expected at most three indices, got {len(parts)}")
    first, second, third = [*parts, slice(None), slice(None), slice(None)][:3]
    return first, second, third
