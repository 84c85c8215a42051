"""Paths → a case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from medseg.errors import InputError
from medseg.progress import Progress, silent
from medseg.workflows.list_volumes import ListedVolume, list_volumes, only_volume
from medseg.workflows.open_image import open_image, open_listed
from medseg.workflows.open_label_map import SavedLabelMap, open_label_map
from napari_medseg.case import Case, Result
from napari_medseg.signing import state_of

NIFTI_SUFFIXES = (".nii.gz", ".nii")


@dataclass(frozen=True, eq=False)
class OpenedLabelMap:
    """A label map and where it was found."""

    saved: SavedLabelMap
    path: Path


def is_label_map(path: Path) -> bool:
    """Whether a path names a label map: a NIfTI file called ``*_dseg``, or one with a structure table."""
    if not path.name.endswith(NIFTI_SUFFIXES):
        return False
    stem = _stem(path)
    return stem.endswith("_dseg") or path.with_name(f"{stem}.tsv").exists()


def read_label_map(path: Path) -> OpenedLabelMap:
    """Read a label map with its contours and its record.

    Raises:
        InputError: The file or a sidecar is damaged.
    """
    return OpenedLabelMap(open_label_map(path), path)


@dataclass(frozen=True, eq=False)
class Choice:
    """A folder that holds several volumes, or a series of volumes, of which one is to be opened.

    Attributes:
        listed: Everything that it holds.
        path: The folder.
        label_map: What is to be put on the chosen volume.
    """

    listed: tuple[ListedVolume, ...]
    path: Path
    label_map: OpenedLabelMap | None = None


def open_path(path: Path, progress: Progress = silent) -> Case | Choice:
    """Open a DICOM folder or a NIfTI file as a new case, or say what there is to choose from.

    Raises:
        InputError: It holds no image, or only one, which can't be read as a volume.
    """
    path = path.resolve()
    if path.is_file() and path.name.endswith(NIFTI_SUFFIXES):
        return Case(open_image(path, progress=progress), _stem(path))
    listed = list_volumes(path, progress=progress)
    only = only_volume(listed)
    if only is None or only.count > 1:
        return Choice(listed, path)
    return Case(open_listed(only, progress=progress), _stem(path))


def open_image_case(path: Path, progress: Progress = silent) -> Case:
    """Open a DICOM folder or a NIfTI file, which leave no choice, as a new case.

    Raises:
        InputError: It is not one readable volume.
    """
    path = path.resolve()
    return Case(open_image(path, progress=progress), _stem(path))


def open_chosen(choice: Choice, chosen: ListedVolume, time_index: int, progress: Progress = silent) -> Case:
    """Open one of the volumes of a choice.

    The case is named by the folder and the id of the volume, so that two volumes of a folder are not saved
    under one name; the id says nothing about the patient.

    Args:
        choice: What there was to choose from.
        chosen: One of its volumes.
        time_index: Which volume of a series.
        progress: Told before each slice.

    Raises:
        MedsegError: It can't be read after all, or the label map does not lie on its grid.
    """
    parts = [_stem(choice.path), chosen.summary.id]
    if chosen.count > 1:
        parts.append(f"vol{time_index + 1}")
    volume = open_listed(chosen, time_index=time_index, progress=progress)
    case = Case(volume, "_".join(parts))
    if choice.label_map is not None:
        put_on(case, choice.label_map)
    return case


def open_case(paths: Sequence[Path], progress: Progress = silent) -> Case | Choice:
    """Open an image, and the label map among the paths on it.

    Raises:
        InputError: There is no image, more than one, or more than one label map.
        GridMismatchError: The label map does not lie on the image's grid.
    """
    label_maps = [path for path in paths if is_label_map(path)]
    images = [path for path in paths if path not in label_maps]
    if len(images) != 1 or len(label_maps) > 1:
        raise InputError(
            f"expected one image and at most one label map, got {len(images)} and {len(label_maps)}",
            hint="name the folder or file of the image, then the label map (*_dseg.nii.gz)",
        )
    opened = open_path(images[0], progress)
    if not label_maps:
        return opened
    label_map = read_label_map(label_maps[0])
    if isinstance(opened, Choice):
        return replace(opened, label_map=label_map)
    put_on(opened, label_map)
    return opened


def put_on(case: Case, opened: OpenedLabelMap) -> None:
    """Put a label map from disk on a case.

    Raises:
        GridMismatchError: It does not lie on the image's grid.
    """
    saved = opened.saved
    saved.label_map.grid.require_same_as(case.volume.grid, "label map and image")
    record = saved.record
    completed, notes = (record.completed, record.notes) if record else ({}, ())
    result = Result(saved.label_map, saved.contours, completed, notes)
    case.load(result, opened.path.resolve(), state_of(opened.path))
    if record:
        case.set_author(record.author)


def _stem(path: Path) -> str:
    for suffix in NIFTI_SUFFIXES:
        if path.name.endswith(suffix):
            return path.name.removesuffix(suffix)
    return path.name
