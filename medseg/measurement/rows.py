"""A mask as its rows: where each begins and ends, and sums over its voxels.

That is all that moments and convex hulls need to know of it, and far less than its voxels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.measurement.requirements import Mask

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a mask.

    Attributes:
        first: First i of each row, ``[k, j]``; -1 where it has no voxel.
        last: Last i; likewise.
        count: Number of its voxels.
        sum_i: Sum of their i.
        sum_ii: Sum of their i².
    """

    first: IntArray
    last: IntArray
    count: IntArray
    sum_i: IntArray
    sum_ii: IntArray

    @property
    def voxels(self) -> int:
        """The number of voxels."""
        return int(self.count.sum())

    def mean_kji(self) -> FloatArray:
        """The mean of the voxels' indices; at least one voxel."""
        return self._sums() / self.voxels

    def covariance_kji(self) -> FloatArray:
        """The sample covariance (over N - 1) of the voxels' indices, ``(3, 3)``; at least two voxels."""
        k, j = np.indices(self.count.shape)
        n, with_i, sums = self.count, self.sum_i, self._sums()
        products = np.array(
            [
                [(n * k * k).sum(), (n * k * j).sum(), (with_i * k).sum()],
                [(n * k * j).sum(), (n * j * j).sum(), (with_i * j).sum()],
                [(with_i * k).sum(), (with_i * j).sum(), self.sum_ii.sum()],
            ],
            float,
        )
        return np.asarray((products - np.outer(sums, sums) / self.voxels) / (self.voxels - 1))

    def _sums(self) -> FloatArray:
        k, j = np.indices(self.count.shape)
        return np.array([(self.count * k).sum(), (self.count * j).sum(), self.sum_i.sum()], float)

    def corners_of_slices(self) -> IntArray:
        """The voxels at the corners of the convex hull of each slice, ``(n, 3)``, slice by slice."""
        # Imported here: compiled loops.
        from medseg.measurement.row_loops import convex_ends

        return self._ends(convex_ends(self.first, 1), convex_ends(self.last, -1))

    def corners(self) -> IntArray:
        """Voxels ``(n, 3)`` among which are all corners of the convex hull of the mask, and few others."""
        from medseg.measurement.row_loops import convex_ends

        # A corner of the whole is one of its slice in k, and of that in j.
        first = convex_ends(self.first, 1) & _across(self.first, 1)
        last = convex_ends(self.last, -1) & _across(self.last, -1)
        return self._ends(first, last)

    def _ends(self, first: npt.NDArray[np.bool_], last: npt.NDArray[np.bool_]) -> IntArray:
        # A row of one voxel begins and ends with it.
        last = last & ~(first & (self.first == self.last))
        ends = np.stack([self.first, self.last], axis=2)
        rows = np.argwhere(np.stack([first, last], axis=2))
        return np.column_stack([rows[:, :2], ends[tuple(rows.T)]])


def rows_of(mask: Mask) -> Rows:
    """Look at the rows of a mask ``[k, j, i]``."""
    from medseg.measurement.row_loops import row_sums

    return Rows(*row_sums(np.ascontiguousarray(mask).view(np.uint8)))


def _across(ends: IntArray, sign: int) -> npt.NDArray[np.bool_]:
    from medseg.measurement.row_loops import convex_ends

    return np.asarray(convex_ends(np.ascontiguousarray(ends.T), sign).T)
