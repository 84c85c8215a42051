"""A piece that moves so far from one drawn slice to the next that it hardly overlaps itself."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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
    from medseg.interpolation.pieces import Pieces

    pixels = int(np.count_nonzero(first)) + int(np.count_nonzero(last))
    if 2 * np.count_nonzero(first & last) > MOST_OVERLAP * pixels:
        return None
    if not all(len(Pieces.of(mask).boxes) == 1 for mask in (first, last)):
        return None
    places = np.argwhere(first)
    row, column = (np.argwhere(last).mean(axis=0) - places.mean(axis=0)).tolist()
    shifted = places + np.array([round(row), round(column)])
    rows, columns = shifted[((shifted >= 0) & (shifted < last.shape)).all(axis=1)].T
    if 2 * np.count_nonzero(last[rows, columns]) < LEAST_OVERLAP * pixels:
        return None
    return row, column
