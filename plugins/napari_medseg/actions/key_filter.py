"""Keys over the canvases, whatever layer of napari is active: napari's own keymaps come after."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QEvent, QKeyCombination, QObject, Qt
from qtpy.QtGui import QKeyEvent, QKeySequence
from qtpy.QtWidgets import QWidget

from napari_medseg.actions.action import Action
from napari_medseg.actions.key_map import KeyMap

_LONE = (Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_Meta, Qt.Key.Key_AltGr)


class KeyFilter(QObject):
    """Turns keys into actions.

    Text fields keep their letters: a filter sees what a widget was given, and the window what none has taken.

    Args:
        keys: Gives the keys that are set now.
        act: Called with the action; says whether it was one for now.
        parent: The widget that it belongs to.
    """

    def __init__(
        self, keys: Callable[[], KeyMap], act: Callable[[Action], bool], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._keys = keys
        self._act: Any = weakref.WeakMethod(act)

    def watch(self, widget: QWidget) -> None:
        """Take the keys that a widget gets."""
        widget.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Qt calls this before a widget gets an event."""
        kind = event.type()
        if kind not in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride):
            return False
        # Python may have taken this object apart while Qt still has it.
        keys = getattr(self, "_keys", None)
        if keys is None or not isinstance(event, QKeyEvent) or event.key() in _LONE:
            return False
        action = keys().action_of(key_name(event))
        if action is None:
            return False
        if kind == QEvent.Type.ShortcutOverride:
            # The key is ours, and no shortcut of a menu.
            event.accept()
            return True
        act = self._act()
        return act is not None and bool(act(action))


def key_name(event: QKeyEvent) -> str:
    """What Qt calls a key with its modifiers, in its portable form: ``Ctrl+Z``."""
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    key = Qt.Key(event.key())
    if key == Qt.Key.Key_Backtab:
        key = Qt.Key.Key_Tab
    text = event.text()
    if text and text.isprintable() and not text.isalnum() and not text.isspace():
        # Shift is what it takes to type ?, on some keyboards.
        modifiers &= ~Qt.KeyboardModifier.ShiftModifier
    return QKeySequence(QKeyCombination(modifiers, key)).toString(QKeySequence.SequenceFormat.PortableText)
