"""The part of the panel that lists the structures of a case."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import QTimer, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QComboBox, QLabel, QMenu, QVBoxLayout, QWidget

from medseg.labelmap import Structure
from medseg.workflows.anatomy import Anatomy
from medseg.workflows.delineate import Proposal
from medseg.workflows.templates import TEMPLATES
from napari_medseg.case import Case
from napari_medseg.panel.parts import button, color_icon, even_row, heading, row
from napari_medseg.panel.structures.anatomy_field import AnatomyField
from napari_medseg.panel.structures.details import NOTHING, Details, details_switch
from napari_medseg.panel.structures.editing import StructureEditing
from napari_medseg.panel.structures.rows import Volumes, rows_of
from napari_medseg.panel.structures.structure_list import StructureList

COUNT_AFTER_MS = 100
"""The picture comes first: counting the voxels of a whole liver takes 25 ms."""


class StructuresSection(QWidget):
    """Shows the structures and says what the user asks for.

    Attributes:
        hidden: Ids of the structures that the views don't show.
    """

    chosen = Signal()
    added = Signal(str, str, object)
    """The name, the id of the whole or nothing, and the Anatomy that was chosen or None."""
    another_asked = Signal(str)
    template_asked = Signal(object)
    renamed = Signal(str, str)
    recolored = Signal(str, str)
    recoded = Signal(str, object)
    moved = Signal(str, str)
    lock_switched = Signal(str, bool)
    delete_asked = Signal(str)
    hidden_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.hidden: frozenset[str] = frozenset()
        self._case: Case | None = None
        self._volumes = Volumes()
        self._proposal: Proposal | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(COUNT_AFTER_MS)
        self._timer.timeout.connect(self._count)
        self._wholes: tuple[Structure, ...] | None = None
        self._make_adding()
        self._make_list()
        self._lay_out()

    @property
    def structure_id(self) -> str | None:
        """The structure that is chosen."""
        return self.list.structure_id

    def choose(self, structure_id: str) -> None:
        """Choose a structure."""
        self.list.choose(structure_id)

    def clear_adding(self) -> None:
        """What was typed was added."""
        self.anatomy.line.clear()
        self.anatomy.close_offers()
        self.part_of.setCurrentIndex(0)

    def show_case(self, case: Case | None) -> None:
        """Show a case as it is now."""
        if case is not self._case:
            self._case = case
            self._proposal = None
            self._volumes.forget()
            self._hide(frozenset())
        self._show()

    def show_proposal(self, proposal: Proposal) -> None:
        """Show the volumes of what the engine proposes, soon."""
        self._proposal = proposal
        self._timer.start()

    def _count(self) -> None:
        if self._proposal is not None:
            self._volumes.follow(self._proposal)
            self._show()

    def _make_adding(self) -> None:
        self.anatomy = AnatomyField(
            "Name, such as Liver metastasis 1", "A new structure: type its name, or choose what it is"
        )
        self.name = self.anatomy.line
        self.anatomy.entered.connect(self._add)
        self.anatomy.picked.connect(self._add)
        self.add = button("Add", "Add a structure of this name", self._add)
        self.templates = button("Template", "Add the structures of a common task", _nothing)
        menu = QMenu(self.templates)
        for template in TEMPLATES:
            action = menu.addAction(template.name)
            action.setToolTip(", ".join(part.name for part in template.parts))
            action.triggered.connect(partial(self._use, template))
        menu.setToolTipsVisible(True)
        self.templates.setMenu(menu)
        self.part_of = QComboBox()
        self.part_of.setToolTip("What contains the new structure: a tumour inside a liver is part of it")
        self.part_of.setMinimumHeight(26)

    def _make_list(self) -> None:
        self.list = StructureList()
        self.list.setToolTip("The structure that is drawn next")
        self.list.chosen.connect(self._on_chosen)
        self.list.shown_switched.connect(self._switch_shown)
        self.list.lock_switched.connect(self._switch_lock)
        self.details = Details()
        self.details.renamed.connect(partial(self._say, self.renamed))
        self.details.recolored.connect(partial(self._say, self.recolored))
        self.details.recoded.connect(partial(self._say, self.recoded))
        self.details.moved.connect(partial(self._say, self.moved))
        self.change = details_switch(self.details)
        self.change.toggled.connect(lambda _: self._show_details())
        self.another = button(
            "One more", "Add one more like the chosen one: the next metastasis", self._ask_another
        )
        self.delete = button("Delete", "Delete the chosen structure with all its contours", self._ask_delete)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(6)
        layout.addWidget(row(heading("Structures"), self.templates))
        layout.addWidget(row(self.anatomy, self.add))
        self._part_of_row = row(QLabel("part of"), self.part_of, stretch=1)
        layout.addWidget(self._part_of_row)
        layout.addWidget(self.list, 1)
        self._buttons = even_row(self.change, self.another, self.delete)
        layout.addWidget(self._buttons)
        layout.addWidget(self.details)

    def _show(self) -> None:
        case = self._case
        editable = case is not None and not case.is_locked
        self.setEnabled(case is not None)
        for widget in (self.anatomy, self.add, self.templates, self.details, self._buttons):
            widget.setEnabled(editable)
        self.list.show_rows(rows_of(case, self._volumes.ml, self.hidden))
        self._show_wholes()
        self._show_details()

    def _show_wholes(self) -> None:
        structures = self._case.structures if self._case else ()
        if structures == self._wholes:
            return
        self._wholes = structures
        chosen = self.part_of.currentData()
        self._part_of_row.setVisible(bool(structures))
        self.part_of.clear()
        self.part_of.addItem(NOTHING, "")
        for structure in structures:
            self.part_of.addItem(color_icon(structure.color), structure.name, structure.id)
        self.part_of.setCurrentIndex(max(0, self.part_of.findData(chosen)))

    def _show_details(self) -> None:
        structure_id = self.structure_id
        self._buttons.setVisible(structure_id is not None)
        self.details.setVisible(structure_id is not None and self.change.isChecked())
        if self._case is None or structure_id is None or not self.change.isChecked():
            return
        editing = StructureEditing(self._case)
        self.details.show_structure(
            self._case.structure(structure_id),
            editing.wholes_for(structure_id),
            editing.colors_for(structure_id),
        )

    def _on_chosen(self) -> None:
        self._show_details()
        self.chosen.emit()

    def _add(self, anatomy: Anatomy | None = None) -> None:
        self.added.emit(self.anatomy.text, self.part_of.currentData() or "", anatomy)

    def _use(self, template: object, _checked: bool = False) -> None:  # noqa: FBT001, FBT002 - Qt passes it
        self.template_asked.emit(template)

    def _say(self, signal: object, value: object) -> None:
        if self.structure_id is not None:
            signal.emit(self.structure_id, value)  # type: ignore[attr-defined]

    def _ask_another(self) -> None:
        if self.structure_id is not None:
            self.another_asked.emit(self.structure_id)

    def _ask_delete(self) -> None:
        if self.structure_id is not None:
            self.delete_asked.emit(self.structure_id)

    def _switch_shown(self, structure_id: str, on: bool) -> None:  # noqa: FBT001 - Qt's signal passes it
        self._hide(self.hidden - {structure_id} if on else self.hidden | {structure_id})
        self._show()

    def _switch_lock(self, structure_id: str, on: bool) -> None:  # noqa: FBT001
        self.lock_switched.emit(structure_id, on)
        self._show()

    def _hide(self, hidden: frozenset[str]) -> None:
        if hidden != self.hidden:
            self.hidden = hidden
            self.hidden_changed.emit(hidden)


def _nothing() -> None:
    pass
