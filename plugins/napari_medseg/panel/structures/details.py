"""What may be changed of the chosen structure: its name, what it is, its whole and its colour."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QColorDialog, QComboBox, QGridLayout, QLabel, QMenu, QPushButton, QWidget

from medseg.labelmap import Structure
from medseg.workflows.anatomy import Anatomy
from napari_medseg.panel.parts import button, color_icon, field
from napari_medseg.panel.structures.anatomy_field import AnatomyField

NOTHING = "nothing"


class Details(QWidget):
    """Shows one structure, and says what is to be changed of it."""

    renamed = Signal(str)
    recolored = Signal(str)
    recoded = Signal(object)
    """An :class:`~medseg.workflows.anatomy.Anatomy`, or None for nothing."""
    moved = Signal(str)
    """The id of the whole; empty for nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = field("Name", "What people read; Enter takes it")
        self.name.editingFinished.connect(self._rename)
        self.anatomy = AnatomyField("A few letters, such as liv", "What it is, in DICOM's codes")
        self.anatomy.picked.connect(self._recode)
        self.anatomy.entered.connect(self._clear_code)
        self.part_of = QComboBox()
        self.part_of.setToolTip("What contains it: a tumour inside a liver is part of it, and counts into it")
        self.part_of.setMinimumHeight(26)
        self.part_of.activated.connect(lambda _: self.moved.emit(self.part_of.currentData()))
        self.color = button("", "Another colour", self._offer_colors)
        self.colors = QMenu(self)
        self._structure: Structure | None = None
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.setColumnStretch(1, 1)
        layout.addWidget(QLabel("name"), 0, 0)
        layout.addWidget(self.name, 0, 1)
        layout.addWidget(self.color, 0, 2)
        layout.addWidget(QLabel("is"), 1, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self.anatomy, 1, 1, 1, 2)
        layout.addWidget(QLabel("part of"), 2, 0)
        layout.addWidget(self.part_of, 2, 1, 1, 2)

    def show_structure(
        self, structure: Structure, wholes: Sequence[Structure], colors: Sequence[str]
    ) -> None:
        """Show a structure.

        Args:
            structure: The structure.
            wholes: What it may be part of.
            colors: The colours that are offered, ``#rrggbb``.
        """
        same = self._structure is not None and self._structure.id == structure.id
        self._structure = structure
        # What somebody is typing stays while the case changes beside it.
        if not (same and self.name.isModified()):
            self.name.setText(structure.name)
        if not (same and self.anatomy.line.isModified()):
            self.anatomy.close_offers()
            self.anatomy.line.setText(structure.code.meaning if structure.code else "")
        code = structure.code
        self.anatomy.line.setToolTip(
            f"{code.scheme} {code.value}; empty it and press Enter to take it back"
            if code
            else "What it is, in DICOM's codes: type a few letters and choose"
        )
        self.color.setIcon(color_icon(structure.color))
        self._show_wholes(structure, wholes)
        self._show_colors(colors)

    def _show_wholes(self, structure: Structure, wholes: Sequence[Structure]) -> None:
        self.part_of.clear()
        self.part_of.addItem(NOTHING, "")
        for whole in wholes:
            self.part_of.addItem(color_icon(whole.color), whole.name, whole.id)
        self.part_of.setCurrentIndex(max(0, self.part_of.findData(structure.part_of or "")))

    def _show_colors(self, colors: Sequence[str]) -> None:
        self.colors.clear()
        for color in colors:
            action = self.colors.addAction(color_icon(color), color)
            action.triggered.connect(lambda _checked=False, chosen=color: self.recolored.emit(chosen))
        self.colors.addAction("Other…").triggered.connect(lambda _checked=False: self._ask_color())

    def _offer_colors(self) -> None:
        self.colors.popup(self.color.mapToGlobal(self.color.rect().bottomLeft()))

    def _ask_color(self) -> None:
        """Ask beside the window, not in its way: one can draw on meanwhile."""
        color = QColor(self._structure.color) if self._structure else QColor()
        dialog = QColorDialog(color, self)
        dialog.setModal(False)
        dialog.colorSelected.connect(lambda chosen: self.recolored.emit(chosen.name()))
        dialog.finished.connect(dialog.deleteLater)
        dialog.show()

    def _rename(self) -> None:
        self.name.setModified(False)
        if self._structure is not None and self.name.text() != self._structure.name:
            self.renamed.emit(self.name.text())

    def _clear_code(self) -> None:
        """Enter on an empty line takes the code back; on other text, one has to choose."""
        if not self.anatomy.text.strip():
            self._recode(None)
        elif self._structure is not None:
            self.anatomy.line.setText(self._structure.code.meaning if self._structure.code else "")

    def _recode(self, anatomy: Anatomy | None) -> None:
        self.anatomy.line.setModified(False)
        self.recoded.emit(anatomy)


def details_switch(details: Details) -> QPushButton:
    """A button that shows and hides the details."""
    push = QPushButton("Change")
    push.setToolTip("Name, code, colour of the chosen structure, and what it is part of")
    push.setMinimumHeight(28)
    push.setCheckable(True)
    details.hide()
    return push
