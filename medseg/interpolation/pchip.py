"""Monotone cubics across slices, pixel by pixel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled


def across_gap(
    depth_mm: npt.NDArray[np.float32], indices: tuple[int, ...], before: int
) -> npt.NDArray[np.float32]:
    """Interpolate each pixel between two slices, with one more on either side where there is one.

    The cubics never overshoot: nothing grows beyond what the slices above and below hold.

    Args:
        depth_mm: Finite values on two to four slices, shape ``(slices, rows, columns)``.
        indices: Where the slices lie.
        before: Which of them comes just before the missing ones, 0 or 1.

    Returns:
        The values on the slices between ``before`` and the next.

    Source:
        Fritsch & Butland, A method for constructing local monotone piecewise cubic interpolants, SIAM J.
        Sci. Stat. Comput. 5:300-304 (1984): the slopes, with Moler's rule at the ends.
    """
    missing = np.arange(indices[before] + 1, indices[before + 1])
    result = np.empty((len(missing), *depth_mm.shape[1:]), dtype=np.float32)
    _fill(depth_mm, np.array(indices, dtype=np.float32), before, missing.astype(np.float32), result)
    return result


@compiled
def _fill(
    depth: npt.NDArray[np.float32],
    position: npt.NDArray[np.float32],
    before: int,
    missing: npt.NDArray[np.float32],
    result: npt.NDArray[np.float32],
) -> None:
    count, rows, columns = depth.shape
    left_gap = position[before] - position[before - 1] if before > 0 else 0.0
    gap = position[before + 1] - position[before]
    right_gap = position[before + 2] - position[before + 1] if before + 2 < count else 0.0
    # Cubic Hermite basis at each missing slice.
    basis = np.empty((len(missing), 4), np.float32)
    for n in range(len(missing)):
        t = (missing[n] - position[before]) / gap
        basis[n, 0] = (1 + 2 * t) * (1 - t) * (1 - t)
        basis[n, 1] = t * t * (3 - 2 * t)
        basis[n, 2] = t * (1 - t) * (1 - t) * gap
        basis[n, 3] = t * t * (t - 1) * gap
    for r in range(rows):
        for c in range(columns):
            first, last = depth[before, r, c], depth[before + 1, r, c]
            rise = (last - first) / gap
            left = (first - depth[before - 1, r, c]) / left_gap if left_gap > 0 else rise
            right = (depth[before + 2, r, c] - last) / right_gap if right_gap > 0 else rise
            if left_gap > 0:
                start = slope_between(left_gap, left, gap, rise)
            else:
                start = end_slope(gap, rise, right_gap, right) if right_gap > 0 else rise
            if right_gap > 0:
                end = slope_between(gap, rise, right_gap, right)
            else:
                end = end_slope(gap, rise, left_gap, left) if left_gap > 0 else rise
            for n in range(len(missing)):
                result[n, r, c] = (
                    basis[n, 0] * first + basis[n, 1] * last + basis[n, 2] * start + basis[n, 3] * end
                )


@compiled
def slope_between(before: float, rise_before: float, after: float, rise_after: float) -> float:
    """Slope at a slice between two gaps: the weighted harmonic mean of their rises."""
    if rise_before * rise_after <= 0:
        return 0.0
    w1, w2 = 2 * after + before, after + 2 * before
    return (w1 + w2) * rise_before * rise_after / (w1 * rise_after + w2 * rise_before)


@compiled
def end_slope(gap: float, rise: float, next_gap: float, next_rise: float) -> float:
    """Slope at the first or last slice: of a parabola, held back where it would overshoot."""
    slope = ((2 * gap + next_gap) * rise - gap * next_rise) / (gap + next_gap)
    if slope * rise <= 0:
        return 0.0
    if rise * next_rise <= 0 and abs(slope) > 3 * abs(rise):
        return 3 * rise
    return slope
