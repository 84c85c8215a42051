"""A file that is read and digested in one go: the digest is of the very bytes that were used."""

from __future__ import annotations

import hashlib
import io
from typing import Any

_BUFFER_BYTES = 1 << 20


class _Digesting(io.RawIOBase):
    """What is read from a file, digested on the way."""

    def __init__(self, file: io.BufferedIOBase) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._file.readinto(buffer)
        self.digest.update(memoryview(buffer)[:count])
        return count


class DigestedFile(io.BufferedReader):
    """A file that is read once, from its beginning, for its content and for the digest of its bytes.

    Args:
        file: Open for reading.

    Attributes:
        digest: SHA-256 of what was read; of the whole file after :meth:`drain`.
    """

    def __init__(self, file: io.BufferedIOBase) -> None:
        digesting = _Digesting(file)
        super().__init__(digesting, _BUFFER_BYTES)
        self.digest = digesting.digest

    def drain(self) -> None:
        """Read to the end."""
        while self.read(_BUFFER_BYTES):
            pass
