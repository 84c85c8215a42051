"""From an event of the mouse to pixels: synthetic events, and when the canvases were drawn after them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent, QWheelEvent
from qtpy.QtWidgets import QApplication, QWidget

QUIET_S = 0.06
"""Nothing was drawn and nothing is about to be: longer than a frame takes."""

PATIENCE_S = 120.0

POLL_S = 0.0005
"""Between two looks at Qt's events. A loop without a pause would keep Python's lock from the engine's thread,
which a window that waits for events does not."""

LEFT, NO_BUTTON = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton


class ScreenTime:
    """Measures until canvases are on the screen.

    A canvas counts as shown when Qt has returned from handling the events in which it was drawn: by then the
    frame is finished (OpenGL has been waited for) and the window put together.

    Args:
        canvases: vispy's canvases that belong to the measurement.
    """

    def __init__(self, canvases: Iterable[Any]) -> None:
        self._canvases = tuple(canvases)
        self._drawn: list[float] = [0.0] * len(self._canvases)
        for number, canvas in enumerate(self._canvases):
            canvas.events.draw.connect(self._on_draw(number), position="last")

    def until_quiet(self, action: Callable[[], object]) -> float:
        """Seconds from an action until the last drawing that it brings about is on the screen."""
        start = time.perf_counter()
        action()
        shown = None
        while shown is None or time.perf_counter() - shown < QUIET_S:
            before = max(self._drawn)
            QApplication.processEvents()
            now = time.perf_counter()
            if max(self._drawn) > max(before, start) or (shown is None and before > start):
                shown = now
            time.sleep(POLL_S)
            _require_patience(start)
        return shown - start

    def until_all_drawn(self, action: Callable[[], object]) -> float:
        """Seconds from an action until each canvas was drawn after it."""
        start = time.perf_counter()
        action()
        return self.moment_drawn(lambda: start) - start

    def moment_drawn(self, happened: Callable[[], float | None]) -> float:
        """The moment at which each canvas was drawn after something.

        Args:
            happened: Tells when that was; None as long as it was not.
        """
        begun = time.perf_counter()
        while True:
            QApplication.processEvents()
            now, moment = time.perf_counter(), happened()
            if moment is not None and min(self._drawn) > moment:
                return now
            time.sleep(POLL_S)
            _require_patience(begun)

    def settle(self) -> None:
        """Let everything be drawn that is about to be."""
        until = time.perf_counter() + 3 * QUIET_S
        while time.perf_counter() < max(until, max(self._drawn) + QUIET_S):
            process_events()

    def _on_draw(self, number: int) -> Callable[[Any], None]:
        from vispy.gloo import gl

        def drawn(_event: Any) -> None:
            gl.glFinish()
            self._drawn[number] = time.perf_counter()

        return drawn


def process_events() -> None:
    """Let Qt do what there is, and the other threads after it."""
    QApplication.processEvents()
    time.sleep(POLL_S)


def mouse(widget: QWidget, kind: QEvent.Type, at_px: Sequence[float], *, down: bool) -> None:
    """Send an event of the mouse to a canvas: ``QTest`` would move the real pointer."""
    at = QPointF(*map(float, at_px))
    moves = kind == QEvent.Type.MouseMove
    event = QMouseEvent(
        kind,
        at,
        QPointF(widget.mapToGlobal(at.toPoint())),
        NO_BUTTON if moves else LEFT,
        LEFT if down else NO_BUTTON,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(widget, event)


def press(widget: QWidget, at_px: Sequence[float]) -> None:
    """The left button goes down."""
    mouse(widget, QEvent.Type.MouseButtonPress, at_px, down=True)


def drag(widget: QWidget, at_px: Sequence[float]) -> None:
    """The mouse moves with the button down."""
    mouse(widget, QEvent.Type.MouseMove, at_px, down=True)


def release(widget: QWidget, at_px: Sequence[float]) -> None:
    """The left button goes up."""
    mouse(widget, QEvent.Type.MouseButtonRelease, at_px, down=False)


def turn(widget: QWidget, notches: int) -> None:
    """The wheel turns over the middle of a canvas."""
    at = QPointF(widget.width() / 2, widget.height() / 2)
    event = QWheelEvent(
        at,
        QPointF(widget.mapToGlobal(at.toPoint())),
        QPoint(0, 0),
        QPoint(0, 120 * notches),
        NO_BUTTON,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,  # noqa: FBT003 - Qt takes it by place alone
    )
    QApplication.sendEvent(widget, event)


def summary_ms(seconds: Sequence[float]) -> tuple[float, float]:
    """Median and 95th percentile in ms."""
    median, high = np.percentile(np.array(seconds) * 1e3, [50, 95])
    return float(median), float(high)


def _require_patience(begun: float) -> None:
    if time.perf_counter() - begun > PATIENCE_S:
        raise TimeoutError(f"a canvas was not drawn within {PATIENCE_S:.0f} s")
