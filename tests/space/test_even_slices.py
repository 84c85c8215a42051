"""Even slices between uneven ones: where they lie, what they are made of, what is refused."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import interpolate

from medseg.errors import NotOneVolumeError
from medseg.space.even_slices import MAX_INTERPOLATED_GAP_MM, SAME_PLACE_MM, plan_even_slices
from medseg.space.resampling import resample_evenly
from strategies import rotations

NORMAL = np.array([0.0, 0.0, 1.0])


def line(gaps_mm, direction=NORMAL, origin=(-80.0, 33.5, -412.0)) -> np.ndarray:
    """Positions at these distances along a direction."""
    along_mm = np.concatenate([[0.0], np.cumsum(gaps_mm)])
    return np.array(origin) + along_mm[:, np.newaxis] * direction


@st.composite
def uneven_stacks(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Positions of 2 to 40 slices on a line that leans by up to 45°, and their normal."""
    axes = draw(rotations)
    lean = draw(st.tuples(st.floats(-0.7, 0.7), st.floats(-0.7, 0.7)))
    direction = axes @ (lean[1], lean[0], 1.0)
    gaps_mm = draw(st.lists(st.floats(1.0, 9.9), min_size=1, max_size=39))
    return line(gaps_mm, direction / np.linalg.norm(direction)), axes[:, 2]


@given(uneven_stacks())
def test_every_even_slice_lies_between_its_two_neighbours_in_the_patient(stack):
    positions, normal = stack
    even = plan_even_slices(positions, normal)
    after = np.minimum(even.lower + 1, len(positions) - 1)
    mixed = positions[even.lower] + even.fraction[:, np.newaxis] * (positions[after] - positions[even.lower])
    even_positions = even.origin_lps_mm + np.arange(even.count)[:, np.newaxis] * even.step_k_mm
    off_mm = np.linalg.norm(mixed - even_positions, axis=1)
    assert off_mm.max() <= SAME_PLACE_MM + 1e-6
    assert off_mm[even.fraction > 0].max(initial=0) < 1e-6
    assert even.residual_mm < 1e-6


@given(uneven_stacks())
def test_the_first_slice_is_kept_and_none_lies_outside(stack):
    positions, normal = stack
    even = plan_even_slices(positions, normal)
    assert (even.lower[0], even.fraction[0]) == (0, 0)
    assert even.origin_lps_mm == pytest.approx(positions[0], abs=1e-6)
    assert (even.fraction >= 0).all()
    assert (even.fraction < 1).all()
    assert even.lower.max() < len(positions)
    assert even.fraction[even.lower == len(positions) - 1].sum() == 0
    end = even.origin_lps_mm + (even.count - 1) * even.step_k_mm
    left_out_mm = np.linalg.norm(positions[-1] - end)
    assert left_out_mm < np.linalg.norm(even.step_k_mm) + SAME_PLACE_MM


@given(uneven_stacks())
def test_a_ramp_comes_out_exactly(stack):
    positions, normal = stack
    even = plan_even_slices(positions, normal)
    acquired = (positions @ (3.0, -7.0, 2.0))[:, np.newaxis, np.newaxis] * np.ones((1, 2, 3))
    wanted = (even.origin_lps_mm + np.arange(even.count)[:, np.newaxis] * even.step_k_mm) @ (3.0, -7.0, 2.0)
    off = np.abs(resample_evenly(acquired, even) - wanted[:, np.newaxis, np.newaxis])
    assert off[even.fraction > 0].max(initial=0) < 1e-6
    assert off.max() <= SAME_PLACE_MM * 8  # a copy is up to 0.05 mm off; 8 is the ramp's slope


def test_runs_of_two_distances_by_hand():
    even = plan_even_slices(line([2, 2, 2, 5, 5]), NORMAL)  # at 0 2 4 6 11 16
    assert even.step_k_mm == pytest.approx((0, 0, 2))
    assert even.lower.tolist() == [0, 1, 2, 3, 3, 3, 4, 4, 5]  # at 0 2 4 6 8 10 12 14 16
    assert even.fraction == pytest.approx([0, 0, 0, 0, 0.4, 0.8, 0.2, 0.6, 0])
    assert even.warnings == (
        "The slices lay 2 to 5 mm apart and were resampled every 2 mm; 4 of 9 slices are interpolated: "
        "4 across 5 mm (slices 4 to 6).",
    )


def test_an_odd_gap_does_not_set_the_step():
    even = plan_even_slices(line([3, 3, 3, 0.4, 3, 3, 3]), NORMAL)
    assert even.step_k_mm == pytest.approx((0, 0, 3))


def test_thin_slices_are_not_passed_over_though_most_are_thick():
    even = plan_even_slices(line([2.5] * 12 + [5.0] * 20), NORMAL)
    assert even.step_k_mm == pytest.approx((0, 0, 2.5))
    assert not (set(range(33)) - set(even.lower))


def test_rounding_of_one_gap_does_not_add_up():
    rounded = np.round(np.arange(300) * 0.6254, 2)
    even = plan_even_slices(np.column_stack([np.zeros((300, 2)), rounded]), NORMAL)
    assert even.step_k_mm[2] == pytest.approx(0.6254, abs=1e-4)
    assert even.lower.tolist() == list(range(300))
    assert not even.fraction.any()


def test_what_is_left_out_is_said():
    even = plan_even_slices(line([3, 3, 3, 3, 1, 1, 3, 3, 3, 2]), NORMAL)  # at 0 3 6 9 12 13 14 17 20 23 25
    assert even.lower.tolist() == [0, 1, 2, 3, 4, 6, 7, 8, 9]  # at 0 3 6 9 12 15 18 21 24
    assert even.warnings[1:] == (
        "1 of 11 acquired slices lie between the even ones and were passed over.",
        "The last 1 mm of the stack are less than a step and were left out.",
    )


@pytest.mark.parametrize(
    ("gaps_mm", "reason", "message"),
    [
        ([2, 2, 2, 12, 2], "missing-slices", r"at most 10 mm .* found 12 mm between slices 4 and 5"),
        ([0.5, 0.5, 6, 0.5], "missing-slices", r"at most 5 mm .* found 6 mm between slices 3 and 4"),
        ([9, 9, 9, 12, 12], "uneven-spacing", r"found 12 mm between slices 4 and 5"),
        ([2, 0.001, 2], "duplicate-positions", "slices 2 and 3 in the same place"),
    ],
)
def test_what_cannot_be_filled_is_refused_by_name(gaps_mm, reason, message):
    with pytest.raises(NotOneVolumeError, match=message) as caught:
        plan_even_slices(line(gaps_mm), NORMAL)
    assert caught.value.details["reason"] == reason
    assert caught.value.hint


def test_the_widest_gap_that_is_filled():
    even = plan_even_slices(line([5, 5, 5, MAX_INTERPOLATED_GAP_MM, 5]), NORMAL)
    assert even.fraction == pytest.approx([0, 0, 0, 0, 0.5, 0, 0])


def test_a_slice_off_the_line_is_refused():
    positions = line([2, 2, 3, 2, 2, 3, 2])
    positions[3] += (0, 0.5, 0)
    with pytest.raises(NotOneVolumeError, match=r"found slice 4 .* mm off it") as caught:
        plan_even_slices(positions, NORMAL)
    assert caught.value.details["reason"] == "irregular-positions"


def test_positions_out_of_order_are_the_callers_mistake():
    with pytest.raises(ValueError, match="ascending"):
        plan_even_slices(line([2, 2, 3])[::-1], NORMAL)


def test_a_real_tilted_series_of_two_distances_keeps_its_lean(real_data):
    slices = [
        pydicom.dcmread(path)
        for path in sorted((real_data / "ct_gantry_tilt" / "ge").iterdir())
        if path.name != "DIRFILE"
    ]
    row, column = np.array(slices[0].ImageOrientationPatient, float).reshape(2, 3)
    normal = np.cross(row, column)
    slices.sort(key=lambda one: float(np.array(one.ImagePositionPatient, float) @ normal))
    positions = np.array([one.ImagePositionPatient for one in slices], float)
    stored = np.array([one.pixel_array for one in slices])[:, ::4, ::4]

    even = plan_even_slices(positions, normal)

    # 13 table steps of 4.22 mm, one of 1.14 mm, 13 of 7.38 mm
    assert even.step_k_mm == pytest.approx((0, 0, 4.22), abs=1e-4)
    assert np.degrees(np.arccos(even.step_k_mm @ normal / 4.22)) == pytest.approx(18.5, abs=0.01)
    assert even.count == 37
    assert even.lower[:14].tolist() == list(range(14))
    assert not even.fraction[:14].any()
    assert even.residual_mm < 0.01
    assert even.warnings == (
        "The slices lay 1.14 to 7.38 mm apart and were resampled every 4.22 mm; 21 of 37 slices are "
        "interpolated: 21 across 7.38 mm (slices 15 to 28).",
    )
    result = resample_evenly(stored, even)
    copied = even.fraction == 0
    assert np.array_equal(result[copied], stored[even.lower[copied]])
    table_mm = positions[:, 2] - positions[0, 2]
    expected = interpolate.interp1d(table_mm, stored, axis=0)(4.22 * np.flatnonzero(~copied))
    assert result.dtype == stored.dtype
    assert np.abs(result[~copied] - expected).max() <= 0.5 + 1e-3
