"""The size of the chosen structure in one line, below what is proposed of it."""

from __future__ import annotations

from html import escape

from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QLabel, QWidget

from napari_medseg.panel.measuring.number_rows import NumberRow, summary_of
from napari_medseg.panel.parts import LINK_STYLE

TIP = (
    "Size of the chosen structure, with what is proposed of it: volume, longest diameter in the plane and "
    "the one across it, longest in 3-D. Click a length to see where it was measured"
)


class SummaryLine(QLabel):
    """Shows it; hidden while there is nothing to say."""

    line_asked = Signal(str)
    """The id of the row of a length that was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setToolTip(TIP)
        self.linkActivated.connect(self.line_asked)
        self.hide()

    def show_rows(self, rows: list[NumberRow], *, current: bool) -> None:
        """Say what there is to say of a structure.

        Args:
            rows: Its numbers.
            current: Whether they are of what is drawn now.
        """
        parts = [
            f'<a href="{row_id}">{escape(text)}</a>' if row_id else escape(text)
            for text, row_id in summary_of(rows)
        ]
        self.setText(LINK_STYLE + " · ".join(parts))
        self.setVisible(bool(parts))
        self.setEnabled(current)
