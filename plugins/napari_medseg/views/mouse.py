"""The mouse over a canvas: events go to whoever draws before napari sees them."""

from __future__ import annotations

import weakref
from typing import Protocol

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QMouseEvent, QWheelEvent

from napari_medseg.views.plane_view import PlaneView

WHEEL_STEP = 120
"""What Qt counts for one notch of a wheel."""


class MouseHandler(Protocol):
    """Who takes the mouse; each function says whether the event is used up."""

    def pressed(self, view: PlaneView, x_px: float, y_px: float, *, shift: bool) -> bool:
        """The left button went down."""

    def dragged(self, view: PlaneView, x_px: float, y_px: float) -> bool:
        """The mouse moved with the left button down."""

    def released(self, view: PlaneView, x_px: float, y_px: float) -> bool:
        """The left button went up."""

    def hovered(self, view: PlaneView, x_px: float, y_px: float) -> bool:
        """The mouse moved without a button."""

    def double_clicked(self, view: PlaneView, x_px: float, y_px: float) -> bool:
        """The left button went down the second time."""

    def windowed(self, dx_px: float, dy_px: float) -> bool:
        """The mouse moved with the right button down, by so much since the last time."""

    def wheeled(self, view: PlaneView, notches: int) -> bool:
        """The wheel was turned without a key."""


class CanvasMouse(QObject):
    """Watches one canvas.

    Args:
        view: The plane on it.
        handler: Who takes the events.
    """

    def __init__(self, view: PlaneView, handler: MouseHandler) -> None:
        super().__init__(view.canvas)
        # Qt keeps this object as long as the canvas, which must not keep all that belongs to a case.
        self._view = weakref.ref(view)
        self._handler = weakref.ref(handler)
        self._turned = 0
        self._right: tuple[float, float] | None = None
        view.canvas.installEventFilter(self)

    def remove(self) -> None:
        """Stop watching."""
        view = self._view()
        if view is not None:
            view.canvas.removeEventFilter(self)
        self.deleteLater()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Qt calls this before the canvas gets an event."""
        # Python may have taken this object apart while Qt still has it.
        view = getattr(self, "_view", _nobody)()
        handler = getattr(self, "_handler", _nobody)()
        if view is None or handler is None:
            return False
        if isinstance(event, QMouseEvent):
            return self._on_right(handler, event) or _on_mouse(handler, view, event)
        if isinstance(event, QWheelEvent) and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            self._turned += event.angleDelta().y()
            notches = int(self._turned / WHEEL_STEP)
            self._turned -= notches * WHEEL_STEP
            return bool(handler.wheeled(view, notches))
        return False

    def _on_right(self, handler: MouseHandler, event: QMouseEvent) -> bool:
        """Take the right button, which napari would zoom with."""
        at = event.position().x(), event.position().y()
        kind = event.type()
        if event.button() == Qt.MouseButton.RightButton and kind == QEvent.Type.MouseButtonPress:
            self._right = at
            return True
        if self._right is None:
            return False
        if event.button() == Qt.MouseButton.RightButton and kind == QEvent.Type.MouseButtonRelease:
            self._right = None
            return True
        if kind != QEvent.Type.MouseMove:
            return False
        before, self._right = self._right, at
        return handler.windowed(at[0] - before[0], at[1] - before[1])


def _nobody() -> None:
    return None


def _on_mouse(handler: MouseHandler, view: PlaneView, event: QMouseEvent) -> bool:
    at = event.position()
    x_px, y_px = at.x(), at.y()
    left = event.button() == Qt.MouseButton.LeftButton
    kind = event.type()
    if kind == QEvent.Type.MouseMove:
        if event.buttons() & Qt.MouseButton.LeftButton:
            return handler.dragged(view, x_px, y_px)
        return event.buttons() == Qt.MouseButton.NoButton and handler.hovered(view, x_px, y_px)
    if not left:
        return False
    if kind == QEvent.Type.MouseButtonPress:
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        return handler.pressed(view, x_px, y_px, shift=shift)
    if kind == QEvent.Type.MouseButtonRelease:
        return handler.released(view, x_px, y_px)
    return kind == QEvent.Type.MouseButtonDblClick and handler.double_clicked(view, x_px, y_px)
