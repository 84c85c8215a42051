"""Ctrl-C and SIGTERM end a command as a cancelled one: whole files only, one line, exit code 9."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from medseg.errors import Cancelled


@contextmanager
def cancellable(hint: str) -> Iterator[None]:
    """Raise :class:`~medseg.errors.Cancelled` in the block when the user, or a queue, stops the command.

    Args:
        hint: What the user can do then.
    """

    def stop(number: int, _: FrameType | None) -> None:
        raise Cancelled(f"stopped by {signal.Signals(number).name}", hint=hint, reason="cancelled")

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
