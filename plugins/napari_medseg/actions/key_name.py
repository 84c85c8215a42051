"""What a key is called."""

from __future__ import annotations

from qtpy.QtCore import QKeyCombination, Qt
from qtpy.QtGui import QKeyEvent, QKeySequence

MODIFIER_KEYS = (
    Qt.Key.Key_Shift,
    Qt.Key.Key_Control,
    Qt.Key.Key_Alt,
    Qt.Key.Key_Meta,
    Qt.Key.Key_AltGr,
    Qt.Key.Key_CapsLock,
    Qt.Key.Key_NumLock,
)
"""Keys that mean nothing alone."""


def key_name(event: QKeyEvent) -> str:
    """What Qt calls a key with its modifiers, in its portable form: ``Ctrl+Z``; empty for modifiers alone."""
    key = Qt.Key(event.key())
    if key in MODIFIER_KEYS:
        return ""
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if key == Qt.Key.Key_Backtab:
        key = Qt.Key.Key_Tab
    text = event.text()
    if text and text.isprintable() and not text.isalnum() and not text.isspace():
        # Shift is what it takes to type ?, on some keyboards.
        modifiers &= ~Qt.KeyboardModifier.ShiftModifier
    return QKeySequence(QKeyCombination(modifiers, key)).toString(QKeySequence.SequenceFormat.PortableText)
