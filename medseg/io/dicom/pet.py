"""PetFacts: what a PET image's header says about its values."""

from __future__ import annotations

import math
from dataclasses import dataclass

from medseg.io.dicom.elements import Elements

_UNIT_CODES = {
    "Bq/ml": ("BQML", ""),
    "{counts}": ("CNTS", ""),
    "g/ml{SUVbw}": ("GML", "BW"),
    "{SUVbw}g/ml": ("GML", "BW"),
    "g/ml{SUVlbm}": ("GML", "LBM"),
    "{SUVlbm}g/ml": ("GML", "LBM"),
    "g/ml{SUVibw}": ("GML", "IBW"),
    "{SUVibw}g/ml": ("GML", "IBW"),
    "cm2/ml{SUVbsa}": ("CM2ML", "BSA"),
    "{SUVbsa}cm2/ml": ("CM2ML", "BSA"),
}
"""UCUM codes of an enhanced image (PS3.16 CID 84, CID 85) → Units and SUVType of a classic one."""


@dataclass(frozen=True)
class PetFacts:
    """One image (or frame), as far as its values depend on its header. Absent: an empty text, or None.

    Dates and times are texts as in the file; they stay in memory.

    Attributes:
        units: Units (PS3.3 C.8.9.1.1.3), of an enhanced image those of its real world value mapping.
        per_rescaled: What one unit of the rescaled values is in ``units``: 1 but for an enhanced image whose
            mapping is not its rescale.
        suv_type: SUVType; absent means body weight (PS3.3 C.8.9.1).
        series_type: First value of SeriesType: STATIC, DYNAMIC, GATED or WHOLE BODY.
        decay_correction: START, ADMIN or NONE (PS3.3 C.8.9.1.1.5).
        corrected_image: What was corrected, such as DECY and ATTN.
        acquisition_datetime: Beginning of the image where no date and time apart from each other give it.
        decay_correction_datetime: Moment that an enhanced image was corrected to.
        utc_offset: TimezoneOffsetFromUTC, for the date-times that name another one.
        ge_scan_datetime: GE's own record of when the scan began, which no later processing changes.
        decay_factor: What the values were multiplied with for decay.
        injections: How many radiopharmaceuticals are described; facts are those of the first.
        dose_bq: RadionuclideTotalDose, at the time of injection.
        philips_suv_factor: Rescaled counts to SUV.
        philips_activity_factor: Rescaled counts to Bq/ml.
    """

    units: str = ""
    per_rescaled: float = 1.0
    suv_type: str = ""
    series_type: str = ""
    decay_correction: str = ""
    corrected_image: tuple[str, ...] = ()
    series_date: str = ""
    series_time: str = ""
    acquisition_date: str = ""
    acquisition_time: str = ""
    acquisition_datetime: str = ""
    decay_correction_datetime: str = ""
    utc_offset: str = ""
    ge_scan_datetime: str = ""
    frame_reference_time_ms: float | None = None
    frame_duration_ms: float | None = None
    decay_factor: float | None = None
    injections: int = 1
    injection_time: str = ""
    injection_datetime: str = ""
    half_life_s: float | None = None
    dose_bq: float | None = None
    weight_kg: float | None = None
    philips_suv_factor: float | None = None
    philips_activity_factor: float | None = None


def pet_facts(elements: Elements) -> PetFacts:
    """Gather the facts of one image; what can't be understood is absent, not damage."""
    injections = elements.sequence("RadiopharmaceuticalInformationSequence")
    injection = injections[0] if injections else Elements()
    units, suv_type, per_rescaled = _units(elements)
    return PetFacts(
        units=units,
        per_rescaled=per_rescaled,
        suv_type=suv_type,
        series_type=elements.text("SeriesType"),
        decay_correction=_decay_correction(elements),
        corrected_image=_corrected_image(elements),
        series_date=elements.text("SeriesDate"),
        series_time=elements.text("SeriesTime"),
        acquisition_date=elements.text("AcquisitionDate"),
        acquisition_time=elements.text("AcquisitionTime"),
        acquisition_datetime=(
            elements.text("FrameAcquisitionDateTime") or elements.text("AcquisitionDateTime")
        ),
        decay_correction_datetime=elements.text("DecayCorrectionDateTime"),
        utc_offset=elements.text("TimezoneOffsetFromUTC"),
        ge_scan_datetime=elements.text("GeScanDateTime"),
        frame_reference_time_ms=_number(elements, "FrameReferenceTime"),
        frame_duration_ms=_number(elements, "FrameAcquisitionDuration", "ActualFrameDuration"),
        decay_factor=_number(elements, "DecayFactor"),
        injections=len(injections),
        injection_time=injection.text("RadiopharmaceuticalStartTime"),
        injection_datetime=injection.text("RadiopharmaceuticalStartDateTime"),
        half_life_s=_number(injection, "RadionuclideHalfLife"),
        dose_bq=_number(injection, "RadionuclideTotalDose"),
        weight_kg=_number(elements, "PatientWeight"),
        philips_suv_factor=_number(elements, "PhilipsSuvFactor"),
        philips_activity_factor=_number(elements, "PhilipsActivityFactor"),
    )


def _number(elements: Elements, *keywords: str) -> float | None:
    """The first of several elements that is one finite number.

    Not :meth:`Elements.number`, which calls the image damaged: without a weight it is still an image.
    """
    for keyword in keywords:
        try:
            number = float(elements.text(keyword))
        except ValueError:
            continue
        if math.isfinite(number):
            return number
    return None


def _units(elements: Elements) -> tuple[str, str, float]:
    """Units, SUVType and what a rescaled value is in them."""
    named = elements.text("Units")
    if named:
        return named, elements.text("SUVType"), 1.0
    codes = elements.sequence("MeasurementUnitsCodeSequence")
    slope = _number(elements, "RealWorldValueSlope")
    offsets = (_number(elements, "RealWorldValueIntercept"), _number(elements, "RescaleIntercept"))
    if not codes or not slope or any(offsets):
        return "", "", 1.0
    rescale_slope = _number(elements, "RescaleSlope")
    units, suv_type = _UNIT_CODES.get(codes[0].text("CodeValue"), ("", ""))
    return units, suv_type, slope / (rescale_slope or 1.0)


def _decay_correction(elements: Elements) -> str:
    """DecayCorrection; an enhanced image says whether, and to which moment (PS3.3 C.8.22.3)."""
    enhanced = {"YES": "START", "NO": "NONE"}
    return elements.text("DecayCorrection") or enhanced.get(elements.text("DecayCorrected"), "")


def _corrected_image(elements: Elements) -> tuple[str, ...]:
    """CorrectedImage; an enhanced image has an element for each correction."""
    named = tuple(filter(None, elements.texts("CorrectedImage")))
    if named or "AttenuationCorrected" not in elements:
        return named
    terms = {"DECY": "DecayCorrected", "ATTN": "AttenuationCorrected"}
    # NONE stands for an image with no correction: an empty tuple would say that nothing is known.
    return tuple(term for term, keyword in terms.items() if elements.text(keyword) == "YES") or ("NONE",)
