"""Pushing outlines with a brush."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from contour.shapes import BESIDE, PLANE, SAME_SHEET, circle, contour, seen_from, square
from medseg.contour import Contour, Origin, nudge
from medseg.errors import ContourError
from strategies import star_polygons

coordinates = st.floats(-2, 32)
centres, drags = st.tuples(coordinates, coordinates), st.tuples(st.floats(-12, 12), st.floats(-12, 12))


def swept(centre, drag, radius):
    return shapely.LineString([centre, np.add(centre, drag)]).buffer(radius, quad_segs=64)


@given(star_polygons((30, 30)), centres, drags, st.floats(0.5, 12))
def test_vertices_that_the_brush_does_not_pass_over_stay(points, centre, drag, radius):
    before = contour(points, origin=Origin.IMPORTED)
    old = before.points_mm.copy()
    (after,) = nudge([before], centre, drag, radius)
    assert np.array_equal(before.points_mm, old)
    brush = swept(centre, drag, radius * 1.001)
    untouched = old[~shapely.contains_xy(brush, old)]
    kept = {point.tobytes() for point in after.points_mm}
    assert all(point.tobytes() in kept for point in untouched)
    # Beyond the brush the outline is what it was.
    rings = [shapely.LinearRing(c.points_mm) for c in (before, after)]
    for one, other in (rings, rings[::-1]):
        samples = shapely.points(shapely.get_coordinates(one.difference(brush).segmentize(0.3)))
        assert (shapely.distance(samples, other) <= 1e-9).all()
    assert after is before or after.origin is Origin.DRAWN


def test_the_outline_goes_with_the_brush_s_centre_outwards_and_inwards():
    disc = circle((0, 0), 20)
    (out,), (inward,) = nudge([disc], (20, 0), (3, 0), 8), nudge([disc], (20, 0), (-3, 0), 8)
    assert out.points_mm[:, 0].max() == pytest.approx(23, abs=0.05)
    row = np.abs(inward.points_mm[:, 1]).argsort()[:4]
    assert np.abs(inward.points_mm[row, 0]).min() == pytest.approx(17, abs=0.2)
    assert abs(out.signed_area_mm2) > abs(disc.signed_area_mm2) > abs(inward.signed_area_mm2)


@given(drags.filter(lambda drag: np.hypot(*drag) > 0.1), st.floats(2, 12))
def test_under_the_brush_vertices_come_to_lie_evenly(drag, radius):
    # Four vertices alone: whatever bends must have been added.
    (after,) = nudge([square((0, 0), 20)], (20, 0), drag, radius)
    gaps = np.linalg.norm(np.roll(after.points_mm, -1, axis=0) - after.points_mm, axis=1)
    under = shapely.contains_xy(swept((20, 0), drag, radius), after.points_mm)
    inner = under & np.roll(under, -1)
    assert gaps[inner].max() <= radius / 8 * 2
    assert len(after.points_mm) <= 4 + 32 * (np.hypot(*drag) + 2 * radius) / radius * 2


@given(drags, st.floats(2, 12))
def test_an_outline_does_not_fold_over(drag, radius):
    (after,) = nudge([circle((0, 0), 20)], (20, 0), drag, radius)
    assert shapely.is_simple(shapely.LinearRing(after.points_mm))


def test_a_long_drag_in_one_go_is_the_same_as_in_two():
    disc = circle((0, 0), 20, 400)
    (once,) = nudge([disc], (20, 0), (8, 0), 4)
    (twice,) = nudge(nudge([disc], (20, 0), (4, 0), 4), (24, 0), (4, 0), 4)
    gap = shapely.hausdorff_distance(shapely.LinearRing(once.points_mm), shapely.LinearRing(twice.points_mm))
    assert gap < 0.1


def test_contours_that_the_brush_misses_come_back_as_they_were():
    near, far = square((0, 0), 3, origin=Origin.INTERPOLATED), square((50, 0), 3, origin=Origin.INTERPOLATED)
    pushed, same = nudge([near, far], (3, 0), (1, 0), 2)
    assert same is far
    assert pushed.origin is Origin.DRAWN
    assert nudge([near], (3, 0), (0, 0), 2) == (near,)
    assert nudge([], (3, 0), (1, 0), 2) == ()


def test_a_contour_in_another_frame_of_the_plane_is_pushed_alike():
    here = square((0, 0), 3)
    (expected,) = nudge([here], (3, 0), (1, 0.5), 2)
    _, pushed = nudge([here, seen_from(SAME_SHEET, here)], (3, 0), (1, 0.5), 2)
    assert pushed.plane is SAME_SHEET
    assert np.allclose(PLANE.to_plane_mm(pushed.points_lps_mm), expected.points_mm)


@pytest.mark.parametrize(
    ("centre", "drag", "radius", "message"),
    [
        ((np.nan, 0), (1, 0), 2, "centre to be two finite numbers"),
        ((0, 0), (np.inf, 0), 2, "drag to be two finite numbers"),
        ((0, 0), (1, 0, 0), 2, "drag to be two finite numbers"),
        ((0, 0), (1, 0), 0, "radius to be above 0 mm, got 0"),
        ((0, 0), (1, 0), -1, "radius to be above 0 mm, got -1"),
        ((0, 0), (1, 0), np.nan, "radius to be a finite number"),
        ((0, 0), (1, 0), 1e-4, "at most 500 times the brush's radius"),
    ],
)
def test_amounts_that_are_none_are_refused(centre, drag, radius, message):
    with pytest.raises(ContourError, match=message):
        nudge([square((0, 0), 3)], centre, drag, radius)


def test_contours_of_two_planes_are_not_pushed_together():
    here = square((0, 0), 3)
    with pytest.raises(ContourError, match="one plane"):
        nudge([here, Contour(BESIDE, here.points_mm, "tumour")], (3, 0), (1, 0), 2)
