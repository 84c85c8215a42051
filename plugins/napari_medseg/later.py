"""Do something when Qt and napari have finished with what they are at."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakMethod

from qtpy.QtCore import QTimer


def later(method: Callable[[], None], after_ms: int = 0) -> None:
    """Call a bound method soon, if its object is still there: a closed window is not kept for it."""
    reference = WeakMethod(method)

    def call() -> None:
        still_there = reference()
        if still_there is not None:
            still_there()

    QTimer.singleShot(after_ms, call)
