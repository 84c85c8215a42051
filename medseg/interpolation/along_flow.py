"""Cubics across slices along a flow."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled
from medseg.interpolation.area_profile import MAX_SHIFT_PIXELS
from medseg.interpolation.flow import sample
from medseg.interpolation.gap import Gap
from medseg.interpolation.pchip import end_slope, slope_between

Map = npt.NDArray[np.float32]

FREEDOM = 0.5
"""Between monotone cubics (0) and those of Catmull & Rom (1), which reach the bulge between two slices."""

STEEPEST = 1.0
"""Of an outline that leans by more than 45° beyond the two slices, no bulge is concluded."""

BULGE = 0.15
"""No cubic swings by more than this share of the slices' distance and of the rise between them."""

KEPT_EXACT_PIXELS = MAX_SHIFT_PIXELS + 1.0
"""Where no outline can come this near, depths follow a straight line: that saves most of the pixels."""

FEW_PIXELS = 50
"""So many pixels more count as found on the other slice: of a few, the share that is found means nothing."""


def across_gap_along(gap: Gap, flow: tuple[Map, Map]) -> Map:
    """Interpolate the depth of what moves along the flow, by cubics.

    Args:
        gap: A gap with finite depths.
        flow: Rows and columns that each pixel moves from the slice before the gap to the one after it.

    Returns:
        Depth in mm, shape ``(len(gap.missing), rows, columns)``.

    Source:
        Fritsch & Butland (1984) and Catmull & Rom (1974) for the slopes.
    """
    slices_mm, *pixel_mm = gap.spacing_mm
    indices = np.array(gap.indices, dtype=np.float32)
    return _fill(gap.depth_mm, indices, gap.before, slices_mm, *flow, max(pixel_mm))


def matched_along(gap: Gap, flow: tuple[Map, Map]) -> float:
    """How much of the slices next to a gap is found again on the other one, half-way along the flow.

    A share of the smaller one, so that what grows or shrinks in its place counts as found.

    Args:
        gap: A gap with finite depths.
        flow: Rows and columns that each pixel moves from the slice before the gap to the one after it.

    Returns:
        From 0 to 1; of less than :data:`FEW_PIXELS` hardly below 0.5.
    """
    return float(_matched(gap.depth_mm[gap.before], gap.depth_mm[gap.before + 1], flow[0], flow[1]))


@compiled
def _matched(first: Map, last: Map, flow_rows: Map, flow_columns: Map) -> float:
    rows, columns = first.shape
    on_first, on_last, on_both = 0, 0, 0
    for r in range(rows):
        for c in range(columns):
            down, across = 0.5 * flow_rows[r, c], 0.5 * flow_columns[r, c]
            before = sample(first, r - down, c - across) > 0
            after = sample(last, r + down, c + across) > 0
            on_first += before
            on_last += after
            on_both += before and after
    return (on_both + FEW_PIXELS) / (min(on_first, on_last) + FEW_PIXELS)


@compiled
def _fill(
    depth: Map,
    indices: Map,
    before: int,
    slices_mm: float,
    flow_rows: Map,
    flow_columns: Map,
    pixel_mm: float,
) -> Map:
    count, rows, columns = depth.shape
    at = indices * np.float32(slices_mm)
    far = pixel_mm * _most_moved(flow_rows, flow_columns) + KEPT_EXACT_PIXELS * pixel_mm
    result = np.empty((int(indices[before + 1] - indices[before]) - 1, rows, columns), np.float32)
    left_gap = at[before] - at[before - 1] if before > 0 else 0.0
    gap = at[before + 1] - at[before]
    right_gap = at[before + 2] - at[before + 1] if before + 2 < count else 0.0
    for n in range(len(result)):
        missing = (indices[before] + np.float32(n + 1)) * np.float32(slices_mm)
        t = (missing - at[before]) / gap
        back, ahead = t, 1 - t
        further_back, further_ahead = back + left_gap / gap, ahead + right_gap / gap
        share = t * t * (3 - 2 * t)
        bend_start, bend_end = gap * t * (1 - t) * (1 - t), gap * t * t * (1 - t)
        for r in range(rows):
            for c in range(columns):
                first, last = depth[before, r, c], depth[before + 1, r, c]
                if (first > 0) == (last > 0):
                    least = min(abs(first), abs(last)) - BULGE * (gap + abs(last - first))
                    if least > far:
                        result[n, r, c] = first + t * (last - first)
                        continue
                down, across = flow_rows[r, c], flow_columns[r, c]
                first = sample(depth[before], r - back * down, c - back * across)
                last = sample(depth[before + 1], r + ahead * down, c + ahead * across)
                rise = (last - first) / gap
                left = right = rise
                if left_gap > 0:
                    left = sample(depth[before - 1], r - further_back * down, c - further_back * across)
                    left = (first - left) / left_gap
                if right_gap > 0:
                    right = sample(depth[before + 2], r + further_ahead * down, c + further_ahead * across)
                    right = (right - last) / right_gap
                start = _freed(left_gap, left, gap, rise, right_gap, right)
                end = _freed(right_gap, right, gap, rise, left_gap, left)
                result[n, r, c] = first + share * (last - first) + bend_start * start - bend_end * end
    return result


@compiled
def _most_moved(flow_rows: Map, flow_columns: Map) -> float:
    """Pixels that nothing moves further than."""
    down = across = np.float32(0)
    for r in range(flow_rows.shape[0]):
        for c in range(flow_rows.shape[1]):
            down, across = max(down, abs(flow_rows[r, c])), max(across, abs(flow_columns[r, c]))
    return float(np.hypot(down, across))


@compiled
def _freed(
    beyond_gap: float, beyond: float, gap: float, rise: float, opposite_gap: float, opposite: float
) -> float:
    """Slope at a slice, between a monotone cubic's and that of the parabola through three slices."""
    if beyond_gap > 0:
        monotone = slope_between(beyond_gap, beyond, gap, rise)
        held = min(max(beyond, -STEEPEST), STEEPEST)
        free = (held * gap + rise * beyond_gap) / (gap + beyond_gap)
    elif opposite_gap > 0:
        monotone = end_slope(gap, rise, opposite_gap, opposite)
        held = min(max(opposite, -STEEPEST), STEEPEST)
        free = ((2 * gap + opposite_gap) * rise - gap * held) / (gap + opposite_gap)
    else:
        return rise
    return monotone + FREEDOM * (free - monotone)
