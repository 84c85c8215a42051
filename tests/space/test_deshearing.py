"""Where the slices of a leaning stack go on a rectangular grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.errors import GeometryError
from medseg.space import Grid
from medseg.space.deshearing import plan_deshearing
from strategies import rotations, spacings_mm
from tilted import TILTS_DEG, tilted_grid


@st.composite
def leaning_grids(draw: st.DrawFn) -> Grid:
    """Rows and columns at a right angle, slices shifted along both by up to a tilt of 45°."""
    flips = np.diag(draw(st.tuples(*[st.sampled_from([-1.0, 1.0])] * 3)))
    return tilted_grid(
        draw(st.tuples(st.floats(-45, 45), st.floats(-45, 45))),
        shape_kji=draw(st.tuples(st.integers(1, 40), st.integers(1, 30), st.integers(1, 30))),
        spacing_kji_mm=draw(st.tuples(spacings_mm, spacings_mm, spacings_mm)),
        axes=draw(rotations) @ flips,
    )


@given(leaning_grids())
def test_every_pixel_keeps_its_place_in_the_patient_to_half_a_pixel(grid):
    plan = plan_deshearing(grid)
    if plan is None:
        assert grid.shear < 1e-4 / grid.spacing_kji_mm[0]
        return
    k = np.arange(grid.shape_kji[0])
    placed = plan.grid.to_lps_mm(np.column_stack([k, plan.start_ji]))
    taken = grid.to_lps_mm(np.column_stack([k, plan.fraction_ji]))
    assert np.linalg.norm(placed - taken, axis=1).max() < 2e-4
    assert np.abs(plan.fraction_ji).max() <= 0.5
    assert not plan.fraction_ji[0].any()


@given(leaning_grids())
def test_the_grid_is_rectangular_and_just_holds_every_slice(grid):
    plan = plan_deshearing(grid)
    if plan is None:
        return
    assert plan.grid.shear < 1e-9
    assert np.array_equal(plan.grid.index_to_lps_mm[:3, 1:3], grid.index_to_lps_mm[:3, 1:3])
    assert plan.grid.voxel_volume_mm3 == pytest.approx(grid.voxel_volume_mm3)
    assert plan.grid.index_to_lps_mm[:3, 0] @ grid.index_to_lps_mm[:3, 0] > 0
    assert plan.grid.frame_of_reference_uid == grid.frame_of_reference_uid
    ends_ji = plan.start_ji + grid.shape_kji[1:]
    assert np.array_equal(plan.start_ji.min(axis=0), [0, 0])
    assert np.array_equal(ends_ji.max(axis=0), plan.grid.shape_kji[1:])


@pytest.mark.parametrize("tilt_ji_deg", TILTS_DEG.values(), ids=TILTS_DEG)
def test_the_tilt_is_the_angle_between_the_stack_and_the_normal(tilt_ji_deg):
    tangents = np.tan(np.radians(tilt_ji_deg))
    plan = plan_deshearing(tilted_grid(tilt_ji_deg))
    assert plan.tilt_deg == pytest.approx(np.degrees(np.arctan(np.hypot(*tangents))))
    assert plan.shift_mm == pytest.approx(11 * 4.0 * np.hypot(*tangents))
    assert plan.grid.spacing_kji_mm == pytest.approx((4.0, 0.7, 0.9))


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_gantry_tilt_shifts_towards_its_own_side(sign):
    # 4 mm apart and 1.4 mm, two pixels, along j at each step: by hand
    grid = Grid.from_axes(
        (3, 5, 4),
        origin_lps_mm=(0, 0, 0),
        step_k_mm=(0, sign * 1.4, 4),
        step_j_mm=(0, 0.7, 0),
        step_i_mm=(0.9, 0, 0),
    )
    plan = plan_deshearing(grid)
    assert plan.grid.shape_kji == (3, 9, 4)
    assert plan.start_ji[:, 0].tolist() == ([0, 2, 4] if sign > 0 else [4, 2, 0])
    assert not plan.fraction_ji.any()
    assert plan.grid.origin_lps_mm == pytest.approx((0, min(0, sign * 2.8), 0))
    assert plan.grid.index_to_lps_mm[:3, 0] == pytest.approx((0, 0, 4))


def test_an_upright_stack_needs_nothing():
    assert plan_deshearing(tilted_grid((0, 0))) is None


def test_rows_and_columns_at_a_slant_are_refused():
    skewed = Grid.from_axes(
        (2, 4, 4), origin_lps_mm=(0, 0, 0), step_k_mm=(0, 1, 4), step_j_mm=(0.1, 1, 0), step_i_mm=(1, 0, 0)
    )
    with pytest.raises(GeometryError, match="right angle"):
        plan_deshearing(skewed)
