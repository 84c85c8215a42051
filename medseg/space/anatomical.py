"""Show a grid the way a radiologist expects, without moving a single voxel.

The array axes are permuted and flipped, both lossless, so that they run as near as possible to
inferior → superior, anterior → posterior and right → left. An oblique volume stays on its own grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from medseg.space.grid import Grid

T = TypeVar("T", bound=np.generic)

_TARGETS_LPS = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
"""Towards superior, posterior and left: the anatomical directions of the display axes 0, 1 and 2."""


@dataclass(frozen=True)
class AnatomicalOrder:
    """A permutation and flips between a grid's array axes and anatomical axes.

    Attributes:
        axes: For each anatomical axis (superior, posterior, left) the array axis that runs along it.
        flipped: Whether that array axis runs the other way.
        shape_kji: Shape of the grid that this order belongs to.
    """

    axes: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]
    shape_kji: tuple[int, int, int]

    @classmethod
    def of(cls, grid: Grid) -> AnatomicalOrder:
        """The order whose axes lie nearest to the anatomical ones (largest sum of cosines)."""
        cosines = _TARGETS_LPS @ grid.directions
        axes = max(permutations(range(3)), key=lambda p: sum(abs(cosines[row, p[row]]) for row in range(3)))
        flipped = tuple(bool(cosines[row, axes[row]] < 0) for row in range(3))
        return cls(axes, flipped, grid.shape_kji)  # type: ignore[arg-type]

    def apply(self, array_kji: npt.NDArray[T]) -> npt.NDArray[T]:
        """A view of a ``[k, j, i]`` array with anatomical axes."""
        view = array_kji.transpose(self.axes)
        return view[tuple(slice(None, None, -1 if flip else 1) for flip in self.flipped)]

    def undo(self, array: npt.NDArray[T]) -> npt.NDArray[T]:
        """The inverse of :meth:`apply`, as a view."""
        view = array[tuple(slice(None, None, -1 if flip else 1) for flip in self.flipped)]
        return view.transpose(np.argsort(self.axes))

    def spacing_mm(self, grid: Grid) -> tuple[float, float, float]:
        """Voxel spacing along the anatomical axes."""
        a, b, c = (grid.spacing_kji_mm[axis] for axis in self.axes)
        return a, b, c

    def to_anatomical(self, index_kji: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Take array indices of shape ``(..., 3)`` to indices of the array that :meth:`apply` returns."""
        index = np.asarray(index_kji, dtype=np.float64)[..., list(self.axes)]
        last = np.array([self.shape_kji[axis] for axis in self.axes]) - 1
        return np.where(self.flipped, last - index, index)

    def to_kji(self, index: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The inverse of :meth:`to_anatomical`."""
        index = np.asarray(index, dtype=np.float64)
        last = np.array([self.shape_kji[axis] for axis in self.axes]) - 1
        return np.where(self.flipped, last - index, index)[..., np.argsort(self.axes)]
