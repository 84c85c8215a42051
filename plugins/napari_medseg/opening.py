"""Paths → a case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from medseg.contour import OtherTimePoints
from medseg.errors import InputError, NotOneVolumeError
from medseg.progress import Progress, silent
from medseg.volume import Volume
from medseg.workflows.exchange.formats import format_to_read
from medseg.workflows.import_label_map import Imported
from medseg.workflows.list_volumes import ListedVolume, list_volumes, only_volume
from medseg.workflows.open_image import open_image, open_listed
from medseg.workflows.open_label_map import SavedLabelMap, open_label_map
from medseg.workflows.time_points import TimePoints
from napari_medseg.case import Case, Result
from napari_medseg.signing import state_of

NIFTI_SUFFIXES = (".nii.gz", ".nii")

NRRD_SUFFIXES = (".nrrd", ".nhdr")
"""``.seg.nrrd`` among them."""


@dataclass(frozen=True, eq=False)
class OpenedLabelMap:
    """A label map and where it was found."""

    saved: SavedLabelMap
    path: Path


@dataclass(frozen=True, eq=False)
class OpenedStructures:
    """Structures of another program's file on a grid of their own, and where they were found."""

    imported: Imported
    path: Path


def is_label_map(path: Path) -> bool:
    """Whether a path names a label map: a NIfTI file called ``*_dseg``, or one with a structure table."""
    if not path.name.endswith(NIFTI_SUFFIXES):
        return False
    stem = _stem(path)
    return stem.endswith("_dseg") or path.with_name(f"{stem}.tsv").exists()


def is_structures(path: Path) -> bool:
    """Whether a path names structures in a file of another program: NRRD, DICOM SEG or RT structure set.

    A DICOM file has any name, so that its first bytes decide whether it is looked into.
    """
    if not path.is_file() or path.name.endswith(NIFTI_SUFFIXES):
        return False
    if path.name.lower().endswith(NRRD_SUFFIXES):
        return True
    if not _is_dicom(path):
        return False
    try:
        format_to_read(path)
    except InputError:
        return False
    return True


def _is_dicom(path: Path) -> bool:
    """Whether a file begins as a DICOM file does (PS3.10 section 7.1); quick, without reading it."""
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


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
        structures: A file of another program whose structures are then to be brought in.
    """

    listed: tuple[ListedVolume, ...]
    path: Path
    label_map: OpenedLabelMap | None = None
    structures: Path | None = None


def open_path(path: Path, progress: Progress = silent) -> Case | Choice:
    """Open a DICOM folder or a NIfTI file as a new case, or say what there is to choose from.

    Raises:
        InputError: It holds no image, or only one, which can't be read as a volume.
    """
    path = path.resolve()
    if path.is_file() and path.name.endswith(NIFTI_SUFFIXES):
        return _nifti_case(path, progress)
    listed = list_volumes(path, progress=progress)
    only = only_volume(listed)
    if only is None or only.count > 1:
        return Choice(listed, path)
    return _case(open_listed(only, progress=progress), path)


def open_image_case(path: Path, progress: Progress = silent) -> Case:
    """Open a DICOM folder or a NIfTI file, which leave no choice, as a new case.

    Raises:
        InputError: It is not one readable volume.
    """
    path = path.resolve()
    return _case(open_image(path, progress=progress), path)


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
    volume = open_listed(chosen, time_index=time_index, progress=progress)
    case = _case(volume, choice.path, name_of_chosen(choice, chosen, time_index))
    case.listed_beside = choice.listed
    take_time_points(case, TimePoints.of_listed(chosen), time_index)
    if choice.label_map is not None:
        put_on(case, choice.label_map)
    return case


def name_of_chosen(choice: Choice, chosen: ListedVolume, time_index: int) -> str:
    """What the case of one of the volumes of a choice is called."""
    parts = [_stem(choice.path), chosen.summary.id]
    if chosen.count > 1:
        parts.append(f"vol{time_index + 1}")
    return "_".join(parts)


@dataclass(frozen=True)
class ToOpen:
    """Paths sorted by what they name.

    Attributes:
        image: The image.
        label_map: A label map of medseg to be put on it, or None.
        structures: A file of another program whose structures are to be brought in, or None.
    """

    image: Path
    label_map: Path | None = None
    structures: Path | None = None

    @classmethod
    def of(cls, paths: Sequence[Path]) -> ToOpen:
        """Sort paths.

        Raises:
            InputError: There is no image, more than one, or more than one file to put on it.
        """
        label_maps = [path for path in paths if is_label_map(path)]
        structures = [path for path in paths if is_structures(path)]
        images = [path for path in paths if path not in label_maps and path not in structures]
        upon = len(label_maps) + len(structures)
        if len(images) != 1 or upon > 1:
            raise InputError(
                f"expected one image and at most one label map, got {len(images)} and {upon}",
                hint="name the folder or file of the image, then the label map (*_dseg.nii.gz) or a file of "
                "another program (.seg.nrrd, .nrrd, DICOM SEG or RT structure set)",
            )
        return cls(images[0], *label_maps, **({"structures": structures[0]} if structures else {}))


def open_case(paths: Sequence[Path], progress: Progress = silent) -> Case | Choice:
    """Open an image, and the label map among the paths on it.

    A file of another program is not read here: whether to resample it is a question that a window asks.

    Raises:
        InputError: There is no image, more than one, or more than one label map.
        GridMismatchError: The label map does not lie on the image's grid.
    """
    named = ToOpen.of(paths)
    opened = open_path(named.image, progress)
    label_map = read_label_map(named.label_map) if named.label_map else None
    if isinstance(opened, Choice):
        return replace(opened, label_map=label_map, structures=named.structures)
    if label_map is not None:
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
    models = record.models if record else {}
    result = Result(saved.label_map, saved.contours, completed, notes, models=models)
    case.label_map_warnings = saved.warnings
    _show_time_of(case, saved.other_time_points)
    case.load(result, opened.path.resolve(), state_of(opened.path), saved.other_time_points)
    if record:
        case.set_author(record.author)


def take_time_points(case: Case, points: TimePoints | None, time_index: int) -> None:
    """Let the other volumes of a 4-D image be looked at.

    Args:
        case: A case of one of its volumes.
        points: All of them; None for a 3-D image.
        time_index: Which one the case shows.
    """
    if points is not None:
        points.take(time_index, case.volume)
        case.time_points, case.time_index = points, time_index


def _show_time_of(case: Case, others: OtherTimePoints | None) -> None:
    """Bring the time point into view that a label map is of.

    Raises:
        InputError: The image has no such time point.
    """
    points = case.time_points
    if points is not None and others is not None and others.shown != case.time_index:
        case.show_time(others.shown, points.volume(others.shown))


def _nifti_case(path: Path, progress: Progress) -> Case:
    """A 3-D file, or the first volume of a 4-D one."""
    try:
        return _case(open_image(path, progress=progress), path)
    except NotOneVolumeError as error:
        if error.details.get("reason") != "4d":
            raise
    points = TimePoints.of_path(path, progress)
    if points is None:
        return _case(open_image(path, time_index=0, progress=progress), path)
    case = _case(points.volume(0), path)
    take_time_points(case, points, 0)
    return case


def _case(volume: Volume, path: Path, name: str = "") -> Case:
    case = Case(volume, name or _stem(path))
    case.image_path = path
    return case


def _stem(path: Path) -> str:
    for suffix in NIFTI_SUFFIXES:
        if path.name.endswith(suffix):
            return path.name.removesuffix(suffix)
    return path.name
