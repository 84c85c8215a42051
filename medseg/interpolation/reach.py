"""Whether one can go through a structure from one slice to another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled


@compiled
def reaches_last(
    inside: npt.NDArray[np.bool_], row: int, column: int, number: int, seen: npt.NDArray[np.int32]
) -> bool:
    """Whether one can go from a pixel of the first slice to the last one, corners included.

    Args:
        inside: The structure on successive slices, shape ``(slices, rows, columns)``.
        row: Where on the first slice one starts: a pixel of the structure.
        column: The same.
        number: Marks the voxels that one came by; another one than those used before.
        seen: The marks, of the same shape; changed in place.
    """
    slices, rows, columns = inside.shape
    seen[0, row, column] = number
    ahead = [(0, row, column)]
    while ahead:
        n, r, c = ahead.pop()
        if n == slices - 1:
            return True
        # The next slice is looked at last and so gone on from first.
        for m in range(max(n - 1, 0), n + 2):
            for y in range(max(r - 1, 0), min(r + 2, rows)):
                for x in range(max(c - 1, 0), min(c + 2, columns)):
                    if inside[m, y, x] and seen[m, y, x] != number:
                        seen[m, y, x] = number
                        ahead.append((m, y, x))
    return False
