"""What a freehand stroke encloses."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from medseg.contour import BrushStroke, brush_stroke, enclosed
from medseg.errors import ContourError
from medseg.space import Plane

PLANE = Plane(np.zeros(3), np.array([1.0, 0, 0]), np.array([0, 1.0, 0]))


def region(path):
    contours = enclosed(path, PLANE, "tumour")
    outer = shapely.union_all([shapely.Polygon(c.points_mm) for c in contours if not c.hole])
    return outer.difference(shapely.union_all([shapely.Polygon(c.points_mm) for c in contours if c.hole]))


def spiral(turns, count=200):
    angles = np.linspace(0, 2 * np.pi * turns, count)
    radii = np.linspace(10, 6, count)[:, None]
    return radii * np.column_stack([np.cos(angles), np.sin(angles)])


def test_a_simple_stroke_is_its_outline():
    square = [(0, 0), (4, 0), (4, 3), (0, 3)]
    (contour,) = enclosed(square, PLANE, "tumour")
    assert np.array_equal(contour.points_mm, square)
    assert (contour.structure_id, contour.hole) == ("tumour", False)


@pytest.mark.parametrize("turns", [1.1, 1.5, 2.3])
@pytest.mark.parametrize("sense", [1, -1])
def test_what_it_goes_around_twice_is_inside(turns, sense):
    path = spiral(turns)[::sense]
    drawn = region(path)
    assert drawn.contains(shapely.Point(0, 0).buffer(5.5))
    assert drawn.geom_type == "Polygon"
    assert not drawn.interiors


def test_both_halves_of_an_eight():
    eight = [(0, 0), (4, 4), (4, 0), (0, 4)]
    assert region(eight).area == pytest.approx(8)


def test_what_is_gone_around_but_not_enclosed_is_a_hole():
    # Out, once round the other way at half the distance, and in again: the middle is gone around 1 - 1 times.
    angles = np.linspace(0, 2 * np.pi, 60)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    drawn = region(np.concatenate([10 * circle, 5 * circle[::-1]]))
    assert drawn.area == pytest.approx(75 * np.pi, rel=0.01)
    assert not drawn.contains(shapely.Point(0, 0))


@pytest.mark.parametrize("path", [[(1, 1)], [(0, 0), (5, 5)], [(0, 0), (3, 0), (6, 0), (3, 0)]])
def test_there_and_back_encloses_nothing(path):
    assert enclosed(path, PLANE, "tumour") == ()


@pytest.mark.parametrize("path", [[], [(0, np.nan), (1, 1), (2, 0)], [(0, 0, 0)]])
def test_refuses_what_is_no_path(path):
    with pytest.raises(ContourError, match="path of finite points"):
        enclosed(path, PLANE, "tumour")


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=3, max_size=14))
def test_is_where_the_winding_number_is_not_zero(corners):
    path = np.array(corners, dtype=float)
    drawn = region(path)
    # Points off every line through two whole numbers of this size.
    for at in np.random.default_rng(0).uniform(0, 9, (20, 2)):
        angles = np.arctan2(*(path - at).T[::-1])
        turned = np.diff(np.append(angles, angles[0]))
        turns = ((turned + np.pi) % (2 * np.pi) - np.pi).sum() / (2 * np.pi)
        assert drawn.contains(shapely.Point(at)) == (round(turns) != 0)


@pytest.mark.parametrize("seed", range(4))
def test_a_stroke_as_it_goes_is_that_of_the_whole_path(seed):
    path = np.cumsum(np.random.default_rng(seed).normal(0, 2, (40, 2)), axis=0)
    stroke = BrushStroke(3.0, path[0])
    for at in path[1:]:
        stroke.to(at)
    swept, whole = (
        shapely.union_all([shapely.Polygon(c.points_mm) for c in contours if not c.hole])
        for contours in (stroke.outline(PLANE, "tumour"), brush_stroke(path, 3.0, PLANE, "tumour"))
    )
    assert shapely.hausdorff_distance(swept.boundary, whole.boundary, densify=0.05) < 0.02


def test_a_dab_is_a_disc_and_a_bad_place_is_refused():
    stroke = BrushStroke(2.0, (1, 1))
    (dab,) = stroke.outline(PLANE, "tumour")
    assert abs(dab.signed_area_mm2) == pytest.approx(4 * np.pi, rel=0.01)
    with pytest.raises(ContourError, match="centre"):
        stroke.to((np.nan, 0))
    with pytest.raises(ContourError, match="radius"):
        BrushStroke(0.0, (1, 1))
