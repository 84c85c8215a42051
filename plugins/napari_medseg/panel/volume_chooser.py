"""The window in which one of several volumes is chosen."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QResizeEvent, QShowEvent
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from medseg.errors import MedsegError
from medseg.workflows.list_volumes import ListedVolume, Status
from napari_medseg.opening import Choice
from napari_medseg.panel.thumbnails import Thumbnails
from napari_medseg.panel.volume_row import VolumeRow
from napari_medseg.slice_picture import SlicePicture
from napari_medseg.volume_texts import position_of, set_aside

WIDTH_PX = 640
MAX_LIST_HEIGHT_PX = 620
_SPACING_PX = 2


class VolumeChooser(QDialog):
    """Offers the volumes of a folder; what is refused is listed with its reason and can't be chosen.

    Args:
        choice: What there is.
        parent: The main window.

    Attributes:
        list: One row a volume or refusal.
        rows: What the rows show.
        slider: Which volume of a series.
        position: The same in words.
        also_here: What else the folder holds.
        open_button: The button that takes what is marked.
        thumbnails: Makes the pictures.
        accepted_choice: The volume to open and which one of its series; None until that was said.
    """

    def __init__(self, choice: Choice, parent: QWidget) -> None:
        super().__init__(parent)
        self.choice = choice
        self._listed = tuple(one for one in choice.listed if one.summary.status is not Status.SKIPPED)
        self._time_index: dict[int, int] = {}
        self.accepted_choice: tuple[ListedVolume, int] | None = None
        self.list = QListWidget()
        self.rows = [self._add_row(one) for one in self._listed]
        self.position = QLabel()
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setToolTip("Which volume of the series to open")
        self.also_here = QLabel(_also_here(choice))
        self._buttons = QDialogButtonBox()
        self.open_button = self._buttons.addButton("Open", QDialogButtonBox.ButtonRole.AcceptRole)
        self._buttons.addButton("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        self.thumbnails = Thumbnails(self)
        self._lay_out()
        self._connect()
        for listed in self._listed:
            if listed.plan is not None:
                self.thumbnails.ask(listed, 0)
        self.list.setCurrentRow(next((n for n, one in enumerate(self._listed) if one.plan), -1))
        self._show_current()

    @property
    def chosen(self) -> tuple[ListedVolume, int] | None:
        """The volume that is marked, and which one of its series; None where none can be."""
        row = self.list.currentRow()
        if row < 0 or self._listed[row].plan is None:
            return None
        return self._listed[row], self._time_index.get(row, 0)

    def accept(self) -> None:
        """Take what is marked."""
        if self.chosen is not None:
            self.accepted_choice = self.chosen
            super().accept()

    def done(self, result: int) -> None:
        """Qt calls this however the window is closed."""
        self.thumbnails.close()
        super().done(result)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Give each row the height that its texts take at this width."""
        super().resizeEvent(event)
        self._fit_rows()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """The width of the list and the fonts are known only now."""
        super().showEvent(event)
        content = self._fit_rows()
        self.list.setMinimumHeight(min(content, MAX_LIST_HEIGHT_PX))
        self._fit_rows()
        self.list.setFocus()

    def _add_row(self, listed: ListedVolume) -> VolumeRow:
        item = QListWidgetItem(self.list)
        if listed.plan is None:
            item.setFlags(Qt.ItemFlag.NoItemFlags)
        row = VolumeRow(listed)
        self.list.setItemWidget(item, row)
        return row

    def _fit_rows(self) -> int:
        """Returns the height of all rows."""
        width = self.list.viewport().width() - 2 * _SPACING_PX
        total = 2 * self.list.frameWidth()
        for number, row in enumerate(self.rows):
            height = row.heightForWidth(width)
            self.list.item(number).setSizeHint(QSize(width, height))
            total += height + 2 * _SPACING_PX
        return total

    def _show_current(self) -> None:
        count = self.chosen[0].count if self.chosen else 0
        self.slider.blockSignals(True)  # noqa: FBT003 - Qt's signature
        self.slider.setRange(0, max(0, count - 1))
        self.slider.setValue(self.chosen[1] if self.chosen else 0)
        self.slider.blockSignals(False)  # noqa: FBT003 - Qt's signature
        self.slider.setVisible(count > 1)
        self.position.setVisible(count > 1)
        self.open_button.setEnabled(self.chosen is not None)
        self._show_position()

    def _choose_time(self, time_index: int) -> None:
        row = self.list.currentRow()
        self._time_index[row] = time_index
        self._show_position()
        self.thumbnails.ask(self._listed[row], time_index)

    def _show_position(self) -> None:
        self.position.setText(position_of(*self.chosen) if self.chosen else "")

    def _show_picture(
        self, listed: ListedVolume, _time_index: int, found: SlicePicture | MedsegError
    ) -> None:
        self.rows[self._listed.index(listed)].show_picture(found)

    def _accept_row(self, _item: QListWidgetItem) -> None:
        self.accept()

    def _connect(self) -> None:
        self.thumbnails.made.connect(self._show_picture)
        self.list.currentRowChanged.connect(lambda _row: self._show_current())
        self.list.itemDoubleClicked.connect(self._accept_row)
        self.slider.valueChanged.connect(self._choose_time)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)

    def _lay_out(self) -> None:
        self.setWindowTitle("Choose a volume")
        self.list.setSpacing(_SPACING_PX)
        self.list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.open_button.setDefault(True)
        heading = QLabel(_heading(self.choice, sum(one.plan is not None for one in self._listed)))
        for label in (heading, self.also_here):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.also_here.setVisible(bool(self.also_here.text()))
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        for widget in (heading, self.list, self.position, self.slider, self.also_here, self._buttons):
            layout.addWidget(widget, 1 if widget is self.list else 0)
        self.resize(WIDTH_PX, self.sizeHint().height())


def _heading(choice: Choice, volumes: int) -> str:
    if not volumes:
        return f"{choice.path.name} holds no volume that can be opened."
    return f"{choice.path.name}: choose what to open."


def _also_here(choice: Choice) -> str:
    skipped = [one for one in choice.listed if one.summary.status is Status.SKIPPED]
    return f"Also here: {set_aside(skipped)}" if skipped else ""
