"""Dimensions: what tells images at one place of one series apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from medseg.io.dicom.clock import DAY_S, day_number, moment_s, time_of_day_s
from medseg.io.dicom.diffusion import diffusion_of
from medseg.io.dicom.elements import Elements

_COMPONENTS = {
    "M": "magnitude", "MAGNITUDE": "magnitude",
    "P": "phase", "PHASE": "phase", "PHASE MAP": "phase",
    "R": "real", "REAL": "real",
    "I": "imaginary", "IMAGINARY": "imaginary",
}  # fmt: skip
"""By ComplexImageComponent (PS3.3 C.8.13.3.1.1) or ImageType value 3 (PS3.3 C.8.3.1.1.1)."""

_DERIVED_CONTRASTS = frozenset(
    {
        "ADC", "EADC", "FA", "CBF", "CBV", "RCBF", "RCBV", "MTT", "TTP", "PBP", "T1 MAP", "T2 MAP",
        "T2_STAR MAP", "WATER", "FAT", "IN_PHASE", "OPP_PHASE", "OUT_PHASE", "OP_PHASE", "FAT_FRACTION",
        "W", "F", "IP", "OP",
    }
)  # fmt: skip
"""What ImageType calls images computed from those of the scanner (PS3.3 C.8.13.3.1.1), and the parts of a
Dixon scan. Traces stay with the images that they were computed from."""

_GE_COMPONENTS = ("magnitude", "phase", "real", "imaginary")
"""By the private element (0043,102F)."""


@dataclass(frozen=True)
class Dimensions:
    """What tells images at one place apart; None where the header doesn't say.

    Attributes:
        component: ``magnitude``, ``phase``, ``real``, ``imaginary``, or what ImageType says instead.
        echo_time_ms: EchoTime or EffectiveEchoTime.
        echo_number: EchoNumbers.
        b_value: In s/mm².
        gradient_lps: Unit vector of the diffusion gradient in patient space.
        temporal_position: TemporalPositionIdentifier or TemporalPositionIndex.
        time_offset_s: What orders time points of a dynamic series: TemporalPositionTimeOffset,
            FrameReferenceTime or the time that Philips gives.
        acquisition_number: AcquisitionNumber.
        acquired_at_s: When it was acquired, on the clock of :mod:`~medseg.io.dicom.clock`; without a date
            since midnight.
        content_at_s: ContentTime likewise.
        trigger_time_ms: TriggerTime or NominalCardiacTriggerDelayTime.
        stack: StackID of a multi-frame image.
        instance_number: InstanceNumber.
        repetition_time_ms: RepetitionTime.
        inversion_time_ms: InversionTime.
        flip_angle_deg: FlipAngle.
        kernel: ConvolutionKernel of CT, never shown.
        tube_voltage_kv: KVP of CT.
        is_echo_planar: Whether all slices of a volume are scanned within one repetition.
    """

    component: str = ""
    echo_time_ms: float | None = None
    echo_number: int | None = None
    b_value: float | None = None
    gradient_lps: tuple[float, ...] | None = None
    temporal_position: int | None = None
    time_offset_s: float | None = None
    trigger_time_ms: float | None = None
    acquisition_number: int | None = None
    acquired_at_s: float | None = None
    content_at_s: float | None = None
    stack: str = ""
    instance_number: int | None = None
    repetition_time_ms: float | None = None
    is_echo_planar: bool = False
    inversion_time_ms: float | None = None
    flip_angle_deg: float | None = None
    kernel: str = ""
    tube_voltage_kv: float | None = None


def dimensions_of(elements: Elements, image_type: tuple[str, ...]) -> Dimensions:
    """Gather the dimensions of one image."""
    of_modality = _OF_MODALITY.get(elements.text("Modality"))
    return Dimensions(
        temporal_position=_whole(elements, "TemporalPositionIndex", "TemporalPositionIdentifier"),
        time_offset_s=_time_offset_s(elements),
        acquisition_number=_whole(elements, "FrameAcquisitionNumber", "AcquisitionNumber"),
        acquired_at_s=_first_moment_s(
            moment_s(elements.text("FrameAcquisitionDateTime")),
            _moment_s(elements.text("AcquisitionDate"), elements.text("AcquisitionTime")),
            moment_s(elements.text("AcquisitionDateTime")),
        ),
        content_at_s=_moment_s(elements.text("ContentDate"), elements.text("ContentTime")),
        stack=elements.text("StackID"),
        instance_number=_whole(elements, "InstanceNumber"),
        trigger_time_ms=_first(elements, "NominalCardiacTriggerDelayTime", "TriggerTime"),
        **(of_modality(elements, image_type) if of_modality else {}),
    )


def _of_mr(elements: Elements, image_type: tuple[str, ...]) -> dict[str, Any]:
    b_value, gradient = diffusion_of(elements)
    return {
        "component": _component(elements, image_type),
        "echo_time_ms": _first(elements, "EffectiveEchoTime", "EchoTime"),
        "echo_number": _whole(elements, "EchoNumbers"),
        "b_value": b_value,
        "gradient_lps": gradient,
        "repetition_time_ms": _first(elements, "RepetitionTime"),
        "is_echo_planar": "EP" in elements.texts("ScanningSequence")
        or elements.text("EchoPlanarPulseSequence") == "YES",
        "inversion_time_ms": _first(elements, "InversionTime"),
        "flip_angle_deg": _first(elements, "FlipAngle"),
    }


def _of_ct(elements: Elements, _image_type: tuple[str, ...]) -> dict[str, Any]:
    return {
        "kernel": "\\".join(elements.texts("ConvolutionKernel")),
        "tube_voltage_kv": _first(elements, "KVP"),
    }


_OF_MODALITY: dict[str, Callable[[Elements, tuple[str, ...]], dict[str, Any]]] = {"MR": _of_mr, "CT": _of_ct}


def _component(elements: Elements, image_type: tuple[str, ...]) -> str:
    """Part of the complex signal, and the contrast that was computed from it, if that is said."""
    derived = next((term for term in image_type[2:] if term in _DERIVED_CONTRASTS), "")
    return "-".join(filter(None, [_part_of_signal(elements, image_type), derived.lower()]))


def _part_of_signal(elements: Elements, image_type: tuple[str, ...]) -> str:
    named = elements.text("ComplexImageComponent")
    if named in _COMPONENTS:
        return _COMPONENTS[named]
    of_ge = elements.text("GeComponent")
    if of_ge.isdecimal() and int(of_ge) < len(_GE_COMPONENTS):
        return _GE_COMPONENTS[int(of_ge)]
    value3 = image_type[2] if len(image_type) > 2 else ""
    return "" if value3 in _DERIVED_CONTRASTS else _COMPONENTS.get(value3, value3)


def _time_offset_s(elements: Elements) -> float | None:
    milliseconds = _first(elements, "FrameReferenceTime")
    if milliseconds is not None:
        return milliseconds / 1000
    seconds = _first(elements, "TemporalPositionTimeOffset")
    if seconds is None and elements.text("Modality") == "MR":
        return _first(elements, "PhilipsDynamicScanBeginTime")
    return seconds


def _first(elements: Elements, *keywords: str) -> float | None:
    """The first value of the first element that has one; several values are no damage here."""
    for keyword in keywords:
        numbers = elements.numbers(keyword)
        if numbers:
            return numbers[0]
    return None


def _whole(elements: Elements, *keywords: str) -> int | None:
    number = _first(elements, *keywords)
    return None if number is None else int(number)


def _moment_s(day: str, time: str) -> float | None:
    """A date and a time as one moment; without a date the time of day."""
    seconds = time_of_day_s(time)
    return None if seconds is None else (day_number(day) or 0) * DAY_S + seconds


def _first_moment_s(*moments: float | None) -> float | None:
    return next((moment for moment in moments if moment is not None), None)
