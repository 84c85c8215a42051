"""Fewer vertices, within a tolerance."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import shapely

from medseg.contour.contour import Contour
from medseg.contour.region import Points, contours_along, region_of, rings_of
from medseg.contour.requirements import positive, together


def simplify(contours: Iterable[Contour], tolerance_mm: float) -> tuple[Contour, ...]:
    """Leave out vertices that the outline can do without.

    Args:
        contours: Contours of one structure on one plane.
        tolerance_mm: How far the new outline may lie off the old one, and the old off the new one.

    Returns:
        Outlines of the same region within the tolerance, none of which crosses itself or another. No
        piece and no hole vanishes. Those without a vertex to leave out come back as they were.

    Raises:
        ContourError: The contours don't belong together, or the tolerance is not above 0.

    Source:
        Douglas & Peucker, The Canadian Cartographer 10 (1973), with a check at each step that outlines
        don't come to cross, by GEOS.
    """
    group = together(contours)
    tolerance = positive(tolerance_mm, "the tolerance")
    if not group:
        return ()
    rings = list(rings_of(region_of(group, group[0].plane)))
    lines = shapely.MultiLineString([line for ring, _ in rings for line in _three_lines(ring)])
    coarse = shapely.get_parts(lines.simplify(tolerance, preserve_topology=True))
    joined = [
        np.vstack([shapely.get_coordinates(line)[:-1] for line in coarse[first : first + 3]])
        for first in range(0, len(coarse), 3)
    ]
    return contours_along([(ring, hole) for ring, (_, hole) in zip(joined, rings, strict=True)], group)


def _three_lines(ring: Points) -> list[Points]:
    """Cut a ring at three vertices far apart, which so stay: it keeps an area.

    GEOS may also take out the vertex at which a ring is written to begin, and then leaves the tolerance:
    cut open, it has none.
    """
    farthest = int(np.linalg.norm(ring - ring.mean(axis=0), axis=1).argmax())
    ring = np.roll(ring, -farthest, axis=0)
    along = ring - ring[0]
    opposite = int(np.linalg.norm(along, axis=1).argmax())
    x, y = along.T
    aside = int(np.abs(x * y[opposite] - y * x[opposite]).argmax())
    closed = np.vstack([ring, ring[:1]])
    return [closed[a : b + 1] for a, b in pairwise([0, *sorted([opposite, aside]), len(ring)])]
