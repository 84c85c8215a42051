"""Booleans of the contours of one structure on one plane."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from medseg.contour.contour import Contour
from medseg.contour.region import contours_of, in_frame, region_of
from medseg.contour.requirements import together
from medseg.space import Plane

Combine = Callable[[BaseGeometry, BaseGeometry], BaseGeometry]


def union(first: Iterable[Contour], second: Iterable[Contour]) -> tuple[Contour, ...]:
    """The contours of what lies inside either.

    Args:
        first: Contours of one structure on one plane.
        second: Further ones of the same structure on the same plane.

    Returns:
        Contours in the frame of the first plane. An outline that the other side does not change comes
        back as the contour that it was, with its origin; the others are drawn.

    Raises:
        ContourError: The contours lie on different planes or belong to different structures.
    """
    return _combined(tuple(first), tuple(second), shapely.union, keeps_apart=True)


def difference(first: Iterable[Contour], second: Iterable[Contour]) -> tuple[Contour, ...]:
    """The contours of what lies inside the first and outside the second; see :func:`union`."""
    return _combined(tuple(first), tuple(second), shapely.difference, keeps_apart=True)


def intersection(first: Iterable[Contour], second: Iterable[Contour]) -> tuple[Contour, ...]:
    """The contours of what lies inside both; see :func:`union`."""
    return _combined(tuple(first), tuple(second), shapely.intersection, keeps_apart=False)


def symmetric_difference(first: Iterable[Contour], second: Iterable[Contour]) -> tuple[Contour, ...]:
    """The contours of what lies inside one but not both; see :func:`union`."""
    return _combined(tuple(first), tuple(second), shapely.symmetric_difference, keeps_apart=True)


def add(contours: Iterable[Contour], region: Contour) -> tuple[Contour, ...]:
    """The contours of a plane with a freehand region added; see :func:`union`."""
    return union(contours, [_outer(region)])


def cut(contours: Iterable[Contour], region: Contour) -> tuple[Contour, ...]:
    """The contours of a plane with a freehand region cut away; see :func:`union`."""
    return difference(contours, [_outer(region)])


def _outer(region: Contour) -> Contour:
    return replace(region, hole=False) if region.hole else region


def _combined(
    first: tuple[Contour, ...], second: tuple[Contour, ...], combine: Combine, *, keeps_apart: bool
) -> tuple[Contour, ...]:
    both = together((*first, *second))
    if not both:
        return ()
    frame = both[0].plane
    within_reach = _within_reach(first, second, frame)
    reached = [contour for contour, near in zip(first, within_reach, strict=True) if near]
    kept = [contour for contour, near in zip(first, within_reach, strict=True) if keeps_apart and not near]
    region = combine(region_of(reached, frame), region_of(second, frame))
    return (*kept, *contours_of(region, both))


def _within_reach(first: Sequence[Contour], second: Sequence[Contour], frame: Plane) -> list[bool]:
    """Which of the first contours a chain of overlapping boxes links to the second ones.

    The others keep every vertex: a plane of 200 pieces costs no more than the few that an edit meets.
    """
    boxes = np.array([_box(contour, frame) for contour in first]).reshape(-1, 2, 2)
    reached = np.zeros(len(boxes), dtype=bool)
    frontier = [_box(contour, frame) for contour in second]
    while frontier:
        low, high = frontier.pop()
        overlaps = (boxes[:, 0] <= high).all(axis=1) & (boxes[:, 1] >= low).all(axis=1)
        frontier.extend(boxes[overlaps & ~reached])
        reached |= overlaps
    return reached.tolist()


def _box(contour: Contour, frame: Plane) -> npt.NDArray[np.float64]:
    ring = in_frame(contour, frame)
    return np.stack([ring.min(axis=0), ring.max(axis=0)])
