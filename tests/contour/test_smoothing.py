"""Smoothing and simplifying outlines."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from contour.shapes import BOW_TIE, PLANE, area, circle, contour, outlines, square
from medseg.contour import Origin, simplify, smooth
from medseg.contour.region import region_of
from medseg.errors import ContourError
from strategies import star_polygons

stars = star_polygons((30, 30))


@given(stars, st.floats(0.05, 50))
def test_smoothing_keeps_the_area_and_crosses_nothing(points, sigma):
    before = contour(points, origin=Origin.INTERPOLATED)
    (after,) = smooth([before], sigma)
    assert after.signed_area_mm2 == pytest.approx(abs(before.signed_area_mm2), rel=1e-9) or (
        after.signed_area_mm2 == pytest.approx(-abs(before.signed_area_mm2), rel=1e-9)
    )
    assert shapely.is_simple(shapely.LinearRing(after.points_mm))
    assert after.origin is Origin.DRAWN
    assert np.array_equal(before.points_mm, points)


def test_short_waves_go_and_long_ones_stay():
    angles = np.linspace(0, 2 * np.pi, 720, endpoint=False)

    def flower(waves, height):
        radius = 20 + height * np.cos(waves * angles)
        return contour(radius[:, None] * np.column_stack([np.cos(angles), np.sin(angles)]))

    def ripple(drawn):
        return np.ptp(np.linalg.norm(drawn.points_mm, axis=1))

    # Around 126 mm: 60 waves of 2 mm, and 3 of 42 mm.
    assert ripple(smooth([flower(60, 0.1)], 1)[0]) < 0.05 * 0.2
    assert ripple(smooth([flower(3, 2)], 1)[0]) == pytest.approx(4, rel=0.01)


def test_a_contour_smaller_than_the_smoothing_does_not_vanish():
    (small,) = smooth([square((3, 4), 0.4)], 25)
    assert abs(small.signed_area_mm2) == pytest.approx(0.64)
    assert np.allclose(small.points_mm.mean(axis=0), (3, 4), atol=0.01)


def test_a_thin_strip_is_not_folded_over():
    strip = contour([[0, 0], [30, 0], [30, 0.4], [0.4, 0.4], [0.4, 20], [0, 20]])
    (smoothed,) = smooth([strip], 5)
    assert shapely.is_simple(shapely.LinearRing(smoothed.points_mm))
    assert abs(smoothed.signed_area_mm2) == pytest.approx(abs(strip.signed_area_mm2))


def test_holes_and_pieces_are_smoothed_each():
    rings = [square((0, 0), 9), square((0, 0), 4, hole=True), square((30, 0), 3)]
    smoothed = smooth(rings, 1)
    assert sorted((c.hole, round(abs(c.signed_area_mm2))) for c in smoothed) == [
        (False, 36),
        (False, 324),
        (True, 64),
    ]


@given(stars, st.floats(0.01, 5))
def test_a_simplified_outline_stays_within_the_tolerance(points, tolerance):
    before = contour(points)
    after = simplify([before], tolerance)
    assert len(after) == 1
    assert outlines(after).hausdorff_distance(outlines([before])) <= tolerance * (1 + 1e-9)
    assert shapely.is_valid(shapely.Polygon(after[0].points_mm))
    assert len(after[0].points_mm) <= len(points)


@given(stars, stars, st.floats(0.01, 5))
def test_a_hole_does_not_come_to_cross_its_outer_contour(outer, inner, tolerance):
    rings = [contour(outer), contour((inner - 14.5) * 0.35 + 14.5, hole=True)]
    simplified = simplify(rings, tolerance)
    assert shapely.is_valid(region_of(simplified, PLANE))
    lines = [shapely.LinearRing(c.points_mm) for c in simplified]
    assert not any(shapely.crosses(a, b) for a in lines for b in lines if a is not b)
    before = region_of(rings, PLANE).boundary
    assert outlines(simplified).hausdorff_distance(before) <= tolerance * (1 + 1e-9)


def test_a_fine_circle_needs_few_vertices():
    disc = circle((0, 0), 20, 2000)
    (coarse,) = simplify([disc], 0.1)
    assert len(coarse.points_mm) < 60
    assert abs(coarse.signed_area_mm2) == pytest.approx(np.pi * 400, rel=0.01)
    assert len(simplify([disc], 1e4)[0].points_mm) >= 3


def test_an_outline_without_a_vertex_to_spare_keeps_its_origin():
    proposed = square((0, 0), 5, origin=Origin.INTERPOLATED)
    assert simplify([proposed], 0.5) == (proposed,)


@pytest.mark.parametrize("edit", [smooth, simplify])
def test_a_self_crossing_contour_becomes_its_pieces(edit):
    # The two halves of a bow-tie touch in one point.
    pieces = edit([contour(BOW_TIE)], 0.01)
    assert len(pieces) == 2
    assert area(pieces) == pytest.approx(8, rel=1e-3)


@pytest.mark.parametrize("edit", [smooth, simplify])
@pytest.mark.parametrize("amount", [0, -1, np.nan, np.inf])
def test_amounts_that_are_none_are_refused(edit, amount):
    with pytest.raises(ContourError, match=r"above 0 mm|finite number of mm"):
        edit([square((0, 0), 3)], amount)
    assert edit([], 1) == ()
