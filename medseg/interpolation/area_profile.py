"""The area of a structure as it runs through its slices."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled
from medseg.interpolation.gap import Gap

TOWARDS_CUBIC = 0.3
"""How far a slice is moved towards the area of the cubic through the drawn slices.

The cubic and the interpolated distances err independently: part of the way is better than either.
"""

MATCHED = 0.75
"""Share of a slice that is found again on the other one, as a rule; the rest goes on at a guess."""

MOST_GUESSED = 0.2
"""Share of the expected area that is added at most, half-way, for what is not found again."""

EDGE_PIXELS = 0.0175
"""An outline that runs this close to the centre of a pixel takes it in, so that ties are not all left out."""

MAX_SHIFT_PIXELS = 3.0
"""No outline is moved by more than this towards an area."""

STEPS = 2048
"""Depths that are told apart when an area is looked up."""


def follow_area(
    depth_mm: npt.NDArray[np.float32], gap: Gap, ending: npt.NDArray[np.bool_], matched: float
) -> None:
    """Shift the depth of each missing slice, so that its area comes nearer to what the drawn ones say.

    Where two outlines don't lie on each other, distances interpolated between them enclose less than
    either. So each slice gets at least the area of a radius that runs straight from the one drawn slice to
    the other, and goes part of the way from there to a cubic through the areas of all of them. Where much of
    a slice is not found again on the other one, rather more is painted than less: the overlap with the truth
    is largest if voxels count as inside that are so by half the reachable Dice, not by half.

    Pieces that end take no part: the others must not swell to make up for them.

    Args:
        depth_mm: A filled gap, shape ``(len(gap.missing), rows, columns)``; changed in place.
        gap: The gap.
        ending: Where pieces end in it, shape ``(rows, columns)``.
        matched: Share of the slices next to the gap that is found again on the other one; see
            :func:`~medseg.interpolation.along_flow.matched_along`.

    Source:
        Catmull & Rom, A class of local interpolating splines (1974), of the areas; Lipton, Elkan &
        Naryanaswamy, Optimal thresholding of classifiers to maximize F1 measure (ECML PKDD 2014).
    """
    indices = np.array(gap.indices)
    _follow(depth_mm, gap.masks, ending, indices, gap.before, matched, min(gap.spacing_mm[1:]))


@compiled
def _follow(
    depth: npt.NDArray[np.float32],
    masks: npt.NDArray[np.bool_],
    ending: npt.NDArray[np.bool_],
    indices: npt.NDArray[np.int64],
    before: int,
    matched: float,
    pixel_mm: float,
) -> None:
    areas = np.array([_area(mask, ending) for mask in masks])
    first, last = areas[before], areas[before + 1]
    if first == 0 or last == 0:
        return
    slices, rows, columns = depth.shape
    limit = MAX_SHIFT_PIXELS * pixel_mm
    for n in range(slices):
        t = (n + 1) / (slices + 1)
        guessed = 1 + 4 * t * (1 - t) * min(max(0.0, MATCHED - matched), MOST_GUESSED)
        straight = guessed * ((1 - t) * np.sqrt(first) + t * np.sqrt(last)) ** 2
        cubic = guessed * max(0.0, _cubic(indices, areas, before, t))
        counts = np.zeros(STEPS, np.int64)
        deeper = _count(depth[n], ending, limit, counts)
        shift = TOWARDS_CUBIC * _level_of_area(counts, deeper, cubic, limit)
        if shift < 0:
            least = min(_level_of_area(counts, deeper, min(straight, cubic), limit), 0.0)
            shift += (1 - TOWARDS_CUBIC) * least
        shift -= EDGE_PIXELS * pixel_mm
        for r in range(rows):
            for c in range(columns):
                if not ending[r, c]:
                    depth[n, r, c] -= np.float32(shift)


@compiled
def _area(mask: npt.NDArray[np.bool_], ending: npt.NDArray[np.bool_]) -> int:
    rows, columns = mask.shape
    count = 0
    for r in range(rows):
        for c in range(columns):
            count += mask[r, c] and not ending[r, c]
    return count


@compiled
def _cubic(at: npt.NDArray[np.int64], values: npt.NDArray[np.int64], before: int, t: float) -> float:
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
    ends = values[before] + t * t * (3 - 2 * t) * (values[before + 1] - values[before])
    return float(ends + t * (1 - t) * width * ((1 - t) * start - t * end))


@compiled
def _slope(at: npt.NDArray[np.int64], values: npt.NDArray[np.int64], n: int) -> float:
    """Slope of the parabola through a value and its two neighbours."""
    left, right = at[n] - at[n - 1], at[n + 1] - at[n]
    rise_left, rise_right = (values[n] - values[n - 1]) / left, (values[n + 1] - values[n]) / right
    return float((rise_left * right + rise_right * left) / (left + right))


@compiled
def _count(
    depth: npt.NDArray[np.float32], ending: npt.NDArray[np.bool_], limit: float, counts: npt.NDArray[np.int64]
) -> int:
    """Count the pixels of each step of depth within the limit; return how many lie deeper."""
    rows, columns = depth.shape
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
    return deeper


@compiled
def _level_of_area(counts: npt.NDArray[np.int64], deeper: int, area: float, limit: float) -> float:
    """The depth that as many pixels exceed as an area has, within the limit on both sides."""
    step = 2 * limit / STEPS
    if deeper >= area:
        return limit
    for n in range(STEPS - 1, -1, -1):
        if deeper + counts[n] >= area:
            return float(n * step - limit)
        deeper += counts[n]
    return -limit
