"""The source images as highdicom wants them: one plain single-frame image for each slice of the grid.

Real headers lack what highdicom takes for granted, or hold it in forms that it refuses; and it knows no
frames of a 4-D image. So it is given stand-ins that have the grid's own positions, and the references to them
are replaced by those to the real images afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from medseg.io.dicom.reference import DicomReference
from medseg.io.dicom_seg.patient_study import patient_and_study
from medseg.space import Grid

if TYPE_CHECKING:
    from pydicom import Dataset

_CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
_STAND_IN_ROOT = "2.25"


def stand_ins(reference: DicomReference) -> tuple[list[Dataset], tuple[str, ...]]:
    """Images that say the same as the source as far as a segmentation repeats it, one for each ``k``.

    Returns:
        The images, and the keywords of attributes that were left out because no DICOM value can be made of
        them.
    """
    from pydicom import Dataset

    first, left_out = patient_and_study(reference.first)
    # highdicom would log a name that looks odd to it: the name is written afterwards.
    first.PatientName = ""
    shared = _shared(reference)
    images = []
    for k in range(reference.grid.shape_kji[0]):
        image = Dataset() if k else first
        for keyword, value in shared.items():
            setattr(image, keyword, value)
        image.SOPInstanceUID = f"{_STAND_IN_ROOT}.{k + 1}"
        image.ImagePositionPatient = decimals(reference.grid.to_lps_mm([k, 0, 0]))
        images.append(image)
    return images, left_out


def refer_to_source(segmentation: Dataset, reference: DicomReference) -> None:
    """Replace the references to stand-ins by those to the real images, and to their frames.

    Each frame refers to the image that it lies on, the whole to the series (PS3.3 C.8.20.2, C.12.2).
    """
    instances = [_instance(one) for one in reference.slices]
    segmentation.SourceImageSequence = instances
    series = segmentation.ReferencedSeriesSequence[0]
    series.ReferencedInstanceSequence = [_instance(one) for one in reference.slices]
    # Frames of several segments on one slice share the item that refers to it.
    frames = segmentation.PerFrameFunctionalGroupsSequence
    for image in {id(image): image for frame in frames for image in _images_of(frame)}.values():
        k = int(image.ReferencedSOPInstanceUID.rpartition(".")[2]) - 1
        image.ReferencedSOPClassUID = reference.slice_at(k).SOPClassUID
        image.ReferencedSOPInstanceUID = reference.slice_at(k).SOPInstanceUID
        if reference.is_multi_frame:
            image.ReferencedFrameNumber = reference.frames[k]


def decimals(numbers: Iterable[float]) -> list[str]:
    """Numbers as decimal strings of at most 16 characters (PS3.5 6.2), with as many digits as fit."""
    from pydicom.valuerep import format_number_as_ds

    return [format_number_as_ds(float(number)) for number in numbers]


def slice_spacing_mm(grid: Grid) -> float:
    """Distance between slices along their normal; of a sheared grid less than the step."""
    return float(abs(grid.index_to_lps_mm[:3, 0] @ np.cross(grid.directions[:, 1], grid.directions[:, 2])))


def _images_of(frame: Dataset) -> Iterator[Dataset]:
    for derivation in frame.DerivationImageSequence:
        yield from derivation.SourceImageSequence


def _instance(image: Dataset) -> Dataset:
    from pydicom import Dataset

    item = Dataset()
    item.ReferencedSOPClassUID = image.SOPClassUID
    item.ReferencedSOPInstanceUID = image.SOPInstanceUID
    return item


def _shared(reference: DicomReference) -> dict[str, Any]:
    grid, first = reference.grid, reference.first
    spacing_mm = slice_spacing_mm(grid)
    return {
        "SOPClassUID": _CT_IMAGE_STORAGE,
        "StudyInstanceUID": first.StudyInstanceUID,
        "SeriesInstanceUID": first.SeriesInstanceUID,
        "FrameOfReferenceUID": first.FrameOfReferenceUID,
        "Modality": first.get("Modality") or "OT",
        "Rows": grid.shape_kji[1],
        "Columns": grid.shape_kji[2],
        "ImageOrientationPatient": decimals([*grid.directions[:, 2], *grid.directions[:, 1]]),
        "PixelSpacing": decimals(grid.spacing_kji_mm[1:]),
        "SliceThickness": decimals([spacing_mm])[0],
        "SpacingBetweenSlices": decimals([spacing_mm])[0],
    }
