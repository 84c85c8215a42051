"""Delete, smooth, simplify, and propose from the neighbours."""

from __future__ import annotations

import numpy as np
import pytest

from drawing_slates import (
    BALL_RADIUS_MM,
    SPACING_KJI_MM,
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
from medseg.contour import Contour, Origin
from medseg.errors import ContourError
from napari_medseg.tools.edits import deleted, from_neighbours, simplified, smoothed
from napari_medseg.tools.freehand import FreehandTool


def with_contour(case, axis, off, radius_mm, count=None):
    slate = slate_on(case, axis, off)
    slate.replace([Contour(slate.plane, ring(middle(slate), radius_mm, count), "tumour")], "draw")
    return slate


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_between_two_contours_it_is_neither(axis):
    case = made_case()
    with_contour(case, axis, -3, 8)
    with_contour(case, axis, 3, 14)
    slate = slate_on(case, axis)
    from_neighbours(slate)
    (contour,) = slate.contours
    assert contour.origin is Origin.ASSISTED
    assert apart_mm(region([contour], slate.plane), polygon(ring(middle(slate), 11, 200))) < 0.6
    assert case.history.steps[-1].label == "from neighbours"
    # What is there already takes no part: it is what would be there without it.
    stroke(FreehandTool(), slate, ring(moved(middle(slate), 8, 0), 9))
    from_neighbours(slate)
    assert np.array_equal(slate.contours[0].points_mm, contour.points_mm)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("side", [-1, 1])
def test_beyond_the_last_contour_it_goes_where_the_image_goes(axis, side):
    case = made_case(noise_hu=8)
    beside_mm = 0.5 * SPACING_KJI_MM[axis]
    other = with_contour(case, axis, 0, np.sqrt(BALL_RADIUS_MM**2 - beside_mm**2))
    # Some 8 mm further the ball is 2 mm smaller.
    off = side * round(8 / SPACING_KJI_MM[axis])
    slate = slate_on(case, axis, off)
    from_neighbours(slate)
    assert {c.origin for c in slate.contours} == {Origin.ASSISTED}
    off_mm = (off + 0.5) * SPACING_KJI_MM[axis]
    ball = polygon(ring(middle(slate), np.sqrt(BALL_RADIUS_MM**2 - off_mm**2), 200))
    copied = polygon(slate.plane.to_plane_mm(other.contours[0].points_lps_mm))
    drawn = region(slate.contours, slate.plane)
    # Half a row of the coronal and sagittal planes.
    assert apart_mm(drawn, ball) < 1.25
    assert drawn.symmetric_difference(ball).area < 0.35 * copied.symmetric_difference(ball).area


def test_without_neighbours_there_is_nothing_to_propose():
    case = made_case()
    with_contour(case, 1, 2, 9)
    with pytest.raises(ContourError, match="no contour on a parallel slice") as error:
        from_neighbours(slate_on(case, 0))
    assert error.value.hint
    assert slate_on(case, 0).contours == ()


def test_neighbours_that_share_nothing():
    case = made_case()
    for off, aside in ((-3, -15), (3, 15)):
        slate = slate_on(case, 0, off)
        slate.replace([Contour(slate.plane, ring(moved(middle(slate), aside, 0), 2), "tumour")], "draw")
    here = slate_on(case, 0)
    with pytest.raises(ContourError, match="share nothing"):
        from_neighbours(here)


def test_smooth_keeps_the_area_and_takes_the_jitter():
    case = made_case()
    slate = with_contour(case, 0, 0, 12, count=120)
    rough = slate.contours[0].points_mm + np.random.default_rng(0).normal(0, 0.3, (120, 2))
    slate.replace([Contour(slate.plane, rough, "tumour")], "draw")
    before = region(slate.contours, slate.plane)
    smoothed(slate)
    after = region(slate.contours, slate.plane)
    assert after.area == pytest.approx(before.area, rel=1e-6)
    assert after.length < before.length
    disc = polygon(ring(middle(slate), 12, 400))
    assert apart_mm(after, disc) < apart_mm(before, disc)


def test_simplify_leaves_out_what_tells_nothing_and_says_when_nothing_is_left():
    case = made_case()
    slate = with_contour(case, 0, 0, 12, count=500)
    before = region(slate.contours, slate.plane)
    simplified(slate)
    assert len(slate.contours[0].points_mm) < 60
    assert apart_mm(region(slate.contours, slate.plane), before) < 0.11
    with pytest.raises(ContourError, match="no vertex can be left out"):
        simplified(slate)


def test_delete_takes_what_is_here_alone():
    case = made_case()
    slate, other = with_contour(case, 0, 0, 12), with_contour(case, 0, 2, 9)
    kept = other.contours
    deleted(slate)
    assert slate.contours == ()
    assert other.contours == kept
    case.undo()
    assert len(slate.contours) == 1


@pytest.mark.parametrize("edit", [deleted, smoothed, simplified])
def test_an_empty_plane_is_told(edit):
    case = made_case()
    position = case.history.position
    with pytest.raises(ContourError, match="no contour on this slice") as error:
        edit(slate_on(case, 0))
    assert error.value.hint
    assert case.history.position == position
