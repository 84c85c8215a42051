"""Dimensions: what tells images at one place of one series apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from medseg.io.dicom.diffusion import diffusion_of
from medseg.io.dicom.elements import Elements

_COMPONENTS = {
    "M": "magnitude", "MAGNITUDE": "magnitude",
    "P": "phase", "PHASE": "phase", "PHASE MAP": "phase",
    "R": "real", "REAL": "real",
    "I": "imaginary", "IMAGINARY": "imaginary",
}  # fmt: skip
"""By ComplexImageComponent (PS3.3 C.8.13.3.1.1) or ImageType value 3 (PS3.3 C.8.3.1.1.1)."""

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
        acquired_at_s: Seconds since midnight of the acquisition.
        content_at_s: Seconds since midnight of ContentTime.
        trigger_time_ms: TriggerTime or NominalCardiacTriggerDelayTime.
        stack: StackID of a multi-frame image.
        instance_number: InstanceNumber.
        repetition_time_ms: RepetitionTime.
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


def dimensions_of(elements: Elements, image_type: tuple[str, ...]) -> Dimensions:
    """Gather the dimensions of one image."""
    return Dimensions(
        temporal_position=_whole(elements, "TemporalPositionIndex", "TemporalPositionIdentifier"),
        time_offset_s=_time_offset_s(elements),
        acquisition_number=_whole(elements, "FrameAcquisitionNumber", "AcquisitionNumber"),
        acquired_at_s=_clock_s(
            elements, "FrameAcquisitionDateTime", "AcquisitionTime", "AcquisitionDateTime"
        ),
        content_at_s=_clock_s(elements, "ContentTime"),
        stack=elements.text("StackID"),
        instance_number=_whole(elements, "InstanceNumber"),
        trigger_time_ms=_first(elements, "NominalCardiacTriggerDelayTime", "TriggerTime"),
        **(_of_mr(elements, image_type) if elements.text("Modality") == "MR" else {}),
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
    }


def _component(elements: Elements, image_type: tuple[str, ...]) -> str:
    named = elements.text("ComplexImageComponent")
    if named in _COMPONENTS:
        return _COMPONENTS[named]
    of_ge = elements.text("GeComponent")
    if of_ge.isdecimal() and int(of_ge) < len(_GE_COMPONENTS):
        return _GE_COMPONENTS[int(of_ge)]
    value3 = image_type[2] if len(image_type) > 2 else ""
    return _COMPONENTS.get(value3, value3)


def _time_offset_s(elements: Elements) -> float | None:
    milliseconds = _first(elements, "FrameReferenceTime")
    if milliseconds is not None:
        return milliseconds / 1000
    return _first(elements, "TemporalPositionTimeOffset", "PhilipsDynamicScanBeginTime")


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


def _clock_s(elements: Elements, *keywords: str) -> float | None:
    """Seconds since midnight of the first time given, as TM or DT (PS3.5 6.2)."""
    for keyword in keywords:
        text = elements.text(keyword).replace(":", "")
        if keyword.endswith("DateTime"):
            text = text[8:].partition("+")[0].partition("-")[0]
        try:
            hours, minutes, seconds = int(text[:2]), int(text[2:4] or 0), float(text[4:] or 0)
        except ValueError:
            continue
        return hours * 3600 + minutes * 60 + seconds
    return None
