"""Paths → a case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medseg.errors import InputError
from medseg.progress import Progress, silent
from medseg.workflows.open_image import open_image
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


def open_image_case(path: Path, progress: Progress = silent) -> Case:
    """Open a DICOM folder or a NIfTI file as a new case.

    Raises:
        InputError: It is not one readable volume.
    """
    path = path.resolve()
    return Case(open_image(path, progress=progress), _stem(path))


def open_case(paths: Sequence[Path], progress: Progress = silent) -> Case:
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
    case = open_image_case(images[0], progress)
    for path in label_maps:
        put_on(case, read_label_map(path))
    return case


def put_on(case: Case, opened: OpenedLabelMap) -> None:
    """Put a label map from disk on a case.

    Raises:
        GridMismatchError: It does not lie on the image's grid.
    """
    saved = opened.saved
    saved.label_map.grid.require_same_as(case.volume.grid, "label map and image")
    record = saved.record
    method, notes = (record.method, record.notes) if record else (None, ())
    result = Result(saved.label_map, saved.contours, method, notes)
    case.load(result, opened.path.resolve(), state_of(opened.path))
    if record:
        case.set_author(record.author)


def _stem(path: Path) -> str:
    for suffix in NIFTI_SUFFIXES:
        if path.name.endswith(suffix):
            return path.name.removesuffix(suffix)
    return path.name
