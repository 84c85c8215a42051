"""A piece that moves so far from one drawn slice to the next that it hardly overlaps itself."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled
from medseg.interpolation.pieces import pieces_of

Mask = npt.NDArray[np.bool_]

MOST_OVERLAP = 0.4
"""Dice of two slices above which a piece is not said to have moved: there the flow finds out more."""

LEAST_OVERLAP = 0.6
"""Dice that shifting has to reach: below, the two pieces need not be the same one."""


def shift_between(first: Mask, last: Mask) -> tuple[float, float] | None:
    """How far the one piece of a slice moved to become the one piece of the other.

    Something thin and oblique, such as a rib, moves by its own thickness and more. Flow can't tell that from
    a piece that ends beside one that begins. Where there is one piece on either slice, and putting one
    centroid on the other makes two shapes coincide that were apart, it moved.

    Args:
        first: One slice.
        last: The other one, of the same shape.

    Returns:
        Rows and columns between the centroids; None where it is not clear that one piece moved.
    """
    moved, row, column = _shift(first, last)
    return (row, column) if moved else None


@compiled
def _shift(first: Mask, last: Mask) -> tuple[bool, float, float]:
    pixels = np.count_nonzero(first) + np.count_nonzero(last)
    if 2 * _overlap(first, last, 0, 0) > MOST_OVERLAP * pixels:
        return False, 0.0, 0.0
    if len(pieces_of(first)[1]) != 1 or len(pieces_of(last)[1]) != 1:
        return False, 0.0, 0.0
    from_row, from_column = _centroid(first)
    to_row, to_column = _centroid(last)
    row, column = to_row - from_row, to_column - from_column
    overlap = _overlap(first, last, int(np.rint(row)), int(np.rint(column)))
    return 2 * overlap >= LEAST_OVERLAP * pixels, row, column


@compiled
def _overlap(first: Mask, last: Mask, row: int, column: int) -> int:
    """Pixels that both have, the first one being shifted."""
    rows, columns = first.shape
    count = 0
    for r in range(max(0, -row), min(rows, rows - row)):
        for c in range(max(0, -column), min(columns, columns - column)):
            count += first[r, c] and last[r + row, c + column]
    return count


@compiled
def _centroid(mask: Mask) -> tuple[float, float]:
    down = across = count = 0
    for r in range(mask.shape[0]):
        for c in range(mask.shape[1]):
            if mask[r, c]:
                down += r
                across += c
                count += 1
    return down / count, across / count
