"""PET series with known activities: every kind of header that tells, or fails to tell, what SUV they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    EnhancedPETImageStorage,
    ExplicitVRLittleEndian,
    PositronEmissionTomographyImageStorage,
    generate_uid,
)

SHAPE_KJI = (5, 6, 7)
SPACING_KJI_MM = (3.27, 4.0, 4.0)

INJECTION = ("RadiopharmaceuticalStartTime", "RadiopharmaceuticalStartDateTime", "RadionuclideTotalDose",
             "RadionuclideHalfLife")  # fmt: skip
"""Elements that lie in the item of the RadiopharmaceuticalInformationSequence."""
PRIVATE = {
    "PhilipsSuvFactor": (0x7053, "Philips PET Private Group", 0x00, "DS"),
    "PhilipsActivityFactor": (0x7053, "Philips PET Private Group", 0x09, "DS"),
    "GeScanDateTime": (0x0009, "GEMS_PETD_01", 0x0D, "DT"),
}

PLAIN: dict[str, Any] = {
    "Units": "BQML",
    "DecayCorrection": "START",
    "CorrectedImage": ["DECY", "ATTN", "SCAT", "RAN", "NORM"],
    "SeriesType": ["STATIC", "IMAGE"],
    "SeriesDate": "20240102",
    "SeriesTime": "100000",
    "AcquisitionDate": "20240102",
    "AcquisitionTime": "100000",
    "FrameReferenceTime": "0",
    "ActualFrameDuration": "180000",
    "DecayFactor": "1.00951",
    "PatientWeight": "70",
    "RadiopharmaceuticalStartTime": "090000",
    "RadionuclideTotalDose": "370000000",
    "RadionuclideHalfLife": "6586.2",
}
"""370 MBq of F-18 into 70 kg at nine, scanned for three minutes from ten, in Bq/ml as of ten."""


def stored_values() -> np.ndarray:
    """What the files hold, ``[k, j, i]``, from nothing to the most that 16 bits hold."""
    values = np.linspace(0, 32767, int(np.prod(SHAPE_KJI))).astype(np.int16)
    return np.random.default_rng(5).permutation(values).reshape(SHAPE_KJI)


def slopes() -> np.ndarray:
    """RescaleSlope of each slice: they differ as those of real scanners do, by orders of magnitude."""
    return np.array([float(_slope(k)) for k in range(SHAPE_KJI[0])])


def rescaled_values() -> np.ndarray:
    """Values in the units of the file, ``[k, j, i]``."""
    return stored_values() * slopes()[:, None, None]


def write_pet(
    folder: Path, changes: Mapping[str, Any] | None = None, each: Mapping[str, list[Any]] | None = None
) -> Path:
    """Write a series of classic PET images.

    Args:
        folder: Made for it.
        changes: Keyword → value instead of that in :data:`PLAIN`, None to leave the element out.
        each: The same with one value for each slice.
    """
    folder.mkdir(parents=True)
    for k in range(SHAPE_KJI[0]):
        own = {keyword: values[k] for keyword, values in (each or {}).items()}
        _image(k, {**PLAIN, **(changes or {}), **own}).save_as(
            folder / f"IM{k:04d}", enforce_file_format=True
        )
    return folder


def write_dynamic_pet(folder: Path, times: list[Mapping[str, Any]]) -> Path:
    """Write a series with several images at each place: what is different, for each point of time."""
    folder.mkdir(parents=True)
    for t, changes in enumerate(times):
        for k in range(SHAPE_KJI[0]):
            number = t * SHAPE_KJI[0] + k
            image = _image(k, {**PLAIN, "SeriesType": ["DYNAMIC", "IMAGE"], **changes}, number)
            image.NumberOfTimeSlices, image.NumberOfSlices = len(times), SHAPE_KJI[0]
            image.save_as(folder / f"IM{number:04d}", enforce_file_format=True)
    return folder


def write_enhanced_pet(path: Path, *, unit_code: str = "Bq/ml", rescale_is_mapping: bool = True) -> Path:
    """Write one enhanced multi-frame PET file: the same scan, told in the words of PS3.3 C.8.22."""
    image = _bare(EnhancedPETImageStorage, 0)
    image.DecayCorrected, image.AttenuationCorrected = "YES", "YES"
    image.DecayCorrectionDateTime = "20240102100000"
    image.AcquisitionDateTime = "20240102100000"
    image.PatientWeight = "70"
    injection = Dataset()
    injection.RadiopharmaceuticalStartDateTime = "20240102090000"
    injection.RadionuclideTotalDose, injection.RadionuclideHalfLife = "370000000", "6586.2"
    image.RadiopharmaceuticalInformationSequence = [injection]
    image.NumberOfFrames = SHAPE_KJI[0]
    shared = Dataset()
    shared.PlaneOrientationSequence = [_with(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]
    shared.PixelMeasuresSequence = [
        _with(PixelSpacing=list(SPACING_KJI_MM[1:]), SliceThickness=SPACING_KJI_MM[0])
    ]
    image.SharedFunctionalGroupsSequence = [shared]
    image.PerFrameFunctionalGroupsSequence = [
        _frame(k, unit_code, _slope(k) if rescale_is_mapping else "1") for k in range(SHAPE_KJI[0])
    ]
    image.PixelData = stored_values().tobytes()
    image.save_as(path, enforce_file_format=True)
    return path


def _frame(k: int, unit_code: str, rescale_slope: str) -> Dataset:
    unit = _with(CodeValue=unit_code, CodingSchemeDesignator="UCUM", CodeMeaning="unit")
    mapping = _with(
        RealWorldValueSlope=float(_slope(k)),
        RealWorldValueIntercept=0.0,
        RealWorldValueFirstValueMapped=0,
        RealWorldValueLastValueMapped=32767,
        LUTLabel="",
        MeasurementUnitsCodeSequence=[unit],
    )
    content = _with(
        FrameAcquisitionDateTime="20240102100000",
        FrameAcquisitionDuration=180000.0,
        FrameReferenceDateTime="20240102100130",
        StackID="1",
        InStackPositionNumber=k + 1,
        DimensionIndexValues=[k + 1],
    )
    return _with(
        FrameContentSequence=[content],
        PlanePositionSequence=[_with(ImagePositionPatient=_position(k))],
        PixelValueTransformationSequence=[
            _with(RescaleSlope=rescale_slope, RescaleIntercept="0", RescaleType="US")
        ],
        RealWorldValueMappingSequence=[mapping],
    )


def _with(**elements: Any) -> Dataset:
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def _slope(k: int) -> str:
    return f"{0.37 * 3.1**k:.8g}"


def _position(k: int) -> list[float]:
    return [-12.0, -10.0, round(-50 + SPACING_KJI_MM[0] * k, 4)]


def _bare(sop_class_uid: str, number: int) -> Dataset:
    """What every kind of image has."""
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.SOPClassUID = sop_class_uid
    image.SOPInstanceUID = generate_uid(entropy_srcs=["analytic-pet", sop_class_uid, str(number)])
    image.StudyInstanceUID = generate_uid(entropy_srcs=["analytic-pet", "study"])
    image.SeriesInstanceUID = generate_uid(entropy_srcs=["analytic-pet", sop_class_uid])
    image.FrameOfReferenceUID = generate_uid(entropy_srcs=["analytic-pet", "frame"])
    image.Modality, image.Manufacturer = "PT", "PHANTOM"
    image.PatientName, image.PatientID = "PHANTOM^PET", "P1"
    image.SeriesNumber, image.InstanceNumber = 1, number + 1
    image.ImageType = ["ORIGINAL", "PRIMARY"]
    image.Rows, image.Columns = SHAPE_KJI[1:]
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated = image.BitsStored = 16
    image.HighBit, image.PixelRepresentation = 15, 1
    return image


def _image(k: int, elements: Mapping[str, Any], number: int | None = None) -> Dataset:
    image = _bare(PositronEmissionTomographyImageStorage, k if number is None else number)
    image.ImagePositionPatient, image.ImageOrientationPatient = _position(k), [1, 0, 0, 0, 1, 0]
    image.PixelSpacing, image.SliceThickness = list(SPACING_KJI_MM[1:]), SPACING_KJI_MM[0]
    image.RescaleSlope, image.RescaleIntercept = _slope(k), "0"
    injection = Dataset()
    image.RadiopharmaceuticalInformationSequence = [injection]
    for keyword, value in elements.items():
        if value is None:
            continue
        if keyword in PRIVATE:
            group, creator, offset, vr = PRIVATE[keyword]
            image.private_block(group, creator, create=True).add_new(offset, vr, value)
        else:
            # Not by attribute: some headers here are wrong on purpose, which pydicom would warn of.
            element = DataElement(keyword, dictionary_VR(keyword), value, validation_mode=IGNORE)
            (injection if keyword in INJECTION else image).add(element)
    image.PixelData = stored_values()[k].tobytes()
    return image
