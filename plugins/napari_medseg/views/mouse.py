"""The mouse over a canvas: events go to whoever draws before napari sees them."""

from __future__ import annotations

import weakref
from enum import Enum, auto
from typing import Protocol

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QMouseEvent, QWheelEvent

from napari_medseg.views.plane_view import PlaneView

WHEEL_STEP = 120
"""What Qt counts for one notch of a wheel."""


class Drag(Enum):
    """What a drag does that no tool has."""

    WINDOW = auto()
    PAN = auto()


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

    def left(self, view: PlaneView) -> None:
        """The mouse left the canvas."""

    def panned(self, view: PlaneView, dx_px: float, dy_px: float) -> None:
        """The mouse moved with the middle button down, or with the left one and Ctrl, by so much."""

    def zoomed(self, view: PlaneView, notches: float, x_px: float, y_px: float) -> None:
        """The wheel was turned with Ctrl."""

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
        self._held: tuple[Drag, Qt.MouseButton, tuple[float, float]] | None = None
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
        if event.type() == QEvent.Type.Leave:
            handler.left(view)
            return False
        if isinstance(event, QMouseEvent):
            return self._on_held(handler, view, event) or _on_mouse(handler, view, event)
        if isinstance(event, QWheelEvent):
            return self._on_wheel(handler, view, event)
        return False

    def _on_wheel(self, handler: MouseHandler, view: PlaneView, event: QWheelEvent) -> bool:
        """The wheel goes through the slices, with Ctrl it zooms: the other way round than napari has it."""
        turned, at = event.angleDelta().y(), event.position()
        if event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            handler.zoomed(view, turned / WHEEL_STEP, at.x(), at.y())
            return True
        if event.modifiers() != Qt.KeyboardModifier.NoModifier:
            return False
        self._turned += turned
        notches = int(self._turned / WHEEL_STEP)
        self._turned -= notches * WHEEL_STEP
        return handler.wheeled(view, notches)

    def _on_held(self, handler: MouseHandler, view: PlaneView, event: QMouseEvent) -> bool:
        """Take the drags that no tool has: of the window, and of what is in view."""
        at = event.position().x(), event.position().y()
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress and self._held is None:
            does = _what_a_drag_does(event)
            self._held = None if does is None else (does, event.button(), at)
            return does is not None
        if self._held is None:
            return False
        does, button, before = self._held
        if kind == QEvent.Type.MouseButtonRelease and event.button() == button:
            self._held = None
        elif kind == QEvent.Type.MouseMove:
            self._held = does, button, at
            dx_px, dy_px = at[0] - before[0], at[1] - before[1]
            if does is Drag.WINDOW:
                handler.windowed(dx_px, dy_px)
            else:
                handler.panned(view, dx_px, dy_px)
        return True


def _what_a_drag_does(event: QMouseEvent) -> Drag | None:
    """What a button that goes down begins; None for what belongs to the tool in hand."""
    button = event.button()
    with_ctrl = event.modifiers() == Qt.KeyboardModifier.ControlModifier
    if button == Qt.MouseButton.MiddleButton or (button == Qt.MouseButton.LeftButton and with_ctrl):
        return Drag.PAN
    return Drag.WINDOW if button == Qt.MouseButton.RightButton else None


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
