"""Loops over pairs of points; see :mod:`medseg.measurement.diameter`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled

Floats = npt.NDArray[np.float64]


@compiled
def farthest_pair(
    points: Floats, radius: Floats, gaps: Floats, at_least: float
) -> tuple[float, int, int, int]:
    """Find the two bodies that reach farthest from each other.

    Args:
        points: The middles of equal bodies, in mm, ``(n, 3)``; those far from a common centre first.
        radius: How far from it they lie, ``(n,)``, falling.
        gaps: The differences of two corners of a body, in mm, ``(m, 3)``.
        at_least: Only distances above this one are of interest.

    Returns:
        The distance, the number of both points (the first one twice where one body alone reaches farthest),
        and that of the gap by which the second one's corner lies farther off; -1 for all numbers where no
        distance is above that of interest.
    """
    widest = 0.0
    for m in range(len(gaps)):
        widest = max(widest, np.sqrt(gaps[m, 0] ** 2 + gaps[m, 1] ** 2 + gaps[m, 2] ** 2))
    best, first, second, gap = at_least, -1, -1, -1
    for a in range(len(points)):
        if 2 * radius[a] + widest < best:
            break
        for b in range(a, len(points)):
            if radius[a] + radius[b] + widest < best:
                break
            x, y, z = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
            needed = best - widest
            if needed > 0 and x * x + y * y + z * z < needed * needed:
                continue
            for m in range(len(gaps)):
                wide = np.sqrt((x + gaps[m, 0]) ** 2 + (y + gaps[m, 1]) ** 2 + (z + gaps[m, 2]) ** 2)
                if wide > best:
                    best, first, second, gap = wide, a, b, m
    return best, first, second, gap


@compiled
def widest_chord(edges: Floats, places: Floats, tolerance: float) -> tuple[float, float, float]:
    """Find the longest line across an outline at right angles to a direction.

    Args:
        edges: The edges of the outline, ``(n, 4)``: how far along the direction and across it both ends lie,
            the end that comes first along the direction first; sorted by it.
        places: Where along the direction to look, ``(m,)``, rising.
        tolerance: Edges end this much later along the direction: they share their ends.

    Returns:
        Where along the direction it lies, and its two ends across it.
    """
    at, low, high = np.nan, 0.0, -1.0
    longest = (edges[:, 2] - edges[:, 0]).max()
    first = 0
    for m in range(len(places)):
        here = places[m]
        # Edges that end before this place end before all that follow.
        while edges[first, 0] + longest < here - tolerance:
            first += 1
        least, most = np.inf, -np.inf
        for n in range(first, len(edges)):
            t0, v0, t1, v1 = edges[n]
            if t0 > here + tolerance:
                break
            if t1 < here - tolerance:
                continue
            if t1 - t0 <= tolerance:
                least, most = min(least, v0, v1), max(most, v0, v1)
                continue
            share = min(max((here - t0) / (t1 - t0), 0.0), 1.0)
            v = v0 + share * (v1 - v0)
            least, most = min(least, v), max(most, v)
        if most - least > high - low:
            at, low, high = here, least, most
    return at, low, high
