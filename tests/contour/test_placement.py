"""Where contours on any plane lie on a grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.contour import (
    Contour,
    Sheet,
    Slice,
    by_placement,
    height,
    lift,
    nearest_index,
    place,
    plane_of,
    sheet_of,
    voxels_of,
)
from medseg.errors import ContourError
from medseg.space import Grid, Plane
from strategies import grids, planes_through

GRID = Grid.from_axes(
    (9, 20, 30), origin_lps_mm=(5, 6, 7), step_k_mm=(0, 0, 3), step_j_mm=(0, 0.7, 0), step_i_mm=(0.8, 0, 0)
)
TRIANGLE = np.array([[0, 0], [9, 1], [4, 7]], dtype=float)
some_grids = grids(st.just((9, 10, 11)))


def leaning(tilt=0.3, origin_lps_mm=(9, 9, 15)):
    return Plane.spanned_by(origin_lps_mm, (1, 0, tilt), (0, 1, 0))


@given(some_grids, st.integers(0, 2), st.integers(0, 8))
def test_a_contour_on_a_slice_is_placed_on_that_slice(grid, axis, index):
    index_kji = np.insert([[1, 1], [7, 2], [3, 6]], axis, index, axis=1)
    plane = grid.plane(axis, index)
    contour = Contour(plane, plane.to_plane_mm(grid.to_lps_mm(index_kji)), "tumour")
    assert place(contour, grid) == Slice(axis, index)


@given(some_grids, st.data())
def test_every_column_of_a_sheet_crosses_the_plane_where_it_says(grid, data):
    plane = data.draw(planes_through(grid))
    sheet = sheet_of(plane, grid)
    shape = tuple(np.delete(grid.shape_kji, sheet.axis))
    crossing = lift(sheet, list(np.ndindex(shape)))
    largest_step_mm = max(grid.spacing_kji_mm)
    assert np.abs(plane.distance_mm(grid.to_lps_mm(crossing))).max() <= 1e-5 * largest_step_mm
    assert np.allclose(crossing[:, sheet.axis].reshape(shape), height(sheet, shape))
    assert max(map(abs, sheet.slopes)) <= 1 + 2e-6


@given(some_grids, st.data())
def test_the_plane_of_a_sheet_is_the_plane_that_it_came_from(grid, data):
    plane = data.draw(planes_through(grid))
    sheet = sheet_of(plane, grid)
    back = plane_of(sheet, grid)
    assert abs(back.normal @ plane.normal) == pytest.approx(1, abs=1e-9)
    corners = plane.distance_mm(back.to_lps_mm([(0, 0), (5, 0), (0, 5)]))
    assert np.abs(corners).max() <= 1e-5 * max(grid.spacing_kji_mm)


def test_the_plane_of_a_slice_is_the_grid_s():
    ours, grids_own = plane_of(Slice(1, 4), GRID), GRID.plane(1, 4)
    assert np.array_equal(ours.origin_lps_mm, grids_own.origin_lps_mm)
    assert np.array_equal(ours.normal, grids_own.normal)


def test_a_plane_between_two_slices_is_a_level_sheet():
    contour = Contour(GRID.plane(0, 4.25), TRIANGLE, "tumour")
    assert place(contour, GRID) == Sheet(0, 4.25)


@pytest.mark.parametrize("noise", [-1e-12, 0, 1e-12])
def test_a_plane_at_45_degrees_has_one_sheet_whatever_the_rounding(noise):
    cubes = Grid((9, 9, 9), np.eye(4)[[2, 1, 0, 3]])
    plane = Plane.spanned_by((0, 0, 0), (1, 0, 1 + noise), (0, 1, 0))
    assert sheet_of(plane, cubes) == Sheet(0, 0.0, (0.0, 1.0))


def test_half_way_between_two_voxels_all_columns_take_the_same_side():
    assert np.array_equal(nearest_index(Sheet(0, 0.5, (0.0, 1.0)), (1, 4)), [[1, 2, 3, 4]])


def test_the_columns_run_along_the_axis_that_the_plane_crosses_most_steeply():
    # Slices 3 mm apart and columns .8 mm: even at 60° the plane crosses fewer slices than columns.
    assert sheet_of(leaning(tilt=np.tan(np.pi / 3)), GRID).axis == 0
    assert sheet_of(leaning(tilt=5), GRID).axis == 2


def test_contours_of_one_oblique_plane_fall_into_one_group():
    one = leaning()
    # The same plane with another origin, other axes, turned over, and rounded as a file would.
    other = Plane.spanned_by(one.to_lps_mm((13.37, -4.2)).round(3), -one.v, one.u)
    first, second = Contour(one, TRIANGLE, "tumour"), Contour(other, TRIANGLE + 3, "tumour")
    third = Contour(leaning(tilt=0.4), TRIANGLE, "tumour")
    groups = by_placement([first, second, third], GRID)
    assert list(groups.values()) == [(first, second), (third,)]
    assert next(iter(groups)) == place(first, GRID)


def test_planes_stand_in_the_order_in_which_they_were_last_drawn_on():
    axial, coronal = Contour(GRID.plane(0, 2), TRIANGLE, "a"), Contour(GRID.plane(1, 7), TRIANGLE, "a")
    oblique, again = Contour(leaning(), TRIANGLE, "a"), Contour(GRID.plane(0, 2), TRIANGLE + 1, "a")
    groups = by_placement([axial, oblique, coronal, again], GRID)
    assert list(groups) == [place(oblique, GRID), Slice(1, 7), Slice(0, 2)]
    assert groups[Slice(0, 2)] == (axial, again)


def test_a_contour_whose_plane_is_a_slice_up_to_tolerances_joins_that_slice():
    slightly = Plane.spanned_by(GRID.plane(0, 2).origin_lps_mm, (1, 0, 2e-4), (0, 1, 0))
    near, far = Contour(slightly, TRIANGLE, "a"), Contour(slightly, np.add(TRIANGLE, (20, 0)), "a")
    assert place(near, GRID) == Slice(0, 2)
    assert isinstance(place(far, GRID), Sheet)
    assert by_placement([near, far], GRID) == {Slice(0, 2): (near, far)}


def test_two_planes_that_differ_are_two_groups_however_close():
    fine = Grid((9, 9, 9), np.diag([0.01, 0.01, 0.01, 1])[[2, 1, 0, 3]])
    small = TRIANGLE * 0.01
    contours = [Contour(fine.plane(0, at), small, "a") for at in (2, 2.5, 3)]
    assert list(by_placement(contours, fine)) == [Slice(0, 2), Sheet(0, 2.5), Slice(0, 3)]


def test_a_slice_off_the_grid_is_refused_but_an_oblique_plane_may_miss_it():
    with pytest.raises(ContourError, match="k=9, outside the grid's 9 slices"):
        place(Contour(GRID.plane(0, 9), TRIANGLE, "tumour"), GRID)
    assert isinstance(place(Contour(leaning(origin_lps_mm=(0, 0, 900)), TRIANGLE, "tumour"), GRID), Sheet)


def test_the_voxels_of_a_sheet_are_those_on_the_grid():
    sheet = Sheet(0, -1.0, (0.5, 0.0))
    voxels = voxels_of(sheet, np.ones((6, 2), bool), (2, 6, 2))
    assert voxels.tolist() == [
        [0, 1, 0],
        [0, 1, 1],
        [0, 2, 0],
        [0, 2, 1],
        [1, 3, 0],
        [1, 3, 1],
        [1, 4, 0],
        [1, 4, 1],
    ]


def test_a_sheet_says_where_it_runs():
    assert str(Sheet(0, 4.5)) == "k=4.5"
    assert str(Sheet(1, 3.0, (0.25, -0.5))) == "j=3+0.25k-0.5i"
