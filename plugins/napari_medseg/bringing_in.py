"""A file of another program → structures of the open case, beside those that it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from medseg.contour import ContourSet
from medseg.errors import GridMismatchError, InputError
from medseg.labelmap import LabelMap, Structure, structure_id_for
from medseg.progress import Progress, silent
from medseg.volume import Volume
from medseg.workflows.import_label_map import Imported, Step, import_steps, read_structures
from napari_medseg.case import Case, Result
from napari_medseg.completing import Snapshot
from napari_medseg.saving import result_to_save

OTHER_GRID = "other-grid"
"""The stable word for voxels on another grid, which may be resampled on request."""


@dataclass(frozen=True, eq=False)
class BringIn:
    """What is to be brought in, and what the case held when that was asked for.

    Attributes:
        path: The file of another program.
        image: The image of the case.
        snapshot: The structures and contours of the case.
        current: Its label map, where that was made from these contours.
    """

    path: Path
    image: Volume
    snapshot: Snapshot
    current: Result | None

    @classmethod
    def into(cls, case: Case, path: Path) -> BringIn:
        """Ask for a file to be brought into a case.

        Raises:
            LockedError: The case was submitted or approved.
        """
        case.require_editable()
        current = case.result if case.result_is_current else None
        return cls(path, case.volume, Snapshot.of(case), current)

    def read(self, progress: Progress = silent, *, resample: bool = False) -> BroughtIn:
        """Read the file, on the grid of the image.

        Args:
            progress: Called between the steps.
            resample: Whether voxels on another grid are resampled with nearest neighbour.

        Raises:
            GridMismatchError: The file's grid differs (its ``reason`` is :data:`OTHER_GRID` where resampling
                may be asked for), or it lies in another frame of reference, or outside of the image.
            MedsegError: As :func:`~medseg.workflows.import_label_map.read_structures`.
        """
        progress(f"Reading {self.path.name}", 0, 0)
        imported = read_structures(self.path, image=self.image, resample=resample)
        if not imported.label_map.structures:
            raise InputError(f"{self.path.name} holds no structure", reason="no-structures")
        before = self.current
        if before is None and self.snapshot.delineation.structures:
            before = result_to_save(self.snapshot, progress)
        return joined(before, imported)

    def accept(self, case: Case, brought_in: BroughtIn) -> None:
        """Add what was read to the case.

        Raises:
            InputError: The case was edited meanwhile.
            LockedError: It was submitted or approved meanwhile.
        """
        if case.delineation is not self.snapshot.delineation:
            raise InputError(
                f"the case was edited while {self.path.name} was read: nothing was brought in",
                hint="open the file again",
                reason="edited-meanwhile",
            )
        case.bring_in(brought_in.result, brought_in.notes, brought_in.steps)


@dataclass(frozen=True, eq=False)
class BroughtIn:
    """The structures of a case with those of a file.

    Attributes:
        result: All of them.
        notes: What a user should know of the file, one sentence each.
        steps: What the record is to tell of it; by whom is known when it is saved.
    """

    result: Result
    notes: tuple[str, ...]
    steps: tuple[Step, ...]


def joined(before: Result | None, imported: Imported) -> BroughtIn:
    """Structures of a file beside those of a case.

    They lie in layers of their own, so that neither takes a voxel from the other, now or later. A structure
    whose name is taken gets a number, and one whose label is taken, in whatever layer, the next free one:
    BIDS knows a structure by its label alone.
    """
    steps = import_steps(imported, author=imported.author, at=datetime.now().astimezone())
    if before is None:
        alone = Result(imported.label_map, imported.contours, {}, imported.notes)
        return BroughtIn(alone, imported.notes, steps)
    renamed, called = _renamed(imported.label_map.structures, before.label_map)
    notes = (*imported.notes, *called)
    contours = (c.with_structure(renamed[c.structure_id].id) for c in imported.contours)
    label_map = LabelMap.painted(
        before.label_map.grid,
        (*before.label_map.layers, *_relabelled(imported.label_map, renamed)),
        (*before.label_map.structures, *renamed.values()),
    )
    together = Result(
        label_map,
        ContourSet((*before.contours, *contours)),
        before.completed,
        (*before.notes, *notes),
        models=before.models,
    )
    return BroughtIn(together, notes, steps)


def may_resample(error: Exception) -> bool:
    """Whether an error says that voxels lie on another grid, onto which they can be resampled."""
    return isinstance(error, GridMismatchError) and error.details.get("reason") == OTHER_GRID


def _renamed(
    structures: Sequence[Structure], before: LabelMap
) -> tuple[dict[str, Structure], tuple[str, ...]]:
    """By its id in the file each structure as it is called in the case, and what to say of it."""
    names = {s.name.casefold() for s in before.structures}
    ids = {s.id for s in before.structures}
    labels = {s.label for s in before.structures}
    new_ids: dict[str, str] = {}
    found: dict[str, Structure] = {}
    notes = []
    for structure in structures:
        name = _free_name(structure.name, names)
        if name != structure.name:
            notes.append(f"{structure.name}: there is one already, so that of the file is called {name}")
        names.add(name.casefold())
        new_ids[structure.id] = structure.id if structure.id not in ids else structure_id_for(name, ids)
        ids.add(new_ids[structure.id])
        layer = structure.layer + len(before.layers)
        label = structure.label if structure.label not in labels else max(labels) + 1
        labels.add(label)
        called = Structure(new_ids[structure.id], name, label, structure.color, structure.code, layer=layer)
        found[structure.id] = called
    for structure in structures:
        if structure.part_of is not None:
            whole = new_ids[structure.part_of]
            found[structure.id] = replace(found[structure.id], part_of=whole)
    return found, tuple(notes)


def _relabelled(
    label_map: LabelMap, renamed: Mapping[str, Structure]
) -> Iterator[npt.NDArray[np.uint8 | np.uint16]]:
    """The layers of a file with the labels that its structures have in the case."""
    for number, layer in enumerate(label_map.layers):
        new_label = np.zeros(np.iinfo(layer.dtype).max + 1, dtype=np.uint16)
        for structure in label_map.structures:
            if structure.layer == number:
                new_label[structure.label] = renamed[structure.id].label
        smallest = np.uint8 if new_label.max() <= np.iinfo(np.uint8).max else np.uint16
        yield new_label.astype(smallest)[layer]


def _free_name(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free.casefold() in taken:
        number += 1
        free = f"{name} {number}"
    return free
