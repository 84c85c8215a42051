"""The images that a DICOM object of ours refers to: their whole headers, in the order of the slices."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medseg.errors import GeometryError, UnreadableFileError, UnsupportedImageError
from medseg.io.dicom.header import ImageHeader
from medseg.io.dicom.plan import VolumePlan
from medseg.space import Grid

if TYPE_CHECKING:
    from pydicom import Dataset

NEEDED_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")
"""Without any of these nothing can refer to an image (PS3.3 C.7.2.1, C.7.3.1, C.12.1, C.7.4.1)."""


@dataclass(frozen=True, eq=False)
class DicomReference:
    """The series that structures were drawn on, as far as another DICOM object must repeat it.

    The headers name the patient: a DICOM object that belongs to the series has to.

    Attributes:
        grid: Where the voxels of the images lie.
        slices: The files' headers, without pixels. Of single-frame images one for each ``k``, in its order;
            of a multi-frame image the only one.
        frames: Of a multi-frame image the number of the frame, from 1, at each ``k``; else empty.
    """

    grid: Grid
    slices: tuple[Dataset, ...]
    frames: tuple[int, ...] = ()

    @property
    def is_multi_frame(self) -> bool:
        """Whether all slices lie in one file."""
        return bool(self.frames)

    @property
    def first(self) -> Dataset:
        """The header that says who the patient is and what the study."""
        return self.slices[0]

    def slice_at(self, k: int) -> Dataset:
        """The header of the file that holds slice ``k``."""
        return self.slices[0 if self.is_multi_frame else k]


def read_reference(plan: VolumePlan, volume_index: int = 0) -> DicomReference:
    """Read the headers of exactly the files that a volume comes from.

    Args:
        plan: What the images are, see :func:`~medseg.io.dicom.read.plan_one`.
        volume_index: Which volume of a series of several.

    Raises:
        GeometryError: The voxels were or would be resampled: they don't lie on the images any more.
        UnsupportedImageError: The slices are tiles of one image, or lie in several multi-frame files; or an
            image lacks one of :data:`NEEDED_UIDS`.
        UnreadableFileError: A file is damaged, or not the one any more that was planned.
    """
    _require_as_acquired(plan)
    headers = plan.volumes[volume_index]
    _require_frames_of_their_own(headers)
    if headers[0].frames > 1:
        frames = tuple(header.frame + 1 for header in headers)
        return DicomReference(plan.grid, (_read(headers[0]),), frames)
    return DicomReference(plan.grid, tuple(map(_read, headers)))


def _require_as_acquired(plan: VolumePlan) -> None:
    change = "evened out" if plan.even is not None else "desheared" if plan.deshear else ""
    if change:
        raise GeometryError(
            f"expected a label map on the slices as they were acquired, but the volume was {change}",
            hint="a DICOM object refers to the images themselves: draw on the series as stored, or export to "
            "NIfTI or NRRD",
            reason="resampled-source",
        )


def _require_frames_of_their_own(headers: Sequence[ImageHeader]) -> None:
    if any(header.tile is not None for header in headers):
        raise UnsupportedImageError(
            "the slices are tiles of a mosaic, to which no DICOM object can refer one by one",
            hint="export to NIfTI or NRRD",
            reason="mosaic",
        )
    files = {header.path for header in headers}
    if len(files) > 1 and any(header.frames > 1 for header in headers):
        raise UnsupportedImageError(
            f"expected single images or one multi-frame file, found slices in {len(files)} multi-frame files",
            hint="export to NIfTI or NRRD",
            reason="several-multi-frame-files",
        )


def _read(header: ImageHeader) -> Dataset:
    # Imported here: pydicom takes a third of a second, and `medseg --help` never needs it.
    import pydicom.errors

    from medseg.io.dicom.pydicom_source import PARSE_ERRORS, lenient, read_dataset

    path = header.path
    try:
        with path.open("rb") as file, lenient():
            dataset = read_dataset(file, stop_before_pixels=True)
            missing = [name for name in NEEDED_UIDS if not dataset.get(name)]
            uid = str(dataset.get("SOPInstanceUID", ""))
            status = os.fstat(file.fileno())
    except OSError as error:
        raise _unreadable(path, error.strerror or "it can't be opened") from error
    except (pydicom.errors.InvalidDicomError, *PARSE_ERRORS) as error:
        raise _unreadable(path, "its header is damaged") from error
    if missing:
        raise UnsupportedImageError(
            f"{path.name} has no {missing[0]}: no DICOM object can refer to it",
            hint="fetch the series again without its UIDs removed, or export to NIfTI or NRRD",
            reason="no-uid",
            missing=missing,
        )
    if (status.st_size, status.st_mtime_ns) != header.stamp or uid != header.sop_instance_uid:
        raise _unreadable(path, "it is not the image any more that was looked at")
    return dataset


def _unreadable(path: Path, why: str) -> UnreadableFileError:
    return UnreadableFileError(
        f"{path.name} can't be referred to: {why}", hint="copy or export it again", reason="unreadable"
    )
