"""The records of a journal as a history again."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from medseg.contour import Contour, ContourSet
from medseg.errors import InputError, MedsegError
from medseg.io.drawing_records import completed_of, contour_of, grid_of, label_map_of, structure_of
from medseg.labelmap import LabelMap
from medseg.provenance.checked import optional_text, texts, zoned_time
from medseg.provenance.record import Model
from medseg.provenance.step import Step as Import
from medseg.space import Grid
from medseg.workflows.delineate.delineation import Delineation
from medseg.workflows.delineate.history import History
from medseg.workflows.delineate.journal_records import SCHEMA, About, Moment, Record

DAMAGE = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, zlib.error, MedsegError)
"""What a record raises that is whole, and not what this program writes."""


class Replay:
    """A history, told anew from the records of a journal.

    Args:
        records: The records; from the first on that can't be understood they are left.
        grid: The grid of the image, if it is open; else that of the journal.

    Attributes:
        began: When the journal was begun.
        ended: When its last record was written.
        left: How many records were left.

    Raises:
        InputError: It is damaged before its first step, or of another version of the program.
    """

    def __init__(self, records: Sequence[Record], grid: Grid | None = None) -> None:
        self._grid = grid
        self._about: About | None = None
        self._history: History | None = None
        self._saved_as: Delineation | None = None
        self._label_maps: list[LabelMap] = []
        self.began = self.ended = datetime.now(UTC)
        self.left = 0
        for number, record in enumerate(records):
            try:
                self._take(record)
            except DAMAGE:
                self.left = len(records) - number
                break
        self._require_begun()

    @property
    def moment(self) -> Moment:
        """What the records lead to."""
        about, history = self._require_begun()
        return Moment.of(about, history, self._saved_as)

    @property
    def history(self) -> History:
        """The steps, to go on with."""
        return self._require_begun()[1]

    def _require_begun(self) -> tuple[About, History]:
        if self._about is None or self._history is None:
            raise InputError(
                "expected a journal of what was drawn, got one that is damaged at its beginning, or of "
                "another version of medseg",
                hint="open it with the version that wrote it; it stays where it is",
                reason="journal-damaged",
            )
        return self._about, self._history

    def _take(self, record: Record) -> None:
        kind, at = record["kind"], zoned_time(record["at"])
        if kind == "about":
            self.began = self.began if self._about else at
            self._about = _about(record, self._grid)
        elif kind == "voxels":
            about = self._about
            if about is None:
                raise KeyError("about")
            self._label_maps.append(label_map_of(record, about.grid))
        elif kind == "start":
            self._history = History(self._changed(Delineation(), record))
        else:
            self._follow(self._require_begun()[1], kind, record)
        self.ended = at

    def _follow(self, history: History, kind: str, record: Record) -> None:
        if kind == "step":
            history.do(str(record["label"]), self._changed(history.current, record))
        elif kind == "moved":
            _move(history, len(history.steps) - record["undone"])
        elif kind == "saved":
            self._saved_as = history.current
        else:
            raise ValueError(f"expected a record of a known kind, got {kind!a}")

    def _changed(self, before: Delineation, record: Mapping[str, Any]) -> Delineation:
        changes: dict[str, Any] = {}
        if "structures" in record:
            changes["structures"] = tuple(structure_of(one) for one in record["structures"])
        if "contours" in record:
            changes["contours"] = ContourSet(tuple(_edit(before.contours.contours, record["contours"])))
        if "completed" in record:
            changes["completed"] = completed_of(record["completed"])
        if "models" in record:
            changes["models"] = {str(key): Model.from_dict(one) for key, one in record["models"].items()}
        if "locked" in record:
            changes["locked"] = frozenset(texts(record["locked"]))
        if "notes" in record:
            changes["notes"] = texts(record["notes"])
        if "voxels" in record:
            number = record["voxels"]
            changes["voxels"] = None if number is None else self._label_maps[number]
        return replace(before, **changes)


def _move(history: History, position: int) -> None:
    if not 0 <= position <= len(history.steps):
        raise ValueError(f"expected a position among {len(history.steps)} steps, got {position}")
    while history.position > position:
        history.undo()
    while history.position < position:
        history.redo()


def _edit(before: Sequence[Contour], edited: Iterable[Any]) -> Iterator[Contour]:
    for one in edited:
        if isinstance(one, dict):
            yield contour_of(one)
            continue
        first, end = one
        if not 0 <= first < end <= len(before):
            raise ValueError(f"expected contours among {len(before)}, got {first} to {end}")
        yield from before[first:end]


def _about(record: Mapping[str, Any], grid: Grid | None) -> About:
    if record["schema"] != SCHEMA:
        raise InputError(f"expected a journal of the schema {SCHEMA}, got {str(record['schema'])[:80]!a}")
    return About(
        case=str(record["case"]),
        grid=grid or grid_of(record["grid"]),
        image=_path(record["image"]),
        image_sha256=optional_text(record["image_sha256"]),
        label_map=_path(record["label_map"]),
        label_map_sha256=optional_text(record["label_map_sha256"]),
        author=str(record["author"]),
        time_index=record["time_index"],
        is_of_study=bool(record["is_of_study"]),
        imports=tuple(Import.from_dict(one) for one in record["imports"]),
    )


def _path(text: object) -> Path | None:
    checked = optional_text(text)
    return None if checked is None else Path(checked)
