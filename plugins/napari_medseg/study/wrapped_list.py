"""A list whose texts are wrapped."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QListWidget, QListWidgetItem


class WrappedList(QListWidget):
    """A list whose texts are wrapped to the width that there is."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.setMinimumHeight(72)
        self.setSpacing(1)

    def show_texts(self, texts: list[tuple[str, object]]) -> None:
        """Show texts, each with what it stands for."""
        chosen = self.currentRow()
        self.clear()
        for text, stands_for in texts:
            item = QListWidgetItem(text)
            item.setData(Qt.ItemDataRole.UserRole, stands_for)
            self.addItem(item)
        self.setCurrentRow(min(chosen, self.count() - 1))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Wrap anew."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        width = self.viewport().width() - 2 * self.spacing()
        for number in range(self.count()):
            item = self.item(number)
            bounds = self.fontMetrics().boundingRect(
                0, 0, max(width - 8, 1), 10_000, int(Qt.TextFlag.TextWordWrap), item.text()
            )
            item.setSizeHint(QSize(width, bounds.height() + 6))
