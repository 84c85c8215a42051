"""The mouse over the views works with the tool in hand: without a window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from medseg.contour import Slice
from napari_medseg.hand import Hand
from napari_medseg.tools.tool_box import ToolBox
from random_workbench import MM_PER_PX, FlatView, made_case

SQUARE_PX = np.array([(10.0, 10.0), (40.0, 10.0), (40.0, 40.0), (10.0, 40.0)])


class Desk:
    """A case, its tools, two views and what was told."""

    def __init__(self):
        self.case, self.box, self.told = made_case(), ToolBox(), []
        self.hand = Hand(self.case, self.box, self.told.append)
        self.hand.structure_id = "liver"
        grid = self.case.volume.grid
        self.axial, self.coronal = FlatView(grid, Slice(0, 4)), FlatView(grid, Slice(1, 12))

    def click(self, view, *places):
        for at in places:
            self.hand.hovered(view, *at)
            self.hand.pressed(view, *at, shift=False)
            self.hand.released(view, *at)

    def drag(self, view, places):
        self.hand.pressed(view, *places[0], shift=False)
        for at in places[1:]:
            self.hand.dragged(view, *at)
        self.hand.released(view, *places[-1])

    def on(self, view):
        return self.case.contours_on("liver", view.where)


@pytest.fixture
def desk():
    return Desk()


def test_a_stroke_lies_where_the_mouse_was(desk):
    desk.box.take(desk.box.freehand)
    desk.drag(desk.axial, SQUARE_PX)
    (contour,) = desk.on(desk.axial)
    assert np.allclose(contour.points_mm, SQUARE_PX * MM_PER_PX)
    assert desk.on(desk.coronal) == ()
    assert desk.told == []


def test_what_was_begun_is_finished_when_the_hand_goes_to_another_view(desk):
    desk.box.take(desk.box.polygon)
    desk.click(desk.axial, *SQUARE_PX)
    assert desk.on(desk.axial) == ()
    desk.click(desk.coronal, SQUARE_PX[0])
    assert len(desk.on(desk.axial)) == 1
    # One corner is no polygon: nobody misses it, and nothing is told.
    desk.hand.finish()
    assert desk.on(desk.coronal) == ()
    assert not desk.box.polygon.is_begun
    assert desk.told == []


def test_a_corner_is_taken_back_before_a_step(desk):
    desk.box.take(desk.box.polygon)
    desk.click(desk.axial, *SQUARE_PX)
    position = desk.case.history.position
    assert [desk.hand.take_back() for _ in range(5)] == [True] * 4 + [False]
    assert desk.case.history.position == position


def test_another_tool_forgets_what_was_begun_and_keeps_its_settings(desk):
    told = []
    desk.box.subscribe(lambda: told.append(desk.box.in_hand))
    desk.box.brush.radius_mm = 7.5
    desk.box.take(desk.box.live_wire)
    desk.click(desk.axial, *SQUARE_PX[:2])
    desk.box.take(desk.box.brush)
    assert not desk.box.live_wire.is_begun
    desk.box.take(desk.box.brush)
    desk.box.take(None)
    assert told == [desk.box.live_wire, desk.box.brush, None], "the same tool again is no change"
    assert desk.box.by_name("Brush").radius_mm == 7.5
    assert len({tool.key for tool in desk.box.tools}) == len(desk.box.tools)


@pytest.mark.parametrize("name", ["Freehand", "Polygon", "Brush", "Nudge", "Live-wire"])
def test_a_locked_structure_is_told_and_not_written(desk, name):
    desk.hand.structure_id = "fixed"
    desk.axial.where = Slice(0, 2)
    before = desk.case.delineation
    tool = desk.box.by_name(name)
    desk.box.take(tool)
    outline = np.array([(6.0, 8.0), (20.0, 8.0), (20.0, 22.0), (6.0, 22.0)]) / MM_PER_PX
    if name in ("Polygon", "Live-wire"):
        desk.click(desk.axial, *outline)
        desk.hand.finish()
    else:
        desk.drag(desk.axial, outline + 4)
    assert desk.case.delineation is before
    assert [type(error).__name__ for error in desk.told] == ["LockedError"]
    assert desk.told[0].hint
    assert not tool.is_begun


def test_without_a_structure_it_says_what_to_do(desk):
    desk.hand.structure_id = None
    desk.box.take(desk.box.freehand)
    desk.drag(desk.axial, SQUARE_PX)
    assert "type a name" in desk.told[0].hint
    assert not desk.box.freehand.is_begun


def test_without_a_tool_the_mouse_jumps(desk):
    jumped = []
    desk.hand.jump = lambda view, x, y: jumped.append((view, x, y)) or True
    assert desk.hand.pressed(desk.coronal, 3.0, 4.0, shift=False)
    assert desk.hand.dragged(desk.coronal, 5.0, 6.0)
    assert jumped == [(desk.coronal, 3.0, 4.0), (desk.coronal, 5.0, 6.0)]
    assert not desk.hand.released(desk.coronal, 5.0, 6.0)


def test_undo_across_tools_and_planes_gives_back_the_same_objects(desk):
    desk.box.take(desk.box.freehand)
    states = [desk.case.delineation]
    for view in (desk.axial, desk.coronal):
        for tool in (desk.box.freehand, desk.box.brush, desk.box.nudge):
            desk.box.take(tool)
            desk.drag(view, SQUARE_PX + 3 * len(states))
            assert desk.case.delineation is not states[-1], tool.name
            states.append(desk.case.delineation)
    for before in reversed(states[:-1]):
        desk.case.undo()
        assert desk.case.delineation is before
    for after in states[1:]:
        desk.case.redo()
        assert desk.case.delineation is after
    locked = replace(states[-1], locked=frozenset({"liver"}))
    desk.case.edit("lock", locked)
    desk.case.undo()
    assert desk.case.delineation is states[-1]
