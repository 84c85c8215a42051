"""The loops of radial basis functions, compiled.

The kernel is ``-r**1.5`` of the distance ``r`` in mm: between the biharmonic ``-r``, whose surfaces have a
kink at each point, and the thin plate's ``r**2 log r``, whose surfaces bulge between points.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled

Floats = npt.NDArray[np.float64]

SMALLEST = 1e-9
"""Keeps a direction that does not exist, as in the middle of a ring, from being divided by 0."""

MAX_ATTEMPTS = 12
ENOUGH = 0.8
"""Attempts at a distance that leaves as many points as wanted, and the share of them that is enough."""

BLOCK = 256
"""Points that are evaluated together: their coordinates and values stay in the first cache."""


@compiled
def kernel_matrix(points: Floats, shift: float, smoothing: Floats) -> Floats:
    """The kernel between all points, plus a constant; on the diagonal plus each one's smoothing."""
    count = len(points)
    matrix = np.empty((count, count))
    for a in range(count):
        for b in range(a + 1):
            k = points[a, 0] - points[b, 0]
            j = points[a, 1] - points[b, 1]
            i = points[a, 2] - points[b, 2]
            r = math.sqrt(k * k + j * j + i * i)
            matrix[a, b] = shift - r * math.sqrt(r)
            matrix[b, a] = matrix[a, b]
        matrix[a, a] += smoothing[a]
    return matrix


@compiled
def gradients(points: Floats, centres: Floats, weights: Floats) -> Floats:
    """How the weighted sum of kernels changes at some points, shape ``(n, 3)``."""
    result = np.zeros((len(points), 3))
    for n in range(len(points)):
        for m in range(len(centres)):
            k = points[n, 0] - centres[m, 0]
            j = points[n, 1] - centres[m, 1]
            i = points[n, 2] - centres[m, 2]
            r = math.sqrt(k * k + j * j + i * i)
            slope = -1.5 * weights[m] / math.sqrt(max(r, SMALLEST))
            result[n, 0] += slope * k
            result[n, 1] += slope * j
            result[n, 2] += slope * i
    return result


@compiled
def evaluate(
    points: npt.NDArray[np.float32],
    centres: npt.NDArray[np.float32],
    weights: npt.NDArray[np.float32],
    values: npt.NDArray[np.float32],
) -> None:
    """Add the weighted sum of kernels at some points to their values.

    Args:
        points: Where to, in mm, as ``[axis, point]``.
        centres: The points of the kernels, in mm, shape ``(m, 3)``.
        weights: Their weights.
        values: One for each point.
    """
    # Points side by side, instead of a sum over kernels, lets the compiler use vector instructions.
    for start in range(0, len(values), BLOCK):
        x, y, z = (
            points[0, start : start + BLOCK],
            points[1, start : start + BLOCK],
            points[2, start : start + BLOCK],
        )
        into = values[start : start + BLOCK]
        for m in range(len(weights)):
            a, b, c, weight = centres[m, 0], centres[m, 1], centres[m, 2], weights[m]
            for n in range(len(into)):
                dx, dy, dz = x[n] - a, y[n] - b, z[n] - c
                r = np.sqrt(dx * dx + dy * dy + dz * dz)
                into[n] -= weight * (r * np.sqrt(r))


def spread(points: Floats, count: int) -> npt.NDArray[np.intp]:
    """Choose about so many of some points, evenly spread, earlier points first.

    Each chosen point keeps a distance from all others, which is found by trying.

    Returns:
        Ascending indices of the chosen points: ``count`` at most, mostly more than four fifths of it.
    """
    if len(points) <= count:
        return np.arange(len(points))
    low, high = 0.0, float(np.linalg.norm(np.ptp(points, axis=0)))
    chosen = np.zeros(0, np.intp)
    for _ in range(MAX_ATTEMPTS):
        distance = 0.5 * (low + high)
        attempt = _apart(points, distance, count)
        if len(attempt) > count:
            low = distance
        else:
            high, chosen = distance, attempt
            if len(attempt) > ENOUGH * count:
                break
    return chosen


@compiled
def _apart(points: Floats, distance: float, count: int) -> npt.NDArray[np.intp]:
    """The first points that keep a distance from all before them; gives up beyond ``count``."""
    chosen = np.empty(count + 1, np.intp)
    found = 0
    for n in range(len(points)):
        alone = True
        for m in range(found):
            a = points[n, 0] - points[chosen[m], 0]
            b = points[n, 1] - points[chosen[m], 1]
            c = points[n, 2] - points[chosen[m], 2]
            if a * a + b * b + c * c < distance * distance:
                alone = False
                break
        if alone:
            chosen[found] = n
            found += 1
            if found > count:
                break
    return chosen[:found].copy()


@compiled
def nearest_mm(points: Floats, others: Floats) -> Floats:
    """Distance of each point to the nearest of the others; infinite if there are none."""
    nearest = np.full(len(points), np.inf)
    x, y, z = points[:, 0].copy(), points[:, 1].copy(), points[:, 2].copy()
    # Points side by side here too.
    for start in range(0, len(points), BLOCK):
        u, v, w = x[start : start + BLOCK], y[start : start + BLOCK], z[start : start + BLOCK]
        best = nearest[start : start + BLOCK]
        for m in range(len(others)):
            k, j, i = others[m, 0], others[m, 1], others[m, 2]
            for n in range(len(best)):
                a, b, c = u[n] - k, v[n] - j, w[n] - i
                squared = a * a + b * b + c * c
                best[n] = squared if squared < best[n] else best[n]
    for n in range(len(nearest)):
        nearest[n] = math.sqrt(nearest[n])
    return nearest


@compiled
def with_middles(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Put the mean of each two neighbours along the middle axis between them, shape ``(n, 2 m - 1, k)``."""
    before, count, after = values.shape
    fine = np.empty((before, max(2 * count - 1, 0), after), np.float32)
    half = np.float32(0.5)
    for n in range(before):
        for m in range(count):
            for k in range(after):
                fine[n, 2 * m, k] = values[n, m, k]
            for k in range(after if m > 0 else 0):
                fine[n, 2 * m - 1, k] = half * (values[n, m, k] + values[n, m - 1, k])
    return fine


@compiled
def outline_at(
    mask: npt.NDArray[np.bool_], columns: Floats, steps_mm: Floats, reach_mm: float
) -> tuple[Floats, Floats]:
    """Which way the inside of a mask lies from points near its outline, and how far in they lie themselves.

    The direction is that of the pixels around a point: those inside pull, those outside push. How far in a
    point lies follows from how much of a disk around it is inside, as if the outline were straight.

    Args:
        mask: The structure on a plane.
        columns: Points as fractional indices of the mask, shape ``(n, 2)``.
        steps_mm: Steps of the mask's rows and columns in space, shape ``(2, 3)``.
        reach_mm: Radius of the disk; pixels weigh less towards its rim.

    Returns:
        Unit vectors in the plane, shape ``(n, 3)``, and distances in mm, shape ``(n,)``.
    """
    rows, cols = mask.shape
    normals, inside_mm = np.zeros((len(columns), 3)), np.zeros(len(columns))
    down = int(reach_mm / math.sqrt((steps_mm[0] ** 2).sum())) + 1
    across = int(reach_mm / math.sqrt((steps_mm[1] ** 2).sum())) + 1
    pull = np.empty(3)
    for n in range(len(columns)):
        row, col = math.floor(columns[n, 0]), math.floor(columns[n, 1])
        pull[:] = 0.0
        total, inside = 0.0, 0.0
        for a in range(row - down, row + down + 2):
            for b in range(col - across, col + across + 2):
                away = (a - columns[n, 0]) * steps_mm[0] + (b - columns[n, 1]) * steps_mm[1]
                if not (0 <= a < rows and 0 <= b < cols):
                    continue
                weight = max(1.0 - (away**2).sum() / reach_mm**2, 0.0)
                total += weight
                if mask[a, b]:
                    inside += weight
                    pull += weight * away
                else:
                    pull -= weight * away
        normals[n] = pull / max(math.sqrt((pull**2).sum()), SMALLEST)
        # The weight of the disk over that of its diameter: the integrals of 1 − r² / reach².
        inside_mm[n] = (inside / total - 0.5) * (3.0 * math.pi / 8.0) * reach_mm
    return normals, inside_mm
