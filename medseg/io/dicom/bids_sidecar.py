"""What a DICOM header says of how an image was made, as BIDS names it: the JSON file beside a NIfTI image.

Names and units are those of https://bids-specification.readthedocs.io, where it has none those of dcm2niix.
Times are in seconds. Only numbers and known words are written, unless identity is to be kept.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from medseg.io.dicom import device_terms
from medseg.io.dicom.elements import Elements
from medseg.io.dicom.header import ImageHeader, elements_of
from medseg.io.dicom.phase_encoding import is_phase_positive, phase_axis, readout_of
from medseg.io.dicom.slice_timing import slice_times_s
from medseg.space import Grid

_TIME = re.compile(r"^(\d\d)(\d\d)(\d\d)")

Json = str | int | float | bool | list[str] | list[float]
Sidecar = dict[str, Json]
Volumes = Sequence[Sequence[ImageHeader]]

_FROM_MS = 1e-3
_TO_MBQ = 1e-6
_MIN_DOSE_MBQ = 0.1
"""Nobody is given less: a smaller number was in MBq already, against the standard."""

_DOSE_DIGITS = 5
"""No dose is known better; a number of ten digits is one to look somebody up by."""


class _Number(NamedTuple):
    """A number of the header.

    Attributes:
        keywords: Where to look, in this order.
        largest: In DICOM's unit; what is larger is none of these, and may be somebody's number.
        factor: From DICOM's unit to that of BIDS.
        modality: Of which images.
        may_be_zero: Whether 0 is a value; else scanners write it for none.
    """

    keywords: tuple[str, ...]
    largest: float
    factor: float = 1.0
    modality: str = "MR"
    may_be_zero: bool = False

    def of(self, elements: Elements) -> float | None:
        """The number that an image's header gives, in the unit of BIDS."""
        number = _first_number(elements, self.keywords)
        if number is None or abs(number) > self.largest or not (number or self.may_be_zero):
            return None
        return _plain(number * self.factor)


_NUMBERS: dict[str, _Number] = {
    "MagneticFieldStrength": _Number(("MagneticFieldStrength",), 50),
    "ImagingFrequency": _Number(("ImagingFrequency",), 2000),
    "InversionTime": _Number(("InversionTimes", "InversionTime"), 1e5, _FROM_MS),
    "FlipAngle": _Number(("FlipAngle",), 360),
    "EchoTrainLength": _Number(("EchoTrainLength",), 1e5),
    "NumberOfAverages": _Number(("NumberOfAverages",), 1e4),
    "PixelBandwidth": _Number(("PixelBandwidth",), 1e6),
    "ParallelReductionFactorInPlane": _Number(("ParallelReductionFactorInPlane",), 100),
    "PercentPhaseFOV": _Number(("PercentPhaseFieldOfView",), 1000),
    "PercentSampling": _Number(("PercentSampling",), 1000),
    "KVP": _Number(("KVP",), 1000, modality="CT"),
    "XRayTubeCurrent": _Number(("XRayTubeCurrent",), 1e4, modality="CT"),
    "ExposureTime": _Number(("ExposureTime",), 1e6, _FROM_MS, "CT"),
    "GantryDetectorTilt": _Number(("GantryDetectorTilt",), 90, modality="CT", may_be_zero=True),
    "SliceThickness": _Number(("SliceThickness",), 1000, modality=""),
}
_GE_PAUSE = _Number(("GeGroupDelay",), 1000)
"""In s; https://github.com/rordenlab/dcm2niix, GE/README.md."""

_FRAME = _Number(("ActualFrameDuration",), 1e8, _FROM_MS)
_DOSE = _Number(("RadionuclideTotalDose",), 1e11, _TO_MBQ)

_Words = Callable[[Elements], "str | list[str] | None"]

_WORDS: dict[str, _Words] = {
    "Modality": lambda elements: device_terms.modality(elements.text("Modality")),
    "Manufacturer": lambda elements: device_terms.maker(elements.text("Manufacturer")),
    "ManufacturersModelName": lambda elements: device_terms.model(elements.text("ManufacturerModelName")),
    "SoftwareVersions": lambda elements: device_terms.software(elements.texts("SoftwareVersions")),
    "BodyPart": lambda elements: device_terms.body_part(elements.text("BodyPartExamined")),
    "PatientPosition": lambda elements: device_terms.patient_position(elements.text("PatientPosition")),
    "MRAcquisitionType": lambda elements: {"2D": "2D", "3D": "3D"}.get(elements.text("MRAcquisitionType")),
    "ScanningSequence": lambda elements: "\\".join(
        device_terms.scanning_sequence(elements.texts("ScanningSequence"))
    ),
    "SequenceVariant": lambda elements: "\\".join(
        device_terms.sequence_variant(elements.texts("SequenceVariant"))
    ),
    "ScanOptions": lambda elements: "\\".join(device_terms.scan_options(elements.texts("ScanOptions"))),
    "SequenceName": lambda elements: device_terms.sequence(
        elements.text("SequenceName") or elements.text("PulseSequenceName")
    ),
    "ConvolutionKernel": lambda elements: "\\".join(device_terms.kernel(elements.texts("ConvolutionKernel"))),
}

_IDENTIFYING: dict[str, str] = {
    "Manufacturer": "Manufacturer",
    "ManufacturersModelName": "ManufacturerModelName",
    "SoftwareVersions": "SoftwareVersions",
    "SequenceName": "SequenceName",
    "BodyPart": "BodyPartExamined",
    "ConvolutionKernel": "ConvolutionKernel",
    "ReceiveCoilName": "ReceiveCoilName",
    "SeriesDescription": "SeriesDescription",
    "ProtocolName": "ProtocolName",
    "StudyDescription": "StudyDescription",
    "InstitutionName": "InstitutionName",
    "StationName": "StationName",
    "DeviceSerialNumber": "DeviceSerialNumber",
    "ImageComments": "ImageComments",
    "AcquisitionDate": "AcquisitionDate",
    "AcquisitionTime": "AcquisitionTime",
    "PatientName": "PatientName",
    "PatientID": "PatientID",
    "PatientBirthDate": "PatientBirthDate",
    "PatientSex": "PatientSex",
    "PatientAge": "PatientAge",
    "PatientWeight": "PatientWeight",
    "TracerName": "Radiopharmaceutical",
}
"""Texts that are written as they are where identity is kept: name → keyword."""


def bids_sidecar(elements: Elements, volumes: Volumes, grid: Grid, *, keep_phi: bool = False) -> Sidecar:
    """Describe how an image was made.

    A value that isn't the same in the first and the last image, or of echo and repetition in every volume, is
    left out: one number would be wrong for the others.

    Args:
        elements: Of the first image, ``volumes[0][0]``.
        volumes: The images ``[t][k]`` of the NIfTI image.
        grid: Where its voxels lie; phase and slices are told along its axes.
        keep_phi: Write texts that may identify a patient, a person or a place.
    """
    sidecar: Sidecar = {}
    for name, read in _WORDS.items():
        words = read(elements)
        if words:
            sidecar[name] = words
    types = device_terms.image_type(volumes[0][0].image_type)
    if types:
        sidecar["ImageType"] = types
    sidecar |= _numbers(elements, volumes)
    if elements.text("Modality") == "MR":
        sidecar |= _mr(elements, volumes, grid)
    if elements.text("Modality") == "PT":
        sidecar |= _pet(elements, volumes)
    if keep_phi:
        sidecar |= {"ImageType": list(volumes[0][0].image_type), **_identifying(elements)}
    return sidecar


def _numbers(elements: Elements, volumes: Volumes) -> Sidecar:
    modality = elements.text("Modality")
    last = volumes[-1][-1]
    other = elements_of(last.path, last.frame)
    sidecar: Sidecar = {}
    for name, entry in _NUMBERS.items():
        if entry.modality not in ("", modality):
            continue
        number = entry.of(elements)
        if number is not None and number == entry.of(other):
            sidecar[name] = number
    return sidecar


def _mr(elements: Elements, volumes: Volumes, grid: Grid) -> Sidecar:
    pause_s = _GE_PAUSE.of(elements) or 0.0
    sidecar = _times(volumes, pause_s) | ({"DelayTime": pause_s} if pause_s else {})
    axis = phase_axis(elements)
    if axis is not None:
        letter, lines = ("i", grid.shape_kji[2]) if axis == "row" else ("j", grid.shape_kji[1])
        sidecar |= _phase(elements, letter)
        readout = readout_of(elements, lines) if volumes[0][0].dimensions.is_echo_planar else None
        if readout is not None:
            sidecar["EffectiveEchoSpacing"] = _plain(readout.echo_spacing_s)
            sidecar["TotalReadoutTime"] = _plain(readout.total_s)
    if len(volumes[0]) == grid.shape_kji[0]:  # else slices were resampled, and no time is that of one
        times_s = slice_times_s(elements, volumes)
        if times_s is not None:
            sidecar["SliceTiming"] = list(times_s)
    return sidecar


def _times(volumes: Volumes, pause_s: float) -> Sidecar:
    """Echo and repetition, of which every image's own header tells.

    Args:
        volumes: The images ``[t][k]``.
        pause_s: After each volume, where RepetitionTime is without it: BIDS counts from volume to volume.
    """
    dimensions = [volume[0].dimensions for volume in volumes]
    told: dict[str, set[int | float | None]] = {
        "EchoNumber": {one.echo_number for one in dimensions},
        "EchoTime": {_seconds(one.echo_time_ms) for one in dimensions},
        "RepetitionTime": {_seconds(one.repetition_time_ms) for one in dimensions},
    }
    sidecar: Sidecar = {}
    for name, values in told.items():
        first, *others = values
        if first and first <= _LARGEST[name] and not others:
            sidecar[name] = _plain(first + pause_s) if name == "RepetitionTime" else first
    return sidecar


_LARGEST = {"EchoNumber": 1000, "EchoTime": 100, "RepetitionTime": 1000}
"""Counts and seconds; see :class:`_Number`."""


def _seconds(time_ms: float | None) -> float | None:
    return None if time_ms is None else _plain(time_ms * _FROM_MS)


def _phase(elements: Elements, letter: str) -> Sidecar:
    """The image is stored as DICOM has it, so that its i and j are those that the header means."""
    positive = is_phase_positive(elements)
    if positive is None:
        return {"PhaseEncodingAxis": letter}
    return {"PhaseEncodingDirection": letter if positive else f"{letter}-"}


def _pet(elements: Elements, volumes: Volumes) -> Sidecar:
    sidecar: Sidecar = {}
    correction = elements.text("DecayCorrection")
    if correction in ("NONE", "START", "ADMIN"):
        sidecar["ImageDecayCorrected"] = correction != "NONE"
    duration_s = _FRAME.of(elements)
    if len(volumes) == 1 and duration_s:
        sidecar["FrameDuration"] = [duration_s]
    for tracer in elements.sequence("RadiopharmaceuticalInformationSequence")[:1]:
        for code in tracer.sequence("RadionuclideCodeSequence")[:1]:
            nuclide = device_terms.nuclide(code.text("CodeMeaning"))
            if nuclide:
                sidecar["TracerRadionuclide"] = nuclide
        dose_mbq = _DOSE.of(tracer)
        if dose_mbq and dose_mbq >= _MIN_DOSE_MBQ:
            sidecar["InjectedRadioactivity"] = _plain(dose_mbq, _DOSE_DIGITS)
            sidecar["InjectedRadioactivityUnits"] = "MBq"
    return sidecar


def _identifying(elements: Elements) -> Sidecar:
    sidecar: Sidecar = {}
    for name, keyword in _IDENTIFYING.items():
        text = "\\".join(elements.texts(keyword))
        if text:
            sidecar[name] = text
    time = sidecar.get("AcquisitionTime")
    if isinstance(time, str):
        sidecar["AcquisitionTime"] = _TIME.sub(r"\1:\2:\3", time)
    return sidecar


def _first_number(elements: Elements, keywords: Sequence[str]) -> float | None:
    for keyword in keywords:
        text = elements.text(keyword)
        try:
            number = float(text)
        except ValueError:
            continue
        if math.isfinite(number):
            return number
    return None


def _plain(number: float, digits: int = 9) -> float:
    """Without the digits that a change of unit adds; whole numbers as such."""
    rounded = float(f"{number:.{digits}g}")
    return int(rounded) if rounded.is_integer() else rounded
