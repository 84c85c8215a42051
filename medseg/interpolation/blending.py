"""The average of two fields, voxel by voxel: the compiled loop of :mod:`~medseg.interpolation.blended`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled

Depths = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]


@compiled
def blend(
    smooth: Depths,
    parallel: Depths,
    inner: tuple[int, int, int],
    near: tuple[Floats, Floats, Floats],
    sheets: Floats,
    axis: int,
    beyond_mm: Floats,
    parallel_off: Floats,
    smooth_off: float,
    off_by_distance: float,
    power: int,
    reach: np.float32,
) -> None:
    """Average two depths; where both are sure of the same side, the depth is at least the lesser one.

    Args:
        smooth: The one field, shape ``(k, j, i)``; becomes the average.
        parallel: The other one, of a box within it.
        inner: Where that box begins; outside it the structure is not.
        near: For each index along each axis the closeness of the drawn slices, in 1/mm.
        sheets: Rows ``(axis, offset, slope_a, slope_b, mm_per_index)`` of the other planes, by indices of the
            box, shape ``(n, 5)``.
        axis: The axis of the parallel slices.
        beyond_mm: For each index along it how far beyond those slices it lies, where nothing is. There the
            depth is that at most; where it is negative, that of the first field.
        parallel_off: For each index along it how far the second field is off, to the power.
        smooth_off: How far the first one is off at least, to the power.
        off_by_distance: How far it is off by the reciprocal closeness of all planes.
        power: The power.
        reach: Depths beyond count as that.
    """
    planes, rows, columns = smooth.shape
    for k in range(planes):
        for j in range(rows):
            for i in range(columns):
                at = k if axis == 0 else (j if axis == 1 else i)
                depth = smooth[k, j, i]
                if beyond_mm[at] > 0:
                    smooth[k, j, i] = min(depth, np.float32(-beyond_mm[at]))
                if beyond_mm[at] != 0:
                    continue
                n, r, c = k - inner[0], j - inner[1], i - inner[2]
                other = np.float32(-np.inf)
                if 0 <= n < parallel.shape[0] and 0 <= r < parallel.shape[1] and 0 <= c < parallel.shape[2]:
                    other = parallel[n, r, c]
                vote, other_vote = min(max(depth, -reach), reach), min(max(other, -reach), reach)
                if vote == other_vote:
                    smooth[k, j, i] = (
                        vote if abs(vote) < reach else np.sign(vote) * min(abs(depth), abs(other))
                    )
                    continue
                close = near[0][k] + near[1][j] + near[2][i]
                for sheet in sheets:
                    close += _closeness(sheet, k, j, i)
                off = smooth_off + (off_by_distance / close) ** power
                share = np.float32(parallel_off[at] / (parallel_off[at] + off))
                smooth[k, j, i] = other_vote + share * (vote - other_vote)


@compiled
def _closeness(sheet: Floats, k: int, j: int, i: int) -> float:
    """The reciprocal distance, in 1/mm, of a voxel from a sheet."""
    at, a, b = k, j, i
    if sheet[0] == 1:
        at, a = j, k
    elif sheet[0] == 2:
        at, a, b = i, k, j
    steps = abs(at - sheet[1] - sheet[2] * a - sheet[3] * b)
    return 1.0 / (sheet[4] * steps) if steps > 0 else np.inf
