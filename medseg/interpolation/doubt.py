"""Compiled loops over the voxels of a field: how sure is each, and what would another plane settle.

Both rest on a voxel's *closeness* ``c`` to what was drawn: see :mod:`~medseg.interpolation.closeness`.

The true depth of a voxel is taken to lie around the proposed one ``d`` with Student's distribution of two
degrees of freedom, so that the chance of the other sign is ``(1 - |d| / sqrt(d² + w²)) / 2``. The width ``w``
is made of a constant, for the outline's own roughness, of a share of ``1 / c``, and of the disagreement of
methods. A normal distribution has too little in its tails: what a method misses, such as
a bulge between two planes, is missed altogether.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

SURE_WIDTHS = 5.0
"""Voxels so many widths from the surface count as sure: fewer than one in 100 would be wrong."""

ON_PLANE = 0.501
"""Steps off a plane within which its own voxels lie: half of one, and what rounding may add."""

SMOOTHNESS = 4
"""With which power of the distance to the planes the variance of a smooth surface grows.

A reader of the sarcomas needs about as many contours with 1 to 6; with 1 or 2 some planes near the rim are
chosen that do harm.
"""


@compiled
def _is_positive(mean: float, squared_width: float) -> float:
    """The chance that a variable of Student's distribution, of two degrees of freedom, is positive."""
    if mean * mean > SURE_WIDTHS**2 * squared_width:
        return 0.0 if mean < 0 else 1.0
    return 0.5 + 0.5 * mean / math.sqrt(mean * mean + squared_width)


@compiled
def _sides(
    k: int, j: int, i: int, axis: int, tables: tuple[Floats, Floats, Floats], sheets: Floats
) -> tuple[float, float]:
    """Reciprocal distances, in 1/mm, to the next planes below and above a voxel along an axis."""
    at = k if axis == 0 else (j if axis == 1 else i)
    table = tables[0] if axis == 0 else (tables[1] if axis == 1 else tables[2])
    below, above = table[0, at], table[1, at]
    for number in range(len(sheets)):
        if sheets[number, 0] != axis:
            continue
        a = j if axis == 0 else k
        b = j if axis == 2 else i
        steps = at - (sheets[number, 1] + sheets[number, 2] * a + sheets[number, 3] * b)
        if -0.5 < steps <= 0.5:
            return np.inf, np.inf
        near = 1.0 / (abs(steps) * sheets[number, 4])
        if steps > 0:
            below = max(below, near)
        else:
            above = max(above, near)
    return below, above


@compiled
def _closeness(k: int, j: int, i: int, tables: tuple[Floats, Floats, Floats], sheets: Floats) -> float:
    total = 0.0
    for axis in range(3):
        below, above = _sides(k, j, i, axis, tables, sheets)
        total += below + above
    return total


@compiled
def add_squared_apart(
    squared: npt.NDArray[np.float32],
    depth_mm: npt.NDArray[np.float32],
    other_mm: npt.NDArray[np.float32],
    offset_kji: tuple[int, int, int],
    factor: float,
) -> None:
    """Add the squared distance of another method's depth, times a factor.

    Where the other method says nothing the structure is not: a voxel inside lies its own depth off that.

    Args:
        squared: Where to add, shape ``(k, j, i)``.
        depth_mm: The one method's depth, of the same shape.
        other_mm: The other's, of any shape.
        offset_kji: Index of the first one's first voxel in the other.
        factor: What to multiply with.
    """
    planes, rows, columns = depth_mm.shape
    for k in range(planes):
        for j in range(rows):
            for i in range(columns):
                depth = depth_mm[k, j, i]
                if not np.isfinite(depth):
                    continue
                apart = max(depth, np.float32(0))
                there = k + offset_kji[0], j + offset_kji[1], i + offset_kji[2]
                if (
                    0 <= there[0] < other_mm.shape[0]
                    and 0 <= there[1] < other_mm.shape[1]
                    and 0 <= there[2] < other_mm.shape[2]
                    and np.isfinite(other_mm[there])
                ):
                    apart = depth - other_mm[there]
                squared[k, j, i] += factor * apart * apart


@compiled
def fill_between(
    chances: npt.NDArray[np.float32],
    depth_mm: npt.NDArray[np.float32],
    squared_apart: npt.NDArray[np.float32],
    corner_kji: tuple[int, int, int],
    tables: tuple[Floats, Floats, Floats],
    sheets: Floats,
    roughness_mm: float,
    width_per_mm: float,
) -> None:
    """Write each voxel's chance to have a wrong label, where a method labels those of positive depth.

    The label is wrong where the true depth has the other sign. On a drawn plane the chance is 0.

    Args:
        chances: Where to write, shape ``(k, j, i)``, of zeros.
        depth_mm: What the method proposes, of the same shape.
        squared_apart: What the methods' disagreement adds to the squared widths; of the same shape, or empty.
        corner_kji: Index of the first voxel.
        tables: See :class:`~medseg.interpolation.closeness.DrawnPlanes`.
        sheets: The same.
        roughness_mm: The width right beside a drawn plane.
        width_per_mm: By how much it grows with the reciprocal closeness.
    """
    k0, j0, i0 = corner_kji
    planes, rows, columns = depth_mm.shape
    near_i = tables[2][0] + tables[2][1]
    for k in range(planes):
        near_k = tables[0][0, k + k0] + tables[0][1, k + k0]
        for j in range(rows):
            near_kj = near_k + tables[1][0, j + j0] + tables[1][1, j + j0]
            for i in range(columns):
                near = near_kj + near_i[i + i0]
                depth = abs(depth_mm[k, j, i])
                if depth == np.inf:
                    continue
                if len(sheets):
                    near = _closeness(k + k0, j + j0, i + i0, tables, sheets)
                if near == np.inf:
                    continue
                squared_width = roughness_mm**2 + (width_per_mm / near) ** 2
                if squared_apart.size:
                    squared_width += squared_apart[k, j, i]
                chances[k, j, i] = _is_positive(-depth, squared_width)


@compiled
def fill_beyond(
    chances: npt.NDArray[np.float32],
    off_axis_mm: npt.NDArray[np.float32],
    off_plane_mm: npt.NDArray[np.float32],
    step_mm: float,
    radius_mm: float,
    weight: float,
    roughness_mm: float,
    width_per_mm: float,
) -> None:
    """Write each voxel's chance to belong to a structure that goes on beyond its last plane as a ball does.

    Args:
        chances: Where to write, shape ``(n, a, b)``, the axis that leads off the plane first.
        off_axis_mm: How far each column lies off the ball's axis, shape ``(a, b)``.
        off_plane_mm: How far beyond the plane each column's first voxel lies, shape ``(a, b)``.
        step_mm: How much farther the next one lies.
        radius_mm: The ball's.
        weight: How likely it is that the structure goes on.
        roughness_mm: As for :func:`fill_between`.
        width_per_mm: As for :func:`fill_between`.
    """
    planes, rows, columns = chances.shape
    for n in range(planes):
        for a in range(rows):
            for b in range(columns):
                off_mm = off_plane_mm[a, b] + n * step_mm
                if off_mm <= ON_PLANE * abs(step_mm):
                    continue
                depth = radius_mm - math.sqrt(off_axis_mm[a, b] ** 2 + off_mm**2)
                squared_width = roughness_mm**2 + (width_per_mm * off_mm) ** 2
                chances[n, a, b] = max(chances[n, a, b], weight * _is_positive(depth, squared_width))


@compiled
def add_settled(
    settled: Floats,
    voxels_kji: Indices,
    chances: npt.NDArray[np.float32],
    axis: int,
    neighbours: Indices,
    spacing_mm: float,
    tables: tuple[Floats, Floats, Floats],
    sheets: Floats,
) -> None:
    """Add up, for each slice along an axis, how many wrong voxels drawing it is expected to settle.

    Drawing a plane raises a voxel's closeness from ``c`` to ``c'``. Between planes a smooth surface departs
    from what was expected by the square of ``1 / c``, and in variance by the fourth power: ``(c / c')⁴`` of
    the chance of error is taken to remain. Beyond the last of parallel planes nothing bounds it on the far
    side, and ``c / c'`` remains.

    Args:
        settled: A sum for each slice along the axis.
        voxels_kji: Indices of uncertain voxels, shape ``(n, 3)``.
        chances: How likely each is to be wrong.
        axis: The axis.
        neighbours: For each index along the axis the next drawn slices at or below and at or above it, −1
            and the axis' length where there is none, shape ``(2, n)``.
        spacing_mm: Distance of the slices.
        tables: As for :func:`fill_between`.
        sheets: As for :func:`fill_between`.
    """
    for number in range(len(voxels_kji)):
        k, j, i = voxels_kji[number]
        at = voxels_kji[number, axis]
        below, above = _sides(k, j, i, axis, tables, sheets)
        near = _closeness(k, j, i, tables, sheets)
        chance = chances[number]
        for index in range(neighbours[0, at] + 1, neighbours[1, at]):
            if index == at:
                settled[index] += chance
                continue
            new = 1.0 / (abs(index - at) * spacing_mm)
            gained = max(new - (below if index < at else above), 0.0)
            other_side = above if index < at else below
            between = other_side > 0.0 or near > below + above
            remains = (near / (near + gained)) ** (SMOOTHNESS if between else 1)
            settled[index] += chance * (1.0 - remains)
