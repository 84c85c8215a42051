"""The loop of intensity peaks; see :mod:`medseg.measurement.peak`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled

Floats = npt.NDArray[np.float64]


@compiled
def _add_differences(total: Floats, sums: Floats, start: int, stop: int, count: int) -> None:
    """Add to each of the first totals the sum of a stretch of a row, each stretch one voxel further."""
    before, after = sums[start : start + count], sums[stop : stop + count]
    for n in range(count):
        total[n] += after[n] - before[n]


@compiled
def ball_means(
    values: Floats,
    counts: Floats,
    mask: npt.NDArray[np.bool_],
    corner_kji: tuple[int, int, int],
    rows: npt.NDArray[np.int64],
) -> Floats:
    """The mean over the ball around each voxel of a mask.

    Args:
        values: Running sums along i, ``[k, j, i + 1]``; as much longer at both ends as a ball reaches.
        counts: Running counts of the voxels that have a value, likewise.
        mask: ``[k, j, i]``.
        corner_kji: Where the mask's first voxel lies in the running sums.
        rows: The ball: ``(m, 4)`` of k, j, first i, last i, relative to its centre.

    Returns:
        A mean for each voxel of the mask, in its order. Planes and lines beyond the sums are left out.
    """
    planes, lines, columns = mask.shape
    means = np.empty(int(np.sum(mask)))
    done = 0
    total, number = np.empty(columns), np.empty(columns)
    for k in range(planes):
        for j in range(lines):
            begin, end = columns, 0
            for i in range(columns):
                if mask[k, j, i]:
                    begin = min(begin, i)
                    end = i + 1
            total[:] = 0
            number[:] = 0
            for m in range(len(rows) if begin < end else 0):
                plane = k + corner_kji[0] + rows[m, 0]
                line = j + corner_kji[1] + rows[m, 1]
                if plane < 0 or plane >= values.shape[0] or line < 0 or line >= values.shape[1]:
                    continue
                start = corner_kji[2] + rows[m, 2]
                stop = corner_kji[2] + rows[m, 3] + 1
                # Neighbours in a row at a time: these loops run along memory, without a branch.
                _add_differences(total, values[plane, line], begin + start, begin + stop, end - begin)
                _add_differences(number, counts[plane, line], begin + start, begin + stop, end - begin)
            for i in range(begin, end):
                if mask[k, j, i]:
                    means[done] = total[i - begin] / number[i - begin]
                    done += 1
    return means
