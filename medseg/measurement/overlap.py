"""How far two structures are the same voxels."""

from __future__ import annotations

import numpy as np

from medseg.measurement.requirements import Mask, require_same_shape

BOTH_EMPTY = 1.0
"""Dice of two empty masks, which the formula leaves open (0/0): both say that there is nothing, and agree."""


def dice(a: Mask, b: Mask) -> float:
    """The Dice coefficient ``2 |A ∩ B| / (|A| + |B|)`` (Dice 1945): 1 for the same voxels, 0 for none shared.

    It does not depend on the grid, only on both masks being on the same one.

    Args:
        a: A mask ``[k, j, i]``.
        b: Another one. Two empty masks have :data:`BOTH_EMPTY`; one empty mask has 0.

    Raises:
        GridMismatchError: Their shapes differ.
    """
    require_same_shape(a, b)
    total = int(np.count_nonzero(a)) + int(np.count_nonzero(b))
    return 2 * int(np.count_nonzero(a & b)) / total if total else BOTH_EMPTY


def jaccard(a: Mask, b: Mask) -> float:
    """The Jaccard index ``|A ∩ B| / |A ∪ B|`` (Jaccard 1912): 1 for the same voxels, 0 for none shared.

    Args:
        a: A mask ``[k, j, i]``.
        b: Another one. Two empty masks have :data:`BOTH_EMPTY`; one empty mask has 0.

    Raises:
        GridMismatchError: Their shapes differ.
    """
    require_same_shape(a, b)
    union = int(np.count_nonzero(a | b))
    return int(np.count_nonzero(a & b)) / union if union else BOTH_EMPTY
