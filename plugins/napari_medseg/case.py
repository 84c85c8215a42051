"""Case: one volume, its structures, their contours and the label map made from them.

Plain Python without Qt or napari: the layers show a case, they are not the case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from pathlib import Path

from medseg.contour import Contour, ContourSet, OtherTimePoints, Placement
from medseg.errors import LockedError
from medseg.labelmap import LabelMap, Structure
from medseg.volume import Volume
from medseg.volume.resampled import ResampledSlices
from medseg.workflows.delineate import (
    Delineation,
    History,
    Journal,
    Model,
    Placements,
    at_time,
    changed_at,
    contours_on,
    opened,
    other_time_points,
    with_contours_on,
    with_other_time_points,
)
from medseg.workflows.delineate import (
    Step as DrawnStep,
)
from medseg.workflows.import_label_map import Step
from medseg.workflows.interpolate import Interpolated
from medseg.workflows.list_volumes import ListedVolume
from medseg.workflows.structure_edits import added
from medseg.workflows.time_points import TimePoints
from medseg.workflows.verify import State
from napari_medseg.keeper import Keeper, LookOnly
from napari_medseg.structure_locks import require_unlocked


class Change(Enum):
    """What changed in a case."""

    STRUCTURES = auto()
    CONTOURS = auto()
    RESULT = auto()
    STATUS = auto()
    BROUGHT_IN = auto()
    IMAGE = auto()


@dataclass(frozen=True, eq=False)
class Result:
    """A label map and how it was made.

    Attributes:
        label_map: What the viewer shows and what is saved.
        contours: The contours that it was made from.
        completed: For each structure id how it was interpolated; empty where nothing was.
        notes: What a reader of the record should know.
        made_of: The delineation whose voxels it holds; None where it is not of this case.
        models: For each structure id the segmenter that proposed it; those that none did are left out.
    """

    label_map: LabelMap
    contours: ContourSet
    completed: Mapping[str, Interpolated] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    made_of: Delineation | None = None
    models: Mapping[str, Model] = field(default_factory=dict)


class Case:
    """The unit of work.

    Args:
        volume: The image.
        name: What the status line calls it.

    Attributes:
        history: What was drawn, step by step.
        placements: Where its contours lie on the grid of the image.
        result: The label map that was made last, or None before there is one.
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
        in_front: The image that the reader looks at where it is not the case's own, on the grid of the case.
        listed_beside: What else the folder of the image holds, where it was looked through.
        time_points: The volumes of a 4-D image, of which ``volume`` is one; None for a 3-D one.
        time_index: Which one is in view; None for a 3-D image.
        journal: Where each step is written down; None where none is kept.
        draws_at_one_time: Whether what is drawn belongs to that time point alone, or to all.
    """

    def __init__(self, volume: Volume, name: str) -> None:
        self.volume = volume
        self.name = name
        self.history = History(Delineation())
        self.placements = Placements(volume.grid)
        self.result: Result | None = None
        self.path: Path | None = None
        self.author = ""
        self.state = State.IN_PROGRESS
        self.approval = ""
        self.keeper: Keeper | None = None
        self.look_only: LookOnly | None = None
        self.image_may_help = False
        self.saved = True
        self._saved_as: Delineation | None = self.history.current
        self.image_path: Path | None = None
        self.label_map_warnings: tuple[str, ...] = ()
        self.steps: tuple[Step, ...] = ()
        self.brought_in: tuple[str, ...] = ()
        self.in_front: ResampledSlices | None = None
        self.listed_beside: tuple[ListedVolume, ...] = ()
        self.time_points: TimePoints | None = None
        self.time_index: int | None = None
        self.draws_at_one_time = False
        self.journal: Journal | None = None
        self._in_view: tuple[Delineation, int, Delineation] | None = None
        self._listeners: list[Callable[[Change], None]] = []
        self._step_listeners: list[Callable[[str, DrawnStep], None]] = []

    def __deepcopy__(self, _memo: object) -> Case:
        # napari copies metadata when a layer is duplicated; the copy shows the same case.
        return self

    def anew(self) -> Case:
        """A case of the same image in which nothing is drawn yet."""
        other = Case(self.volume, self.name)
        other.image_path, other.listed_beside = self.image_path, self.listed_beside
        other.time_points, other.time_index = self.time_points, self.time_index
        return other

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
    def unit_in_front(self) -> str:
        """The unit of the image that the reader looks at, in which ranges of values are given."""
        image = self.volume if self.in_front is None else self.in_front.volume
        return image.quantity.unit

    @property
    def is_watched(self) -> bool:
        """Whether somebody shows what changes."""
        return bool(self._listeners)

    @property
    def delineation(self) -> Delineation:
        """What there is now; of a 4-D image what counts at the time point that is in view."""
        whole = self.history.current
        if self.time_index is None:
            return whole
        if self._in_view is None or self._in_view[:2] != (whole, self.time_index):
            counted = at_time(whole, self.time_index, self.placements)
            self._in_view = (whole, self.time_index, counted)
        return self._in_view[2]

    @property
    def other_time_points(self) -> OtherTimePoints | None:
        """What does not count at the time point that is in view; None for a 3-D image."""
        return other_time_points(self.history.current, self.time_index, self.placements)

    @property
    def structures(self) -> tuple[Structure, ...]:
        """In the order of their labels."""
        return self.delineation.structures

    @property
    def contours(self) -> ContourSet:
        """Every contour, as it is stored."""
        return self.delineation.contours

    @property
    def result_is_current(self) -> bool:
        """Whether the label map holds the voxels of what was drawn and accepted."""
        result, now = self.result, self.delineation
        if result is None or result.made_of is None or result.label_map.structures != now.structures:
            return False
        return result.made_of.contours is now.contours and result.made_of.voxels is now.voxels

    def structure(self, structure_id: str) -> Structure:
        """The structure with an id.

        Raises:
            LabelMapError: There is none.
        """
        return self.delineation.structure(structure_id)

    def contours_on(self, structure_id: str, where: Placement) -> tuple[Contour, ...]:
        """What a structure has on a plane; outlined where it came as voxels."""
        return contours_on(self.delineation, structure_id, where, self.placements)

    def edit(self, label: str, after: Delineation) -> None:
        """The one door by which what was drawn changes. Either all of the edit happens or none of it.

        Args:
            label: What was done, for people.
            after: What there is from now on, made from the delineation that is.

        Raises:
            LockedError: The case was submitted or approved, or a structure that is changed is locked.
            ContourError: A contour lies on a slice beyond the image, or belongs to all time points and would
                go at one.
        """
        self.require_editable()
        before = self.delineation
        if after is before:
            return
        for contour in after.contours:
            self.placements.of(contour)
        whole = changed_at(
            self.history.current, after, self.time_index, self.placements, only_here=self.draws_at_one_time
        )
        require_unlocked(self.history.current, whole)
        self._moved("do", self.history.do(label, whole), before)

    def undo(self) -> str:
        """Take the last step back.

        Returns:
            What it was; empty where there was none.

        Raises:
            LockedError: The case was submitted or approved.
        """
        self.require_editable()
        before = self.delineation
        step = self.history.undo()
        if step is not None:
            self._moved("undo", step, before)
        return step.label if step else ""

    def redo(self) -> str:
        """Do the step again that was undone last; see :meth:`undo`."""
        self.require_editable()
        before = self.delineation
        step = self.history.redo()
        if step is not None:
            self._moved("redo", step, before)
        return step.label if step else ""

    def subscribe_to_steps(self, listener: Callable[[str, DrawnStep], None]) -> Callable[[], None]:
        """Have a function called with ``do``, ``undo`` or ``redo`` and the step; returns one that ends it."""
        self._step_listeners.append(listener)
        return lambda: self._step_listeners.remove(listener)

    def add_structure(self, name: str, part_of: str | None = None) -> Structure:
        """Add a structure with the next free label; one that DICOM knows by this name gets its code.

        Args:
            name: What people read.
            part_of: Id of the structure that contains it; the part has the voxels that both claim.

        Raises:
            LabelMapError: The name is empty or taken, or there is nothing that it could be part of.
            LockedError: The case was submitted or approved.
        """
        self.require_editable()
        after = added(self.delineation, name, part_of=part_of)
        structure = after.structures[-1]
        self.edit(f"add {structure.name}", after)
        return structure

    def edit_contours(
        self,
        structure_id: str,
        removed: Sequence[Contour],
        added: Sequence[Contour],
        label: str = "edit contours",
    ) -> None:
        """Take contours of a structure away and add others, as one step; see :meth:`edit`.

        Args:
            structure_id: The structure that is edited.
            removed: Contours of the case that go.
            added: Contours of this structure that come.
            label: What was done, for people.
        """
        self.structure(structure_id)
        gone = {id(contour) for contour in removed}
        kept = (c for c in self.contours if id(c) not in gone)
        self.edit(label, self.delineation.with_contours((*kept, *added)))

    def replace_on(
        self, structure_id: str, where: Placement, contours: Sequence[Contour], label: str
    ) -> None:
        """Replace all that a structure has on a plane, as one step; see :meth:`edit`."""
        self.structure(structure_id)
        self.edit(label, with_contours_on(self.delineation, structure_id, where, contours, self.placements))

    def accept_result(self, result: Result) -> None:
        """Take the label map that was made; contours stay as they are.

        Raises:
            LockedError: The case was submitted or approved.
        """
        self.require_editable()
        self.result = result
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
        completed = {**result.completed, **self.delineation.completed}
        models = {**result.models, **self.delineation.models}
        after = opened(result.label_map, result.contours, completed, models)
        self.edit("bring in", replace(after, locked=self.delineation.locked))
        self.result = replace(result, made_of=self.delineation)
        self.steps = (*self.steps, *steps)
        self.brought_in = notes
        self.saved = False
        for change in (Change.RESULT, Change.BROUGHT_IN):
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

    def show_time(self, time_index: int, volume: Volume) -> None:
        """Bring another volume of a 4-D image into view, with the contours that count there.

        Args:
            time_index: Which one.
            volume: The volume, as ``time_points`` reads it.

        Raises:
            GridMismatchError: It does not lie on the grid of the others.
        """
        volume.grid.require_same_as(self.volume.grid, "time point and image")
        # The very same grid: who shows the case asks for it by identity.
        self.volume = replace(volume, grid=self.volume.grid)
        self.time_index = time_index
        for change in (Change.IMAGE, Change.CONTOURS):
            self._tell(change)

    def draw_at_one_time(self, *, on: bool) -> None:
        """Say whether what is drawn from now on belongs to the time point in view alone, or to all."""
        self.draws_at_one_time = on
        self._tell(Change.STATUS)

    def load(
        self, result: Result, path: Path, state: State, other_time_points: OtherTimePoints | None = None
    ) -> None:
        """Take over a label map from disk, with its contours.

        Args:
            result: The label map and the contours that it shows.
            path: Where it is.
            state: How far its sign-off has come.
            other_time_points: Of a 4-D image what lies beside them.

        Raises:
            ContourError: A contour lies on a slice beyond the image.
        """
        counted = opened(result.label_map, result.contours, result.completed, result.models)
        loaded = with_other_time_points(counted, other_time_points)
        for contour in loaded.contours:
            self.placements.of(contour)
        if other_time_points is not None:
            self.time_index = other_time_points.shown
        self.history = History(loaded)
        self._saved_as = loaded
        self.result = replace(result, made_of=self.delineation)
        self.image_may_help = any(how.image_used is not None for how in result.completed.values())
        self.path = path
        self.state = state
        self.saved = True
        for change in (Change.STRUCTURES, Change.CONTOURS, Change.RESULT, Change.STATUS):
            self._tell(change)

    def resume(self, history: History) -> None:
        """Go on with steps that were recovered: nothing of them is saved.

        Raises:
            LockedError: The case was submitted or approved.
            ContourError: A contour lies on a slice beyond the image.
        """
        self.require_editable()
        for contour in history.current.contours:
            self.placements.of(contour)
        self.history = history
        self.saved = False
        for change in (Change.STRUCTURES, Change.CONTOURS, Change.STATUS):
            self._tell(change)

    def set_author(self, author: str) -> None:
        """Name who draws."""
        self.author = author.strip()
        self._tell(Change.STATUS)

    def mark_saved(self, path: Path) -> None:
        """Remember that memory and disk agree."""
        self.path = path
        self.saved = True
        self._saved_as = self.history.current
        self.steps = ()
        if self.state in (State.ASSIGNED, State.CHANGES_REQUESTED):
            self.state = State.IN_PROGRESS
        self._tell(Change.STATUS)

    def mark_state(self, state: State, look_only: LookOnly | None = None) -> None:
        """Remember how far the sign-off has come, and why nobody works on it now."""
        self.state = state
        self.look_only = look_only or self.look_only
        self._tell(Change.STATUS)

    def _moved(self, how: str, step: DrawnStep, before: Delineation) -> None:
        now = self.delineation
        self.saved = self.history.current is self._saved_as and not self.steps
        for listener in tuple(self._step_listeners):
            listener(how, step)
        if now.structures != before.structures or now.locked != before.locked:
            self._tell(Change.STRUCTURES)
        self._tell(Change.CONTOURS)

    def _tell(self, change: Change) -> None:
        for listener in tuple(self._listeners):
            listener(change)
