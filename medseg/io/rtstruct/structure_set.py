"""Open an RT structure set and find its ROIs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medseg.errors import UnreadableFileError, UnsupportedImageError
from medseg.io.dicom_seg.codes import code_in
from medseg.io.rtstruct.contour_data import StoredContour, stored_contour
from medseg.labelmap import Code

if TYPE_CHECKING:
    from pydicom import Dataset

STORAGE_UID = "1.2.840.10008.5.1.4.1.1.481.3"
"""RT Structure Set Storage."""

MAX_BYTES = 1 << 28
"""256 MiB: 5 million points. The largest structure sets of whole bodies have some 50 MB."""


@dataclass(frozen=True)
class Roi:
    """One region of interest, as the file has it.

    Attributes:
        number: ROI Number.
        name: ROI Name; may be empty.
        frame_of_reference_uid: The space of its contours; empty where the file does not say.
        contours: Its contours.
        color: ROI Display Color, red, green and blue; None where there is none.
        code: RT ROI Identification Code Sequence; None where there is none.
        interpreted_type: RT ROI Interpreted Type, such as ORGAN; may be empty.
    """

    number: int
    name: str
    frame_of_reference_uid: str
    contours: tuple[StoredContour, ...]
    color: tuple[int, int, int] | None
    code: Code | None
    interpreted_type: str


def open_structure_set(path: Path) -> Dataset:
    """Read the data set of an RT structure set.

    Raises:
        UnreadableFileError: It is not there, damaged, or not DICOM.
        UnsupportedImageError: It is another DICOM object, deflated, or larger than 256 MiB.
    """
    import pydicom.errors

    from medseg.io.dicom.pydicom_source import PARSE_ERRORS, lenient, read_dataset

    try:
        with path.open("rb") as file, lenient():
            _require_bounded(path)
            _require_not_deflated(path)
            dataset = read_dataset(file, stop_before_pixels=True)
            found = str(dataset.get("SOPClassUID") or dataset.file_meta.get("MediaStorageSOPClassUID") or "")
    except OSError as error:
        raise _unreadable(path, error.strerror or "it can't be opened") from error
    except (pydicom.errors.InvalidDicomError, *PARSE_ERRORS) as error:
        raise _unreadable(path, "it is damaged or not DICOM") from error
    if found != STORAGE_UID:
        raise UnsupportedImageError(
            f"expected an RT structure set, but {path.name} is another DICOM object ({found or 'unnamed'})",
            reason="not-an-rtstruct",
        )
    return dataset


@contextmanager
def damage_named(name: str) -> Iterator[None]:
    """Say of what pydicom finds wrong, when elements are looked at, that it is the file.

    Args:
        name: Names the file in messages.

    Raises:
        UnreadableFileError: Elements are damaged, or sequences contradict each other.
    """
    from medseg.io.dicom.pydicom_source import PARSE_ERRORS, lenient

    try:
        with lenient():
            yield
    except (OSError, *PARSE_ERRORS) as error:
        raise UnreadableFileError(
            f"{name} can't be read: what it says of its ROIs is damaged",
            hint="export it again from the program that made it",
            reason="rois",
        ) from error


def rois_of(dataset: Dataset) -> Iterator[Roi]:
    """The ROIs in the order of the Structure Set ROI Sequence; to be called inside :func:`damage_named`.

    Raises:
        Exception: One of pydicom's, or ValueError where sequences contradict each other.
    """
    contours = _by_number(dataset.get("ROIContourSequence"))
    if len(contours) != len(dataset.get("ROIContourSequence") or ()):
        raise ValueError("several items hold contours of one ROI")
    observations = _by_number(dataset.get("RTROIObservationsSequence"))
    seen: set[int] = set()
    for item in dataset.get("StructureSetROISequence") or ():
        number = int(item.ROINumber)
        if number in seen:
            raise ValueError(f"ROI number {number} occurs twice")
        seen.add(number)
        drawn = contours.get(number)
        yield Roi(
            number,
            str(item.get("ROIName") or "").strip(),
            str(item.get("ReferencedFrameOfReferenceUID") or ""),
            tuple(map(stored_contour, drawn.get("ContourSequence") or ())) if drawn is not None else (),
            _color(drawn.get("ROIDisplayColor")) if drawn is not None else None,
            *_observed(observations.get(number)),
        )
    unexplained = contours.keys() - seen
    if unexplained:
        raise ValueError(f"contours of ROI number {min(unexplained)}, which is not listed")


def _observed(observation: Dataset | None) -> tuple[Code | None, str]:
    if observation is None:
        return None, ""
    code = code_in(observation.get("RTROIIdentificationCodeSequence") or ())
    return code, str(observation.get("RTROIInterpretedType") or "").strip()


def _by_number(items: Any) -> dict[int, Dataset]:
    """Items by the ROI that they are about; the first of several, as observations may be."""
    return {int(item.ReferencedROINumber): item for item in reversed(items or ())}


def _color(value: Any) -> tuple[int, int, int] | None:
    if value is None or isinstance(value, str | int) or len(value) != 3:
        return None
    red, green, blue = (min(max(int(part), 0), 255) for part in value)
    return red, green, blue


def _require_bounded(path: Path) -> None:
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise UnsupportedImageError(
            f"expected a structure set of at most {MAX_BYTES} bytes, {path.name} has {size}",
            reason="too-large",
        )


def _require_not_deflated(path: Path) -> None:
    import pydicom.errors
    from pydicom.filereader import read_file_meta_info

    from medseg.io.dicom.walk import DEFLATED

    try:
        syntax = read_file_meta_info(path).get("TransferSyntaxUID")
    except pydicom.errors.InvalidDicomError:
        # Old archives leave out the preamble: there is nothing that could name this syntax.
        return
    if str(syntax) == DEFLATED:
        raise UnsupportedImageError(
            f"{path.name} is a deflated structure set, which may inflate without bound",
            hint="rewrite it uncompressed, for example by dcmconv +ti",
            reason="deflated",
        )


def _unreadable(path: Path, why: str) -> UnreadableFileError:
    return UnreadableFileError(
        f"{path.name} can't be read: {why}", hint="copy or export it again", reason="unreadable"
    )
