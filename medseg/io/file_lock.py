"""One process at a time: a lock beside a file, which the operating system frees when its holder dies."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from medseg.errors import LockedError, OutputError

WAIT_S = 5.0
"""How long to wait for another process: signing takes well under a second on a label map of usual size."""

_RETRY_S = 0.02


@contextmanager
def exclusive(target: Path, *, wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold the lock that belongs to a file; the file itself need not exist.

    Args:
        target: The file that is read and then replaced.
        wait_s: How long to wait while another process holds the lock.

    Raises:
        LockedError: Another process held it all the time.
        OutputError: The folder can't be written.
    """
    lock = target.with_name(f".{target.name}.lock")
    try:
        held = _acquire(lock, time.monotonic() + wait_s)
    except OSError as error:
        raise OutputError(
            f"could not lock {target.name}: {error.strerror or error}",
            hint="check the folder and its permissions",
            path=str(target),
        ) from error
    if held is None:
        raise LockedError(
            f"{target.name} is in use: somebody is signing or saving it at this moment",
            hint="try again",
            path=str(target),
        )
    try:
        yield
    finally:
        # Windows removes no open file; there the empty lock file stays.
        with suppress(OSError):
            lock.unlink()
        os.close(held)


def _acquire(lock: Path, deadline: float) -> int | None:
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        if _try_lock(descriptor) and _is_still(descriptor, lock):
            return descriptor
        os.close(descriptor)
        if time.monotonic() > deadline:
            return None
        time.sleep(_RETRY_S)


def _is_still(descriptor: int, lock: Path) -> bool:
    """Whether the lock file was not removed by its last holder after we opened it."""
    try:
        return os.path.samestat(os.fstat(descriptor), lock.stat())
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            # Of the open file, not of the process as POSIX locks are: threads exclude each other too.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
