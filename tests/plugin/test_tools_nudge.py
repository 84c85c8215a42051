"""The nudge takes the outline with it, in mm, on each plane of an oblique image."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from drawing_slates import made_case, middle, moved, polygon, region, ring, slate_on, stroke
from medseg.contour import Contour
from medseg.labelmap import fill
from medseg.space import Plane
from napari_medseg.tools.nudge import MANY_VERTICES, NudgeTool


def drawn_slate(axis, frame=lambda plane: plane):
    """A disc of 12 mm and a second piece far away."""
    slate = slate_on(made_case(), axis)
    plane = frame(slate.plane)
    outlines = [ring(middle(slate), 12, count=90), ring(moved(middle(slate), 0, 26), 3, count=20)]
    points = [plane.to_plane_mm(slate.plane.to_lps_mm(outline)) for outline in outlines]
    slate.replace([Contour(plane, p, "tumour") for p in points], "draw")
    return slate


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_on_each_plane(axis):
    slate, tool = drawn_slate(axis), NudgeTool(radius_mm=5.0)
    before, far = slate.contours
    start = moved(middle(slate), 12, 0)
    path = start + np.linspace((0, 0), (4, 0), 9)
    tool.press(slate, path[0])
    for at in path[1:]:
        tool.drag(at)
    shown = tool.preview[0]
    assert slate.contours[0] is before, "nothing is written before the disc is lifted"
    tool.release(path[-1])
    # What was touched last comes last.
    other, after = slate.contours
    assert other is far
    assert np.allclose(shown.points_mm, after.points_mm, atol=1e-9), "what is shown is what comes"

    # What lay at the disc's centre went with it, what it never reached stayed to the last bit.
    outline = region([after], slate.plane).boundary
    assert outline.distance(shapely.Point(path[-1])) < 0.1
    reached = shapely.LineString(path).buffer(5.01)
    stays = [p for p in before.points_mm if not reached.contains(shapely.Point(p))]
    assert len(stays) > 60
    assert {p.tobytes() for p in np.array(stays)} <= {p.tobytes() for p in after.points_mm}
    assert slate.case.history.steps[-1].label == "nudge"


def test_contours_in_another_frame_of_the_plane():
    def turned(plane):
        return Plane(plane.to_lps_mm([7.0, -3.0]), plane.v, plane.u)

    slate, own, tool = drawn_slate(0, turned), drawn_slate(0), NudgeTool(radius_mm=6.0)
    path = moved(middle(slate), 10, 0) + np.linspace((0, 0), (5, 3), 8)
    tool.press(slate, path[0])
    for at in path[1:]:
        tool.drag(at)
    shown = polygon(tool.preview[0].points_mm)
    tool.cancel()
    stroke(tool, slate, path)
    stroke(tool, own, path)
    wanted = region(own.contours, own.plane)
    assert region(slate.contours, slate.plane).symmetric_difference(wanted).area < 1e-6
    assert shown.symmetric_difference(polygon(own.contours[-1].points_mm)).area < 1e-6


def test_kneading_comes_to_an_end():
    slate, tool = drawn_slate(0), NudgeTool(radius_mm=6.0)
    most = 0
    for n in range(2):
        stroke(tool, slate, ring(moved(middle(slate), 9, n - 3), 6, count=80, turns=8.5))
        most = max(most, sum(len(c.points_mm) for c in slate.contours))
    assert MANY_VERTICES / 2 < most < 3 * MANY_VERTICES
    assert fill(slate.contours, slate.grid, slate.where).sum() > 100


def test_a_disc_beside_everything_is_no_step():
    slate, tool = drawn_slate(0), NudgeTool(radius_mm=4.0)
    position = slate.case.history.position
    stroke(tool, slate, middle(slate) + np.array([(0.0, 0.0), (2.0, 1.0)]))
    assert slate.case.history.position == position
    tool.press(slate, moved(middle(slate), 12, 0))
    tool.drag(moved(middle(slate), 15, 0))
    assert tool.take_back()
    tool.release(moved(middle(slate), 18, 0))
    assert slate.case.history.position == position
    tool.hover(slate, middle(slate))
    (disc,) = tool.preview
    assert np.linalg.norm(disc.points_mm - middle(slate), axis=1) == pytest.approx(4.0)
