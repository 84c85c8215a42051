"""Where images of one orientation lie: along the normal, at the same place, beside each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from medseg.io.dicom.geometry import ACCEPTED_FRACTION, ACCEPTED_MM, EXACT_MM, normal_of, position_of
from medseg.io.dicom.header import ImageHeader
from medseg.space.plane import FloatArray

Headers = tuple[ImageHeader, ...]
Value = tuple[float | str | None, ...]

SAME_POSITION_MM = 0.01
"""Two slices closer than this along the normal are one position: no scanner steps by 10 µm."""

JITTER_FREE_GAP_MM = 0.2
"""Slices this far apart can't be mistaken for jitter of one place."""


def stations(headers: Headers) -> list[Headers]:
    """Part stacks that lie beside each other, such as those of a whole spine scanned in two parts."""
    levels = levels_of(headers)
    positions = np.array([position_of(header) for header in headers])
    first_at: dict[int, FloatArray] = {}
    beside_mm = max(
        float(np.linalg.norm(at - first_at.setdefault(levels[header], at)))
        for header, at in zip(headers, positions, strict=True)
    )
    if beside_mm <= _half_extent_mm(headers[0]):
        return [headers]
    # From level to level, because a tilted stack drifts: each image joins the stack that ended nearest to it.
    stacks: list[list[tuple[ImageHeader, FloatArray]]] = []
    normal = normal_of(headers)
    in_plane = positions - np.outer(positions @ normal, normal)
    for header, at in sorted(zip(headers, in_plane, strict=True), key=lambda pair: levels[pair[0]]):
        far_mm = [float(np.linalg.norm(at - stack[-1][1])) for stack in stacks]
        nearest = int(np.argmin(far_mm)) if far_mm else -1
        if nearest >= 0 and far_mm[nearest] <= _half_extent_mm(header):
            stacks[nearest].append((header, at))
        else:
            stacks.append([(header, at)])
    return [tuple(header for header, _ in stack) for stack in stacks]


def _half_extent_mm(header: ImageHeader) -> float:
    row_mm, column_mm = header.spacing_ji_mm or (1.0, 1.0)
    return min(row_mm * header.rows, column_mm * header.columns) / 2


def levels_of(headers: Sequence[ImageHeader]) -> dict[ImageHeader, int]:
    """The number of each image's place along the normal."""
    depth_mm = _depths_mm(headers)
    order = np.argsort(depth_mm, kind="stable")
    gaps_mm = np.diff(depth_mm[order])
    steps = gaps_mm >= _same_position_mm(gaps_mm)
    numbers = np.concatenate([[0], np.cumsum(steps)])
    return {headers[index]: int(number) for index, number in zip(order, numbers, strict=True)}


def _depths_mm(headers: Sequence[ImageHeader]) -> FloatArray:
    normal = normal_of(headers)
    return np.array([header.position_lps_mm for header in headers], dtype=np.float64) @ normal


def _same_position_mm(gaps_mm: FloatArray) -> float:
    """How close two images lie that were meant for one place.

    Repeated scans of a place jitter by up to the rounding of positions. That much is taken for one place
    only where slices are far apart in comparison.
    """
    is_between = (gaps_mm > EXACT_MM) & (gaps_mm < JITTER_FREE_GAP_MM)
    return SAME_POSITION_MM if is_between.any() else EXACT_MM


def have_same_places(one: Headers, other: Headers) -> bool:
    """Whether two volumes lie in the same places, within what a grid may be off."""
    return len(one) == len(other) and covers(one, other)


def covers(large: Headers, small: Headers) -> bool:
    """Whether each place of one volume is a place of another, within what a grid may be off."""
    theirs = np.array([position_of(header) for header in large])
    ours = np.array([position_of(header) for header in small])
    steps_mm = np.linalg.norm(np.diff(theirs, axis=0), axis=1)
    accepted_mm = (
        min(ACCEPTED_MM, ACCEPTED_FRACTION * float(steps_mm.min())) if len(steps_mm) else ACCEPTED_MM
    )
    nearest_mm = np.linalg.norm(ours[:, np.newaxis] - theirs, axis=2).min(axis=1)
    return bool(nearest_mm.max() <= accepted_mm)


def is_stack(group: Sequence[ImageHeader]) -> bool:
    """Whether there is one image at each of several places."""
    return len(set(levels_of(group).values())) == len(group) > 1


def along_normal(headers: Sequence[ImageHeader], levels: dict[ImageHeader, int]) -> Headers:
    """Images in the order of their places."""
    return tuple(sorted(headers, key=levels.__getitem__))


def clusters(values: Sequence[Value], tolerance: float) -> list[int]:
    """Number the values, each tuple within ``tolerance`` of an earlier one as that one.

    Single numbers are numbered by the gaps between them: a slow drift parts nothing.
    """
    if tolerance == 0:
        exact: dict[Value, int] = {}
        return [exact.setdefault(value, len(exact)) for value in values]
    if all(len(value) == 1 and isinstance(value[0], (int, float)) for value in values):
        return _by_gaps([float(value[0] or 0) for value in values], tolerance)
    seen: list[Value] = []
    numbers: dict[Value, int] = {}
    for value in values:
        if value not in numbers:
            near = next((n for n, other in enumerate(seen) if _is_near(value, other, tolerance)), len(seen))
            if near == len(seen):
                seen.append(value)
            numbers[value] = near
    return [numbers[value] for value in values]


def _by_gaps(values: Sequence[float], tolerance: float) -> list[int]:
    ordered = sorted(set(values))
    number = 0
    numbers = {ordered[0]: 0}
    for before, after in pairwise(ordered):
        number += after - before > tolerance
        numbers[after] = number
    return [numbers[value] for value in values]


def _is_near(one: Value, other: Value, tolerance: float) -> bool:
    return all(
        abs(a - b) <= tolerance if isinstance(a, (int, float)) and isinstance(b, (int, float)) else a == b
        for a, b in zip(one, other, strict=True)
    )


def by_class(headers: Sequence[ImageHeader], classes: Sequence[int]) -> list[Headers]:
    """Images by the number of the class that each is in."""
    groups: defaultdict[int, list[ImageHeader]] = defaultdict(list)
    for header, number in zip(headers, classes, strict=True):
        groups[number].append(header)
    return [tuple(group) for group in groups.values()]
