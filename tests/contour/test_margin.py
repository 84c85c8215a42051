"""Margins."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from contour.shapes import PLANE, area, circle, contour, outlines, square
from medseg.contour import Origin, offset
from medseg.contour.region import region_of
from medseg.errors import ContourError
from strategies import star_polygons


def test_a_disc_grows_and_shrinks_by_its_margin():
    disc = circle((3, 4), 10, 800, origin=Origin.INTERPOLATED)
    (larger,), (smaller,) = offset([disc], 2.5), offset([disc], -2.5)
    assert np.abs(np.linalg.norm(larger.points_mm - (3, 4), axis=1) - 12.5).max() < 0.01
    assert np.abs(np.linalg.norm(smaller.points_mm - (3, 4), axis=1) - 7.5).max() < 0.01
    assert larger.origin is smaller.origin is Origin.DRAWN
    assert larger.structure_id == "tumour"
    assert offset([disc], 0) == (disc,)


@given(st.floats(1, 40), st.floats(0.01, 0.9))
def test_out_and_back_in_is_nearly_the_identity(radius, relative):
    disc = [circle((0, 0), radius, 400)]
    for margin in (radius * relative, -radius * relative):
        back = offset(offset(disc, margin), -margin)
        assert outlines(back).hausdorff_distance(outlines(disc)) <= 0.02 + 1e-4 * radius


@given(star_polygons((30, 30)), st.floats(-4, 4).filter(lambda mm: abs(mm) > 0.01))
def test_a_margin_is_what_a_disc_sweeps_or_leaves(points, margin):
    star = [contour(points)]
    moved = region_of(offset(star, margin), PLANE)
    samples = np.random.default_rng(0).uniform(-5, 35, (200, 2))
    old = region_of(star, PLANE)
    depth = np.where(shapely.contains_xy(old, samples), 1, -1) * shapely.distance(
        old.boundary, shapely.points(samples)
    )
    clear = np.abs(depth + margin) > 0.02
    assert np.array_equal(shapely.contains_xy(moved, samples)[clear], (depth > -margin)[clear])


def test_pieces_merge_and_vanish_and_holes_close_and_open():
    pair = [square((0, 0), 2), square((6, 0), 2)]
    assert len(offset(pair, 0.9)) == 2
    assert len(offset(pair, 1.1)) == 1
    assert len(offset([square((0, 0), 2), square((9, 0), 1)], -1.5)) == 1
    assert offset(pair, -2.5) == ()
    ring = [square((0, 0), 5), square((0, 0), 1, hole=True)]
    assert [c.hole for c in offset(ring, 1.5)] == [False]
    assert [c.hole for c in offset(ring, -0.5)] == [False, True]
    assert area(offset(ring, -0.5)) == pytest.approx(9**2 - (2 * 2 + 4 * 2 * 0.5 + np.pi * 0.25), rel=1e-3)
    assert offset([], 3) == ()


@pytest.mark.parametrize("margin", [np.nan, np.inf])
def test_a_margin_must_be_a_number(margin):
    with pytest.raises(ContourError, match="margin to be a finite number of mm"):
        offset([square((0, 0), 2)], margin)
