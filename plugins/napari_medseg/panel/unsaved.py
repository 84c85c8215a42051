"""The one question before work would be lost."""

from __future__ import annotations

from enum import Enum, auto

from qtpy.QtWidgets import QMessageBox, QWidget


class Answer(Enum):
    """What to do with unsaved work."""

    SAVE = auto()
    DISCARD = auto()
    CANCEL = auto()


def ask_about_unsaved(parent: QWidget, name: str) -> Answer:
    """Ask once: save, discard or cancel."""
    buttons = QMessageBox.StandardButton
    chosen = QMessageBox.question(
        parent,
        "Unsaved contours",
        f"The contours of {name} are not saved.",
        buttons.Save | buttons.Discard | buttons.Cancel,
        buttons.Save,
    )
    return {buttons.Save: Answer.SAVE, buttons.Discard: Answer.DISCARD}.get(chosen, Answer.CANCEL)
