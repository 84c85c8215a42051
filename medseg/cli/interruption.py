"""Ctrl-C and SIGTERM end a command as a cancelled one: whole files only, one line, exit code 9."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from medseg.errors import Cancelled

_Handler = Callable[[int, FrameType | None], None]


@contextmanager
def cancellable(hint: str) -> Iterator[None]:
    """Raise :class:`~medseg.errors.Cancelled` in the block when the user, or a queue, stops the command.

    Args:
        hint: What the user can do then.
    """

    def stop(number: int, _: FrameType | None) -> None:
        raise _cancelled(number, hint)

    with _handled(stop):
        yield


class Stop:
    """Whether the user, or a queue, asked for an end.

    Args:
        hint: What is told then.
    """

    def __init__(self, hint: str) -> None:
        self._hint = hint
        self._asked: int | None = None

    def ask(self, number: int, _: FrameType | None = None) -> None:
        """Ask for an end; the handler of a signal."""
        self._asked = number

    def check(self) -> None:
        """Stop here, if that was asked for.

        Raises:
            Cancelled: It was.
        """
        if self._asked is not None:
            raise _cancelled(self._asked, self._hint)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Stop anywhere in the block, where nothing is being done: while the user is asked something."""
        with cancellable(self._hint):
            yield


@contextmanager
def stoppable(hint: str) -> Iterator[Stop]:
    """Let what is being done come to its end when the user stops the command: it is done or not, and told.

    Args:
        hint: What is told when it stops.
    """
    stop = Stop(hint)
    with _handled(stop.ask):
        yield stop


@contextmanager
def _handled(handler: _Handler) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)


def _cancelled(number: int, hint: str) -> Cancelled:
    return Cancelled(f"stopped by {signal.Signals(number).name}", hint=hint, reason="cancelled")
