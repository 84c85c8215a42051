"""The live-wire follows the edge of the image, and each seed can be taken back, on each plane."""

from __future__ import annotations

import numpy as np
import pytest

from drawing_slates import (
    BALL_RADIUS_MM,
    apart_mm,
    clicks,
    made_case,
    middle,
    polygon,
    region,
    ring,
    slate_on,
)
from medseg.errors import ContourError
from napari_medseg.tools.live_wire import LiveWireTool


@pytest.fixture(scope="module")
def shared_case():
    return made_case()


@pytest.fixture
def case(shared_case):
    for axis in range(3):
        shared_case.replace_on("tumour", slate_on(shared_case, axis).where, (), "clear")
    return shared_case


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_on_each_plane(axis, case):
    tool, slate = LiveWireTool(), slate_on(case, axis)
    # Four clicks by hand, each about a millimetre off the edge.
    seeds = ring(middle(slate), BALL_RADIUS_MM, count=4, start=0.4)
    seeds += np.random.default_rng(axis).uniform(-0.7, 0.7, (4, 2))
    clicks(tool, slate, seeds)
    assert slate.contours == ()
    tool.double_click(slate, seeds[-1])
    (contour,) = slate.contours
    ball = polygon(ring(middle(slate), BALL_RADIUS_MM, count=400))
    drawn = region([contour], slate.plane)
    # The rows lie up to 2.5 mm apart; at the seeds the outline is where the hand was.
    assert apart_mm(drawn, ball) < 1.7
    assert drawn.symmetric_difference(ball).area < 0.06 * ball.area
    assert len(contour.points_mm) < 300
    assert abs(slate.plane.distance_mm(contour.points_lps_mm)).max() < 1e-9
    assert case.history.steps[-1].label == "live-wire"


def test_each_seed_can_be_taken_back(case):
    tool, slate = LiveWireTool(), slate_on(case, 0)
    seeds = ring(middle(slate), BALL_RADIUS_MM, count=5)
    shown = []
    for seed in seeds:
        clicks(tool, slate, [seed])
        tool.hover(slate, middle(slate))
        shown.append([line.points_mm for line in tool.preview])
    position = case.history.position
    for before in reversed(shown[:-1]):
        assert tool.take_back()
        tool.hover(slate, middle(slate))
        now = [line.points_mm for line in tool.preview]
        assert len(now) == len(before) == 2
        assert all(np.array_equal(a, b) for a, b in zip(now, before, strict=True))
    assert tool.take_back()
    assert not tool.take_back()
    assert tool.preview == ()
    assert case.history.position == position

    # It begins anew elsewhere.
    clicks(tool, slate, [*ring(middle(slate), BALL_RADIUS_MM, count=5), seeds[0] + 1])
    assert not tool.is_begun, "a click on the first seed closes it"
    assert len(slate.contours) == 1


def test_too_few_seeds_enclose_nothing(case):
    tool, slate = LiveWireTool(), slate_on(case, 0)
    seeds = ring(middle(slate), BALL_RADIUS_MM, count=2)
    clicks(tool, slate, seeds[:1])
    with pytest.raises(ContourError, match="two seeds, got one") as error:
        tool.finish()
    assert error.value.hint
    clicks(tool, slate, seeds)
    with pytest.raises(ContourError, match="back the way that it came") as error:
        tool.finish()
    assert "third seed" in error.value.hint
    assert slate.contours == ()
    assert not tool.is_begun


def test_a_hole(case):
    tool, slate = LiveWireTool(), slate_on(case, 0)
    clicks(tool, slate, ring(middle(slate), BALL_RADIUS_MM, count=5))
    tool.finish()
    tool.hole = True
    clicks(tool, slate, ring(middle(slate), 6, count=9))
    tool.finish()
    assert [c.hole for c in slate.contours] == [False, True]


def test_seeds_beyond_the_image(case):
    tool, slate = LiveWireTool(), slate_on(case, 0)
    seeds = middle(slate) + np.array([(-40.0, -36.0), (42.0, -38.0), (0.0, 44.0)])
    clicks(tool, slate, seeds)
    tool.finish()
    drawn = region(slate.contours, slate.plane)
    assert polygon(seeds).buffer(3).contains(drawn)
    assert drawn.area > 0
