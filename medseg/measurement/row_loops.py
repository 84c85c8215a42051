"""Loops over the rows of a mask; see :mod:`medseg.measurement.rows`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled

Integers = npt.NDArray[np.int64]


@compiled
def row_sums(mask: npt.NDArray[np.uint8]) -> Integers:
    """The first and last voxel of each row, and sums over its voxels.

    Args:
        mask: 0 or 1, ``[k, j, i]``.

    Returns:
        ``(5, K, J)``: first i and last i (-1 where there is no voxel), number of voxels, sum of i, sum of i².
    """
    planes, rows, columns = mask.shape
    found = np.zeros((5, planes, rows), np.int64)
    for k in range(planes):
        for j in range(rows):
            row = mask[k, j]
            count = 0
            for i in range(columns):
                count += row[i]
            if count == 0:
                found[0, k, j] = found[1, k, j] = -1
                continue
            first, last = 0, columns - 1
            while row[first] == 0:
                first += 1
            while row[last] == 0:
                last -= 1
            total = squares = 0
            for i in range(first, last + 1):
                total += i * row[i]
                squares += i * i * row[i]
            found[0, k, j], found[1, k, j], found[2, k, j] = first, last, count
            found[3, k, j], found[4, k, j] = total, squares
    return found


@compiled
def convex_ends(ends: Integers, sign: int) -> npt.NDArray[np.bool_]:
    """Which ends of rows are corners of the convex hull of their slice.

    Args:
        ends: First or last i of each row, ``[slice, row]``; -1 where it has no voxel.
        sign: 1 for first ones, -1 for last ones.
    """
    slices, rows = ends.shape
    corner = np.zeros((slices, rows), np.bool_)
    chain = np.empty(rows, np.int64)
    for k in range(slices):
        length = 0
        for j in range(rows):
            if ends[k, j] < 0:
                continue
            # Andrew's monotone chain: what lies on or within the line from its neighbours is no corner.
            while length >= 2:
                p, q = chain[length - 2], chain[length - 1]
                turn = (q - p) * (ends[k, j] - ends[k, p]) - (j - p) * (ends[k, q] - ends[k, p])
                if sign * turn > 0:
                    break
                length -= 1
            chain[length] = j
            length += 1
        for n in range(length):
            corner[k, chain[n]] = True
    return corner
