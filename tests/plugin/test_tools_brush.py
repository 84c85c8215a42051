"""Brush and eraser sweep a disc in mm, and keep to a range of values, on each plane of an oblique image."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from drawing_slates import (
    INSIDE_HU,
    OUTSIDE_HU,
    apart_mm,
    made_case,
    middle,
    moved,
    polygon,
    region,
    ring,
    slate_on,
    stroke,
)
from medseg.labelmap import fill
from napari_medseg.tools.brush import BrushTool


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_on_each_plane(axis):
    case = made_case()
    tool, slate = BrushTool(radius_mm=4.0), slate_on(case, axis)
    centre = middle(slate)
    path = centre + np.array([(-9.0, 0.0), (-3.0, 2.0), (3.0, -2.0), (9.0, 0.0)])

    stroke(tool, slate, path)
    painted = shapely.LineString(path).buffer(4, quad_segs=64)
    assert apart_mm(region(slate.contours, slate.plane), painted) < 0.02

    # Shift takes away, and as an eraser it is Shift that paints.
    stroke(tool, slate, [centre], shift=True)
    left = painted.difference(shapely.Point(centre).buffer(4, quad_segs=64))
    assert apart_mm(region(slate.contours, slate.plane), left) < 0.05
    tool.erases = True
    stroke(tool, slate, [centre], shift=True)
    assert apart_mm(region(slate.contours, slate.plane), painted) < 0.05
    stroke(tool, slate, path)
    assert region(slate.contours, slate.plane).area < 1e-6

    labels = [step.label for step in case.history.steps[-4:]]
    assert labels == ["brush", "erase", "brush", "erase"]


def test_all_the_way_round_leaves_a_hole():
    case = made_case()
    slate = slate_on(case, 0)
    stroke(BrushTool(radius_mm=3.0), slate, ring(middle(slate), 12, turns=1.02))
    assert [c.hole for c in slate.contours] == [False, True]
    wanted = polygon(ring(middle(slate), 15, 200)).difference(polygon(ring(middle(slate), 9, 200)))
    assert apart_mm(region(slate.contours, slate.plane), wanted) < 0.1


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_only_voxels_in_range(axis):
    case = made_case(noise_hu=15)
    tool, slate = BrushTool(radius_mm=7.0), slate_on(case, axis)
    tool.in_range = ((INSIDE_HU + OUTSIDE_HU) / 2, 2000.0)
    path = middle(slate) + np.array([(6.0, 0.0), (16.0, 3.0), (30.0, 0.0)])
    stroke(tool, slate, path)
    where, values = slate.where, slate.samples().values
    free, other = BrushTool(radius_mm=7.0), slate_on(case, axis, off=1)
    stroke(free, other, path - middle(slate) + middle(other))
    everywhere = fill(other.contours, slate.grid, other.where)
    wanted = everywhere & (values >= tool.in_range[0])
    # The swept region is the same on the slice beside it, seen at a right angle.
    got = fill(slate.contours, slate.grid, where)
    assert np.array_equal(got, wanted)
    assert 0 < wanted.sum() < everywhere.sum()

    # The eraser, too, leaves what is out of range.
    stroke(free, slate, path)
    tool.erases = True
    stroke(tool, slate, path)
    assert np.array_equal(fill(slate.contours, slate.grid, where), everywhere & ~wanted)


def test_where_nothing_is_in_range_nothing_is_painted():
    case = made_case()
    tool, slate = BrushTool(), slate_on(case, 0)
    position = case.history.position
    tool.in_range = (500.0, 600.0)
    stroke(tool, slate, [middle(slate), middle(slate) + 3])
    # Nor beyond the image.
    tool.in_range = (-2000.0, 3000.0)
    stroke(tool, slate, [middle(slate) + 500])
    assert slate.contours == ()
    assert case.history.position == position


def test_painting_over_what_is_painted_is_no_step():
    case = made_case()
    tool, slate = BrushTool(radius_mm=10), slate_on(case, 0)
    stroke(tool, slate, [middle(slate)])
    position = case.history.position
    tool.radius_mm = 4
    stroke(tool, slate, [middle(slate), middle(slate) + 2])
    assert case.history.position == position


def test_shows_the_disc_and_what_is_painted():
    case = made_case()
    tool, slate = BrushTool(radius_mm=6.0), slate_on(case, 0)
    centre = middle(slate)
    tool.hover(slate, centre)
    (disc,) = tool.preview
    assert disc.dashed
    assert np.linalg.norm(disc.points_mm - centre, axis=1) == pytest.approx(6.0)
    tool.press(slate, centre)
    tool.drag(moved(centre, 8, 0))
    painted, disc = tool.preview
    assert polygon(painted.points_mm).area == pytest.approx(np.pi * 36 + 8 * 12, rel=0.01)
    assert disc.points_mm.mean(axis=0) == pytest.approx(moved(centre, 8, 0))
    assert tool.take_back()
    assert not tool.is_begun
    assert slate.contours == ()
