"""The area of a structure as it runs through its slices."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled
from medseg.interpolation.gap import Gap

WEIGHT = 0.5
"""How far a slice is moved towards the area that the profile expects.

The two estimates err independently: half-way is better than either, on every kind of structure.
"""

MAX_SHIFT_PIXELS = 3.0
"""No outline is moved by more than this share of it."""

STEPS = 2048
"""Depths that are told apart when an area is looked up."""


def follow_area(depth_mm: npt.NDArray[np.float32], gap: Gap, ending: npt.NDArray[np.bool_]) -> None:
    """Shift the depth of each missing slice, so that its area comes nearer to a cubic through the drawn ones.

    Pieces that end take no part: the others must not swell to make up for them.

    Args:
        depth_mm: A filled gap, shape ``(len(gap.missing), rows, columns)``; changed in place.
        gap: The gap.
        ending: Where pieces end in it, shape ``(rows, columns)``.

    Source:
        Catmull & Rom, A class of local interpolating splines (1974), of the areas.
    """
    limit = MAX_SHIFT_PIXELS * min(gap.spacing_mm[1:])
    going_on = ~ending
    areas = [int(np.count_nonzero(mask & going_on)) for mask in gap.masks]
    if not (areas[gap.before] and areas[gap.before + 1]):
        return
    for depth, index in zip(depth_mm, gap.missing, strict=True):
        area = max(0.0, _cubic(gap.indices, areas, gap.before, index))
        shift = WEIGHT * _level_of_area(depth, ending, round(area), limit)
        np.subtract(depth, np.float32(shift), out=depth, where=going_on)


def _cubic(at: tuple[int, ...], values: list[int], before: int, index: int) -> float:
    width = at[before + 1] - at[before]
    rise = (values[before + 1] - values[before]) / width
    start = end = rise
    if before > 0:
        start = _slope(at, values, before)
    if before + 2 < len(at):
        end = _slope(at, values, before + 1)
    # At an end of the structure the slope of a parabola.
    if before == 0:
        start = 2 * rise - end
    if before + 2 == len(at):
        end = 2 * rise - start
    t = (index - at[before]) / width
    ends = values[before] + t * t * (3 - 2 * t) * (values[before + 1] - values[before])
    return ends + t * (1 - t) * width * ((1 - t) * start - t * end)


def _slope(at: tuple[int, ...], values: list[int], n: int) -> float:
    """Slope of the parabola through a value and its two neighbours."""
    left, right = at[n] - at[n - 1], at[n + 1] - at[n]
    rise_left, rise_right = (values[n] - values[n - 1]) / left, (values[n + 1] - values[n]) / right
    return (rise_left * right + rise_right * left) / (left + right)


@compiled
def _level_of_area(
    depth: npt.NDArray[np.float32], ending: npt.NDArray[np.bool_], area: int, limit: float
) -> float:
    """The depth that as many pixels exceed as an area has, within the limit on both sides."""
    rows, columns = depth.shape
    counts = np.zeros(STEPS, np.int64)
    deeper = 0
    scale = STEPS / (2 * limit)
    for r in range(rows):
        for c in range(columns):
            value = depth[r, c]
            if ending[r, c]:
                continue
            if value >= limit:
                deeper += 1
            elif value > -limit:
                counts[min(int((value + limit) * scale), STEPS - 1)] += 1
    if deeper >= area:
        return limit
    for n in range(STEPS - 1, -1, -1):
        if deeper + counts[n] >= area:
            return float(n / scale - limit + (deeper + counts[n] - area) / (counts[n] * scale))
        deeper += counts[n]
    return -limit
