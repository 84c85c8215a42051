"""The table of numbers: what it is, its value, and where it was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qtpy.QtCore import QSize, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from napari_medseg.panel.measuring.number_rows import NumberRow
from napari_medseg.panel.parts import CELL_PADDING_PX, cell_height_px

NAME, VALUE, PLACE = range(3)
"""The columns."""

HEADERS = ("Number", "Value", "Where")

LINE_HEIGHT_PX = 24
LEAST_ROWS = 4

WIDEST_VALUE = "-1234.5 g/ml"
"""Of values that are longer the unit goes to a second line, so that names have room."""

_ID = Qt.ItemDataRole.UserRole


class NumberList(QTreeWidget):
    """Shows rows, and says which length is clicked."""

    line_asked = Signal(str)
    """The id of its row."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setHeaderLabels(list(HEADERS))
        self.setRootIsDecorated(False)
        self.setIndentation(0)
        self.setWordWrap(True)
        # Keys choose structures and tools, whatever was clicked last.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumHeight((LEAST_ROWS + 1) * LINE_HEIGHT_PX)
        header = self.header()
        header.setStretchLastSection(False)
        # napari's theme pads it so that names would have no room.
        header.setStyleSheet("QHeaderView::section { padding: 2px; }")
        header.setMinimumSectionSize(16)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(PLACE, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(VALUE, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(VALUE, self.fontMetrics().horizontalAdvance(WIDEST_VALUE) + CELL_PADDING_PX)
        header.sectionResized.connect(self._on_resized)
        self.itemClicked.connect(self._on_clicked)

    def show_rows(self, rows: Sequence[NumberRow], places: Mapping[str, str]) -> None:
        """Show other rows.

        Args:
            rows: The numbers.
            places: For the id of each row with a line, where that is.
        """
        while self.topLevelItemCount() > len(rows):
            self.takeTopLevelItem(self.topLevelItemCount() - 1)
        while self.topLevelItemCount() < len(rows):
            self.addTopLevelItem(QTreeWidgetItem())
        for number, row in enumerate(rows):
            _fill(self._item(number), row, places.get(row.id, ""))
        self._fit_rows(self.columnWidth(NAME))

    @property
    def cells(self) -> list[tuple[str, str, str]]:
        """What is shown."""
        items = (self._item(number) for number in range(self.topLevelItemCount()))
        return [(item.text(NAME), item.text(VALUE), item.text(PLACE)) for item in items]

    def _item(self, number: int) -> QTreeWidgetItem:
        item = self.topLevelItem(number)
        assert item is not None  # noqa: S101 - one was made for each row
        return item

    def _on_resized(self, column: int, _before: int, width_px: int) -> None:
        if column == NAME:
            self._fit_rows(width_px)

    def _fit_rows(self, width_px: int) -> None:
        """Give a text that is too long for one line two of them."""
        metrics = self.fontMetrics()
        for number in range(self.topLevelItemCount()):
            item = self._item(number)
            name_px = cell_height_px(metrics, item.text(NAME), width_px)
            value_px = cell_height_px(metrics, item.text(VALUE), self.columnWidth(VALUE))
            item.setSizeHint(NAME, QSize(0, max(name_px, value_px, LINE_HEIGHT_PX)))

    def _on_clicked(self, item: QTreeWidgetItem) -> None:
        row_id = str(item.data(NAME, _ID))
        if row_id:
            self.line_asked.emit(row_id)


def _fill(item: QTreeWidgetItem, row: NumberRow, place: str) -> None:
    item.setData(NAME, _ID, row.id if row.line is not None else "")
    for column, text in ((NAME, row.name), (VALUE, row.text), (PLACE, place)):
        item.setText(column, text)
        item.setToolTip(column, row.tip)
    item.setTextAlignment(VALUE, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    font = item.font(PLACE)
    font.setUnderline(True)
    item.setFont(PLACE, font)
    if place:
        item.setToolTip(PLACE, "Click to go there")
