"""Case: one volume, its structures, their contours and the label map made from them.

Plain Python without Qt or napari: the layers show a case, they are not the case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

from medseg.contour import Contour, ContourSet, place
from medseg.errors import LabelMapError, LockedError
from medseg.labelmap import LabelMap, Structure, find_structure, structure_id_for
from medseg.volume import Volume
from medseg.workflows.import_label_map import Step
from medseg.workflows.interpolate import Interpolated
from medseg.workflows.verify import State
from napari_medseg.keeper import Keeper, LookOnly


class Change(Enum):
    """What changed in a case."""

    STRUCTURES = auto()
    CONTOURS = auto()
    RESULT = auto()
    STATUS = auto()
    BROUGHT_IN = auto()


@dataclass(frozen=True, eq=False)
class Result:
    """A label map and how it was made.

    Attributes:
        label_map: What the viewer shows and what is saved.
        contours: The contours that it was made from.
        completed: For each structure id how it was interpolated; empty where nothing was.
        notes: What a reader of the record should know.
    """

    label_map: LabelMap
    contours: ContourSet
    completed: Mapping[str, Interpolated] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Case:
    """The unit of work.

    Args:
        volume: The image.
        name: What the status line calls it.

    Attributes:
        structures: In the order of their labels.
        contours: Every contour, as it is stored.
        result: The label map that is shown, or None before there is one.
        path: Where the label map is saved, or None.
        author: Printed name of who draws.
        state: How far the sign-off has come.
        approval: Who approved what is shown, in words; empty where nobody has.
        keeper: The study that it belongs to; None for a loose file.
        look_only: Why it is only looked at; None where its state alone decides that.
        image_may_help: Whether the image takes part in interpolating where it is proven to help.
        label_map_warnings: What a careful user should know about the label map that was opened.
        saved: Whether what is in memory is what is on disk.
        image_path: Where the image was opened, or None.
        steps: What happened since the last save that the record tells for good: files that were brought in.
        brought_in: What a user should know of the file that was brought in last.
    """

    def __init__(self, volume: Volume, name: str) -> None:
        self.volume = volume
        self.name = name
        self.structures: tuple[Structure, ...] = ()
        self.contours = ContourSet()
        self.result: Result | None = None
        self.path: Path | None = None
        self.author = ""
        self.state = State.IN_PROGRESS
        self.approval = ""
        self.keeper: Keeper | None = None
        self.look_only: LookOnly | None = None
        self.image_may_help = False
        self.saved = True
        self.image_path: Path | None = None
        self.label_map_warnings: tuple[str, ...] = ()
        self.steps: tuple[Step, ...] = ()
        self.brought_in: tuple[str, ...] = ()
        self._listeners: list[Callable[[Change], None]] = []

    def __deepcopy__(self, _memo: object) -> Case:
        # napari copies metadata when a layer is duplicated; the copy shows the same case.
        return self

    def subscribe(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Have a function called after each change; returns one that ends it."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    @property
    def is_locked(self) -> bool:
        """Whether it can be looked at only."""
        return self.look_only is not None or self.state.is_locked

    @property
    def is_watched(self) -> bool:
        """Whether somebody shows what changes."""
        return bool(self._listeners)

    @property
    def result_is_current(self) -> bool:
        """Whether the label map was made from the contours as they are now."""
        result = self.result
        return (
            result is not None
            and result.contours is self.contours
            and result.label_map.structures == self.structures
        )

    def structure(self, structure_id: str) -> Structure:
        """The structure with an id.

        Raises:
            LabelMapError: There is none.
        """
        return find_structure(self.structures, structure_id)

    def is_voxels_only(self, structure_id: str) -> bool:
        """Whether a structure came as voxels, without contours that could be edited."""
        if self.result is None or self.contours.of(structure_id):
            return False
        known = {s.id for s in self.result.label_map.structures}
        return structure_id in known and bool(self.result.label_map.mask(structure_id).any())

    def add_structure(self, name: str, part_of: str | None = None) -> Structure:
        """Add a structure with the next free label and colour.

        Args:
            name: What people read.
            part_of: Id of the structure that contains it; the part has the voxels that both claim.

        Raises:
            LabelMapError: The name is empty or taken, or there is nothing that it could be part of.
            LockedError: The case was submitted or approved.
        """
        self.require_editable()
        name = " ".join(name.split())
        if name.casefold() in {s.name.casefold() for s in self.structures}:
            raise LabelMapError(f"there is a structure {name!r} already", hint="choose another name")
        label = max((s.label for s in self.structures), default=0) + 1
        structure_id = structure_id_for(name, {s.id for s in self.structures})
        # In the layer of its whole, where it has the voxels that both claim.
        layer = self.structure(part_of).layer if part_of else 0
        structure = Structure(structure_id, name, label, part_of=part_of or None, layer=layer)
        self.structures = (*self.structures, structure)
        self.saved = False
        self._tell(Change.STRUCTURES)
        return structure

    def edit_contours(self, structure_id: str, removed: Sequence[Contour], added: Sequence[Contour]) -> None:
        """The one way by which contours enter and leave.

        Either all of the edit happens or none of it.

        Args:
            structure_id: The structure that is edited.
            removed: Contours of the case that go.
            added: Contours of this structure that come.

        Raises:
            LockedError: The case was submitted or approved.
            LabelMapError: The structure consists of voxels from elsewhere.
            ContourError: A contour lies on a slice beyond the image.
        """
        self.require_editable()
        structure = self.structure(structure_id)
        if self.is_voxels_only(structure_id):
            raise LabelMapError(
                f"{structure.name!r} was opened as voxels without contours, which a contour would replace",
                hint="draw under a new structure name",
            )
        for contour in added:
            place(contour, self.volume.grid)
        gone = {id(contour) for contour in removed}
        kept = tuple(c for c in self.contours if id(c) not in gone)
        self.contours = ContourSet((*kept, *added))
        self.saved = False
        self._tell(Change.CONTOURS)

    def accept_result(self, result: Result) -> None:
        """Show a label map; contours stay as they are.

        Raises:
            LockedError: The case was submitted or approved.
        """
        self.require_editable()
        self.result = result
        self.saved = False
        self._tell(Change.RESULT)

    def bring_in(self, result: Result, notes: tuple[str, ...], steps: tuple[Step, ...]) -> None:
        """Take over structures that a file of another program added to those of the case.

        Args:
            result: The structures, contours and voxels of the case, and those of the file.
            notes: What a user should know of the file.
            steps: What the record is to tell of it.

        Raises:
            LockedError: The case was submitted or approved.
            ContourError: A contour lies on a slice beyond the image.
        """
        self.require_editable()
        for contour in result.contours:
            place(contour, self.volume.grid)
        self.structures = result.label_map.structures
        self.contours = result.contours
        self.result = result
        self.steps = (*self.steps, *steps)
        self.brought_in = notes
        self.saved = False
        for change in (Change.STRUCTURES, Change.CONTOURS, Change.RESULT, Change.BROUGHT_IN):
            self._tell(change)

    def require_editable(self) -> None:
        """Refuse to change what was submitted or approved, or is somebody else's.

        Raises:
            LockedError: It was, or is only looked at.
        """
        if self.look_only is not None:
            raise LockedError(self.look_only.why, hint=self.look_only.hint)
        if self.state.is_locked:
            hint = (
                "a reviewer can request changes, which opens it again"
                if self.state is State.SUBMITTED
                else "open the image again and save under a new name to work on"
            )
            raise LockedError(f"this case is {self.state.value}: its contours can't be changed", hint=hint)

    def load(self, result: Result, path: Path, state: State) -> None:
        """Take over a label map from disk, with its contours.

        Raises:
            ContourError: A contour lies on a slice beyond the image.
        """
        for contour in result.contours:
            place(contour, self.volume.grid)
        self.structures = result.label_map.structures
        self.contours = result.contours
        self.result = result
        self.image_may_help = any(how.image_used is not None for how in result.completed.values())
        self.path = path
        self.state = state
        self.saved = True
        for change in (Change.STRUCTURES, Change.CONTOURS, Change.RESULT, Change.STATUS):
            self._tell(change)

    def set_author(self, author: str) -> None:
        """Name who draws."""
        self.author = author.strip()
        self._tell(Change.STATUS)

    def mark_saved(self, path: Path) -> None:
        """Remember that memory and disk agree."""
        self.path = path
        self.saved = True
        self.steps = ()
        if self.state in (State.ASSIGNED, State.CHANGES_REQUESTED):
            self.state = State.IN_PROGRESS
        self._tell(Change.STATUS)

    def mark_state(self, state: State, look_only: LookOnly | None = None) -> None:
        """Remember how far the sign-off has come, and why nobody works on it now."""
        self.state = state
        self.look_only = look_only or self.look_only
        self._tell(Change.STATUS)

    def _tell(self, change: Change) -> None:
        for listener in tuple(self._listeners):
            listener(change)
