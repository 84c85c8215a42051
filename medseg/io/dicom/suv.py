"""PET values → SUV by body weight, or Bq/ml, by one factor an image.

SUVbw = activity concentration [Bq/ml] · weight [g] / dose [Bq], the dose as it was left at the moment that
the activities are decay-corrected to. Whatever is missing, contradictory or impossible leaves the values as
they are, with a warning that says what. ``docs/pet.md`` tells which element gives what.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from medseg.errors import UnsupportedImageError
from medseg.io.dicom.decay import (
    NotKnownError,
    corrected_to_s,
    decay_factors_fit,
    injected_s,
    mean_time_s,
    require_plausible,
    timeline_of,
)
from medseg.io.dicom.options import PetUnit
from medseg.io.dicom.pet import PetFacts, pet_facts
from medseg.volume.volume import Quantity

__all__ = ["PetFacts", "PetScale", "PetUnit", "pet_facts", "pet_scale"]

DOSE_PER_WEIGHT_MIN_BQ_KG = 2e4
"""Less is a dose in MBq or kBq, or a weight in grams: the lowest doses that are used, those of long-lived
nuclides and of total-body scanners, are above 100 kBq/kg, ordinary ones 1 to 10 MBq/kg."""
PHILIPS_TOLERANCE = 0.01
"""Philips' own SUV factor and the one from weight and dose should agree this closely."""

_GRAMS_PER_KG = 1000.0


@dataclass(frozen=True)
class PetScale:
    """How rescaled values become the quantity that was asked for.

    Attributes:
        factors: One an image: ``value = factor · rescaled value``.
        quantity: What the values are then.
        warnings: What a user should know, one sentence each.
    """

    factors: tuple[float, ...]
    quantity: Quantity
    warnings: tuple[str, ...] = ()


_Factors = tuple[list[float], tuple[str, ...]]
"""One an image, and remarks."""

_STORED: dict[tuple[str, str], Quantity] = {
    ("GML", "BW"): Quantity.SUVBW,
    ("GML", ""): Quantity.SUVBW,  # PS3.3 C.8.9.1: GML without SUVType is body weight
    ("BQML", ""): Quantity.BQML,
    ("CNTS", ""): Quantity.CNTS,
}
"""By Units and, for GML, SUVType."""

_TERMS = frozenset((
    "NONE", "CM2", "CM2ML", "PCNT", "CPS", "MGMINML", "UMOLMINML", "MLMING", "MLG", "1CM", "UMOLML",
    "PROPCNTS", "PROPCPS", "MLMINML", "MLML", "STDDEV", "GML", "BQML", "CNTS",
    "BW", "BSA", "LBM", "LBMJANMA", "LBMJAMES128", "IBW",
))  # fmt: skip
"""Terms of PS3.3 C.8.9.1 for Units and SUVType. Whatever else stands there is not repeated in a message."""


def pet_scale(facts: Sequence[PetFacts], wanted: PetUnit = PetUnit.SUVBW) -> PetScale:
    """Find the factors that bring PET values to a unit.

    Args:
        facts: All images of a series, which share their units; not only one time point of a dynamic series,
            or the beginning of the scan could be missed.
        wanted: The unit.

    Returns:
        Factors for ``wanted`` or, with a warning, for the values as they are.

    Raises:
        UnsupportedImageError: Units that medseg has no name for, SUV by lean body mass among them.
    """
    first = facts[0] if facts else PetFacts()
    stored = _STORED.get((first.units, first.suv_type if first.units == "GML" else ""))
    if stored is None:
        return _unnamed(facts, first, wanted)
    convert = _CONVERSIONS.get((stored, wanted))
    factors, quantity = [1.0] * len(facts), stored
    remarks: tuple[str, ...] = ()
    if convert is not None:
        try:
            factors, remarks = convert(facts)
            quantity = Quantity(wanted.value)
        except NotKnownError as reason:
            remarks = (f"PET values stay in {stored.unit}: {reason}.",)
    per_rescaled = (fact.per_rescaled for fact in facts)
    return PetScale(tuple(a * b for a, b in zip(factors, per_rescaled, strict=True)), quantity, remarks)


def _unnamed(facts: Sequence[PetFacts], first: PetFacts, wanted: PetUnit) -> PetScale:
    terms = [term if term in _TERMS else "unknown" for term in (first.units, first.suv_type) if term]
    found = " ".join(terms) or "none"
    if wanted is PetUnit.STORED:
        remark = f"PET values are as stored, in units {found}."
        return PetScale(tuple(fact.per_rescaled for fact in facts), Quantity.ARBITRARY, (remark,))
    raise UnsupportedImageError(
        f"expected PET units GML (body weight), BQML or CNTS, found {found}",
        hint="ask for the values as stored, or export the series in Bq/ml or as SUV by body weight",
        reason="units",
        units=found,
    )


def _no_way_back(_facts: Sequence[PetFacts]) -> _Factors:
    raise NotKnownError("the series was stored as SUV, and what its scanner divided by is not known exactly")


def _suv_from_activity(facts: Sequence[PetFacts]) -> _Factors:
    first = facts[0]
    _require_alike(facts)
    remarks = _require_corrected(first)
    uptakes = _UPTAKES.get(first.decay_correction)
    if uptakes is None:
        raise NotKnownError("DecayCorrection is none of START, ADMIN and NONE")
    _require_numbers(first)
    weight_kg, dose_bq = first.weight_kg or 0.0, first.dose_bq or 0.0
    uptakes_s, more = uptakes(facts)
    half_lives = [_half_lives(uptake_s, first) for uptake_s in uptakes_s]
    factors = [weight_kg * _GRAMS_PER_KG / (dose_bq * 2**-passed) for passed in half_lives]
    return factors, (*remarks, *more)


def _half_lives(uptake_s: float, fact: PetFacts) -> float:
    if uptake_s == 0:
        return 0.0  # as for ADMIN, which needs no half-life
    half_life_s = fact.half_life_s or 0.0
    require_plausible(uptake_s, half_life_s)
    return uptake_s / half_life_s


def _require_alike(facts: Sequence[PetFacts]) -> None:
    """One patient, one injection, one scan."""
    shared: dict[str, list[Hashable]] = {
        "PatientWeight": [fact.weight_kg for fact in facts],
        "RadionuclideTotalDose": [fact.dose_bq for fact in facts],
        "RadionuclideHalfLife": [fact.half_life_s for fact in facts],
        "the time of injection": [(fact.injection_time, fact.injection_datetime) for fact in facts],
        "SeriesTime": [(fact.series_date, fact.series_time) for fact in facts],
        "DecayCorrection": [(fact.decay_correction, fact.decay_correction_datetime) for fact in facts],
        "CorrectedImage": [frozenset(fact.corrected_image) for fact in facts],
    }
    different = [name for name, values in shared.items() if len(set(values)) > 1]
    if different:
        raise NotKnownError(f"images of the series differ in {', '.join(different)}")


def _require_corrected(fact: PetFacts) -> tuple[str, ...]:
    """Refuse values that are no activity of the patient, or whose corrections contradict each other."""
    done = set(fact.corrected_image)
    if not done:
        return ("CorrectedImage is missing: PET values are taken to be corrected for attenuation.",)
    if "ATTN" not in done:
        raise NotKnownError("they are not corrected for attenuation")
    is_corrected = bool(done & {"DECY", "DECAY"})
    if is_corrected != (fact.decay_correction != "NONE"):
        raise NotKnownError("CorrectedImage and DecayCorrection contradict each other")
    return ()


def _require_numbers(fact: PetFacts) -> None:
    if fact.injections > 1:
        raise NotKnownError(f"{fact.injections} radiopharmaceuticals are described")
    needed = {"PatientWeight": fact.weight_kg, "RadionuclideTotalDose": fact.dose_bq}
    if fact.decay_correction != "ADMIN":
        needed["RadionuclideHalfLife"] = fact.half_life_s
    missing = [name for name, value in needed.items() if value is None or value <= 0]
    if missing:
        raise NotKnownError(f"missing or not above zero: {', '.join(missing)}")
    if (fact.dose_bq or 0.0) / (fact.weight_kg or 1.0) < DOSE_PER_WEIGHT_MIN_BQ_KG:
        raise NotKnownError(
            "RadionuclideTotalDose is too small for PatientWeight: it is not in Bq, or the weight not in kg"
        )


def _since_start(facts: Sequence[PetFacts]) -> _Factors:
    half_life_s = facts[0].half_life_s or 0.0
    timeline = timeline_of(facts)
    reference_s, remarks = corrected_to_s(facts, timeline, half_life_s)
    uptake_s = reference_s - injected_s(facts, timeline, reference_s, half_life_s)
    return [uptake_s] * len(facts), remarks


def _since_administration(facts: Sequence[PetFacts]) -> _Factors:
    """No time passes: activities are those at the injection, as the dose is."""
    return [0.0] * len(facts), _administration_remarks(facts)


def _administration_remarks(facts: Sequence[PetFacts]) -> tuple[str, ...]:
    """Times aren't needed, but where they are known DecayFactor should fit them."""
    half_life_s = facts[0].half_life_s or 0.0
    if half_life_s <= 0:
        return ()
    try:
        timeline = timeline_of(facts)
        injection_s = injected_s(facts, timeline, timeline.start_s, half_life_s)
    except NotKnownError:
        return ()
    if decay_factors_fit(facts, timeline, injection_s, half_life_s) is False:
        return ("DecayFactor does not fit decay correction to the injection: SUV may be wrong.",)
    return ()


def _since_each_image(facts: Sequence[PetFacts]) -> _Factors:
    """Not decay-corrected: an image's values are the activity at its own mean time, so the dose must be."""
    half_life_s = facts[0].half_life_s or 0.0
    timeline = timeline_of(facts)
    if any(not fact.frame_duration_ms or fact.frame_duration_ms < 0 for fact in facts):
        raise NotKnownError("they are not decay-corrected, and ActualFrameDuration is missing")
    injection_s = injected_s(facts, timeline, timeline.start_s, half_life_s)
    uptakes_s = [
        acquired_s - injection_s + mean_time_s((fact.frame_duration_ms or 0.0) / 1000, half_life_s)
        for fact, acquired_s in zip(facts, timeline.acquired_s, strict=True)
    ]
    return uptakes_s, ("The scanner did not correct for decay: each image was, by its own mean time.",)


_UPTAKES: dict[str, Callable[[Sequence[PetFacts]], _Factors]] = {
    "START": _since_start,
    "ADMIN": _since_administration,
    "NONE": _since_each_image,
}
"""By DecayCorrection: seconds that the dose had decayed when an image's values were the activity."""


def _philips(facts: Sequence[PetFacts], name: str) -> list[float]:
    """A private factor of every image; none if one lacks it."""
    factors = [getattr(fact, name) or 0.0 for fact in facts]
    return factors if min(factors) > 0 else []


def _activity_from_counts(facts: Sequence[PetFacts]) -> _Factors:
    factors = _philips(facts, "philips_activity_factor")
    if not factors:
        raise NotKnownError("Philips' activity concentration factor (7053,xx09) is missing")
    return factors, ()


def _suv_from_counts(facts: Sequence[PetFacts]) -> _Factors:
    direct = _philips(facts, "philips_suv_factor")
    activity = _philips(facts, "philips_activity_factor")
    if direct and facts[0].decay_correction != "NONE":
        return direct, (*_require_corrected(facts[0]), *_philips_remarks(facts, direct, activity))
    if not activity:
        raise NotKnownError("Philips' factors for counts (7053,xx00) and (7053,xx09) are missing")
    factors, remarks = _suv_from_activity(facts)
    return [a * b for a, b in zip(activity, factors, strict=True)], remarks


def _philips_remarks(
    facts: Sequence[PetFacts], direct: list[float], activity: list[float]
) -> tuple[str, ...]:
    """Whether both ways from counts to SUV, where both can be gone, lead to the same."""
    if not activity:
        return ()
    try:
        factors, _ = _suv_from_activity(facts)
    except NotKnownError:
        return ()
    worst = max(abs(a * f / d - 1) for a, f, d in zip(activity, factors, direct, strict=True))
    if worst <= PHILIPS_TOLERANCE:
        return ()
    return (f"Philips' own SUV factor is {worst:.0%} off the one from weight, dose and times; it was used.",)


_CONVERSIONS: dict[tuple[Quantity, PetUnit], Callable[[Sequence[PetFacts]], _Factors]] = {
    (Quantity.SUVBW, PetUnit.BQML): _no_way_back,
    (Quantity.BQML, PetUnit.SUVBW): _suv_from_activity,
    (Quantity.CNTS, PetUnit.SUVBW): _suv_from_counts,
    (Quantity.CNTS, PetUnit.BQML): _activity_from_counts,
}
"""What the file has, what is wanted → how. What is not here stays as it is."""
