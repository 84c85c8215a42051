"""A history as the records of a journal; :mod:`.journal_replay` makes it a history again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from medseg.contour import Contour
from medseg.io.drawing_records import (
    completed_record,
    contour_record,
    grid_record,
    label_map_record,
    structure_record,
)
from medseg.labelmap import LabelMap
from medseg.provenance.source_digest import source_sha256
from medseg.provenance.step import Step as Import
from medseg.space import Grid
from medseg.volume import Source
from medseg.workflows.delineate.delineation import Delineation
from medseg.workflows.delineate.history import History, Step

SCHEMA = "medseg-drawing-journal/1"

Record = dict[str, Any]


@dataclass(frozen=True)
class About:
    """What a journal belongs to.

    Attributes:
        case: What the case is called.
        grid: The grid of its image.
        image: Where its image was opened; None where it came from nowhere on disk.
        image_sha256: Digest of the image's files; None where nothing is known of them.
        label_map: Where it is saved; None where it was not.
        label_map_sha256: Digest of that file as it was opened or saved; None where it was not.
        author: Printed name of who draws.
        time_index: Which time point was in view; None for a 3-D image.
        is_of_study: Whether the label map is a working copy of a study, which hands it out.
        imports: What was brought in that the record of the next save has to tell.
    """

    case: str
    grid: Grid
    image: Path | None = None
    image_sha256: str | None = None
    label_map: Path | None = None
    label_map_sha256: str | None = None
    author: str = ""
    time_index: int | None = None
    is_of_study: bool = False
    imports: tuple[Import, ...] = ()


def image_digest(source: Source) -> str | None:
    """One digest for all files of an image; None where none is known."""
    return source_sha256(source)


@dataclass(frozen=True, eq=False)
class Moment:
    """All that a journal has to hold at one moment: it can be written anew from this.

    Attributes:
        about: What it belongs to.
        start: The delineation before the first step that is remembered.
        steps: The steps, those that were undone among them.
        position: How many of them are done.
        saved_as: What was saved last; None where nothing was.
    """

    about: About
    start: Delineation
    steps: tuple[Step, ...]
    position: int
    saved_as: Delineation | None

    @classmethod
    def of(cls, about: About, history: History, saved_as: Delineation | None) -> Moment:
        """This moment."""
        return cls(about, history.start, history.steps, history.position, saved_as)

    @property
    def current(self) -> Delineation:
        """What there is."""
        return self.steps[self.position - 1].after if self.position else self.start

    @property
    def unsaved_steps(self) -> int:
        """How many steps lie between what there is and what was saved; 0 where that is the same."""
        if self.current is self.saved_as:
            return 0
        states = [self.start, *(step.after for step in self.steps)]
        saved = next((n for n, state in enumerate(states) if state is self.saved_as), None)
        if saved is None:
            return max(self.position, 1)
        return abs(self.position - saved)


class Writer:
    """Turns what is done into records. Steps must come in their order.

    A step says only what it changed; of the contours, which of those before it stay, and those that are new.
    """

    def __init__(self) -> None:
        self._label_maps: list[LabelMap] = []

    def whole(self, moment: Moment) -> Iterator[Record]:
        """The records of a journal that is begun anew."""
        self._label_maps.clear()
        yield about_record(moment.about)
        yield from self._with_voxels("start", self._difference(Delineation(), moment.start), moment.start)
        states = [moment.start, *(step.after for step in moment.steps)]
        for number, state in enumerate(states):
            if number:
                yield from self.step(moment.steps[number - 1])
            if state is moment.saved_as:
                yield saved_record()
        if moment.position < len(moment.steps):
            yield moved_record(len(moment.steps) - moment.position)

    def step(self, step: Step) -> Iterator[Record]:
        """The records of a step that was done."""
        changed = {"label": step.label, **self._difference(step.before, step.after)}
        yield from self._with_voxels("step", changed, step.after)

    def _with_voxels(self, kind: str, changed: Record, after: Delineation) -> Iterator[Record]:
        if "voxels" in changed and after.voxels is not None:
            number = self._number_of(after.voxels)
            if number is None:
                number = len(self._label_maps)
                self._label_maps.append(after.voxels)
                yield {"kind": "voxels", "at": _now(), **label_map_record(after.voxels)}
            changed["voxels"] = number
        yield {"kind": kind, "at": _now(), **changed}

    def _number_of(self, label_map: LabelMap) -> int | None:
        return next((n for n, one in enumerate(self._label_maps) if one is label_map), None)

    def _difference(self, before: Delineation, after: Delineation) -> Record:
        changed: Record = {}
        if after.structures != before.structures:
            changed["structures"] = [structure_record(s) for s in after.structures]
        if after.contours is not before.contours:
            changed["contours"] = _edited(before.contours.contours, after.contours.contours)
        if after.completed != before.completed:
            changed["completed"] = completed_record(after.completed)
        if after.models != before.models:
            changed["models"] = {structure_id: one.as_dict() for structure_id, one in after.models.items()}
        if after.locked != before.locked:
            changed["locked"] = sorted(after.locked)
        if after.notes != before.notes:
            changed["notes"] = list(after.notes)
        if after.voxels is not before.voxels:
            changed["voxels"] = None
        return changed


def moved_record(undone: int) -> Record:
    """The record of steps that were undone or done again: how many of the last ones are undone now."""
    return {"kind": "moved", "at": _now(), "undone": undone}


def saved_record() -> Record:
    """The record that what there is now was saved."""
    return {"kind": "saved", "at": _now()}


def about_record(about: About) -> Record:
    """The record of what the journal belongs to; the last one counts."""
    return {
        "kind": "about",
        "schema": SCHEMA,
        "at": _now(),
        "case": about.case,
        "grid": grid_record(about.grid),
        "image": _path_text(about.image),
        "image_sha256": about.image_sha256,
        "label_map": _path_text(about.label_map),
        "label_map_sha256": about.label_map_sha256,
        "author": about.author,
        "time_index": about.time_index,
        "is_of_study": about.is_of_study,
        "imports": [one.as_dict() for one in about.imports],
    }


def _edited(before: Sequence[Contour], after: Sequence[Contour]) -> list[Any]:
    """Contours as those of before, ``[first, end]`` of each run of them, and new ones as they are."""
    places = {id(contour): number for number, contour in enumerate(before)}
    found: list[Any] = []
    for contour in after:
        number = places.get(id(contour))
        if number is None:
            found.append(contour_record(contour))
        elif found and isinstance(found[-1], list) and found[-1][1] == number:
            found[-1][1] = number + 1
        else:
            found.append([number, number + 1])
    return found


def _path_text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
