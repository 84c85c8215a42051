"""Freehand: draw a region; it adds or cuts by where it starts."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from medseg.contour import difference, enclosed, union
from napari_medseg.tools.inside import is_inside
from napari_medseg.tools.stroke_tool import StrokeTool
from napari_medseg.tools.tool import At, Points, Preview, Slate
from napari_medseg.tools.unchanged import are_same

MIN_STEP_PX = 1.5
"""Nearer points of a stroke tell nothing: a mouse reports whole pixels."""

MIN_POINTS = 3


class FreehandTool(StrokeTool):
    """A closed stroke.

    On a plane without contours it is a new one. Else it adds where it starts inside of one, and cuts where
    it starts outside and runs into one, as planning systems of radiotherapy have it; a stroke that starts
    outside and meets none is a further piece. With Shift it is the other way round, so that a hole can be
    drawn inside.
    """

    name: ClassVar[str] = "Freehand"
    key: ClassVar[str] = "D"
    tip: ClassVar[str] = (
        "Draw with the button down: from inside adds, from outside cuts; Shift does the other"
    )

    def __init__(self) -> None:
        self._slate: Slate | None = None
        self._shift = False
        self._path: list[tuple[float, float]] = []

    @property
    def preview(self) -> tuple[Preview, ...]:
        """The stroke so far, and the line that would close it."""
        if len(self._path) < 2:
            return ()
        line = Preview(np.array(self._path))
        return line, Preview(np.array([self._path[-1], self._path[0]]), dashed=True)

    def press(self, slate: Slate, at: At, *, shift: bool = False) -> None:
        """Begin the stroke."""
        self._slate, self._shift = slate, shift
        self._path = [(float(at[0]), float(at[1]))]

    def drag(self, at: At) -> None:
        """Go on with it."""
        if self._slate is None:
            return
        point = (float(at[0]), float(at[1]))
        if math.dist(point, self._path[-1]) >= MIN_STEP_PX * self._slate.mm_per_px:
            self._path.append(point)

    def hover(self, slate: Slate, at: At) -> None:
        """Nothing to show."""

    def finish(self) -> None:
        """Add or cut.

        Raises:
            LockedError: The structure can't be written.
        """
        slate, path, shift = self._slate, self._path, self._shift
        self.cancel()
        # A click without a movement is no stroke.
        if slate is not None and len(path) >= MIN_POINTS:
            draw_region(slate, np.array(path), turned_round=shift)

    def cancel(self) -> None:
        """Forget the stroke."""
        self._slate, self._path = None, []


def draw_region(slate: Slate, path_mm: Points, *, turned_round: bool = False) -> None:
    """Add what a stroke goes around to a plane, or cut it out, by where it starts."""
    region = enclosed(path_mm, slate.plane, slate.structure_id)
    if not region:
        # A stroke there and back bounds nothing.
        return
    before = slate.contours
    adds = is_inside(before, slate.plane, path_mm[0]) != turned_round
    after = union(before, region) if adds else difference(before, region)
    if not adds and not turned_round and are_same(before, after):
        # It met nothing that it could cut: a further piece.
        adds, after = True, union(before, region)
    if not are_same(before, after):
        slate.replace(after, "draw" if adds else "cut")
