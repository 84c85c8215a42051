"""What the structures panel does to the open case; each is one step that can be undone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from medseg.errors import LabelMapError
from medseg.labelmap import PALETTE, Structure
from medseg.workflows import structure_edits as edits
from medseg.workflows.anatomy import Anatomy, name_of
from medseg.workflows.templates import Template
from napari_medseg.case import Case


@dataclass(frozen=True, eq=False)
class StructureEditing:
    """Edits the structures of a case by its one door, which refuses what is locked.

    Every method may raise ``LockedError`` (the case was submitted or approved, or the structure is locked)
    and ``LabelMapError`` (a name that is taken, a structure that would contain itself).

    Args:
        case: The case.
    """

    case: Case

    def add(self, name: str, part_of: str | None = None, anatomy: Anatomy | None = None) -> Structure:
        """Add a structure.

        Args:
            name: What was typed.
            part_of: Id of the structure that contains it.
            anatomy: What was chosen from the list for it; None where it was typed alone.
        """
        if anatomy is not None:
            taken = {s.name.casefold() for s in self.case.structures}
            name = edits.next_name(name_of(anatomy, name), taken)
        elif not name.strip():
            raise LabelMapError(
                "a structure needs a name", hint="type one, or a few letters of what it is and choose it"
            )
        after = edits.added(self.case.delineation, name, anatomy=anatomy, part_of=part_of)
        self.case.edit(f"add {after.structures[-1].name}", after)
        return self.case.structures[-1]

    def add_another(self, structure_id: str) -> Structure:
        """Add one more of the same kind: the next metastasis."""
        after = edits.added_another(self.case.delineation, structure_id)
        self.case.edit(f"add {after.structures[-1].name}", after)
        return self.case.structures[-1]

    def use(self, template: Template) -> tuple[Structure, ...]:
        """Add the structures of a template; those that came, none where all were there."""
        before = self.case.structures
        self.case.edit(f"template {template.name}", edits.with_template(self.case.delineation, template))
        return self.case.structures[len(before) :]

    def rename(self, structure_id: str, name: str) -> None:
        """Give a structure another name."""
        self._edit("rename", structure_id, partial(edits.renamed, name=name))

    def recolor(self, structure_id: str, color: str) -> None:
        """Give a structure another colour, ``#rrggbb``."""
        self._edit("recolour", structure_id, partial(edits.recolored, color=color))

    def recode(self, structure_id: str, anatomy: Anatomy | None) -> None:
        """Say what a structure is; None takes that back."""
        code = anatomy.code if anatomy else None
        self._edit("say what it is:", structure_id, partial(edits.recoded, code=code))

    def move(self, structure_id: str, part_of: str | None) -> None:
        """Make a structure part of another one, or of nothing."""
        self._edit("part of:", structure_id, partial(edits.moved, part_of=part_of))

    def lock(self, structure_id: str, *, on: bool) -> None:
        """Keep a structure from being written, or stop that."""
        self._edit("lock" if on else "unlock", structure_id, partial(edits.locked, on=on))

    def delete(self, structure_id: str) -> None:
        """Delete a structure with its contours and voxels."""
        self._edit("delete", structure_id, edits.without)

    def colors_for(self, structure_id: str) -> tuple[str, ...]:
        """The colours that are offered for a structure; those that others have come last."""
        others = {s.color for s in self.case.structures if s.id != structure_id}
        return tuple(sorted(PALETTE, key=lambda color: color in others))

    def wholes_for(self, structure_id: str) -> tuple[Structure, ...]:
        """The structures that one may be part of: all but itself and its own parts."""
        inside = {structure_id}
        for _ in self.case.structures:
            inside |= {s.id for s in self.case.structures if s.part_of in inside}
        return tuple(s for s in self.case.structures if s.id not in inside)

    def _edit(self, what: str, structure_id: str, edit: edits.Edit) -> None:
        before = self.case.delineation
        self.case.edit(f"{what} {before.structure(structure_id).name}", edit(before, structure_id))
