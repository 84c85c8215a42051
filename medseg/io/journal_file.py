"""A file that only grows: one record a line, each with its checksum, so that it is whole or not there.

Whatever ends a program, the last line may be torn; it is passed over when the file is read. A lock beside the
file tells who finds it whether somebody is at work: the operating system frees it when its holder dies.
"""

from __future__ import annotations

import json
import os
import threading
import zlib
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medseg.io.atomic import whole_file
from medseg.io.file_lock import exclusive
from medseg.io.state_folder import make_private

PRIVATE_FILE = 0o600
"""A journal holds where images lie, which may tell a patient's name."""

_CHECKSUM_DIGITS = 8


def as_line(record: Mapping[str, Any]) -> bytes:
    """A record as a line: CRC-32 (RFC 1952, section 8), a space, one JSON object."""
    text = json.dumps(record, separators=(",", ":"), allow_nan=False).encode()
    return b"%08x %b\n" % (zlib.crc32(text), text)


@dataclass(frozen=True)
class Reading:
    """What a journal holds.

    Attributes:
        records: The records up to the first line that is damaged.
        whole_bytes: Where they end in the file.
        lost_lines: How many lines lie from there on that end as lines do: a torn last line is none of them.
    """

    records: tuple[dict[str, Any], ...]
    whole_bytes: int
    lost_lines: int


def read_journal(path: Path) -> Reading:
    """Read a journal; nothing after damage is trusted, for each record builds on those before it.

    Raises:
        OSError: The file can't be read.
    """
    records: list[dict[str, Any]] = []
    end = 0
    with path.open("rb") as file:
        for line in file:
            record = _record(line)
            if record is None:
                lost = sum(one.endswith(b"\n") for one in (line, *file))
                return Reading(tuple(records), end, lost)
            records.append(record)
            end += len(line)
    return Reading(tuple(records), end, 0)


class JournalFile:
    """A journal that is written, by one process at a time. One thread writes; another may call ``sync``.

    Args:
        path: The file. There is none before :meth:`replace`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = path.with_name(f".{path.name}.lock")
        self._holding = ExitStack()
        self._holds = False
        self._descriptor: int | None = None
        self._end = 0
        self._handing_over = threading.Lock()

    @property
    def size_bytes(self) -> int:
        """How much was written."""
        return self._end

    @property
    def is_there(self) -> bool:
        """Whether what was written can still be found: a removed file takes every line, and keeps none.

        Raises:
            OSError: The folder does not say.
        """
        if self._descriptor is None:
            return False
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return False
        try:
            return os.path.samestat(os.fstat(self._descriptor), found)
        except OSError:
            # A share that was away and came back knows the open file no more.
            return False

    def hold(self) -> None:
        """Be the one who writes, as long as this process lives.

        Raises:
            LockedError: Another one is.
            OutputError: The folder can't be written.
            OSError: It can't be made.
        """
        # With a folder that vanished the lock is gone, too.
        if self._holds and self._lock.exists():
            return
        self._release()
        make_private(self.path.parent)
        self._holding.enter_context(exclusive(self.path, wait_s=0.0))
        self._holds = True

    def replace(self, lines: Iterable[bytes]) -> None:
        """Write the whole journal anew: the file is the one that was, or this one.

        Raises:
            LockedError: Somebody else writes it.
            OutputError, OSError: It can't be written.
        """
        self._let_go()
        self.hold()
        content = b"".join(lines)
        with whole_file(self.path, overwrite=True) as temporary:
            new = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE)
            with os.fdopen(new, "wb") as file:
                file.write(content)
        self._descriptor = os.open(self.path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        self._end = len(content)

    def append(self, content: bytes) -> None:
        """Write lines at the end. They are with the operating system when this returns, not yet on the disk.

        Raises:
            OSError: They can't be written; the file ends where it ended before.
            ValueError: The file was not written by :meth:`replace` before.
        """
        if self._descriptor is None:
            raise ValueError("expected a journal that was begun")
        # Not at the end of the file: a torn line that could not be cut off is written over.
        os.lseek(self._descriptor, self._end, os.SEEK_SET)
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._end)
            raise
        self._end += len(content)

    def sync(self) -> None:
        """Make what was written outlive a loss of power.

        Raises:
            OSError: It can't be known whether it does.
        """
        with self._handing_over:
            if self._descriptor is None:
                return
            descriptor = os.dup(self._descriptor)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def close(self, *, remove: bool) -> None:
        """Let go of the file.

        Args:
            remove: Whether it goes, too.
        """
        self._let_go()
        if remove:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)
        self._release()

    def _release(self) -> None:
        self._holds = False
        self._holding.close()

    def _let_go(self) -> None:
        with self._handing_over:
            descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def _record(line: bytes) -> dict[str, Any] | None:
    text = line[_CHECKSUM_DIGITS + 1 : -1]
    if line != b"%08x %b\n" % (zlib.crc32(text), text):
        return None
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None
