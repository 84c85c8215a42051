"""When a PET series was acquired, injected and decay-corrected to.

The moment that decay correction START refers to is the one time that headers disagree on. It should be that
of the series (PS3.3 C.8.9.1.1.2), but a later reconstruction or processing may overwrite it. What is tried,
and in which order, follows the vendor-neutral pseudo-code of QIBA (Standardized Uptake Value, 2018-06-26);
DecayFactor, which is what the scanner really multiplied with, decides between them where it is given.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from medseg.io.dicom.clock import DAY_S, day_number, moment_s, time_of_day_s
from medseg.io.dicom.pet import PetFacts

CLOCK_TOLERANCE_S = 1.0
"""Times with and without fractions of a second may differ by this much and still be the same."""
INJECTION_TOLERANCE_S = 60.0
"""Of the two elements that tell the time of injection one is often rounded to minutes."""
HALF_LIVES_MAX = 10.0
"""After ten half-lives a thousandth is left, and nobody scans: such an uptake time is a mistake. A scan of
F-18 has to follow within 18 h, one of Zr-89 within a month."""
DECAY_FACTOR_TOLERANCE = 0.01
"""DecayFactor is evidence against a reference time if SUV would change by more than this: it is often rounded
to four digits, and the definitions of a frame's mean time differ by less."""


class NotKnownError(Exception):
    """Why values can't be converted: the end of a sentence, without anything that identifies a patient."""


@dataclass(frozen=True)
class Timeline:
    """When the images of a series were acquired.

    Attributes:
        acquired_s: Beginning of each image.
        series_s: Beginning of the series, as the header says.
        is_dated: Whether the days are known: an anonymiser may leave the times only.
    """

    acquired_s: tuple[float, ...]
    series_s: float | None
    is_dated: bool

    @property
    def start_s(self) -> float:
        """When the first image began."""
        return min(self.acquired_s)


def timeline_of(facts: Sequence[PetFacts]) -> Timeline:
    """Put the images of a series on one clock.

    Raises:
        NotKnownError: An image doesn't say when it was acquired.
    """
    first = facts[0]
    whole_s = moment_s(first.acquisition_datetime, first.utc_offset)
    days = (
        day_number(first.series_date),
        day_number(first.acquisition_date),
        None if whole_s is None else int(whole_s // DAY_S),
    )
    day = next((day for day in days if day is not None), None)
    midnight_s = (day or 0) * DAY_S
    series_time_s = time_of_day_s(first.series_time)
    series_s = None if series_time_s is None else midnight_s + series_time_s
    near_s = midnight_s + DAY_S / 2 if series_s is None else series_s
    return Timeline(tuple(_acquired_s(fact, near_s) for fact in facts), series_s, day is not None)


def _acquired_s(fact: PetFacts, near_s: float) -> float:
    day, time_s = day_number(fact.acquisition_date), time_of_day_s(fact.acquisition_time)
    if time_s is None:
        whole_s = moment_s(fact.acquisition_datetime, fact.utc_offset)
        if whole_s is None:
            raise NotKnownError("AcquisitionTime is missing or no time")
        return whole_s
    if day is not None:
        return day * DAY_S + time_s
    # No date: of all days the one that brings it nearest to the series.
    return time_s + DAY_S * round((near_s - time_s) / DAY_S)


def corrected_to_s(
    facts: Sequence[PetFacts], timeline: Timeline, half_life_s: float
) -> tuple[float, tuple[str, ...]]:
    """The moment that decay correction START refers to, one for all images (PS3.3 C.8.9.1.1.5).

    Args:
        facts: All images of the series, so that the first acquisition is among them.
        timeline: When they were acquired.
        half_life_s: RadionuclideHalfLife.

    Returns:
        The moment, and what a user should know about it.
    """
    moments = _candidates(facts, timeline, half_life_s)
    verdicts = {
        name: decay_factors_fit(facts, timeline, moment, half_life_s) for name, moment in moments.items()
    }
    fallback = next(iter(moments))
    chosen = next((name for name, fits in verdicts.items() if fits), fallback)
    remarks = []
    if chosen not in (_SERIES, _ENHANCED):
        why = _why_not_series(timeline, moments)
        remarks.append(f"Decay correction is taken to refer to {chosen}: {why}.")
    if verdicts[chosen] is False:
        remarks.append(f"DecayFactor does not fit decay correction to {chosen}: SUV may be wrong.")
    return moments[chosen], tuple(remarks)


_ENHANCED = "DecayCorrectionDateTime"
_SERIES = "SeriesTime"
_GE = "GE's private scan time"
_BACK = "AcquisitionTime less FrameReferenceTime"
_FIRST = "the first AcquisitionTime"


def _candidates(facts: Sequence[PetFacts], timeline: Timeline, half_life_s: float) -> dict[str, float]:
    """Moments by the name of what they come from, most trusted first."""
    first, start_s = facts[timeline.acquired_s.index(timeline.start_s)], timeline.start_s
    enhanced_s = moment_s(first.decay_correction_datetime, first.utc_offset)
    if enhanced_s is not None:
        return {_ENHANCED: enhanced_s}
    found = {
        _SERIES: timeline.series_s,
        _GE: moment_s(first.ge_scan_datetime, first.utc_offset) if timeline.is_dated else None,
        _BACK: _back_computed_s(first, start_s, half_life_s),
    }
    early = {
        name: moment
        for name, moment in found.items()
        if moment is not None and moment <= start_s + CLOCK_TOLERANCE_S
    }
    return {**early, _FIRST: start_s}


def _back_computed_s(fact: PetFacts, acquired_s: float, half_life_s: float) -> float | None:
    """The moment that FrameReferenceTime counts from, by way of the image's own time (QIBA).

    FrameReferenceTime may mean the frame's beginning, its middle or its mean (PS3.3 C.8.9.4.1.5), so that it
    says something only where it is more than half a frame off the acquisition: part of a longer scan.
    """
    offset_ms, duration_ms = fact.frame_reference_time_ms, fact.frame_duration_ms
    if not offset_ms or not duration_ms or offset_ms < 0 or duration_ms < 0:
        return None
    moment = acquired_s + mean_time_s(duration_ms / 1000, half_life_s) - offset_ms / 1000
    return moment if abs(moment - acquired_s) > duration_ms / 2000 else None


def _why_not_series(timeline: Timeline, moments: dict[str, float]) -> str:
    if timeline.series_s is None:
        return "SeriesTime is missing"
    if _SERIES in moments:
        return "DecayFactor contradicts SeriesTime"
    return "SeriesTime is later than the first acquisition, as after a delayed reconstruction"


def decay_factors_fit(
    facts: Sequence[PetFacts], timeline: Timeline, reference_s: float, half_life_s: float
) -> bool | None:
    """Whether the DecayFactor of each image is that of a correction from its own time to a moment.

    Scanners include the decay during the frame or leave it out: both fit.

    Returns:
        None if they are no evidence: absent, or 1, which stands for "not filled in" as well.
    """
    images = {
        (fact.decay_factor or 0.0, fact.frame_duration_ms or 0.0, acquired_s)
        for fact, acquired_s in zip(facts, timeline.acquired_s, strict=True)
    }
    if any(factor <= 1 for factor, _, _ in images):
        return None
    tolerance_s = half_life_s * math.log2(1 + DECAY_FACTOR_TOLERANCE)
    return all(
        -tolerance_s
        <= half_life_s * math.log2(factor) - (acquired_s - reference_s)
        <= mean_time_s(duration_ms / 1000, half_life_s) + tolerance_s
        for factor, duration_ms, acquired_s in images
    )


def mean_time_s(duration_s: float, half_life_s: float) -> float:
    """When, after a frame's beginning, the activity is the frame's mean (PS3.3 C.8.9.4.1.5, example 2)."""
    decay = math.log(2) / half_life_s * duration_s
    if decay <= 0:
        return 0.0
    return half_life_s / math.log(2) * math.log(decay / -math.expm1(-decay))


def injected_s(
    facts: Sequence[PetFacts], timeline: Timeline, reference_s: float, half_life_s: float
) -> float:
    """When the dose was injected, and so what it had decayed to at a reference moment.

    A time without a date (TM) may be of any day: the last one before the scan, which is yesterday for one
    injected before midnight, if no earlier day is possible too.

    Raises:
        NotKnownError: Missing, contradictory or impossible times.
    """
    fact = facts[0]
    stated_s = moment_s(fact.injection_datetime, fact.utc_offset)
    time_s = time_of_day_s(fact.injection_time)
    if stated_s is None and time_s is None:
        raise NotKnownError("RadiopharmaceuticalStartTime is missing or no time")
    if stated_s is not None and time_s is not None and _clock_gap_s(stated_s, time_s) > INJECTION_TOLERANCE_S:
        raise NotKnownError("the two elements with the time of injection contradict each other")
    latest_s = _latest_injection_s(facts, timeline, reference_s)
    if stated_s is not None and timeline.is_dated:
        if stated_s > latest_s:
            raise NotKnownError("the injection was after the scan, if the times in the header are right")
        return stated_s
    clock_s = (stated_s or 0.0) if time_s is None else time_s
    moment = clock_s + DAY_S * math.floor((latest_s - clock_s) / DAY_S)
    if reference_s - (moment - DAY_S) <= HALF_LIVES_MAX * half_life_s:
        raise NotKnownError(
            "the half-life is long enough for several days, and that of injection is not given"
        )
    return moment


def require_plausible(uptake_s: float, half_life_s: float) -> None:
    """Refuse an uptake time after which nothing would be left to scan.

    Raises:
        NotKnownError: A time, a day or the half-life (given in minutes?) must be wrong.
    """
    half_lives = abs(uptake_s) / half_life_s
    if half_lives > HALF_LIVES_MAX:
        raise NotKnownError(
            f"between injection and scan are {half_lives:.0f} half-lives, if the header is right"
        )


def _clock_gap_s(one_s: float, other_s: float) -> float:
    """How far apart two times of day are."""
    gap = (one_s - other_s) % DAY_S
    return min(gap, DAY_S - gap)


def _latest_injection_s(facts: Sequence[PetFacts], timeline: Timeline, reference_s: float) -> float:
    """A dynamic scan is started first and injected into; any other comes after the injection."""
    if facts[0].series_type != "DYNAMIC":
        return reference_s
    return max(
        acquired_s + (fact.frame_duration_ms or 0.0) / 1000
        for fact, acquired_s in zip(facts, timeline.acquired_s, strict=True)
    )
