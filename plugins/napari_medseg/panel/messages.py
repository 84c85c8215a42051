"""What the panel has to say: errors in their own words, warnings, confirmations."""

from __future__ import annotations

from html import escape

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QLabel, QSizePolicy, QVBoxLayout, QWidget

from medseg.errors import MedsegError

COLORS = {"error": "#ff6b6b", "warning": "#ffc857", "done": "#6bcB77", "info": "#8ab4f8"}
"""Light enough on napari's dark theme, dark enough as a bar on the light one."""


class Messages(QFrame):
    """One message at a time, with a coloured bar."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = QLabel(self)
        self._label.setWordWrap(True)
        self._label.setTextFormat(Qt.TextFormat.RichText)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.MinimumExpanding)
        self._text = ""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 4, 4)
        layout.addWidget(self._label)
        self.setObjectName("medseg_messages")
        self.hide()

    @property
    def text(self) -> str:
        """What is shown, as plain text."""
        return self._text

    def show_error(self, error: MedsegError) -> None:
        """Show an error in its own words, and what to do."""
        self._show("error", error.message, error.hint)

    def warn(self, *sentences: str) -> None:
        """Show what a careful reader should know."""
        self._show("warning", *sentences)

    def confirm(self, text: str, detail: str = "") -> None:
        """Show that something was done."""
        self._show("done", text, detail)

    def inform(self, text: str) -> None:
        """Show what to do next."""
        self._show("info", text)

    def clear(self) -> None:
        """Show nothing."""
        self._text = ""
        self.hide()

    def _show(self, kind: str, *sentences: str) -> None:
        said = [sentence for sentence in sentences if sentence]
        self._text = "\n".join(said)
        first, *others = (escape(sentence).replace("\n", "<br>") for sentence in said)
        self._label.setText("<br>".join([f"<b>{first}</b>" if kind == "error" else first, *others]))
        self.setStyleSheet(f"#medseg_messages {{ border-left: 4px solid {COLORS[kind]}; }}")
        self.show()
