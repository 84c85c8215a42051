"""The banner that offers work back which was not saved when the program ended."""

from __future__ import annotations

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from medseg.workflows.delineate import FoundJournal
from napari_medseg.panel.messages import COLORS
from napari_medseg.panel.parts import button, even_row


class RecoverySection(QFrame):
    """One offer at a time; hidden while there is none."""

    taken_up = Signal()
    discarded = Signal()
    postponed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.take_up = button(
            "Take up", "Open it as it was, to the last stroke; nothing is saved by that", self.taken_up.emit
        )
        self.discard = button("Discard", "Forget it for good", self._ask_once_more)
        self.later = button("Later", "Keep it; it is offered again at the next start", self.postponed.emit)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 4, 4)
        layout.addWidget(self.text)
        layout.addWidget(even_row(self.take_up, self.discard, self.later))
        self.setObjectName("medseg_recovery")
        self.setStyleSheet(f"#medseg_recovery {{ border-left: 4px solid {COLORS['warning']}; }}")
        self.hide()

    def offer(self, found: FoundJournal | None, others: int = 0) -> None:
        """Offer work, or nothing.

        Args:
            found: What was found.
            others: How much more there is.
        """
        self.discard.setText("Discard")
        self.setVisible(found is not None)
        if found is not None:
            self.text.setText(describe(found, others))
            self.text.setToolTip(str(found.about.image or ""))

    def _ask_once_more(self) -> None:
        """No window is opened for the question: the button asks, and a second click answers."""
        if self.discard.text() == "Discard":
            self.discard.setText("Really discard")
        else:
            self.discarded.emit()


def describe(found: FoundJournal, others: int = 0) -> str:
    """What was found, for people."""
    about = found.about
    steps = "1 step" if found.steps == 1 else f"{found.steps} steps"
    by = f" by {about.author}" if about.author else ""
    when = found.ended.astimezone().strftime("%Y-%m-%d %H:%M")
    lines = [f"Not saved when the program ended: {about.case}, {steps}{by}, last at {when}."]
    if found.left:
        lines.append(f"The journal is damaged: {found.left} later records can't be read.")
    if others:
        lines.append(f"There is more, of {others} other {'case' if others == 1 else 'cases'}.")
    return " ".join(lines)
