"""The loop that counts flat patches of a surface; see :mod:`medseg.measurement.surface_area`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled
from medseg.measurement.crossing_loops import WORD, ones

Words = npt.NDArray[np.uint64]
Integers = npt.NDArray[np.int64]

NONE, ALL = np.uint64(0), ~np.uint64(0)
ONE, BACK = np.uint64(1), np.uint64(WORD - 1)


@compiled
def flat_patches(words: Words, axis: int, patches: Integers) -> Integers:
    """Count the patches of neighbouring faces, normal to an axis, that lie in one plane.

    A face lies between a voxel that is in and one that is out; in a patch all have the same side.

    Args:
        words: A mask as :func:`medseg.measurement.crossing_loops.crossings` takes it.
        axis: The axis that faces are normal to.
        patches: How many faces each kind of patch has along k, j and i, ``(n, 3)``: 1 along the axis, less
            than 64 along i.

    Returns:
        How many patches there are of each kind, ``(n,)``.
    """
    planes, rows, length = words.shape
    found = np.zeros(len(patches), np.int64)
    for k in range(planes):
        for j in range(rows):
            for w in range(length - 1):
                here = words[k, j, w]
                changes = here ^ _following(words, k, j, w, axis)
                if changes == NONE:
                    continue
                for flip in (NONE, ALL):
                    if changes & (here ^ flip) == NONE:
                        continue
                    for n in range(len(patches)):
                        found[n] += ones(_flat(words, k, j, w, axis, patches[n], flip))
    return found


@compiled
def _flat(words: Words, k: int, j: int, w: int, axis: int, patch: Integers, flip: np.uint64) -> np.uint64:
    """Of 64 places along i, those where a patch begins."""
    here = _flat_across(words, k, j, w, axis, patch, flip)
    if here == NONE or patch[2] == 1:
        return here
    beyond = _flat_across(words, k, j, w + 1, axis, patch, flip)
    flat = here
    for n in range(1, patch[2]):
        flat &= (here >> np.uint64(n)) | (beyond << np.uint64(WORD - n))
    return flat


@compiled
def _flat_across(
    words: Words, k: int, j: int, w: int, axis: int, patch: Integers, flip: np.uint64
) -> np.uint64:
    """Of 64 places along i, those where all faces of a patch along k and j are there."""
    planes, rows, _ = words.shape
    if k + patch[0] > planes or j + patch[1] > rows:
        return NONE
    flat = ALL
    for dk in range(patch[0]):
        for dj in range(patch[1]):
            here = words[k + dk, j + dj, w]
            flat &= (here ^ _following(words, k + dk, j + dj, w, axis)) & (here ^ flip)
            if flat == NONE:
                return NONE
    return flat


@compiled
def _following(words: Words, k: int, j: int, w: int, axis: int) -> np.uint64:
    """The next voxels of 64 along an axis; beyond the array they are out."""
    planes, rows, length = words.shape
    following = NONE
    if axis == 0:
        if k + 1 < planes:
            following = words[k + 1, j, w]
    elif axis == 1:
        if j + 1 < rows:
            following = words[k, j + 1, w]
    else:
        following = words[k, j, w] >> ONE
        if w + 1 < length:
            following |= words[k, j, w + 1] << BACK
    return following
