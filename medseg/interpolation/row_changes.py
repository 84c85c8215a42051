"""At which rows and columns a mask changes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled
from medseg.interpolation.distance import bounds

Flags = npt.NDArray[np.bool_]


@compiled
def mark_changes(mask: Flags, rows: Flags, columns: Flags) -> tuple[int, int, bool, bool]:
    """Mark the rows and columns of a plane that differ from those before them.

    Args:
        mask: The plane, which is thought to lie in background.
        rows: Flags of its rows and of the one beyond the last; changed in place.
        columns: Flags of its columns and of the one beyond the last; changed in place.

    Returns:
        At how many rows and columns this mask changes; whether no two neighbouring rows are marked now,
        by this mask or an earlier one, and no two neighbouring columns.
    """
    top, left, height, width = bounds(mask)
    if height == 0:
        return 0, 0, _apart(rows), _apart(columns)
    down, across = np.zeros(height + 1, np.bool_), np.zeros(width + 1, np.bool_)
    down[0] = down[height] = across[0] = across[width] = True
    for r in range(height):
        here, above = mask[top + r], mask[top + max(r - 1, 0)]
        for c in range(width):
            down[r] |= here[left + c] != above[left + c]
        for c in range(1, width):
            across[c] |= here[left + c] != here[left + c - 1]
    return _mark(down, rows, top), _mark(across, columns, left), _apart(rows), _apart(columns)


@compiled
def _mark(changes: Flags, flags: Flags, start: int) -> int:
    count = 0
    for n in range(len(changes)):
        flags[start + n] |= changes[n]
        count += changes[n]
    return count


@compiled
def _apart(flags: Flags) -> bool:
    """Whether no two neighbouring flags are set."""
    both = False
    for n in range(1, len(flags)):
        both |= flags[n] and flags[n - 1]
    return not both
