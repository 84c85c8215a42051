"""Flow: how far the parts of a structure move from one drawn slice to the next."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled

Map = npt.NDArray[np.float32]

WINDOW_RADIUS = 4
"""Pixels of a level around each one that decide its flow. Less is noise, more a stiff shift of all."""

STIFFNESS = 0.05
"""Added to both eigenvalues of the normal equations, whose slopes are 1: no flow without evidence."""

LEVELS = 3
ITERATIONS = 2
MAX_PIXELS = 64 * 64
"""A level finer than this adds nothing to a flow this smooth."""

MIN_SIDE = 8
"""No level is coarser than this."""

MEANS = 8
"""Quantities that are averaged over the windows."""


def flow_between(first: Map, last: Map, spacing_mm: tuple[float, float]) -> tuple[Map, Map]:
    """The flow from one map of signed distances to another.

    In a window around each pixel the two maps differ by a shift and by a constant: the constant, which is
    growth, is left out, and the shift is the flow. So a disc that grows does not flow, and one that moves
    does. From coarse levels to finer ones, and symmetric: from ``last`` to ``first`` it is the reverse.

    Args:
        first: Depth in mm on one slice.
        last: Depth on the other one.
        spacing_mm: Distance of rows and of columns.

    Returns:
        Rows and columns that what lies half-way at a pixel moves from ``first`` to ``last``.

    Source:
        Lucas & Kanade, An iterative image registration technique, IJCAI 1981, with an offset as in
        Negahdaripour, Revised definition of optical flow, IEEE TPAMI 20:961-979 (1998).
    """
    return _coarse_to_fine(first, last, *spacing_mm)


@compiled
def _coarse_to_fine(first: Map, last: Map, row_mm: float, column_mm: float) -> tuple[Map, Map]:
    pyramid = [(first, last)]
    while pyramid[-1][0].size > MAX_PIXELS:
        pyramid.append((_halved(pyramid[-1][0]), _halved(pyramid[-1][1])))
    finest = len(pyramid) - 1
    while len(pyramid) - finest < LEVELS and min(pyramid[-1][0].shape) >= 2 * MIN_SIDE:
        pyramid.append((_halved(pyramid[-1][0]), _halved(pyramid[-1][1])))
    rows = np.zeros(pyramid[-1][0].shape, np.float32)
    columns = np.zeros_like(rows)
    for level in range(len(pyramid) - 1, -1, -1):
        one, other = pyramid[level]
        if one.shape != rows.shape:
            rows, columns = _doubled(rows, one.shape), _doubled(columns, one.shape)
        if level >= finest:
            _refine(one, other, rows, columns, 2.0**level * row_mm, 2.0**level * column_mm)
    return rows, columns


@compiled
def sample(values: Map, row: float, column: float) -> float:
    """The value at a fractional index, bilinear; beyond the border that of the border."""
    rows, columns = values.shape
    row, column = min(max(row, 0.0), rows - 1.0), min(max(column, 0.0), columns - 1.0)
    r, c = int(row), int(column)
    below, beside = min(r + 1, rows - 1), min(c + 1, columns - 1)
    down, across = row - r, column - c
    upper = values[r, c] + (values[r, beside] - values[r, c]) * across
    lower = values[below, c] + (values[below, beside] - values[below, c]) * across
    return float(upper + (lower - upper) * down)


@compiled
def _halved(values: Map) -> Map:
    rows, columns = values.shape
    result = np.empty(((rows + 1) // 2, (columns + 1) // 2), np.float32)
    for r in range(result.shape[0]):
        below = min(2 * r + 1, rows - 1)
        for c in range(result.shape[1]):
            beside = min(2 * c + 1, columns - 1)
            result[r, c] = 0.25 * (
                values[2 * r, 2 * c] + values[2 * r, beside] + values[below, 2 * c] + values[below, beside]
            )
    return result


@compiled
def _doubled(flow: Map, shape: tuple[int, int]) -> Map:
    """A flow in pixels of half the size."""
    result = np.empty(shape, np.float32)
    for r in range(shape[0]):
        for c in range(shape[1]):
            result[r, c] = 2 * sample(flow, 0.5 * r - 0.25, 0.5 * c - 0.25)
    return result


@compiled
def _refine(
    first: Map, last: Map, flow_rows: Map, flow_columns: Map, row_mm: float, column_mm: float
) -> None:
    rows, columns = first.shape
    per_row, per_column = 0.5 / row_mm, 0.5 / column_mm
    middle, change = np.empty((rows, columns), np.float32), np.empty((rows, columns), np.float32)
    # Both slopes, the change, and their products, of which means over the window are taken. They lie next to
    # each other, so that all are averaged at once.
    products = np.empty((rows, columns, MEANS), np.float32)
    for _ in range(ITERATIONS):
        for r in range(rows):
            for c in range(columns):
                down, across = 0.5 * flow_rows[r, c], 0.5 * flow_columns[r, c]
                a = sample(first, r - down, c - across)
                b = sample(last, r + down, c + across)
                middle[r, c], change[r, c] = 0.5 * (a + b), b - a
        for r in range(rows):
            above, below = max(r - 1, 0), min(r + 1, rows - 1)
            for c in range(columns):
                left, right = max(c - 1, 0), min(c + 1, columns - 1)
                down = (middle[below, c] - middle[above, c]) * per_row
                across = (middle[r, right] - middle[r, left]) * per_column
                moved = down * flow_rows[r, c] * row_mm + across * flow_columns[r, c] * column_mm
                rest = change[r, c] - moved
                here = products[r, c]
                here[0], here[1], here[2] = down, across, rest
                here[3], here[4], here[5] = down * down, down * across, across * across
                here[6], here[7] = down * rest, across * rest
        means = _averaged(products)
        for r in range(rows):
            for c in range(columns):
                here = means[c, r]
                down, across, rest = here[0], here[1], here[2]
                a11 = here[3] - down * down + STIFFNESS
                a12 = here[4] - down * across
                a22 = here[5] - across * across + STIFFNESS
                b1, b2 = down * rest - here[6], across * rest - here[7]
                size = a11 * a22 - a12 * a12
                if size > 0:
                    flow_rows[r, c] = (a22 * b1 - a12 * b2) / (size * row_mm)
                    flow_columns[r, c] = (a11 * b2 - a12 * b1) / (size * column_mm)


@compiled
def _averaged(values: Map) -> Map:
    """The mean of a square window, cut off at the border, of each of several maps; columns come first."""
    rows, columns, _ = values.shape
    means = _running_means(values.reshape(rows, columns * MEANS)).reshape(rows, columns, MEANS)
    # Turned, whole columns are averaged at once, as whole rows were.
    turned = np.empty((columns, rows, MEANS), np.float32)
    for r in range(rows):
        for c in range(columns):
            for n in range(MEANS):
                turned[c, r, n] = means[r, c, n]
    return _running_means(turned.reshape(columns, rows * MEANS)).reshape(columns, rows, MEANS)


@compiled
def _running_means(values: Map) -> Map:
    """Means of each row, itself and up to ``WINDOW_RADIUS`` rows on either side."""
    rows, width = values.shape
    means = np.empty((rows, width), np.float32)
    totals = np.zeros(width)
    count = 0
    for r in range(-WINDOW_RADIUS, rows):
        entering, leaving = r + WINDOW_RADIUS, r - WINDOW_RADIUS - 1
        if entering < rows:
            for n in range(width):
                totals[n] += values[entering, n]
            count += 1
        if leaving >= 0:
            for n in range(width):
                totals[n] -= values[leaving, n]
            count -= 1
        if r >= 0:
            for n in range(width):
                means[r, n] = totals[n] / count
    return means
