"""Small series of CT, MR and PET, classic and multi-frame, to be spoilt in one respect each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
    generate_uid,
)

from mr_images import write

SIZE = 8
SLICE_STEP_MM = 3.0
CORNER_XY_MM = (-10, -20)
AXIAL = [1, 0, 0, 0, 1, 0]
CORONAL = [1, 0, 0, 0, 0, -1]

Elements = Mapping[str, Any]

_OF_MODALITY: dict[str, tuple[str, Elements]] = {
    "CT": (CTImageStorage, {"RescaleSlope": "1", "RescaleIntercept": "-1024"}),
    "MR": (MRImageStorage, {"ImageType": ["ORIGINAL", "PRIMARY", "M"]}),
    "PT": (
        PositronEmissionTomographyImageStorage,
        {"RescaleSlope": "1", "RescaleIntercept": "0", "Units": "GML", "SeriesType": ["STATIC", "IMAGE"]},
    ),
}
"""SOP class and what else images of a modality hold; PET is stored as SUVbw."""


def item(**elements: Any) -> Dataset:
    """A data set or an item of a sequence, by keyword."""
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def stored_object(number: int, sop_class: str) -> Dataset:
    """An object of the series that all others here lie in; ``number`` names it."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = sop_class
    uid = generate_uid(entropy_srcs=["made series", str(number)])
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3", "1.2.3.1"
    dataset.Modality, dataset.Manufacturer = "MR", "ACME"
    dataset.PatientID, dataset.PatientName = "1", "A"
    return dataset


def image(number: int, z_mm: float, modality: str = "MR", *, size: int = SIZE, **elements: Any) -> Dataset:
    """An axial slice of random values.

    Args:
        number: InstanceNumber; what the values are drawn by.
        z_mm: Where the slice lies.
        modality: CT, MR or PT.
        size: Rows and columns.
        **elements: What the header says besides or instead, by keyword.
    """
    sop_class, of_modality = _OF_MODALITY[modality]
    made = stored_object(number, sop_class)
    made.Modality, made.FrameOfReferenceUID = modality, "1.2.3.9"
    made.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    made.SeriesNumber, made.AcquisitionNumber, made.InstanceNumber = 3, 1, number
    made.ImageOrientationPatient = AXIAL
    made.ImagePositionPatient = [*CORNER_XY_MM, round(z_mm, 3)]
    made.PixelSpacing, made.SliceThickness = ["1", "1"], str(SLICE_STEP_MM)
    made.Rows = made.Columns = size
    made.BitsAllocated = made.BitsStored = 16
    made.HighBit, made.PixelRepresentation, made.SamplesPerPixel = 15, 1, 1
    made.PhotometricInterpretation = "MONOCHROME2"
    made.PixelData = _random_pixels(number, (size, size))
    made.update({**of_modality, **elements})
    return made


def series(
    folder: Path,
    volumes: int,
    slices: int,
    elements: Callable[[int, int], Elements] = lambda t, k: {},
    modality: str = "MR",
    *,
    left_out: Collection[tuple[int, int]] = (),
) -> Path:
    """Write volumes of the same places as one series, their instance numbers running on.

    Args:
        folder: Where to; made if need be.
        volumes: How many.
        slices: How many in each, ``SLICE_STEP_MM`` apart.
        elements: What the header of slice ``k`` of volume ``t`` says besides, by keyword.
        modality: CT, MR or PT.
        left_out: Images ``(t, k)`` that got lost.

    Returns:
        The folder; its files are named by instance number, ``0001.dcm`` the first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for t, k in np.ndindex(volumes, slices):
        number = t * slices + k + 1
        if (t, k) not in left_out:
            write(image(number, SLICE_STEP_MM * k, modality, **elements(t, k)), folder / f"{number:04d}.dcm")
    return folder


def frame(z_mm: float, **groups: Dataset) -> Dataset:
    """The functional groups of one frame: its place, and others by the keyword of their sequence."""
    place = item(ImagePositionPatient=[*CORNER_XY_MM, round(z_mm, 3)])
    groups = {"PlanePositionSequence": place, **groups}
    return item(**{keyword: [group] for keyword, group in groups.items()})


def enhanced(frames: Sequence[Dataset], number: int = 1, **elements: Any) -> Dataset:
    """A multi-frame MR of axial frames with random values (PS3.3 C.7.6.16)."""
    made = image(number, 0.0, SOPClassUID=EnhancedMRImageStorage)
    made.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness"):
        delattr(made, keyword)
    orientation = item(ImageOrientationPatient=AXIAL)
    measures = item(PixelSpacing=["1", "1"], SliceThickness=str(SLICE_STEP_MM))
    made.SharedFunctionalGroupsSequence = [
        item(PlaneOrientationSequence=[orientation], PixelMeasuresSequence=[measures])
    ]
    made.PerFrameFunctionalGroupsSequence = list(frames)
    made.NumberOfFrames = len(frames)
    made.PixelData = _random_pixels(number, (len(frames), SIZE, SIZE))
    made.update(elements)
    return made


def _random_pixels(seed: int, shape: tuple[int, ...]) -> bytes:
    return np.random.default_rng(seed).integers(0, 1000, shape, dtype=np.int16).tobytes()
