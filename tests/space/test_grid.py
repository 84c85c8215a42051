"""Array index ↔ patient mm."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.errors import GeometryError, GridMismatchError
from medseg.space import Grid
from strategies import grids


def axial_grid(shape=(4, 5, 6)):
    return Grid.from_axes(
        shape, origin_lps_mm=(-10, -20, 30), step_k_mm=(0, 0, 5), step_j_mm=(0, 0.8, 0), step_i_mm=(0.7, 0, 0)
    )


def tilted_grid(tilt_deg: float) -> Grid:
    """Slices that stay axial while the table moves at an angle: the geometry of a tilted gantry."""
    tilt = np.radians(tilt_deg)
    return Grid.from_axes(
        (10, 8, 8),
        origin_lps_mm=(0, 0, 0),
        step_k_mm=(0, -5 * np.sin(tilt), 5 * np.cos(tilt)),
        step_j_mm=(0, 1, 0),
        step_i_mm=(1, 0, 0),
    )


def test_an_index_is_taken_to_the_centre_of_its_voxel():
    assert axial_grid().to_lps_mm((2, 3, 4)) == pytest.approx((-10 + 4 * 0.7, -20 + 3 * 0.8, 30 + 2 * 5))


def test_spacing_and_volume_are_those_of_the_axes():
    grid = axial_grid()
    assert grid.spacing_kji_mm == pytest.approx((5, 0.8, 0.7))
    assert grid.voxel_volume_mm3 == pytest.approx(5 * 0.8 * 0.7)
    assert grid.shear == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("tilt_deg", [-20, 18.5])
def test_a_tilted_gantry_is_kept_as_shear_and_its_voxels_are_smaller(tilt_deg):
    grid = tilted_grid(tilt_deg)
    assert grid.shear == pytest.approx(abs(np.sin(np.radians(tilt_deg))))
    assert grid.voxel_volume_mm3 == pytest.approx(5 * np.cos(np.radians(tilt_deg)))


@given(grids(), st.integers(0, 2**32 - 1))
def test_index_to_mm_and_back_is_the_identity(grid, seed):
    index = np.random.default_rng(seed).uniform(-5, 35, (20, 3))
    assert np.allclose(grid.to_index(grid.to_lps_mm(index)), index, atol=1e-6)
    points = grid.to_lps_mm(index)
    assert np.allclose(grid.to_lps_mm(grid.to_index(points)), points, atol=1e-6)


@given(grids(), st.integers(0, 2), st.integers(0, 29), st.integers(0, 2**32 - 1))
def test_a_slice_and_its_plane_hold_the_same_points(grid, axis, index, seed):
    index_kji = np.random.default_rng(seed).uniform(0, 30, (10, 3))
    index_kji[:, axis] = index
    points = grid.to_lps_mm(index_kji)
    plane = grid.plane(axis, index)
    assert np.abs(plane.distance_mm(points)).max() < 1e-6
    assert np.allclose(plane.to_lps_mm(plane.to_plane_mm(points)), points, atol=1e-6)


def test_a_grid_cannot_be_changed():
    grid = axial_grid()
    with pytest.raises(ValueError, match="read-only"):
        grid.index_to_lps_mm[0, 0] = 7
    with pytest.raises(AttributeError):
        grid.shape_kji = (1, 1, 1)


def test_a_grid_does_not_follow_the_array_that_it_was_made_from():
    matrix = np.eye(4)
    grid = Grid((2, 2, 2), matrix)
    matrix[0, 0] = 99
    assert grid.index_to_lps_mm[0, 0] == 1


@pytest.mark.parametrize(
    ("shape", "matrix", "message"),
    [
        ((0, 5, 5), np.eye(4), "at least one voxel"),
        ((5, 5), np.eye(4), "three numbers"),
        ((5, 5, 5), np.eye(3), "4×4"),
        ((5, 5, 5), np.full((4, 4), np.nan), "finite"),
        ((5, 5, 5), np.diag([1, 1, 1, 2]), "last row"),
        ((5, 5, 5), np.diag([1, 1, 0, 1]), "spacing"),
        ((5, 5, 5), np.diag([1, 1, 5000, 1]), "spacing"),
        ((5, 5, 5), np.array([[1, 1, 0, 0], [0, 1e-3, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]), "independent"),
    ],
)
def test_what_is_no_grid_is_refused_with_a_reason(shape, matrix, message):
    with pytest.raises(GeometryError, match=message):
        Grid(shape, matrix)


def test_grids_that_differ_are_refused_with_the_distance():
    grid = axial_grid()
    moved = Grid.from_axes(
        grid.shape_kji,
        origin_lps_mm=(-10, -20, 30.5),
        step_k_mm=(0, 0, 5),
        step_j_mm=(0, 0.8, 0),
        step_i_mm=(0.7, 0, 0),
    )
    assert grid.is_same_as(axial_grid())
    assert grid.max_corner_distance_mm(moved) == pytest.approx(0.5)
    with pytest.raises(GridMismatchError, match=r"0\.5 mm") as caught:
        moved.require_same_as(grid, "label map and image")
    assert caught.value.details["max_mm"] == pytest.approx(0.5)
    with pytest.raises(GridMismatchError, match="expected"):
        axial_grid((4, 5, 7)).require_same_as(grid, "label map and image")


@pytest.mark.parametrize(("off_mm", "is_same"), [(2e-4, True), (2e-3, False)])
def test_what_float32_loses_makes_no_other_grid(off_mm, is_same):
    grid = axial_grid()
    matrix = grid.index_to_lps_mm.copy()
    matrix[0, 3] += off_mm
    stored = Grid(grid.shape_kji, matrix)
    assert not stored.is_same_as(grid)
    if is_same:
        stored.require_same_as(grid, "label map and image")
    else:
        with pytest.raises(GridMismatchError):
            stored.require_same_as(grid, "label map and image")
