"""The loop that finds the cubes through which a surface runs; see :mod:`medseg.measurement.mesh`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled

Bits = npt.NDArray[np.uint8]

EIGHT = 8
ALL_OUT, ALL_IN = np.uint64(0), np.uint64(0x0F0F0F0F0F0F0F0F)
"""Eight columns of four voxels each, in a word."""


@compiled
def boundary_cubes(mask: Bits) -> tuple[npt.NDArray[np.int32], Bits]:
    """Find the cubes of eight neighbouring voxels that are neither all inside nor all outside.

    Voxels beyond the array are outside.

    Args:
        mask: 0 or 1, ``[k, j, i]``.

    Returns:
        The index ``(n, 3)`` of each cube's first voxel, which may be -1, and its configuration ``(n,)``: the
        sum of ``2 ** (dj + 2 dk + 4 di)`` over those of its voxels ``(k + dk, j + dj, i + di)`` that are in.
    """
    planes, rows, columns = mask.shape
    corner = np.empty((1024, 3), np.int32)
    configuration = np.empty(1024, np.uint8)
    found = 0
    outside = np.zeros(columns, np.uint8)
    # Of the four rows that a row of cubes touches, with outside at both ends; and eight of them at a time.
    column = np.zeros((columns + 1 + EIGHT) // EIGHT * EIGHT, np.uint8)
    columns_by_eight = column.view(np.uint64)
    for k in range(-1, planes):
        for j in range(-1, rows):
            a = mask[k, j] if k >= 0 and j >= 0 else outside
            b = mask[k, j + 1] if k >= 0 and j + 1 < rows else outside
            c = mask[k + 1, j] if k + 1 < planes and j >= 0 else outside
            d = mask[k + 1, j + 1] if k + 1 < planes and j + 1 < rows else outside
            for i in range(columns):
                column[i + 1] = a[i] | (b[i] << 1) | (c[i] << 2) | (d[i] << 3)
            for block in range(len(columns_by_eight)):
                first = block * EIGHT
                # Most of a structure is all inside or all outside.
                if columns_by_eight[block] in (ALL_OUT, ALL_IN) and (
                    first + EIGHT >= len(column) or column[first + EIGHT] == column[first]
                ):
                    continue
                for i in range(first, min(first + EIGHT, columns + 1)):
                    code = column[i] | (column[i + 1] << 4)
                    if code in (0, 255):
                        continue
                    if found == len(configuration):
                        corner = np.concatenate((corner, np.empty_like(corner)))
                        configuration = np.concatenate((configuration, np.empty_like(configuration)))
                    corner[found, 0], corner[found, 1], corner[found, 2] = k, j, i - 1
                    configuration[found] = code
                    found += 1
    return corner[:found], configuration[:found]
