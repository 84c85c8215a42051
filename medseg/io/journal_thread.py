"""A thread that writes a journal: who draws waits for it a moment, and goes on where the disk takes longer.

What can't be written stays in memory, is told once, and is written as soon as it can be: at the end of the
file, or, where the file has gone with its folder, as a whole new one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from time import monotonic
from typing import Any

from medseg.errors import MedsegError, OutputError
from medseg.io.journal_file import JournalFile, as_line

PATIENCE_S = 0.25
"""How long a stroke waits for the disk: a hundred times what it takes, and no more than a hand forgives."""

HANGS_AFTER_S = 2.0
"""A folder that has taken nothing for so long is told to hang, as a share does whose server is gone."""

RETRY_S = 2.0
"""How often writing is tried again while it fails; each step tries it, too."""

SYNC_S = 1.0
"""How much a loss of power may take; the end of the program alone takes nothing."""

CLOSE_S = 2.0
"""How long the end of a journal waits for a disk that hangs."""

SMALL_BYTES = 1 << 26
GROWTH = 4
"""A journal that is not small and has grown so many times is written anew, without what undo forgot."""

Told = Callable[[OutputError | None], None]
Records = Callable[[], Iterable[Mapping[str, Any]]]
"""Makes records, when the thread is ready for them."""


class JournalThread:
    """Writes the journal of one case. ``put`` and ``close`` are for one thread, that of who draws.

    Args:
        file: The journal.
        told: Called when writing begins to fail, with the error, and when it works again, with None; in any
            thread.

    Attributes:
        told: The same; another window may take over.
    """

    def __init__(self, file: JournalFile, told: Told) -> None:
        self.told = told
        self._file = file
        self._changed = threading.Condition()
        self._whole: Records = _nothing
        self._queue: list[Records] = []
        self._asked = 0
        self._written = 0
        self._waiting_since: float | None = None
        self._unwritten: list[bytes] = []
        self._write_anew = True
        self._large_from = SMALL_BYTES
        self._fails = False
        self._ends = False
        self._dirty = threading.Event()
        self._threads = [
            threading.Thread(target=work, name="medseg-journal", daemon=True)
            for work in (self._write_on, self._sync_on)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def holds_everything(self) -> bool:
        """Whether all that was put is in the file."""
        with self._changed:
            return self._written == self._asked

    def put(self, records: Records, whole: Records) -> None:
        """Have records written, and wait a moment until they are.

        Args:
            records: What comes at the end of the file.
            whole: All that the file has to hold from now on: the first thing that is written, and what is
                written where the file is gone.
        """
        with self._changed:
            self._whole = whole
            self._queue.append(records)
            self._asked += 1
            mine = self._asked
            self._waiting_since = self._waiting_since or monotonic()
            self._changed.notify_all()
            if self._fails:
                return
            self._changed.wait_for(lambda: self._written >= mine or self._fails, PATIENCE_S)
        self._fail_if_it_hangs()

    def close(self, *, discard: bool) -> None:
        """End, and let go of the file.

        Args:
            discard: Whether the file is removed; else what is waiting is written, where that is possible.
        """
        with self._changed:
            if not discard:
                self._changed.wait_for(self._is_settled, CLOSE_S)
            self._ends = True
            self._changed.notify_all()
        self._dirty.set()
        for thread in self._threads:
            thread.join(CLOSE_S)
        self._file.close(remove=discard)

    def _is_settled(self) -> bool:
        return self._written == self._asked or self._fails

    def _write_on(self) -> None:
        while True:
            with self._changed:
                self._await_work()
                if self._ends:
                    return
                queue, self._queue = self._queue, []
                asked = self._asked
            try:
                self._write(queue)
            except Exception as error:  # noqa: BLE001 - whatever it is, drawing goes on and the reader is told
                # Where a record could not be made, those that were are not to be trusted.
                self._write_anew |= not isinstance(error, OSError)
                self._fail(error)
            else:
                self._succeed(asked)

    def _await_work(self) -> None:
        """Wait for a step; while writing fails, for a moment at most."""
        failed = self._fails
        seen = self._asked if failed else self._written
        self._changed.wait_for(
            lambda: self._ends or self._asked > seen or self._fails != failed, RETRY_S if failed else None
        )

    def _write(self, queue: list[Records]) -> None:
        if not self._write_anew:
            self._unwritten += _lines(record for records in queue for record in records())
            if self._file.is_there:
                self._file.append(b"".join(self._unwritten))
                self._unwritten.clear()
                if self._file.size_bytes < self._large_from:
                    return
        self._write_anew = True
        with self._changed:
            # The whole holds what these would tell.
            self._queue.clear()
            whole = self._whole
        self._unwritten.clear()
        self._file.replace(_lines(whole()))
        self._large_from = max(GROWTH * self._file.size_bytes, SMALL_BYTES)
        self._write_anew = False

    def _succeed(self, asked: int) -> None:
        with self._changed:
            failed, self._fails = self._fails, False
            self._written = asked
            self._waiting_since = monotonic() if self._asked > asked else None
            self._changed.notify_all()
        self._dirty.set()
        if failed:
            self.told(None)

    def _fail(self, error: Exception) -> None:
        with self._changed:
            failed, self._fails = self._fails, True
            self._changed.notify_all()
        if not failed and not self._ends:
            self.told(_named(error, self._file.path))

    def _sync_on(self) -> None:
        while not self._ends:
            if self._dirty.wait(SYNC_S):
                self._dirty.clear()
                self._sync()
            with self._changed:
                self._changed.wait_for(lambda: self._ends, SYNC_S)
            self._fail_if_it_hangs()

    def _sync(self) -> None:
        try:
            self._file.sync()
        except OSError as error:
            # What the disk took may be lost already (fsync(2), ERRORS): all is written anew.
            self._write_anew = True
            self._fail(error)

    def _fail_if_it_hangs(self) -> None:
        with self._changed:
            since = self._waiting_since
        if since is not None and monotonic() - since > HANGS_AFTER_S:
            self._fail(TimeoutError("the folder does not answer"))


def _lines(records: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    return map(as_line, records)


def _nothing() -> Iterable[Mapping[str, Any]]:
    return ()


def _named(error: Exception, path: Path) -> OutputError:
    if isinstance(error, MedsegError):
        cause = error.message
    elif isinstance(error, OSError):
        cause = error.strerror or str(error)
    else:
        cause = f"{type(error).__name__}: {error}"
    return OutputError(
        f"what you draw can't be written to the journal: {cause}",
        hint=f"it stays in memory and is written as soon as it can be; look after {path.parent}, or save now",
        path=str(path),
        reason="journal-not-written",
    )
