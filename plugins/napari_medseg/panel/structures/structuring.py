"""What the structures' section asks for, done to the open case."""

from __future__ import annotations

from collections.abc import Callable

from medseg.errors import LabelMapError
from medseg.workflows.anatomy import Anatomy
from medseg.workflows.templates import Template
from napari_medseg.case import Case
from napari_medseg.panel.desk import Desk
from napari_medseg.panel.structures.editing import StructureEditing
from napari_medseg.panel.structures.section import StructuresSection


class Structuring:
    """Adds, changes and deletes structures; errors appear in the panel."""

    def __init__(self, desk: Desk, section: StructuresSection) -> None:
        self._desk = desk
        self._section = section
        section.added.connect(self.add)
        section.another_asked.connect(self.add_another)
        section.template_asked.connect(self.use)
        section.hidden_changed.connect(self.hide)
        section.renamed.connect(lambda key, name: self._do(lambda editing: editing.rename(key, name)))
        section.recolored.connect(lambda key, color: self._do(lambda editing: editing.recolor(key, color)))
        section.recoded.connect(lambda key, what: self._do(lambda editing: editing.recode(key, what)))
        section.moved.connect(lambda key, whole: self._do(lambda editing: editing.move(key, whole or None)))
        section.lock_switched.connect(lambda key, on: self._do(lambda editing: editing.lock(key, on=on)))
        section.delete_asked.connect(self.delete)

    def add(self, name: str, part_of: str = "", anatomy: Anatomy | None = None) -> None:
        """Add a structure, a part of another or of nothing, and choose it."""

        def add(editing: StructureEditing) -> None:
            structure = editing.add(name, part_of or None, anatomy)
            self._section.clear_adding()
            self._section.choose(structure.id)
            self._desk.messages.inform(f"Draw {structure.name} on a few slices.")

        self._do(add)

    def add_another(self, structure_id: str) -> None:
        """Add one more of the same kind, and choose it."""
        self._do(lambda editing: self._section.choose(editing.add_another(structure_id).id))

    def use(self, template: Template) -> None:
        """Add the structures of a template, and choose the first of them."""

        def use(editing: StructureEditing) -> None:
            came = editing.use(template)
            if not came:
                self._desk.messages.inform(f"The structures of {template.name} are all there.")
                return
            self._section.choose(came[0].id)
            self._desk.messages.inform(f"{template.name}: {', '.join(s.name for s in came)}.")

        self._do(use)

    def delete(self, structure_id: str) -> None:
        """Delete a structure; undo brings it back, and the message says so."""

        def delete(editing: StructureEditing) -> None:
            name = editing.case.structure(structure_id).name
            editing.delete(structure_id)
            self._desk.messages.inform(f"{name} was deleted. Undo (Ctrl+Z) brings it back.")

        self._do(delete)

    def hide(self, hidden: frozenset[str]) -> None:
        """Show the other structures alone."""
        if self._desk.binding is not None:
            self._desk.binding.hide(hidden)

    def _do(self, edit: Callable[[StructureEditing], object]) -> None:
        self._desk.attempt(lambda: edit(StructureEditing(self._open_case())))
        # A name or a choice that was refused goes back to what is.
        self._section.show_case(self._desk.case)

    def _open_case(self) -> Case:
        if self._desk.case is None:
            raise LabelMapError("no case is open", hint="open a DICOM folder or a NIfTI file first")
        return self._desk.case
