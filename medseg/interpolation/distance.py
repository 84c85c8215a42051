"""The signed distance to the outline of a mask, in mm, on any window of its plane."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled

Window = tuple[int, int, int, int]
"""First row, first column, rows, columns of a part of a plane; it may reach beyond the mask's array."""

SMOOTHING = np.array([0.0036, 0.1989, 0.5950, 0.1989, 0.0036], dtype=np.float32)
"""Weights along rows and columns: a Gaussian of σ 0.6 pixels, which takes the stairs off an outline.

Wider ones wear away structures two or three pixels thin.
"""

REACH = len(SMOOTHING) // 2
"""Rows and columns around a window that smoothing looks at."""

LEAST_KEPT = 0.5
"""Share of its depth that smoothing leaves to every pixel: one that was drawn never turns to outside."""


def depth_map_mm(
    mask: npt.NDArray[np.bool_], spacing_mm: tuple[float, float], window: Window, *, smooth: bool = False
) -> npt.NDArray[np.float32]:
    """How deep each pixel of a window lies inside a mask.

    The outline runs half-way between the last pixel inside and the first one outside. A value depends on
    the mask alone, never on the window, down to the last bit.

    Args:
        mask: The mask, shape ``(rows, columns)``; beyond its border there is only background.
        spacing_mm: Distance of rows and of columns.
        window: Where to compute it.
        smooth: Whether to smooth the depth by :data:`SMOOTHING`; no pixel changes its side.

    Returns:
        Depth in mm, positive inside, shape ``window[2:]``; ``-inf`` throughout where the mask is empty.

    Source:
        Meijster, Roerdink & Hesselink, A general algorithm for computing distance transforms in linear
        time, Mathematical Morphology 18:331-340 (2000), with the lower envelope of Felzenszwalb &
        Huttenlocher, Distance transforms of sampled functions, Theory of Computing 8:415-428 (2012).
    """
    reach = REACH if smooth else 0
    row, column, rows, columns = window
    depth = np.empty((rows + 2 * reach, columns + 2 * reach), dtype=np.float32)
    row_mm, column_mm = spacing_mm
    measure_depth(mask, row_mm, column_mm, row - reach, column - reach, depth)
    if not smooth:
        return depth
    result = np.empty((rows, columns), dtype=np.float32)
    smooth_depth(depth, result)
    return result


@compiled
def bounds(mask: npt.NDArray[np.bool_]) -> Window:
    """The smallest window that holds all of a mask; no rows and columns where it is empty."""
    rows, columns = mask.shape
    top, bottom = rows, 0
    filled = np.zeros(columns, np.bool_)
    for r in range(rows):
        if _any(mask[r]):
            top, bottom = min(top, r), r + 1
            for c in range(columns):
                filled[c] |= mask[r, c]
    if bottom == 0:
        return 0, 0, 0, 0
    left, right = 0, columns
    while not filled[left]:
        left += 1
    while not filled[right - 1]:
        right -= 1
    return top, left, bottom - top, right - left


@compiled
def _any(row: npt.NDArray[np.bool_]) -> bool:
    """Whole planes are mostly background: a loop that always goes to the end takes many pixels at once."""
    found = False
    for c in range(len(row)):
        found |= row[c]
    return found


@compiled
def measure_depth(
    mask: npt.NDArray[np.bool_],
    row_mm: float,
    column_mm: float,
    first_row: int,
    first_column: int,
    depth: npt.NDArray[np.float32],
) -> None:
    """Measure depth on a window that begins at some row and column of the mask and has the result's shape."""
    top, left, rows, columns = bounds(mask)
    if rows == 0:
        depth.fill(-np.inf)
        return
    half_mm = 0.5 * min(row_mm, column_mm)
    window_rows, window_columns = depth.shape
    # Rows to the nearest pixel of the other kind above or below, in each column of the mask's bounds and
    # one pixel around: nothing else can be nearest to a pixel inside.
    to_outside = _rows_to_nearest(mask, 0, top - 1, left - 1, rows + 2, columns + 2)
    above, below = min(first_row, top), max(first_row + window_rows, top + rows)
    to_inside = _rows_to_nearest(mask, 1, above, left, below - above, columns)
    width = max(window_columns, columns + 2)
    best = np.empty(width)
    place, start = np.empty(width, np.int64), np.empty(width + 1, np.int64)
    height = np.empty(width)
    for r in range(window_rows):
        row = first_row + r
        _row_of_distances(
            to_inside[row - above], row_mm, column_mm, left, first_column, best[:window_columns],
            place, start, height,
        )  # fmt: skip
        for c in range(window_columns):
            depth[r, c] = half_mm - np.sqrt(best[c])
        if not top <= row < top + rows:
            continue
        _row_of_distances(
            to_outside[row - top + 1], row_mm, column_mm, left - 1, left, best[:columns],
            place, start, height,
        )  # fmt: skip
        for column in range(max(left, first_column), min(left + columns, first_column + window_columns)):
            if mask[row, column]:
                depth[r, column - first_column] = np.sqrt(best[column - left]) - half_mm


@compiled
def _rows_to_nearest(
    mask: npt.NDArray[np.bool_], kind: int, top: int, left: int, rows: int, columns: int
) -> npt.NDArray[np.int32]:
    """Rows to the nearest pixel inside (1) or outside (0) in the same column; -1 where a column has none."""
    mask_rows, mask_columns = mask.shape
    result = np.full((rows, columns), -1, np.int32)
    for r in range(rows):
        for c in range(columns):
            row, column = top + r, left + c
            value = 0 <= row < mask_rows and 0 <= column < mask_columns and mask[row, column]
            if int(value) == kind:
                result[r, c] = 0
            elif r > 0 and result[r - 1, c] >= 0:
                result[r, c] = result[r - 1, c] + 1
    for r in range(rows - 2, -1, -1):
        for c in range(columns):
            further = result[r + 1, c]
            if further >= 0 and (result[r, c] < 0 or result[r, c] > further + 1):
                result[r, c] = further + 1
    return result


@compiled
def _row_of_distances(
    rows_away: npt.NDArray[np.int32],
    row_mm: float,
    column_mm: float,
    first_source: int,
    first_target: int,
    best: npt.NDArray[np.float64],
    place: npt.NDArray[np.int64],
    start: npt.NDArray[np.int64],
    height: npt.NDArray[np.float64],
) -> None:
    """Squared distance of each pixel of a row, from those within each column: the lower envelope.

    All positions enter as differences, so that a shift of both windows changes no bit.
    """
    squared = column_mm * column_mm
    count = 0
    for q in range(len(rows_away)):
        if rows_away[q] < 0:
            continue
        value = (rows_away[q] * row_mm) ** 2
        begin = 0
        while count > 0:
            apart = q - place[count - 1]
            # From this column on the new parabola lies below the last one.
            offset = 0.5 * (apart + (value - height[count - 1]) / (apart * squared))
            begin = place[count - 1] + int(np.floor(offset)) + 1
            if count > 1 and begin <= start[count - 1]:
                count -= 1
            else:
                break
        place[count] = q
        height[count] = value
        start[count] = begin
        count += 1
    current = 0
    for c in range(len(best)):
        x = first_target + c - first_source
        while current + 1 < count and start[current + 1] <= x:
            current += 1
        best[c] = ((x - place[current]) * column_mm) ** 2 + height[current]


@compiled
def smooth_depth(depth: npt.NDArray[np.float32], result: npt.NDArray[np.float32]) -> None:
    """Smooth the depth of a window, given with :data:`REACH` pixels around; no pixel changes its side."""
    rows, columns = result.shape
    if np.isinf(depth[0, 0]):
        result.fill(depth[0, 0])
        return
    along = np.empty(columns + 2 * REACH, np.float32)
    for r in range(rows):
        for c in range(columns + 2 * REACH):
            along[c] = 0
        for n in range(len(SMOOTHING)):
            for c in range(columns + 2 * REACH):
                along[c] += SMOOTHING[n] * depth[r + n, c]
        for c in range(columns):
            total = 0.0
            for n in range(len(SMOOTHING)):
                total += SMOOTHING[n] * along[c + n]
            kept = LEAST_KEPT * depth[r + REACH, c + REACH]
            result[r, c] = max(total, kept) if kept > 0 else min(total, kept)
