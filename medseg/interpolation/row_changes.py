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
        here = mask[top + r, left : left + width]
        for c in range(1, width):
            across[c] |= here[c] != here[c - 1]
        if r > 0:
            above = mask[top + r - 1, left : left + width]
            changed = False
            for c in range(width):
                changed |= here[c] != above[c]
            down[r] = changed
    rows[top : top + height + 1] |= down
    columns[left : left + width + 1] |= across
    return np.count_nonzero(down), np.count_nonzero(across), _apart(rows), _apart(columns)


@compiled
def _apart(flags: Flags) -> bool:
    """Whether no two neighbouring flags are set."""
    both = False
    for n in range(1, len(flags)):
        both |= flags[n] and flags[n - 1]
    return not both
