"""Save a label map with its sidecars."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from medseg.contour import ContourSet, Origin, OtherTimePoints, Placement, Slice, place
from medseg.errors import InputError, OutputError, OutputExistsError
from medseg.io.atomic import whole_file
from medseg.io.contours_file import write_contours
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti.extension import LabelMapNote
from medseg.io.nifti.label_map import read_note, write_layer
from medseg.io.provenance_file import read_earlier_record, write_record
from medseg.io.shear import shear_warnings
from medseg.io.structure_table import read_structure_table, write_structure_table
from medseg.labelmap import LabelMap
from medseg.provenance.record import Interpolated, Model, Record, SliceOrigins
from medseg.provenance.step import Step, StepInput
from medseg.provenance.voxel_digest import layers_sha256
from medseg.space import Grid
from medseg.volume import Source
from medseg.workflows.edit_lock import editing


def save_label_map(
    path: Path | str,
    label_map: LabelMap,
    *,
    grid: Grid,
    source: Source,
    contours: ContourSet,
    author: str,
    other_time_points: OtherTimePoints | None = None,
    completed: Mapping[str, Interpolated] | None = None,
    models: Mapping[str, Model] | None = None,
    notes: tuple[str, ...] = (),
    steps: tuple[Step, ...] = (),
    inputs: tuple[StepInput, ...] = (),
    earlier: Record | None = None,
    overwrite: bool = False,
) -> LabelMapFiles:
    """Write a label map, its structure table, its contours and its record: all of them or none.

    Args:
        path: ``*.nii.gz`` (``*_dseg.nii.gz`` for BIDS) or ``*.nii``; its folder must exist.
        label_map: What to save.
        grid: The grid of the image, on which the label map must lie.
        source: Where the image came from.
        contours: The contours that it was made from, of any origin.
        author: Printed name of who made it.
        other_time_points: Of a 4-D image which time point the voxels are of, and all other contours.
        completed: For each structure id how it was interpolated, if it was.
        models: For each structure id the model that proposed it, if one did.
        notes: What a reader of the record should know.
        steps: What happened that was not drawing, oldest first: an import, a resampling.
        inputs: Files besides the image that were used, such as a sparse label map.
        earlier: The record of the label map that was opened, where this is a copy under another name; by
            default that of the draft which is written over.
        overwrite: Whether an earlier draft may be replaced. What was submitted or approved is not, ever.

    Raises:
        GridMismatchError: The label map does not lie on the image's grid.
        InputError: ``path`` is named as a layer of another label map; reason ``layer-name``.
        LockedError: The file there was submitted or approved.
        OutputExistsError: A file is there and ``overwrite`` is not set.
        OutputError: The disk is full, the folder can't be written.
    """
    label_map.grid.require_same_as(grid, "label map and image")
    files = LabelMapFiles(Path(path))
    if files.is_named_as_layer:
        raise InputError(
            f"{files.nifti.name} is what a layer of another label map is called",
            hint="choose a name that does not end in _layer-1 or the like",
            reason="layer-name",
        )
    record = Record(
        author=author,
        created=datetime.now().astimezone(),
        source=source,
        voxels_sha256=layers_sha256(label_map.layers),
        structures=_slice_origins(label_map, contours, proposed=set(models or {}) - set(completed or {})),
        completed=completed or {},
        models=models or {},
        notes=(*notes, *shear_warnings(grid)),
    )
    with editing(files):
        _require_free(files, overwrite=overwrite)
        # Nobody else saves between: the story goes on from the draft that is written over.
        record = record.following(earlier or read_earlier_record(files.provenance), steps, inputs=inputs)
        drawn = _Drawn(contours, other_time_points)
        _write(files, label_map, drawn, record, overwrite=overwrite)
    return files


@dataclass(frozen=True, eq=False)
class _Drawn:
    contours: ContourSet
    other_time_points: OtherTimePoints | None


def _write(
    files: LabelMapFiles, label_map: LabelMap, drawn: _Drawn, record: Record, *, overwrite: bool
) -> None:
    revision = _revision_of(files.nifti) + 1
    further = range(1, len(label_map.layers))
    with ExitStack() as stack:
        # Everything is written to temporary files first. They are renamed in reverse order, the label
        # map last: where it is, its sidecars are.
        voxels, structures, contours, made, *layers = (
            stack.enter_context(whole_file(target, overwrite=overwrite))
            for target in (
                files.nifti,
                files.structures,
                files.contours,
                files.provenance,
                *map(files.layer, further),
            )
        )
        for number, path in enumerate((voxels, *layers)):
            write_layer(label_map, number, path, subject=record.source.subject, revision=revision)
        write_structure_table(label_map.structures, structures)
        write_contours(
            drawn.contours,
            contours,
            voxels_sha256=record.voxels_sha256,
            other_time_points=drawn.other_time_points,
        )
        write_record(record, made)
    _remove(path for number, path in files.further_layers().items() if number not in further)


def _remove(left_over: Iterable[Path]) -> None:
    for path in left_over:
        try:
            path.unlink()
        except OSError as error:
            raise OutputError(
                f"the label map was saved, but a layer of the earlier draft is left over: {path.name} could "
                f"not be removed ({error.strerror or error})",
                hint="move it away",
                path=str(path),
            ) from error


def _revision_of(nifti: Path) -> int:
    """How often the draft that is written over was saved; 0 where there is none, or none of ours."""
    note = _note_of(nifti)
    return note.revision if note else 0


def _note_of(nifti: Path) -> LabelMapNote | None:
    try:
        return read_note(nifti) if nifti.exists() else None
    except InputError:
        return None


def _require_free(files: LabelMapFiles, *, overwrite: bool) -> None:
    # Asked for all before any of them is written.
    targets = (files.nifti, files.structures, files.contours, files.provenance)
    for target in (*targets, *files.further_layers().values()):
        if target.exists() and not overwrite:
            raise OutputExistsError(
                f"{target.name} exists already", hint="choose another name", path=str(target)
            )
    _require_own_layers(files)


def _require_own_layers(files: LabelMapFiles) -> None:
    """Refuse to write over or to remove a file that has the name of a layer and is none of this label map."""
    named = _layers_named(files)
    for number, path in files.further_layers().items():
        note = _note_of(path)
        if note.layer != number if note else number not in named:
            raise OutputExistsError(
                f"{path.name} is no layer of {files.nifti.name}, but has the name of one",
                hint="move it away, or choose another name",
                path=str(path),
            )


def _layers_named(files: LabelMapFiles) -> set[int]:
    """The layers that the table of the draft names: another program may have dropped the notes."""
    try:
        structures = read_structure_table(files.structures) if files.structures.exists() else ()
    except InputError:
        return set()
    return {structure.layer for structure in structures}


def _slice_origins(
    label_map: LabelMap, contours: ContourSet, proposed: Collection[str]
) -> dict[str, SliceOrigins]:
    origins = {
        structure.id: _origins_of(label_map.mask(structure.id), contours.of(structure.id), label_map.grid)
        for structure in label_map.structures
    }
    # Slices without any contour of a structure that a model proposed are the model's.
    for structure_id in origins.keys() & proposed:
        one = origins[structure_id]
        origins[structure_id] = replace(one, interpolated=(), assisted=(*one.assisted, *one.interpolated))
    return origins


def _origins_of(mask: npt.NDArray[np.bool_], contours: ContourSet, grid: Grid) -> SliceOrigins:
    placed: dict[Origin, set[Placement]] = {origin: set() for origin in Origin}
    for contour in contours:
        placed[contour.origin].add(place(contour, grid))
    constrained = placed[Origin.DRAWN] | placed[Origin.IMPORTED] | placed[Origin.ASSISTED]
    axes = {where.axis for where in constrained}
    # Of a structure that was drawn on planes of several directions the axial slices are told.
    axis = axes.pop() if len(axes) == 1 else 0
    others = tuple(a for a in range(3) if a != axis)
    filled = [Slice(axis, int(index)) for index in np.flatnonzero(mask.any(axis=others))]
    return SliceOrigins(
        drawn=_in_order(placed[Origin.DRAWN]),
        imported=_in_order(placed[Origin.IMPORTED]),
        interpolated=tuple(str(where) for where in filled if where not in constrained),
        assisted=_in_order(placed[Origin.ASSISTED]),
    )


def _in_order(planes: set[Placement]) -> tuple[str, ...]:
    def position(where: Placement) -> tuple[int, float]:
        return where.axis, where.index if isinstance(where, Slice) else where.offset

    return tuple(str(where) for where in sorted(planes, key=position))
