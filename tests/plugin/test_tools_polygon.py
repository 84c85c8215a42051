"""The polygon's corners are where the clicks were, in mm, on each plane of an oblique image."""

from __future__ import annotations

import numpy as np
import pytest

from drawing_slates import MM_PER_PX, clicks, made_case, middle, polygon, region, ring, slate_on
from medseg.errors import ContourError, LockedError
from medseg.workflows.verify import State
from napari_medseg.tools.polygon import PolygonTool


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_on_each_plane(axis):
    case = made_case()
    tool, slate = PolygonTool(), slate_on(case, axis)
    centre = middle(slate)
    corners = ring(centre, 12, count=7)

    clicks(tool, slate, corners)
    assert tool.is_begun
    assert slate.contours == (), "nothing is written before it is closed"
    line, _ = (*tool.preview, None)
    assert np.array_equal(line.points_mm, corners)
    # A trembling hand closes it by a double click.
    tool.double_click(slate, corners[-1] + MM_PER_PX)
    (contour,) = slate.contours
    assert np.array_equal(contour.points_mm, corners)
    assert slate.plane.distance_mm(contour.points_lps_mm) == pytest.approx(0, abs=1e-9)

    # A hole is closed by a click on its first corner.
    tool.hole = True
    clicks(tool, slate, ring(centre, 5, count=4))
    clicks(tool, slate, [ring(centre, 5, count=4)[0] + 3 * MM_PER_PX])
    assert not tool.is_begun
    assert [c.hole for c in slate.contours] == [False, True]
    assert contour is slate.contours[0], "what was there stays as it was"
    wanted = polygon(corners).difference(polygon(ring(centre, 5, count=4)))
    assert region(slate.contours, slate.plane).symmetric_difference(wanted).area < 1e-9

    assert [step.label for step in case.history.steps[-2:]] == ["polygon", "polygon"]


def test_corners_are_taken_back_one_by_one():
    case = made_case()
    tool, slate = PolygonTool(), slate_on(case, 0)
    corners = ring(middle(slate), 12, count=5)
    clicks(tool, slate, corners)
    tool.hover(slate, corners[0])
    assert tool.preview[1].dashed
    for left in range(4, 0, -1):
        assert tool.take_back()
        assert np.array_equal(tool.preview[0].points_mm, corners[:left])
    with pytest.raises(ContourError, match="needs 3 corners, got 1") as error:
        tool.finish()
    assert error.value.hint
    assert not tool.take_back(), "what could not be closed is forgotten"
    tool.finish()
    assert slate.contours == ()


def test_a_corner_may_be_dragged_into_place():
    case = made_case()
    tool, slate = PolygonTool(), slate_on(case, 0)
    corners = ring(middle(slate), 12, count=3)
    for at in corners:
        tool.press(slate, at - 2)
        tool.drag(at)
        tool.release(at)
    tool.finish()
    assert np.array_equal(slate.contours[0].points_mm, corners)


@pytest.mark.parametrize("lock", ["structure", "approved"])
def test_what_is_locked_is_not_written(lock):
    case = made_case()
    if lock == "approved":
        case.mark_state(State.APPROVED)
    else:
        from dataclasses import replace

        case.edit("lock", replace(case.delineation, locked=frozenset({"tumour"})))
    tool, slate = PolygonTool(), slate_on(case, 0)
    clicks(tool, slate, ring(middle(slate), 12, count=4))
    with pytest.raises(LockedError):
        tool.finish()
    assert slate.contours == ()
    assert not tool.is_begun
