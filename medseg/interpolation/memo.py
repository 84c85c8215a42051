"""Memo: filled gaps, so that the next run fills only what changed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, MutableMapping

import numpy as np
import numpy.typing as npt

MAX_BYTES = 512 * 2**20
"""Some ten times what the gaps of a liver take: enough to step back and forth through a few edits."""


class GapMemo(MutableMapping[bytes, npt.NDArray[np.float32]]):
    """Depths of filled gaps under a digest of all that they depend on.

    The least recently used go when it holds more than it may.

    Args:
        max_bytes: How much it may hold.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._gaps: OrderedDict[bytes, npt.NDArray[np.float32]] = OrderedDict()

    def __getitem__(self, key: bytes) -> npt.NDArray[np.float32]:
        depth = self._gaps[key]
        self._gaps.move_to_end(key)
        return depth

    def __setitem__(self, key: bytes, depth: npt.NDArray[np.float32]) -> None:
        if key in self._gaps:
            del self[key]
        self._gaps[key] = depth
        self._bytes += depth.nbytes
        while self._bytes > self._max_bytes and len(self._gaps) > 1:
            del self[next(iter(self._gaps))]

    def __delitem__(self, key: bytes) -> None:
        self._bytes -= self._gaps.pop(key).nbytes

    def __contains__(self, key: object) -> bool:
        return key in self._gaps

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._gaps)

    def __len__(self) -> int:
        return len(self._gaps)
