"""The factor from PET values to SUV: physics in, header out, the same physics back."""

from __future__ import annotations

import datetime
import math
import pickle
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.errors import UnsupportedImageError
from medseg.io.dicom.clock import DAY_S, day_number, moment_s, time_of_day_s
from medseg.io.dicom.suv import PetFacts, PetUnit, pet_scale
from medseg.volume.volume import Quantity

PLAIN = PetFacts(
    units="BQML",
    series_type="STATIC",
    decay_correction="START",
    corrected_image=("DECY", "ATTN"),
    series_date="20240102",
    series_time="100000",
    acquisition_date="20240102",
    acquisition_time="100000",
    frame_duration_ms=180_000.0,
    injection_time="090000",
    half_life_s=6586.2,
    dose_bq=370e6,
    weight_kg=70.0,
)
COUNTS = replace(PLAIN, units="CNTS", philips_suv_factor=0.0004, philips_activity_factor=1.5)

HALF_LIVES_S = {"O-15": 122.24, "C-11": 1221.8, "Ga-68": 4062.6, "F-18": 6586.2}
"""Nuclides of which a clock time without a date leaves but one day."""


def by_hand(uptake_s: float, half_life_s: float = 6586.2) -> float:
    return 70.0 * 1000 / (370e6 * math.exp(-math.log(2) / half_life_s * uptake_s))


def da_tm(moment: float) -> tuple[str, str]:
    """Seconds since the evening before 2024 → DA and TM."""
    when = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(seconds=moment)
    return when.strftime("%Y%m%d"), when.strftime("%H%M%S.%f")


def scan(
    *,
    injected: float,
    series: float,
    acquired: list[float],
    half_life_s: float = 6586.2,
    with_date: bool = False,
    **changes: object,
) -> list[PetFacts]:
    """Images of one scan, their clock times given in seconds."""
    day, time = da_tm(injected)
    common = replace(
        PLAIN,
        half_life_s=half_life_s,
        series_date=da_tm(series)[0],
        series_time=da_tm(series)[1],
        injection_time=time,
        injection_datetime=day + time if with_date else "",
        **changes,
    )
    return [replace(common, acquisition_date=da_tm(at)[0], acquisition_time=da_tm(at)[1]) for at in acquired]


clocks = st.floats(0, 3 * DAY_S, allow_subnormal=False).map(lambda value: round(value, 3))
nuclides = st.sampled_from(sorted(HALF_LIVES_S.values()))
scans = {"begin": clocks, "half_lives": st.floats(0, 5), "half_life_s": nuclides, "with_date": st.booleans()}


@given(**scans, beds=st.integers(1, 6))
def test_start_is_the_decay_up_to_the_series_whenever_that_is(
    begin, half_lives, half_life_s, with_date, beds
):
    """At any time of day, across any midnight."""
    uptake_s = round(half_lives * half_life_s, 3)
    facts = scan(
        injected=begin,
        series=begin + uptake_s,
        acquired=[begin + uptake_s + 180 * bed for bed in range(beds)],
        half_life_s=half_life_s,
        with_date=with_date,
    )
    scale = pet_scale(facts)
    assert scale.quantity is Quantity.SUVBW
    assert scale.factors == pytest.approx([by_hand(uptake_s, half_life_s)] * beds, rel=1e-4)
    assert scale.warnings == ()


@given(**scans, later_s=st.floats(60, 30 * DAY_S))
def test_a_later_reconstruction_changes_nothing(begin, half_lives, half_life_s, with_date, later_s):
    uptake_s = round(half_lives * half_life_s, 3)
    start = begin + uptake_s
    facts = scan(
        injected=begin,
        series=start + later_s,
        acquired=[start + 360, start + 180, start],
        half_life_s=half_life_s,
        with_date=with_date,
    )
    scale = pet_scale(facts)
    assert scale.factors == pytest.approx([by_hand(uptake_s, half_life_s)] * 3, rel=1e-4)
    assert any("delayed reconstruction" in warning for warning in scale.warnings)


@given(**scans, duration_s=st.floats(1, 3600))
def test_without_decay_correction_each_image_has_its_mean(
    begin, half_lives, half_life_s, with_date, duration_s
):
    """The mean of an exponential over the frame, integrated here, is what the image holds."""
    uptake_s = round(half_lives * half_life_s, 3)
    facts = scan(
        injected=begin,
        series=begin + uptake_s,
        acquired=[begin + uptake_s, begin + uptake_s + half_life_s],
        half_life_s=half_life_s,
        with_date=with_date,
        decay_correction="NONE",
        corrected_image=("ATTN",),
        frame_duration_ms=duration_s * 1000,
    )
    rate = math.log(2) / half_life_s
    left = -math.exp(-rate * uptake_s) * math.expm1(-rate * duration_s) / (rate * duration_s)
    expected = [70_000 / (370e6 * left), 70_000 / (370e6 * left / 2)]
    scale = pet_scale(facts)
    if scale.quantity is Quantity.SUVBW:
        assert scale.factors == pytest.approx(expected, rel=1e-4)
    else:
        assert "half-lives" in scale.warnings[0]  # such a long frame that nothing is left


@given(factor=st.floats(0.5, 20))
def test_dose_and_weight_scale_as_they_should(factor):
    (plain,) = pet_scale([PLAIN]).factors
    (more_dose,) = pet_scale([replace(PLAIN, dose_bq=370e6 * factor)]).factors
    (more_weight,) = pet_scale([replace(PLAIN, weight_kg=70 * factor)]).factors
    assert more_dose == pytest.approx(plain / factor)
    assert more_weight == pytest.approx(plain * factor)


@pytest.mark.parametrize(
    ("facts", "wanted", "quantity", "factor", "word"),
    [
        (PLAIN, PetUnit.SUVBW, Quantity.SUVBW, by_hand(3600), None),
        (PLAIN, PetUnit.BQML, Quantity.BQML, 1.0, None),
        (PLAIN, PetUnit.STORED, Quantity.BQML, 1.0, None),
        (replace(PLAIN, units="GML"), PetUnit.SUVBW, Quantity.SUVBW, 1.0, None),
        (replace(PLAIN, units="GML"), PetUnit.BQML, Quantity.SUVBW, 1.0, "stay in g/ml"),
        (replace(PLAIN, units="GML"), PetUnit.STORED, Quantity.SUVBW, 1.0, None),
        (COUNTS, PetUnit.SUVBW, Quantity.SUVBW, 0.0004, "Philips' own SUV factor is 4% off"),
        (COUNTS, PetUnit.BQML, Quantity.BQML, 1.5, None),
        (COUNTS, PetUnit.STORED, Quantity.CNTS, 1.0, None),
        (replace(COUNTS, philips_suv_factor=0.0), PetUnit.SUVBW, Quantity.SUVBW, 1.5 * by_hand(3600), None),
        (replace(COUNTS, philips_activity_factor=None), PetUnit.SUVBW, Quantity.SUVBW, 0.0004, None),
        (replace(COUNTS, philips_activity_factor=None), PetUnit.BQML, Quantity.CNTS, 1.0, "(7053,xx09)"),
        (
            replace(COUNTS, philips_suv_factor=None, weight_kg=None),
            PetUnit.SUVBW,
            Quantity.CNTS,
            1.0,
            "Weight",
        ),
        (replace(PLAIN, units="PCNT"), PetUnit.STORED, Quantity.ARBITRARY, 1.0, "PCNT"),
        (replace(PLAIN, units="GML", suv_type="LBM"), PetUnit.STORED, Quantity.ARBITRARY, 1.0, "GML LBM"),
    ],
)
def test_what_is_stored_and_what_is_wanted(facts, wanted, quantity, factor, word):
    scale = pet_scale([facts, facts], wanted)
    assert scale.quantity is quantity
    assert scale.factors == pytest.approx([factor, factor], rel=1e-4)
    assert len(scale.warnings) == (word is not None)
    assert word is None or word in scale.warnings[0]


def test_a_series_is_refused_for_its_units_without_repeating_what_is_no_term():
    with pytest.raises(UnsupportedImageError, match="found GML LBM"):
        pet_scale([replace(PLAIN, units="GML", suv_type="LBM")])
    with pytest.raises(UnsupportedImageError, match="found none"):
        pet_scale([replace(PLAIN, units="")])
    with pytest.raises(UnsupportedImageError, match="found unknown") as caught:
        pet_scale([replace(PLAIN, units="DOE^JANE")])
    assert "DOE" not in str(caught.value.as_dict())


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("weight_kg", 71.0, "PatientWeight"),
        ("dose_bq", 371e6, "RadionuclideTotalDose"),
        ("half_life_s", 6588.0, "RadionuclideHalfLife"),
        ("injection_time", "090100", "time of injection"),
        ("series_time", "095959", "SeriesTime"),
        ("decay_correction", "ADMIN", "DecayCorrection"),
        ("corrected_image", ("ATTN",), "CorrectedImage"),
    ],
)
def test_images_of_one_series_must_agree(name, value, said):
    scale = pet_scale([PLAIN, replace(PLAIN, **{name: value})])
    assert scale.quantity is Quantity.BQML
    assert said in scale.warnings[0]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"decay_factor": 2.5}, "DecayFactor does not fit decay correction to SeriesTime"),
        ({"decay_correction": "ADMIN", "decay_factor": 1.0095}, "decay correction to the injection"),
        ({"corrected_image": ()}, "CorrectedImage is missing"),
    ],
)
def test_a_doubtful_header_is_used_with_a_warning(changes, said):
    scale = pet_scale([replace(PLAIN, **changes)])
    assert scale.quantity is Quantity.SUVBW
    assert any(said in warning for warning in scale.warnings)


def test_a_fitting_decay_factor_is_no_matter():
    during = math.log(2) * 180 / 6586.2 / (1 - math.exp(-math.log(2) * 180 / 6586.2))
    up_to_injection = 2 ** (3600 / 6586.2)
    for changes in (
        {"decay_factor": during},
        {"decay_factor": 1.0},
        {"decay_correction": "ADMIN", "decay_factor": up_to_injection * during},
        {"decay_correction": "ADMIN", "decay_factor": up_to_injection},
    ):
        assert pet_scale([replace(PLAIN, **changes)]).warnings == ()


def test_a_decay_factor_that_some_images_lack_is_no_evidence():
    facts = [replace(PLAIN, decay_factor=2.5), replace(PLAIN, decay_factor=None)]
    assert pet_scale(facts).warnings == ()


@pytest.mark.parametrize(
    ("series", "acquired", "uptake_s"),
    [
        (("20240101", "235900"), ("000200", "235900"), 3600),  # the second bed is after midnight
        (("20240102", "000500"), ("000200", "235900"), 3600),  # and the series was made after both
    ],
)
def test_an_acquisition_without_a_date_is_on_the_day_next_to_the_series(series, acquired, uptake_s):
    plain = replace(PLAIN, series_date=series[0], series_time=series[1], acquisition_date="")
    facts = [
        replace(plain, acquisition_time=time, injection_datetime="20240101225900", injection_time="")
        for time in acquired
    ]
    assert pet_scale(facts).factors == pytest.approx([by_hand(uptake_s)] * 2, rel=1e-4)


def test_several_radiopharmaceuticals_are_too_many():
    assert "2 radiopharmaceuticals" in pet_scale([replace(PLAIN, injections=2)]).warnings[0]


def test_counts_that_were_not_decay_corrected_don_t_take_philips_factor_to_suv():
    facts = replace(COUNTS, decay_correction="NONE", corrected_image=("ATTN",))
    mean_s = (
        6586.2
        / math.log(2)
        * math.log((math.log(2) * 180 / 6586.2) / (1 - math.exp(-math.log(2) * 180 / 6586.2)))
    )
    assert pet_scale([facts]).factors == pytest.approx([1.5 * by_hand(3600 + mean_s)], rel=1e-4)


def test_no_warning_tells_a_date_a_time_or_a_weight():
    for changes in (
        {"weight_kg": -70.0},
        {"injection_time": "101500"},
        {"series_time": "173000"},
        {"dose_bq": 9.0},
    ):
        for warning in pet_scale([replace(PLAIN, **changes)]).warnings:
            assert not any(secret in warning for secret in ("2024", "1015", "1730", "70", "10:", "9.0"))


def test_facts_and_scale_travel_between_processes():
    assert pickle.loads(pickle.dumps(PLAIN)) == PLAIN
    scale = pet_scale([PLAIN])
    assert pickle.loads(pickle.dumps(scale)) == scale


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("134523.123", 49523.123),
        ("134523.", 49523.0),
        ("134523", 49523.0),
        ("1345", 49500.0),
        ("13", 46800.0),
        ("13:45:23", 49523.0),
        ("13:45:23.5", 49523.5),
        (" 000000.000000 ", 0.0),
        ("235960", 86400.0),
        ("", None),
        ("1", None),
        ("240000", None),
        ("136000", None),
        ("134561", None),
        ("noon", None),
    ],
)
def test_times_of_day(text, seconds):
    assert time_of_day_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("00010101", 1),
        ("20240102", 738887),
        ("2024.01.02", 738887),
        ("20240230", None),
        ("2024", None),
        ("", None),
    ],
)
def test_days(text, day):
    assert day_number(text) == day


@pytest.mark.parametrize(
    ("text", "utc_offset", "seconds"),
    [
        ("20240102134523.5", "", 49523.5),
        ("2024010213", "", 46800.0),
        ("20240102134523.00+0100", "", 49523.0),
        ("20240102134523.00+0100", "+0100", 49523.0),
        ("20240102134523.00+0000", "+0130", 49523.0 + 5400),
        ("20240102134523-0500", "+0100", 49523.0 + 6 * 3600),
        ("20240102134523", "+0100", 49523.0),
        ("20240102", "", None),
        ("", "", None),
        ("20241302134523", "", None),
    ],
)
def test_moments(text, utc_offset, seconds):
    expected = None if seconds is None else 738887 * DAY_S + seconds
    assert moment_s(text, utc_offset) == (None if expected is None else pytest.approx(expected, abs=1e-4))
