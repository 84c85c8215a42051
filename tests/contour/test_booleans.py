"""Booleans of contours, and contours ↔ regions."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from contour.shapes import (
    BESIDE,
    BOW_TIE,
    PLANE,
    SAME_SHEET,
    area,
    circle,
    contour,
    inside,
    seen_from,
    square,
)
from medseg.contour import (
    Contour,
    Origin,
    add,
    brush_stroke,
    cut,
    difference,
    intersection,
    symmetric_difference,
    union,
)
from medseg.contour.region import MIN_RELATIVE_AREA, contours_of, point_within, region_of
from medseg.errors import ContourError
from strategies import star_polygons

polygons = hnp.arrays(
    np.float64, st.tuples(st.integers(3, 9), st.just(2)), elements=st.integers(0, 12).map(float)
).filter(lambda points: np.linalg.matrix_rank(points - points[0]) == 2)
any_contours = st.lists(st.builds(contour, polygons, hole=st.booleans()), max_size=4)
stars = star_polygons((30, 30))

_TURN = np.linspace(0, 2 * np.pi, 40, endpoint=False)
SPIKES = 15 + np.where(np.arange(40) % 2, 6, 14)[:, None] * np.column_stack([np.sin(_TURN), np.cos(_TURN)])
"""A star of twenty spikes: moved by a little, it overlaps itself but for as many slivers twice."""


@given(any_contours)
def test_a_region_holds_what_lies_in_more_outer_polygons_than_holes(contours):
    region = region_of(contours, PLANE)
    assert shapely.is_valid(region)
    # Off the lattice of the vertices, so that no point lies on an edge of small slope by chance.
    points = np.argwhere(np.ones((14, 14), bool)) - 0.6180339
    near = shapely.distance(region.boundary, shapely.points(points)) < 1e-9
    assert np.array_equal(shapely.contains_xy(region, points)[~near], inside(contours, points)[~near])


@given(any_contours)
def test_region_to_contours_to_region_is_the_identity(contours):
    region = region_of(contours, PLANE)
    back = region_of(contours_of(region, [square((0, 0), 1), *contours]), PLANE)
    assert shapely.symmetric_difference(region, back).area <= 1e-7


@given(any_contours, any_contours)
def test_booleans_decide_each_point_as_their_name_says(first, second):
    points = np.argwhere(np.ones((14, 14), bool)) - 0.6180339
    here, there = inside(first, points), inside(second, points)
    edges = shapely.union_all([shapely.LinearRing(c.points_mm) for c in (*first, *second)])
    clear = shapely.distance(edges, shapely.points(points)) > 1e-9 if first or second else slice(None)
    for combine, expected in (
        (union, here | there),
        (intersection, here & there),
        (difference, here & ~there),
        (symmetric_difference, here ^ there),
    ):
        assert np.array_equal(inside(combine(first, second), points)[clear], expected[clear])


@given(stars, stars, st.tuples(st.floats(-20, 20), st.floats(-20, 20)))
@example(SPIKES, SPIKES, (0.0, 6e-9))
def test_areas_add_up(first, second, shift):
    a, b = [contour(first)], [contour(second + shift)]
    both, common = area(union(a, b)), area(intersection(a, b))
    assert both + common == pytest.approx(area(a) + area(b), rel=1e-9)
    # Along each edge there can be a sliver that counts as a rounding error.
    box_mm2 = np.ptp(np.vstack([first, second + shift]), axis=0).prod()
    slivers_mm2 = MIN_RELATIVE_AREA * box_mm2 * (len(first) + len(second)) + 1e-9
    assert area(difference(a, b)) == pytest.approx(area(a) - common, abs=slivers_mm2)
    assert area(symmetric_difference(a, b)) == pytest.approx(both - common, abs=slivers_mm2)


def test_two_discs_meet_in_a_lens():
    r, d = 5.0, 6.0
    lens = 2 * r**2 * np.arccos(d / (2 * r)) - d / 2 * np.sqrt(4 * r**2 - d**2)
    discs = [circle((0, 0), r, 2000)], [circle((d, 0), r, 2000)]
    assert area(intersection(*discs)) == pytest.approx(lens, rel=1e-5)
    assert area(union(*discs)) == pytest.approx(2 * np.pi * r**2 - lens, rel=1e-5)


def test_pieces_that_don_t_meet_come_back_as_they_were():
    proposed, imported = (
        square((0, 0), 2, origin=Origin.INTERPOLATED),
        square((20, 0), 2, origin=Origin.IMPORTED),
    )
    bow_tie = contour(np.add(BOW_TIE, (40, 0)), origin=Origin.ASSISTED)
    added = add([proposed, imported, bow_tie], square((21, 1), 2))
    assert added[:2] == (proposed, bow_tie)
    assert [c.origin for c in added] == [Origin.INTERPOLATED, Origin.ASSISTED, Origin.DRAWN]
    assert union([proposed], [imported]) == (proposed, imported)


def test_an_outline_that_the_edit_leaves_as_it_was_keeps_its_origin():
    outer, hole = (
        circle((0, 0), 10, origin=Origin.IMPORTED),
        square((0, 0), 3, hole=True, origin=Origin.IMPORTED),
    )
    edited = cut([outer, hole], square((10, 0), 1))
    assert {c.hole: c.origin for c in edited} == {False: Origin.DRAWN, True: Origin.IMPORTED}
    assert hole in edited
    assert cut([outer, hole], square((0, 0), 1)) == (outer, hole)


def test_a_region_drawn_as_a_hole_is_added_or_cut_all_the_same():
    region = square((3, 0), 2, hole=True)
    assert area(add([square((0, 0), 2)], region)) == pytest.approx(16 + 12)
    assert area(cut([square((0, 0), 2)], region)) == pytest.approx(16 - 4)


def test_cutting_all_leaves_nothing_and_adding_to_nothing_gives_the_region():
    assert cut([square((0, 0), 2)], square((0, 0), 3)) == ()
    region = square((0, 0), 3)
    assert add([], region) == (region,)
    assert cut([], region) == ()
    assert union([], []) == ()
    assert intersection([region], []) == ()


def test_cutting_through_makes_two_pieces_and_cutting_inside_a_hole():
    assert len(cut([square((0, 0), 4)], contour([[-1, -9], [1, -9], [1, 9], [-1, 9]]))) == 2
    outer, hole = cut([square((0, 0), 4)], square((0, 0), 1))
    assert (outer.hole, hole.hole) == (False, True)


def test_planes_that_are_one_sheet_may_have_other_axes():
    first, second = square((0, 0), 2), seen_from(SAME_SHEET, square((3, 0), 2))
    merged = union([first], [second])
    assert merged[0].plane is PLANE
    assert area(merged) == pytest.approx(28)
    # What is not changed stays in the frame in which it was drawn.
    far = seen_from(SAME_SHEET, square((30, 0), 2))
    assert union([first], [far]) == (first, far)


def test_contours_that_don_t_belong_together_are_refused():
    here = square((0, 0), 2)
    with pytest.raises(ContourError, match=r"one plane, but one lies up to 2\.5 mm off") as caught:
        union([here], [Contour(BESIDE, here.points_mm, "tumour")])
    assert caught.value.details["max_mm"] == pytest.approx(2.5)
    with pytest.raises(ContourError, match="one structure, got those of 'tumour', 'liver'"):
        cut([here], here.with_structure("liver"))


def test_the_inside_of_a_self_crossing_contour_is_even_odd():
    pieces = union([contour(BOW_TIE)], [])
    assert area([contour(BOW_TIE)]) == pytest.approx(8)
    assert len(pieces) == 1
    assert pieces[0].points_mm.shape == (4, 2)
    cut_up = cut([contour(BOW_TIE)], square((2, 4), 0.5))
    assert area(cut_up) == pytest.approx(8)
    # Once around and once more: the middle lies outside.
    angles = np.linspace(0, 4 * np.pi, 5, endpoint=False)
    pentagram = contour(10 * np.column_stack([np.cos(angles), np.sin(angles)]))
    assert not shapely.contains_xy(region_of([pentagram], PLANE), 0, 0)
    twice = contour(np.tile(square((0, 0), 3).points_mm, (2, 1)))
    assert region_of([twice], PLANE).is_empty


def test_a_figure_eight_has_two_pieces():
    t = np.linspace(0, 2 * np.pi, 400, endpoint=False) + 0.01
    eight = contour(np.column_stack([5 * np.sin(t), 5 * np.sin(t) * np.cos(t)]))
    assert area([eight]) == pytest.approx(4 / 3 * 25, rel=1e-3)
    assert len(cut([eight], square((0, 0), 0.1))) == 2


def test_identical_contours_are_one_and_a_hole_without_outer_is_none():
    outer = square((0, 0), 3)
    assert area([outer, outer]) == area([outer])
    assert union([outer], [outer]) == (outer,)
    hole = square((0, 0), 3, hole=True)
    assert region_of([hole], PLANE).is_empty
    assert add([hole], square((1, 0), 1)) != ()
    assert area(add([hole], square((1, 0), 1))) == pytest.approx(4)


def test_a_spike_without_area_bounds_nothing():
    spike = contour([[0, 0], [5, 0], [5, 5], [5, 0]])
    assert region_of([spike], PLANE).is_empty
    assert area(add([square((0, 0), 1)], spike)) == pytest.approx(4)


def test_islands_in_holes_stay():
    rings = [square((0, 0), 9), square((0, 0), 6, hole=True), square((0, 0), 3), square((0, 0), 1, hole=True)]
    assert area(rings) == pytest.approx(18**2 - 12**2 + 6**2 - 2**2)
    assert set(contours_of(region_of(rings, PLANE), rings)) == set(rings)


def test_an_edit_among_two_hundred_pieces_touches_one():
    pieces = [circle((7 * (n % 20), 7 * (n // 20)), 3, 60) for n in range(200)]
    edited = cut(pieces, circle((0, 0), 1))
    assert edited[:199] == tuple(pieces[1:])
    assert len(edited) == 201
    assert len(union(pieces, [contour([[-5, -5], [140, -5], [140, 140], [-5, 140]])])) == 1


@given(any_contours, any_contours)
def test_edits_leave_their_input_alone(first, second):
    before = [c.points_mm.copy() for c in (*first, *second)]
    union(first, second)
    difference(first, second)
    assert all(np.array_equal(c.points_mm, old) for c, old in zip((*first, *second), before, strict=True))


def test_a_brush_stroke_is_what_the_disc_sweeps():
    (stroke,) = brush_stroke([(0, 0), (10, 0)], 2, PLANE, "tumour")
    assert area([stroke]) == pytest.approx(10 * 4 + np.pi * 4, rel=2e-3)
    (dab,) = brush_stroke([(1, 2)], 3, PLANE, "tumour")
    assert abs(dab.signed_area_mm2) == pytest.approx(np.pi * 9, rel=3e-3)
    around = brush_stroke([(0, 0), (10, 0), (10, 10), (0, 10), (0, 0)], 1, PLANE, "tumour")
    assert [c.hole for c in around] == [False, True]


@pytest.mark.parametrize(
    ("path", "radius", "message"),
    [
        ([(0, 0)], 0, "above 0 mm, got 0"),
        ([(0, 0)], np.nan, "finite number of mm, got nan"),
        ([(0, np.inf)], 1, "path of finite points"),
        (np.zeros((0, 2)), 1, "path of finite points"),
    ],
)
def test_a_stroke_of_nothing_is_refused(path, radius, message):
    with pytest.raises(ContourError, match=message):
        brush_stroke(path, radius, PLANE, "tumour")


def test_apoint_within_a_thin_face_lies_within_it():
    # GEOS 3.14 gives the first vertex as the point on the surface of this one.
    face = shapely.Polygon(
        [
            (15, 13),
            (16.363636363636363, 13.454545454545455),
            (16.8031355833784, 13.27874576664864),
            (16.074478201912466, 13.358159400637488),
        ]
    )
    assert face.contains(shapely.Point(point_within(face)))
