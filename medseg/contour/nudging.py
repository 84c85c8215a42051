"""Pushing an outline with a soft round brush."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from medseg.contour.contour import Contour, Origin
from medseg.contour.requirements import pair, positive, together
from medseg.errors import ContourError

Points = npt.NDArray[np.float64]

MAX_STEP = 0.5
"""Longest step of the brush, over its radius. The push falls off by at most 1.54 over the radius per mm,
so that up to 0.65 no point overtakes another and an outline never folds over."""

MAX_STEPS = 1000
"""A drag of more, 500 radii, is a mistake."""

SPACINGS_PER_RADIUS = 8
"""Vertices under the brush lie an eighth of its radius apart: the push of one differs from the next's by
at most a fifth, so that straight edges between them follow the brush's shape to a hundredth of the radius."""


RIM = 1e-9
"""Width of the disc's rim over its radius: a vertex put onto it stays, whichever way its place is rounded."""


class _Outline(NamedTuple):
    """A ring in the making: its points, and which of them the brush has moved."""

    points: Points
    moved: npt.NDArray[np.bool_]


def nudge(
    contours: Iterable[Contour],
    centre_mm: Sequence[float] | Points,
    drag_mm: Sequence[float] | Points,
    radius_mm: float,
) -> tuple[Contour, ...]:
    """Push outlines with a soft disc that is dragged from a point.

    What lies at the disc's centre moves with it; towards its rim the push falls off smoothly to nothing.

    Args:
        contours: Contours of one structure on one plane.
        centre_mm: Where the disc's centre is set down, ``(u, v)`` in the frame of the first contour's plane.
        drag_mm: How far it is dragged, in the same frame.
        radius_mm: The disc's radius.

    Returns:
        The contours; those that the disc met are drawn, the others come back as they were. A vertex that
        the disc did not pass over stays where it was, to the last bit. Under the disc vertices are added
        and taken out so that they lie about an eighth of the radius apart.

    Raises:
        ContourError: The contours don't belong together, the centre or drag is not finite, the radius is
            not above 0, or the drag is over 500 times as long.

    Source:
        A composition of small steps of x + d (1 - r²)², each of which is one-to-one: warping with locally
        supported radial functions as in Arad & Reisfeld, Computer Graphics Forum 14 (1995).
    """
    group = together(contours)
    centre, drag = pair(centre_mm, "the brush's centre"), pair(drag_mm, "the drag")
    radius = positive(radius_mm, "the brush's radius")
    steps = math.ceil(float(np.linalg.norm(drag)) / (MAX_STEP * radius))
    if steps > MAX_STEPS:
        raise ContourError(
            f"expected a drag of at most {MAX_STEPS * MAX_STEP:.0f} times the brush's radius, got "
            f"{np.linalg.norm(drag):.3g} mm at a radius of {radius:.3g} mm"
        )
    if not group or steps == 0:
        return group
    start, end = group[0].plane.to_lps_mm([centre, centre + drag])
    return tuple(_nudged(contour, start, end, radius, steps) for contour in group)


def _nudged(contour: Contour, start_lps_mm: Points, end_lps_mm: Points, radius: float, steps: int) -> Contour:
    start, end = contour.plane.to_plane_mm([start_lps_mm, end_lps_mm])
    outline = _Outline(contour.points_mm, np.zeros(len(contour.points_mm), dtype=bool))
    for number in range(steps):
        centre = start + (end - start) * (number / steps)
        outline = _pushed(outline, centre, (end - start) / steps, radius)
    if not outline.moved.any():
        return contour
    return replace(contour, points_mm=_thinned(outline, radius), origin=Origin.DRAWN)


def _pushed(outline: _Outline, centre: Points, step: Points, radius: float) -> _Outline:
    """One small step of the brush."""
    points, moved = _refined(outline, centre, radius)
    distance = np.linalg.norm(points - centre, axis=1) / radius
    under = distance < 1 - RIM
    pushed = points.copy()
    pushed[under] += np.square(1 - distance[under, None] ** 2) * step
    return _Outline(pushed, moved | under)


def _refined(outline: _Outline, centre: Points, radius: float) -> _Outline:
    """Split the edges under the brush so that they can bend, and where they leave it so that they stay."""
    points, moved = outline
    along = np.roll(points, -1, axis=0) - points
    enters, leaves = _under_brush(points, along, centre, radius)
    length_mm = (leaves - enters) * np.linalg.norm(along, axis=1)
    pieces = np.ceil(length_mm * (SPACINGS_PER_RADIUS / radius)).astype(np.intp)
    # The stations on each edge that the brush covers: both ends of what it covers, and evenly between.
    count = np.where(pieces > 0, pieces + 1, 0)
    edge = np.repeat(np.arange(len(points)), count)
    number = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    t = enters[edge] + (leaves - enters)[edge] * number / pieces[edge]
    within = (t > 0) & (t < 1)
    edge, t = edge[within], t[within]
    added = points[edge] + t[:, None] * along[edge]
    between_moved = (moved & np.roll(moved, -1))[edge]
    return _Outline(np.insert(points, edge + 1, added, axis=0), np.insert(moved, edge + 1, between_moved))


def _under_brush(points: Points, along: Points, centre: Points, radius: float) -> tuple[Points, Points]:
    """Between which fractions of its length each edge runs under the disc; equal where it does not."""
    to_start = points - centre
    a = np.einsum("ij,ij->i", along, along)
    b = np.einsum("ij,ij->i", along, to_start)
    inside = b**2 - a * (np.einsum("ij,ij->i", to_start, to_start) - radius**2)
    met = (inside > 0) & (a > 0)
    root = np.sqrt(np.where(met, inside, 0))
    length = np.where(met, a, 1)
    enters, leaves = (np.clip(np.where(met, (-b + sign * root) / length, 0), 0, 1) for sign in (-1, 1))
    return enters, leaves


def _thinned(outline: _Outline, radius: float) -> Points:
    """Take out vertices that were pushed close to the one before.

    None that stayed: the outline beyond the brush would come to begin elsewhere.
    """
    points, moved = outline
    least = radius / SPACINGS_PER_RADIUS / 2
    kept = [0]
    for number in range(1, len(points)):
        near = math.dist(points[number], points[kept[-1]]) < least
        if not (moved[number] and near):
            kept.append(number)
    thinned = points[kept]
    return thinned if len(kept) > 3 else points
