"""RECIST 1.1: categories by the published thresholds, and never more than a proposal without a reader."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medseg.measurement.response import (
    Category,
    LesionSize,
    NonTarget,
    TargetLesion,
    TargetResponse,
    overall_response,
    sum_of_diameters_mm,
    target_response,
)

NODE = TargetLesion("node", "Node", is_node=True)


def lesion(number):
    return TargetLesion(f"t{number}", f"Target {number}")


def sizes(*diameters):
    return [LesionSize(lesion(number), mm) for number, mm in enumerate(diameters)]


def category(*times):
    return target_response([sizes(*time) for time in times]).category


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        # Eisenhauer et al. 2009, section 4.3.1: at least 30 % below the baseline.
        ([(60, 40), (42, 28)], "PR"),
        ([(60, 40), (42, 28.1)], "SD"),
        # At least 20 % above the smallest sum on study …
        ([(50, 50), (60, 60)], "PD"),
        ([(50, 50), (60, 59.9)], "SD"),
        # … not above the baseline: 84 is 16 % below 100, but 20 % above 70.
        ([(50, 50), (35, 35), (42, 42)], "PD"),
        ([(50, 50), (35, 35), (42, 41.9)], "SD"),
        # … and at least 5 mm: 24.9 of 20 is 24.5 % more.
        ([(10, 10), (12.4, 12.5)], "SD"),
        ([(10, 10), (12.5, 12.5)], "PD"),
        # Progression comes before a partial response: 12 is 88 % below the baseline and 7 mm above the nadir.
        ([(50, 50), (5, 0), (6, 6)], "PD"),
        ([(50, 50), (0, 0)], "CR"),
        ([(50, 50), (0, 1)], "PR"),
        # Schwartz et al. 2016: a lesion that is back after a complete response is progression, however small.
        ([(50, 50), (0, 0), (2, 0)], "PD"),
        # Back after less than that, it only counts into the sum.
        ([(50, 50), (40, 0), (40, 2)], "PR"),
        # Section 4.4.2: the sum is not known, unless what was measured is progression enough.
        ([(50, 50), (40, None)], "NE"),
        ([(50, 50), (120, None)], "PD"),
        ([(50, 50), (None, 30), (40, 30)], "PR"),
    ],
)
def test_the_published_thresholds(times, expected):
    assert category(*times) is Category(expected)


@pytest.mark.parametrize(("node_mm", "expected"), [(9.9, "CR"), (10.0, "PR")])
def test_a_node_below_ten_millimetres_is_normal_and_others_have_to_vanish(node_mm, expected):
    baseline = [LesionSize(NODE, 20.0), LesionSize(lesion(0), 40.0)]
    now = [LesionSize(NODE, node_mm), LesionSize(lesion(0), 0.0)]
    response = target_response([baseline, now])
    assert response.category is Category(expected)
    assert (response.sum_mm, response.baseline_mm, response.nadir_mm) == (node_mm, 60.0, 60.0)


@pytest.mark.parametrize(
    ("target", "non_target", "new", "expected"),
    [
        # Table 1 of Eisenhauer et al. 2009, row by row.
        ("CR", "CR", [], "CR"),
        ("CR", "none", [], "CR"),
        ("CR", "non-CR/non-PD", [], "PR"),
        ("CR", "NE", [], "PR"),
        ("PR", "non-CR/non-PD", [], "PR"),
        ("PR", "NE", [], "PR"),
        ("SD", "non-CR/non-PD", [], "SD"),
        ("SD", "NE", [], "SD"),
        ("NE", "non-CR/non-PD", [], "NE"),
        ("PD", "CR", [], "PD"),
        ("CR", "PD", [], "PD"),
        ("CR", "CR", ["new"], "PD"),
        ("NE", "NE", ["new"], "PD"),
    ],
)
def test_the_overall_response(target, non_target, new, expected):
    response = overall_response(TargetResponse(Category(target), 1, 1, 1), NonTarget(non_target), new)
    assert response.category is Category(expected)


def test_it_is_a_proposal_until_a_reader_confirms_it():
    proposed = overall_response(target_response([sizes(50), sizes(20)]))
    told = proposed.as_dict()
    assert (told["status"], told["confirmed_by"]) == ("proposed", None)
    with pytest.raises(ValueError, match="somebody"):
        proposed.confirmed("  ", datetime(2026, 3, 4, tzinfo=UTC))
    told = proposed.confirmed("Ben Radiologist", datetime(2026, 3, 4, tzinfo=UTC)).as_dict()
    assert (told["status"], told["category"], told["confirmed_by"], told["confirmed_at"]) == (
        "confirmed",
        "PR",
        "Ben Radiologist",
        "2026-03-04T00:00:00+00:00",
    )


def test_it_says_why():
    assert target_response([sizes(50), sizes(20)]).grounds == ("-60.0% from the baseline of 50.0 mm",)
    assert target_response([sizes(50), sizes(None)]).grounds == ("not evaluated: Target 0",)


@pytest.mark.parametrize(
    "times",
    [
        [sizes(10)],
        [[], []],
        [sizes(10, 10), sizes(10)],
        [sizes(None), sizes(10)],
    ],
)
def test_times_that_can_not_be_compared_are_a_bug_of_the_caller(times):
    with pytest.raises(ValueError, match="expected"):
        target_response(times)


diameters = st.floats(0, 200).map(lambda mm: round(mm, 1))


@settings(max_examples=25)
@given(st.lists(st.tuples(diameters, diameters), min_size=2, max_size=5))
def test_growth_never_makes_a_response_better(times):
    if not any(times[0]):
        return
    before = target_response([sizes(*time) for time in times])
    grown = [*times[:-1], tuple(mm + 30 for mm in times[-1])]
    after = target_response([sizes(*time) for time in grown])
    order = ["CR", "PR", "SD", "PD"]
    assert order.index(after.category) >= order.index(before.category)
    assert after.nadir_mm == before.nadir_mm == min(sum_of_diameters_mm(sizes(*t)) for t in times[:-1])
