"""The connected pieces of a mask on one slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled
from medseg.interpolation.distance import bounds
from medseg.interpolation.drawn import for_loops

Window = tuple[int, int, int, int]
"""First row, first column, rows, columns of a part of a slice."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """A mask as rows of pixels, sorted into pieces.

    Attributes:
        runs: One line for each unbroken run of pixels along a row, ascending: row, first column, column
            past the last, number of the piece that it belongs to.
        boxes: For each piece its first row and column and those past its last.
    """

    runs: npt.NDArray[np.int32]
    boxes: npt.NDArray[np.int32]

    @staticmethod
    def of(mask: npt.NDArray[np.bool_]) -> Pieces:
        """Find the pieces of a mask; pixels that touch at a corner belong together."""
        return Pieces(*pieces_of(for_loops(mask)))

    def within(self, window: Window) -> tuple[int, ...]:
        """The pieces of which a part may lie in a window: those whose boxes overlap it."""
        top, left, rows, columns = window
        bottom, right = top + rows, left + columns
        return tuple(
            [
                n
                for n, (first_row, first_column, end_row, end_column) in enumerate(self.boxes.tolist())
                if first_row < bottom and first_column < right and end_row > top and end_column > left
            ]
        )

    def maps(
        self, chosen: Sequence[int], window: Window, spacing_mm: tuple[float, float]
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float32]]:
        """Some of the pieces on a window, as a mask and as smoothed depth in mm."""
        from medseg.interpolation.part_maps import part_maps

        return part_maps(self.runs, self.boxes, np.array(chosen, dtype=np.int64), *spacing_mm, window)

    def touched(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Which of the pieces have a pixel in common with a mask."""
        return touched(self.runs, len(self.boxes), mask)

    def painted(self, chosen: Sequence[int], window: Window) -> npt.NDArray[np.bool_]:
        """Some of the pieces as a mask of a window, which cuts off what reaches beyond it."""
        mask = np.zeros(window[2:], dtype=np.bool_)
        if chosen:
            paint(self.runs, self._among(chosen), window[0], window[1], mask)
        return mask

    def content(self, chosen: Sequence[int]) -> bytes:
        """Bytes that are the same for the same pixels, and only for those."""
        runs = self.runs
        if len(chosen) < len(self.boxes):
            runs = runs[self._among(chosen)[runs[:, 3]]]
        return np.ascontiguousarray(runs[:, :3]).tobytes()

    def _among(self, chosen: Sequence[int]) -> npt.NDArray[np.bool_]:
        among = np.zeros(len(self.boxes), dtype=np.bool_)
        among[list(chosen)] = True
        return among


@compiled
def pieces_of(mask: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """The runs and boxes of a mask's pieces."""
    runs = _runs(mask)
    return runs, _join(runs)


@compiled
def _runs(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """The runs of a mask, each for now a piece of its own."""
    top, left, rows, columns = bounds(mask)
    runs = np.empty((rows * ((columns + 1) // 2), 4), np.int32)
    count = 0
    for r in range(top, top + rows):
        before = False
        for c in range(left, left + columns):
            if mask[r, c] and not before:
                runs[count, 0], runs[count, 1], runs[count, 3] = r, c, count
            elif before and not mask[r, c]:
                runs[count, 2] = c
                count += 1
            before = mask[r, c]
        if before:
            runs[count, 2] = left + columns
            count += 1
    return runs[:count].copy()


@compiled
def _join(runs: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Number the pieces, from 0 in order of their first pixel, in ``runs[:, 3]``; return their boxes."""
    count = len(runs)
    above = 0
    for n in range(count):
        row, start, stop = runs[n, 0], runs[n, 1], runs[n, 2]
        while runs[above, 0] < row - 1 or (runs[above, 0] == row - 1 and runs[above, 2] < start):
            above += 1
        m = above
        while m < n and runs[m, 0] == row - 1 and runs[m, 1] <= stop:
            if runs[m, 2] >= start:
                a, b = _root(runs, n), _root(runs, m)
                runs[max(a, b), 3] = min(a, b)
            m += 1
    boxes = np.empty((count, 4), np.int32)
    pieces = 0
    number = np.empty(count, np.int32)
    for n in range(count):
        root = _root(runs, n)
        row, start, stop = runs[n, 0], runs[n, 1], runs[n, 2]
        if root == n:
            number[n] = pieces
            boxes[pieces, 0], boxes[pieces, 1], boxes[pieces, 2], boxes[pieces, 3] = row, start, row + 1, stop
            pieces += 1
        else:
            number[n] = number[root]
            box = boxes[number[n]]
            box[1], box[2], box[3] = min(box[1], start), row + 1, max(box[3], stop)
    for n in range(count):
        runs[n, 3] = number[n]
    return boxes[:pieces].copy()


@compiled
def bounds_of(boxes: npt.NDArray[np.int32]) -> Window:
    """The smallest window that holds some boxes; no rows and columns where there are none."""
    if len(boxes) == 0:
        return 0, 0, 0, 0
    top, left, bottom, right = boxes[0]
    for n in range(1, len(boxes)):
        top, left = min(top, boxes[n, 0]), min(left, boxes[n, 1])
        bottom, right = max(bottom, boxes[n, 2]), max(right, boxes[n, 3])
    return top, left, bottom - top, right - left


@compiled
def _root(runs: npt.NDArray[np.int32], n: int) -> int:
    while runs[n, 3] != n:
        runs[n, 3] = runs[runs[n, 3], 3]
        n = runs[n, 3]
    return n


@compiled
def touched(runs: npt.NDArray[np.int32], count: int, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which of so many pieces have a pixel in common with a mask."""
    found = np.zeros(count, np.bool_)
    for row, start, stop, piece in runs:
        for c in range(start, stop):
            found[piece] |= mask[row, c]
    return found


@compiled
def paint(
    runs: npt.NDArray[np.int32],
    among: npt.NDArray[np.bool_],
    top: int,
    left: int,
    mask: npt.NDArray[np.bool_],
) -> None:
    """Paint those pieces that are among the wanted ones on a mask that begins at some row and column."""
    rows, columns = mask.shape
    for n in range(len(runs)):
        row = runs[n, 0] - top
        if among[runs[n, 3]] and 0 <= row < rows:
            mask[row, max(runs[n, 1] - left, 0) : max(min(runs[n, 2] - left, columns), 0)] = True


@compiled
def boxes_of_groups(
    boxes: npt.NDArray[np.int32], row_reach: float, column_reach: float
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Group boxes by :func:`groups_of_near`.

    Returns:
        For each box the number of its group, and under that number the box around the group.
    """
    group = groups_of_near(boxes, row_reach, column_reach)
    around = boxes.copy()
    for n in range(len(boxes)):
        whole = around[group[n]]
        whole[0], whole[1] = min(whole[0], boxes[n, 0]), min(whole[1], boxes[n, 1])
        whole[2], whole[3] = max(whole[2], boxes[n, 2]), max(whole[3], boxes[n, 3])
    return group, around


@compiled
def groups_of_near(
    boxes: npt.NDArray[np.int32], row_reach: float, column_reach: float
) -> npt.NDArray[np.int64]:
    """Group boxes of which one can go from each to the next within some distance.

    Args:
        boxes: First row and column and those past the last, shape ``(n, 4)``.
        row_reach: Rows that may lie between two boxes.
        column_reach: Columns that may.

    Returns:
        For each box the number of its group: that of the group's first box.
    """
    count = len(boxes)
    group = np.arange(count)
    for n in range(count):
        for m in range(n):
            rows_apart = max(boxes[n, 0] - boxes[m, 2], boxes[m, 0] - boxes[n, 2])
            columns_apart = max(boxes[n, 1] - boxes[m, 3], boxes[m, 1] - boxes[n, 3])
            if rows_apart <= row_reach and columns_apart <= column_reach and group[n] != group[m]:
                old, new = max(group[n], group[m]), min(group[n], group[m])
                for k in range(n + 1):
                    if group[k] == old:
                        group[k] = new
    return group
