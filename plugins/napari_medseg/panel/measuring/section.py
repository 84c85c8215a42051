"""The tab with the numbers of the chosen structure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QCheckBox, QLabel, QVBoxLayout, QWidget

from napari_medseg.panel.measuring.number_list import NumberList
from napari_medseg.panel.measuring.number_rows import NumberRow
from napari_medseg.panel.parts import button, even_row

NOTHING_YET = "Draw a structure: its numbers appear here."

LINES = "The longest diameter in the plane and the one across it, on their slice"


class NumbersSection(QWidget):
    """Shows numbers and says what the reader asks for."""

    line_asked = Signal(str)
    """The id of the row of a length that was clicked."""
    lines_switched = Signal(bool)
    all_switched = Signal(bool)
    copy_asked = Signal()
    save_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = QLabel()
        self.title.setTextFormat(Qt.TextFormat.RichText)
        self.title.setWordWrap(True)
        self.title.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.list = NumberList()
        self.list.line_asked.connect(self.line_asked)
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.lines = QCheckBox("Show the diameters on the image")
        self.lines.toggled.connect(self.lines_switched)
        self.all = QCheckBox("All numbers")
        self.all.setToolTip("Shape, roughness of the boundary, distances to other structures, and more")
        self.all.toggled.connect(self.all_switched)
        self.copy = button("Copy", "Copy the table to the clipboard", self.copy_asked.emit)
        self.save = button(
            "Save CSV…", "Save all numbers of all structures, as medseg measure does", self.save_asked.emit
        )
        self._buttons = even_row(self.copy, self.save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 8, 6, 6)
        layout.setSpacing(6)
        for widget in (self.title, self.list, self.note, self.lines, self.all, self._buttons):
            layout.addWidget(widget, 1 if widget is self.list else 0)
        self.show_rows("", [], "", {}, current=True)

    def show_key(self, keys: str) -> None:
        """Name the keys that show the diameters."""
        self.lines.setToolTip(f"{LINES} ({keys})" if keys else LINES)

    def show_rows(
        self, title: str, rows: Sequence[NumberRow], note: str, places: Mapping[str, str], *, current: bool
    ) -> None:
        """Show other numbers.

        Args:
            title: What they are of, as rich text; empty where there is nothing.
            rows: The numbers.
            note: What there is to know of them.
            places: For the id of each row with a line, where that is.
            current: Whether they are of what is drawn now; else they are greyed.
        """
        self.title.setText(title or NOTHING_YET)
        self.note.setText(note)
        self.list.show_rows(rows, places)
        self.list.setEnabled(current)
        for widget in (self.list, self.lines, self.all, self._buttons):
            widget.setVisible(bool(title))
        self.note.setVisible(bool(note))

    def show_lines_switch(self, *, on: bool) -> None:
        """Show whether the diameters are on the image."""
        self.lines.blockSignals(True)  # noqa: FBT003 - Qt's signature
        self.lines.setChecked(on)
        self.lines.blockSignals(False)  # noqa: FBT003
