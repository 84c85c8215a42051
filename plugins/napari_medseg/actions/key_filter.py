"""Keys of the window: they act whatever layer of napari is active, and whatever was clicked last.

Qt asks the widget that has the focus, then those around it, whether a key is theirs (``ShortcutOverride``),
before shortcuts of menus and the widget itself get it. Text fields say yes to what can be typed, and so keep
it; what they leave reaches the window, and there the reader's keys are taken.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, Protocol

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from napari_medseg.actions.action import REPEATED, Action
from napari_medseg.actions.key_map import KeyMap
from napari_medseg.actions.key_name import key_name

OF_WIDGETS = frozenset(
    {"Tab", "Shift+Tab", "Space", "Return", "Enter", "Up", "Down", "Left", "Right", "PgUp", "PgDown", "Home"}
)
"""What lists, sliders and buttons are moved and pressed with: over canvases alone these are the reader's."""

_PRESS, _OVERRIDE = QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride

_CANVAS = "medseg_canvas"


class Actor(Protocol):
    """Who acts."""

    def takes(self, action: Action) -> bool:
        """Whether an action can be done now; else its key is napari's."""

    def act(self, action: Action) -> None:
        """Do it."""


class KeyFilter(QObject):
    """Turns keys into actions.

    Args:
        keys: Gives the keys that are set now.
        actor: Who acts.
        parent: The widget that it belongs to.
    """

    def __init__(self, keys: Callable[[], KeyMap], actor: Actor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._keys = keys
        self._actor: Any = weakref.ref(actor)
        self._claimed = ""

    def watch(self, window: QWidget) -> None:
        """Take the keys that the widgets of a window leave."""
        window.installEventFilter(self)

    def watch_canvas(self, canvas: QWidget) -> None:
        """Take every key over a canvas, which is given the keyboard while the mouse is over it."""
        canvas.setProperty(_CANVAS, True)  # noqa: FBT003 - Qt's signature
        canvas.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Qt calls this before a widget gets an event."""
        # Python may have taken this object apart while Qt still has it.
        actor = getattr(self, "_actor", _nobody)()
        if actor is None:
            return False
        kind, on_canvas = event.type(), bool(watched.property(_CANVAS))
        if kind == QEvent.Type.Enter and on_canvas and isinstance(watched, QWidget):
            _give_keyboard(watched)
        if kind not in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride) or not isinstance(
            event, QKeyEvent
        ):
            return False
        name = key_name(event)
        action = self._keys().action_of(name)
        if action is None or (name in OF_WIDGETS and not on_canvas) or not actor.takes(action):
            return False
        if kind == _OVERRIDE:
            self._claim(name, event)
            return True
        return self._press(actor, action, event, name, meant=on_canvas or _is_window(watched))

    def _claim(self, name: str, event: QKeyEvent) -> None:
        """The key is ours: neither a shortcut of a menu nor the widget that has the focus gets it."""
        event.accept()
        self._claimed = name
        focused = QApplication.focusWidget()
        # A text field leaves this one to the window, and has to go on keeping the others.
        if focused is not None and not _is_typed_in(focused) and not isinstance(focused, QAbstractSpinBox):
            focused.installEventFilter(self)

    def _press(self, actor: Actor, action: Action, event: QKeyEvent, name: str, *, meant: bool) -> bool:
        claimed, self._claimed = self._claimed, ""
        if not meant and claimed != name:
            return False
        if action.id in REPEATED or not event.isAutoRepeat():
            actor.act(action)
        return True


def _give_keyboard(canvas: QWidget) -> None:
    """Let keys go where the mouse is, except while somebody types."""
    focused = QApplication.focusWidget()
    if focused is None or not _is_typed_in(focused):
        canvas.setFocus(Qt.FocusReason.MouseFocusReason)


def _is_typed_in(widget: QWidget) -> bool:
    return isinstance(widget, QLineEdit | QTextEdit | QPlainTextEdit) or (
        isinstance(widget, QComboBox) and widget.isEditable()
    )


def _is_window(watched: QObject) -> bool:
    return isinstance(watched, QWidget) and watched.isWindow()


def _nobody() -> None:
    return None
