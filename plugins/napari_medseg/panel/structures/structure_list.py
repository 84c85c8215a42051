"""The list of structures: a row says all that there is to know of one, and has its two switches."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSize, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QHeaderView, QStyle, QTreeWidget, QTreeWidgetItem, QWidget

from napari_medseg.panel.parts import CELL_PADDING_PX, cell_height_px, color_icon
from napari_medseg.panel.structures.rows import StructureRow

KEY, NAME, VOLUME, SHOWN, LOCKED = range(5)
"""The columns."""

HEADERS = ("", "Structure", "ml", "Show", "Lock")

LINE_HEIGHT_PX = 26
"""Of a row of one line."""

LEAST_ROWS = 3
LEAST_WIDTH_PX = 272
"""So wide, that the name of a numbered lesion is on one line."""

_ID = Qt.ItemDataRole.UserRole


class StructureList(QTreeWidget):
    """Shows rows, and says which is chosen and what is switched."""

    chosen = Signal()
    shown_switched = Signal(str, bool)
    lock_switched = Signal(str, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[StructureRow] = []
        self.setHeaderLabels(list(HEADERS))
        self.setRootIsDecorated(False)
        self.setIndentation(0)
        self.setWordWrap(True)
        # An empty box is as dark as the row behind it in napari's dark theme.
        self.setStyleSheet("QTreeView::indicator:unchecked { border: 1px solid gray; border-radius: 2px; }")
        self.setAllColumnsShowFocus(True)
        # Keys choose structures and tools, whatever was clicked last.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumHeight((LEAST_ROWS + 1) * LINE_HEIGHT_PX)
        self.setMinimumWidth(LEAST_WIDTH_PX)
        header = self.header()
        header.setStretchLastSection(False)
        # napari's theme pads it so that names would have no room.
        header.setStyleSheet("QHeaderView::section { padding: 2px; }")
        header.setMinimumSectionSize(16)
        for column in (KEY, VOLUME):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        for column in (SHOWN, LOCKED):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, header.fontMetrics().horizontalAdvance(HEADERS[column]) + 6)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        header.sectionResized.connect(self._on_resized)
        self.currentItemChanged.connect(lambda *_: self.chosen.emit())
        self.itemChanged.connect(self._on_switched)

    @property
    def structure_id(self) -> str | None:
        """The structure that is chosen."""
        item = self.currentItem()
        return None if item is None else str(item.data(KEY, _ID))

    def choose(self, structure_id: str) -> None:
        """Choose a structure."""
        items = [self._item(number) for number in range(self.topLevelItemCount())]
        for item in items:
            if item.data(KEY, _ID) == structure_id:
                self.setCurrentItem(item)

    def show_rows(self, rows: Sequence[StructureRow]) -> None:
        """Show other rows; what is chosen stays chosen where it is still there, else the first is."""
        if rows == self._rows:
            return
        before = self.structure_id
        self.blockSignals(True)  # noqa: FBT003 - Qt's signature
        self._rows = list(rows)
        while self.topLevelItemCount() > len(rows):
            self.takeTopLevelItem(self.topLevelItemCount() - 1)
        while self.topLevelItemCount() < len(rows):
            self.addTopLevelItem(QTreeWidgetItem())
        for number, row in enumerate(rows):
            self._fill(self._item(number), row)
        self._fit_rows(self.columnWidth(NAME))
        ids = [row.id for row in rows]
        if rows:
            self.setCurrentItem(self._item(ids.index(before) if before in ids else 0))
        self.blockSignals(False)  # noqa: FBT003
        if self.structure_id != before:
            self.chosen.emit()

    def _item(self, number: int) -> QTreeWidgetItem:
        item = self.topLevelItem(number)
        assert item is not None  # noqa: S101 - one was made for each row
        return item

    def _fill(self, item: QTreeWidgetItem, row: StructureRow) -> None:
        item.setData(KEY, _ID, row.id)
        item.setText(KEY, row.key)
        item.setIcon(NAME, color_icon(row.color))
        item.setText(NAME, f"{row.name}\n{row.about}" if row.about else row.name)
        item.setText(VOLUME, row.volume)
        item.setTextAlignment(VOLUME, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        item.setCheckState(SHOWN, _check(row.shown))
        item.setCheckState(LOCKED, _check(row.locked))
        for column, tip in (
            (KEY, f"Press {row.key} to choose it" if row.key else ""),
            (NAME, row.tip),
            (VOLUME, "Volume in ml: what was drawn, with what is proposed between"),
            (SHOWN, "Whether the views show it"),
            (LOCKED, "A locked structure can't be changed, by no tool"),
        ):
            item.setToolTip(column, tip)

    def _on_resized(self, column: int, _before: int, width_px: int) -> None:
        if column == NAME:
            self._fit_rows(width_px)

    def _fit_rows(self, width_px: int) -> None:
        """Show names whole, on as many lines as they need."""
        color_px = self.style().pixelMetric(QStyle.PixelMetric.PM_SmallIconSize)
        beside_color_px = width_px - color_px - CELL_PADDING_PX
        for number in range(self.topLevelItemCount()):
            item = self._item(number)
            name_px = cell_height_px(self.fontMetrics(), item.text(NAME), beside_color_px)
            item.setSizeHint(NAME, QSize(0, max(name_px, LINE_HEIGHT_PX)))

    def _on_switched(self, item: QTreeWidgetItem, column: int) -> None:
        on = item.checkState(column) == Qt.CheckState.Checked
        structure_id = str(item.data(KEY, _ID))
        if column == SHOWN:
            self.shown_switched.emit(structure_id, on)
        elif column == LOCKED:
            # What the case makes of it is shown, also where it refuses.
            self._rows = []
            self.lock_switched.emit(structure_id, on)


def _check(on: bool) -> Qt.CheckState:  # noqa: FBT001 - one flag, plainly
    return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
