"""A line to type what a structure is called, which offers what is known by these letters."""

from __future__ import annotations

from threading import Thread

from qtpy.QtCore import QEvent, QObject, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from medseg.workflows.anatomy import Anatomy, find_anatomy, name_of
from napari_medseg.panel.parts import color_icon, field

MAX_OFFERED = 8
"""More can't be taken in at a glance; another letter says more than a longer list."""


class AnatomyField(QWidget):
    """The line and, while somebody types in it, the list below it.

    Arrow keys go into the list, Enter or a click chooses, Esc closes it. Enter without a choice takes what
    was typed as it is.

    Args:
        placeholder: Shown while it is empty.
        tooltip: What it is for.
    """

    picked = Signal(object)
    """The :class:`~medseg.workflows.anatomy.Anatomy` that was chosen."""

    entered = Signal()
    """Enter was pressed on what was typed."""

    def __init__(self, placeholder: str, tooltip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.line = field(placeholder, tooltip)
        self.offers = QListWidget()
        self.offers.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.offers.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.offers.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.offers.hide()
        self._offered: tuple[Anatomy, ...] = ()
        self._loading: Thread | None = None
        self.line.textEdited.connect(self.offer)
        self.line.returnPressed.connect(self._enter)
        self.line.installEventFilter(self)
        self.offers.itemClicked.connect(lambda item: self._pick(self.offers.row(item)))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.line)
        layout.addWidget(self.offers)

    @property
    def text(self) -> str:
        """What was typed."""
        return self.line.text()

    def offer(self, text: str) -> None:
        """Offer what is known by a text."""
        self._offered = find_anatomy(text, MAX_OFFERED)
        self.offers.clear()
        for anatomy in self._offered:
            item = QListWidgetItem(color_icon(anatomy.color), name_of(anatomy))
            item.setToolTip(f"{anatomy.code.scheme} {anatomy.code.value}, {anatomy.kind.value}")
            self.offers.addItem(item)
        self.offers.setFixedHeight(self.offers.sizeHintForRow(0) * len(self._offered) + 4)
        self.offers.setVisible(bool(self._offered))

    def close_offers(self) -> None:
        """Offer nothing any more."""
        self._offered = ()
        self.offers.clear()
        self.offers.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Qt calls this before the line gets an event."""
        if event.type() == QEvent.Type.FocusIn:
            self._load()
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and self._offered:
            return self._move(event.key())
        return super().eventFilter(watched, event)

    def _load(self) -> None:
        """Have the dictionary ready by the first letter: it takes half a second, once."""
        if self._loading is None:
            self._loading = Thread(target=find_anatomy, args=("",), daemon=True)
            self._loading.start()

    def _move(self, key: int) -> bool:
        steps = {int(Qt.Key.Key_Down): 1, int(Qt.Key.Key_Up): -1}
        if key == Qt.Key.Key_Escape:
            self.close_offers()
            return True
        if key not in steps:
            return False
        row = self.offers.currentRow() + steps[key]
        self.offers.setCurrentRow(max(-1, min(row, len(self._offered) - 1)))
        return True

    def _enter(self) -> None:
        row = self.offers.currentRow()
        if 0 <= row < len(self._offered):
            self._pick(row)
        else:
            self.close_offers()
            self.entered.emit()

    def _pick(self, row: int) -> None:
        anatomy = self._offered[row]
        self.close_offers()
        self.picked.emit(anatomy)
