"""NIfTI label maps ↔ LabelMap."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from medseg.errors import LabelMapError, SidecarError
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.label_values import as_labels
from medseg.io.nifti.damage import damage_named
from medseg.io.nifti.digested_file import DigestedFile
from medseg.io.nifti.extension import FOREIGN, LabelMapNote, is_about_other_voxels, note_in
from medseg.io.nifti.file import decompressed, read_header, read_nifti
from medseg.io.nifti.geometry import grid_from_header
from medseg.io.nifti.values import NO_SCALING
from medseg.io.nifti.write import write_voxels
from medseg.io.structure_table import read_structure_table
from medseg.labelmap import LabelMap, Structure, labels_in
from medseg.provenance.voxel_digest import voxels_sha256
from medseg.space import Grid


def read_label_map(path: Path) -> LabelMap:
    """Read a label map, all its layers, and the structure table beside it.

    Where there is no table (a file from another program), each label becomes a structure ``Label n``.

    Raises:
        UnreadableFileError: Damaged, truncated or not NIfTI.
        LabelMapError: Voxels that are no labels: negative, fractional or above 65535; or labels that the
            table does not explain.
        SidecarError: A damaged structure table, a layer that is missing or left over.
        GridMismatchError: The layers lie on different grids.
    """
    return read_annotated_label_map(path).label_map


@dataclass(frozen=True, eq=False)
class AnnotatedLabelMap:
    """A label map and what the headers of its files say.

    Attributes:
        label_map: Structures as voxels.
        note: What the header says about the label map; None where it says nothing.
        warnings: What a careful user should know, one sentence each.
    """

    label_map: LabelMap
    note: LabelMapNote | None
    warnings: tuple[str, ...]


def read_annotated_label_map(path: Path) -> AnnotatedLabelMap:
    """Read a label map with what its headers say; see :func:`read_label_map`."""
    files = LabelMapFiles(path)
    first = _read_layer(files.nifti)
    structures = None
    paths: tuple[Path, ...] = ()
    if files.structures.exists():
        structures = read_structure_table(files.structures)
        paths = further_layer_paths(files, structures)
    read = (first, *map(_read_layer, paths))
    for layer, name in zip(read[1:], paths, strict=True):
        layer.grid.require_same_as(first.grid, f"{name.name} and {path.name}")
    if structures is None:
        structures = tuple(Structure(f"label-{n}", f"Label {n}", n) for n in labels_in(first.labels))
    label_map = LabelMap(first.grid, tuple(layer.labels for layer in read), structures)
    warnings = (FOREIGN,) if any(layer.is_noted_of_others for layer in read) else ()
    return AnnotatedLabelMap(label_map, first.note, warnings)


def further_layer_paths(files: LabelMapFiles, structures: Iterable[Structure]) -> tuple[Path, ...]:
    """The files of the layers behind the first one that a structure table names.

    Raises:
        SidecarError: One is missing, or one is there that the table does not name.
    """
    count = 1 + max((s.layer for s in structures), default=0)
    found = files.further_layers()
    for number in range(1, count):
        if number not in found:
            raise SidecarError(
                f"layer {number} of {files.nifti.name} is missing: expected {files.layer(number).name}",
                hint="restore the file from a copy",
                reason="missing-layer",
            )
    for number, path in found.items():
        if number >= count:
            raise SidecarError(
                f"{path.name} is left over: no structure of {files.nifti.name} lies in layer {number}",
                hint="move it away",
                reason="left-over-layer",
            )
    return tuple(found.values())


@dataclass(frozen=True, eq=False)
class _Layer:
    grid: Grid
    labels: npt.NDArray[Any]
    note: LabelMapNote | None
    is_noted_of_others: bool


def _read_layer(path: Path) -> _Layer:
    file = read_nifti(path)
    grid, _ = grid_from_header(file.header)
    if file.scaling != NO_SCALING:
        raise LabelMapError(f"expected labels, but {path.name} scales its numbers by {file.scaling[0]:g}")
    foreign = is_about_other_voxels(file.header, file.native)
    return _Layer(grid, as_labels(file.native), note_in(file.header), foreign)


def write_label_map(label_map: LabelMap, path: Path, *, overwrite: bool = False) -> None:
    """Write the voxels of a label map of one layer; the structure table is a file of its own.

    Raises:
        LabelMapError: The label map has several layers.
        OutputExistsError: The file exists and ``overwrite`` is not set.
        OutputError: It can't be written.
    """
    write_voxels(label_map.voxels, label_map.grid, path, overwrite=overwrite)


def read_note(path: Path) -> LabelMapNote | None:
    """What the header of a NIfTI file says about the label map, without a look at its voxels.

    Raises:
        UnreadableFileError: Damaged or not NIfTI.
    """
    with damage_named(path), path.open("rb") as raw:
        return note_in(read_header(decompressed(DigestedFile(raw), path)))


def write_layer(
    label_map: LabelMap, number: int, path: Path, *, subject: str | None = None, revision: int = 1
) -> None:
    """Write one layer of a label map, with a note in its header.

    Args:
        label_map: The label map.
        number: Which of its layers.
        path: The file to write.
        subject: Pseudonym of the patient.
        revision: How often the label map was saved, this time included.

    Raises:
        OutputExistsError: The file exists.
        OutputError: It can't be written.
    """
    voxels = label_map.layers[number]
    note = LabelMapNote(subject, revision, number, voxels_sha256(voxels))
    write_voxels(voxels, label_map.grid, path, extension=note.encoded())
