"""How long work reports itself: the core calls a function, the shells draw it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called before each step of long work.

    To cancel the work, raise :class:`medseg.errors.Cancelled` from the call: nothing is left
    half-written.
    """

    def __call__(self, task: str, done: int, total: int) -> None:
        """Report that ``done`` of ``total`` steps of ``task`` are finished."""


def silent(task: str, done: int, total: int) -> None:
    """Report nothing: the default of every function that takes a :class:`Progress`."""
