"""The loop that counts how often lines cross a surface; see :mod:`medseg.measurement.surface_area`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from medseg.compiled import compiled

WORD = 64
"""Voxels of a row that are looked at in one go: the bits of a word."""


@compiled
def crossings(
    words: npt.NDArray[np.uint64], filled: npt.NDArray[np.bool_], steps: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Count the pairs of voxels a step apart of which one is in and the other one out.

    Args:
        words: A mask, 64 voxels of a row in a word, lowest bit first, ``[k, j, word]``; with an empty word at
            both ends of each row, and as many empty rows and slices around as the longest step has.
        filled: Whether a row has any voxel, ``[k, j]``.
        steps: ``(n, 3)`` of (dk, dj, di) with -64 < di < 64.

    Returns:
        The number of pairs for each step, ``(n,)``.
    """
    planes, rows, length = words.shape
    found = np.zeros(len(steps), np.int64)
    for n in range(len(steps)):
        dk, dj, di = steps[n]
        forward, back = np.uint64(abs(di)), np.uint64(WORD - abs(di))
        total = 0
        for k in range(max(0, -dk), planes - max(0, dk)):
            for j in range(max(0, -dj), rows - max(0, dj)):
                if not (filled[k, j] or filled[k + dk, j + dj]):
                    continue
                here, there = words[k, j], words[k + dk, j + dj]
                if di == 0:
                    for w in range(length):
                        total += ones(here[w] ^ there[w])
                elif di > 0:
                    for w in range(length - 1):
                        total += ones(here[w] ^ ((there[w] >> forward) | (there[w + 1] << back)))
                else:
                    for w in range(1, length):
                        total += ones(here[w] ^ ((there[w] << forward) | (there[w - 1] >> back)))
        found[n] = total
    return found


@compiled
def ones(word: np.uint64) -> int:
    """How many bits of a word are set: pairs, fours and eights of them are added side by side."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((word * np.uint64(0x0101010101010101)) >> np.uint64(56))
