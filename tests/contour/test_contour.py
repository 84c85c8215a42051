"""Contours and where they lie."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medseg.contour import Contour, ContourSet, Origin, Slice, by_slice, slice_of
from medseg.errors import ContourError
from medseg.space import Grid, Plane
from strategies import grids

PLANE = Plane(np.zeros(3), np.array([1.0, 0, 0]), np.array([0, 1.0, 0]))
SQUARE = np.array([[0, 0], [4, 0], [4, 4], [0, 4]], dtype=float)


def test_a_repeated_first_point_is_dropped():
    closed = np.vstack([SQUARE, SQUARE[:1]])
    assert len(Contour(PLANE, closed, "tumour").points_mm) == 4


def test_the_area_is_signed_by_the_direction_of_drawing():
    assert Contour(PLANE, SQUARE, "tumour").signed_area_mm2 == pytest.approx(16)
    assert Contour(PLANE, SQUARE[::-1], "tumour").signed_area_mm2 == pytest.approx(-16)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([[0, 0], [1, 1]], "three vertices"),
        ([[0, 0], [1, 1], [2, 2], [3, 3]], "one line"),
        ([[5, 5], [5, 5], [5, 5]], "three vertices"),
        ([[0, 0], [1, np.nan], [2, 0]], "finite"),
        ([[0, 0, 0], [1, 0, 0], [0, 1, 0]], "shape"),
        (np.zeros((0, 2)), "three vertices"),
    ],
)
def test_what_bounds_nothing_is_no_contour(points, message):
    with pytest.raises(ContourError, match=message):
        Contour(PLANE, np.array(points, dtype=float), "tumour")


def test_its_points_cannot_be_changed():
    contour = Contour(PLANE, SQUARE, "tumour")
    with pytest.raises(ValueError, match="read-only"):
        contour.points_mm[0] = 9


def test_a_set_sorts_by_structure_and_keeps_the_order():
    first, second = Contour(PLANE, SQUARE, "liver"), Contour(PLANE, SQUARE + 1, "tumour")
    contours = ContourSet((first,)).with_added([second, first])
    assert contours.structure_ids == ("liver", "tumour")
    assert list(contours.of("liver")) == [first, first]
    assert len(contours) == 3


@given(grids(st.just((9, 9, 9))), st.integers(0, 2), st.integers(0, 8))
def test_a_contour_is_found_on_its_slice_along_any_axis_of_any_grid(grid, axis, index):
    # A triangle of several voxels, so that no other axis could be the one that stands still.
    index_kji = np.insert([[1, 1], [7, 2], [3, 6]], axis, index, axis=1)
    plane = grid.plane(axis, index)
    contour = Contour(plane, plane.to_plane_mm(grid.to_lps_mm(index_kji)), "tumour")
    assert slice_of(contour, grid) == Slice(axis, index)
    assert list(by_slice([contour], grid)) == [Slice(axis, index)]


def test_a_contour_between_two_slices_or_beside_the_grid_is_refused():
    grid = Grid((5, 9, 9), np.eye(4)[[2, 1, 0, 3]])
    between = Contour(grid.plane(0, 1.4), SQUARE, "tumour")
    with pytest.raises(ContourError, match="slices off"):
        slice_of(between, grid)
    beyond = Contour(grid.plane(0, 5), SQUARE, "tumour")
    with pytest.raises(ContourError, match="outside the grid"):
        slice_of(beyond, grid)


def test_an_oblique_contour_is_refused():
    grid = Grid((9, 9, 9), np.eye(4)[[2, 1, 0, 3]])
    leaning = Plane.spanned_by((0, 0, 0), (1, 0, 0.5), (0, 1, 0))
    with pytest.raises(ContourError, match="slices off") as caught:
        slice_of(Contour(leaning, SQUARE, "tumour"), grid)
    assert caught.value.details["structure_id"] == "tumour"


def test_origin_can_be_changed_without_touching_the_polygon():
    contour = Contour(PLANE, SQUARE, "tumour", origin=Origin.INTERPOLATED)
    drawn = contour.with_origin(Origin.DRAWN)
    assert drawn.origin is Origin.DRAWN
    assert np.array_equal(drawn.points_mm, contour.points_mm)


def test_a_contour_belongs_to_a_time_point_or_to_all():
    contour = Contour(PLANE, SQUARE, "tumour")
    assert contour.time_index is None
    assert contour.with_time(None) is contour
    assert contour.with_time(3).time_index == 3
    assert contour.with_time(3).with_origin(Origin.IMPORTED).time_index == 3
    with pytest.raises(ContourError, match="from 0, got -1"):
        contour.with_time(-1)
