"""Freehand adds or cuts by where it starts, in mm, on each plane of an oblique image."""

from __future__ import annotations

import numpy as np
import pytest

from drawing_slates import apart_mm, made_case, middle, moved, polygon, region, ring, slate_on, stroke
from medseg.contour import Contour
from medseg.space import Plane
from napari_medseg.tools.freehand import FreehandTool

STEP_MM = 0.75
"""What the tool leaves out between two points of a stroke."""


@pytest.fixture(scope="module")
def volume_case():
    return made_case()


@pytest.fixture
def case(volume_case):
    volume_case.replace_on("tumour", slate_on(volume_case, 0).where, (), "clear")
    for axis in (1, 2):
        volume_case.replace_on("tumour", slate_on(volume_case, axis).where, (), "clear")
    return volume_case


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_on_each_plane(axis, case):
    tool, slate = FreehandTool(), slate_on(case, axis)
    centre = middle(slate)
    first = ring(centre, 10)
    stroke(tool, slate, first)
    drawn = region(slate.contours, slate.plane)
    assert apart_mm(drawn, polygon(first)) < 1e-9
    assert not tool.is_begun
    assert tool.preview == ()

    # From inside it adds.
    bump = ring(moved(centre, 10, 0), 5, start=np.pi)
    stroke(tool, slate, bump)
    added = drawn.union(polygon(bump))
    assert region(slate.contours, slate.plane).symmetric_difference(added).area < 1e-6

    # From outside it cuts, and may leave two pieces.
    knife = centre + np.array([(-30, -2), (30, -2), (30, 2), (-30, 2)])
    stroke(tool, slate, knife)
    halves = added.difference(polygon(knife))
    assert region(slate.contours, slate.plane).symmetric_difference(halves).area < 1e-6
    assert len(slate.contours) == 2

    # From outside where nothing is: a further piece.
    apart = ring(moved(centre, 0, 18), 3)
    stroke(tool, slate, apart)
    assert len(slate.contours) == 3
    assert region(slate.contours, slate.plane).area == pytest.approx(halves.area + polygon(apart).area)

    # Shift turns it round: from inside it cuts a hole, from outside it adds.
    hole = ring(moved(centre, 0, 18), 1.5)
    stroke(tool, slate, hole, shift=True)
    assert sum(c.hole for c in slate.contours) == 1
    bridge = centre + np.array([(-25, -1), (-8, -3), (-8, 3), (-25, 1)])
    before = region(slate.contours, slate.plane)
    stroke(tool, slate, bridge, shift=True)
    assert region(slate.contours, slate.plane).symmetric_difference(before.union(polygon(bridge))).area < 1e-6

    labels = [step.label for step in case.history.steps[-6:]]
    assert labels == ["draw", "draw", "cut", "draw", "cut", "draw"], "one step of undo a stroke"
    for _ in range(6):
        case.undo()
    assert slate.contours == ()


def test_a_stroke_in_a_hole_is_a_piece_in_it(case):
    tool, slate = FreehandTool(), slate_on(case, 0)
    centre = middle(slate)
    for radius_mm in (12, 8):
        stroke(tool, slate, ring(centre, radius_mm), shift=radius_mm == 8)
    assert [c.hole for c in slate.contours] == [False, True]
    stroke(tool, slate, ring(centre, 3))
    wanted = polygon(ring(centre, 12)).area - polygon(ring(centre, 8)).area + polygon(ring(centre, 3)).area
    assert region(slate.contours, slate.plane).area < wanted + 1e-6
    assert sum(not c.hole for c in slate.contours) == 2


def test_past_its_beginning_leaves_no_notch(case):
    tool, slate = FreehandTool(), slate_on(case, 0)
    path = ring(middle(slate), 10, count=80, turns=1.15)
    # It runs a millimetre further in when it comes round.
    path += (middle(slate) - path) * np.linspace(0, 0.1, 80)[:, None]
    stroke(tool, slate, path)
    drawn = region(slate.contours, slate.plane)
    assert len(slate.contours) == 1
    assert drawn.symmetric_difference(polygon(drawn.convex_hull.exterior.coords)).area < 0.03 * drawn.area
    assert drawn.contains(polygon(ring(middle(slate), 8.5)))


def test_contours_in_another_frame_of_the_plane(case):
    slate = slate_on(case, 0)
    own, centre = slate.plane, middle(slate)
    # As another program may have it: the origin elsewhere, the axes exchanged.
    other = Plane(own.to_lps_mm([33.0, -8.0]), own.v, own.u)
    points = other.to_plane_mm(own.to_lps_mm(ring(centre, 10)))
    slate.replace([Contour(other, points, "tumour")], "bring in")
    bump = ring(moved(centre, 10, 0), 4, start=np.pi)
    stroke(FreehandTool(), slate, bump)
    wanted = polygon(ring(centre, 10)).union(polygon(bump))
    assert region(slate.contours, own).symmetric_difference(wanted).area < 1e-6


def test_what_changes_nothing_is_no_step(case):
    tool, slate = FreehandTool(), slate_on(case, 0)
    centre = middle(slate)
    stroke(tool, slate, ring(centre, 10))
    steps = case.history.position
    stroke(tool, slate, ring(centre, 5))
    stroke(tool, slate, centre + np.array([(0, 0), (4, 0), (8, 0), (4, 0)]))
    stroke(tool, slate, [centre, centre])
    assert case.history.position == steps
    tool.press(slate, centre)
    tool.drag(centre + 5)
    assert tool.is_begun
    assert len(tool.preview) == 2
    assert tool.take_back(), "a stroke in progress is taken back whole"
    tool.release(centre + 9)
    assert case.history.position == steps


def test_points_nearer_than_a_pixel_and_a_half_are_left_out(case):
    tool, slate = FreehandTool(), slate_on(case, 0)
    path = ring(middle(slate), 10, count=2000)
    stroke(tool, slate, path)
    (contour,) = slate.contours
    steps = np.linalg.norm(np.diff(contour.points_mm, axis=0), axis=1)
    assert steps[:-1].min() >= STEP_MM - 1e-9
    assert apart_mm(region([contour], slate.plane), polygon(path)) < 0.05
