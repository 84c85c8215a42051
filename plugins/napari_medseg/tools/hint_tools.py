"""Point out to a segmenter what is meant: clicks, and a ball."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

import numpy as np

from medseg.workflows.segmenters import Point, PointLps, Sphere
from napari_medseg.hints import HintBoard
from napari_medseg.tools.disc_tool import circle
from napari_medseg.tools.stroke_tool import StrokeTool
from napari_medseg.tools.tool import At, Preview, Slate

LEAST_RADIUS_MM = 1.0
"""A ball that was only clicked is none."""


class PointTool:
    """Clicks in the structure; with Shift on what does not belong to it.

    Attributes:
        board: Where they stand.
    """

    name: ClassVar[str] = "Point"
    key: ClassVar[str] = "I"
    tip: ClassVar[str] = "Click in the structure; with Shift beside it"

    def __init__(self, board: HintBoard) -> None:
        self.board = board

    @property
    def preview(self) -> tuple[Preview, ...]:
        """Nothing: a click stands on the board at once."""
        return ()

    @property
    def is_begun(self) -> bool:
        """A click is done when it is made."""
        return False

    def press(self, slate: Slate, at: At, *, shift: bool = False) -> None:
        """Point something out."""
        self.board.add(Point(lps_of(slate, at), None if shift else slate.structure_id))

    def drag(self, at: At) -> None:
        """Nothing."""

    def release(self, at: At) -> None:
        """Nothing."""

    def hover(self, slate: Slate, at: At) -> None:
        """Nothing."""

    def double_click(self, slate: Slate, at: At) -> None:
        """A quick hand clicks twice."""
        self.press(slate, at)

    def take_back(self) -> bool:
        """Take back the last click."""
        return self.board.take_back()

    def finish(self) -> None:
        """Nothing is left to be done."""

    def cancel(self) -> None:
        """Clicks stay."""


class BallTool(StrokeTool):
    """Press in the middle of what is meant, and drag to beyond its border.

    Attributes:
        board: Where it stands.
        drawn: Called when there is a new one.
    """

    name: ClassVar[str] = "Ball"
    key: ClassVar[str] = "J"
    tip: ClassVar[str] = "Press in the middle of it, and drag to where all of it is inside"

    def __init__(self, board: HintBoard) -> None:
        self.board = board
        self.drawn: Callable[[], None] = _nothing
        self._slate: Slate | None = None
        self._centre: tuple[float, float] = (0.0, 0.0)
        self._radius_mm = 0.0

    @property
    def preview(self) -> tuple[Preview, ...]:
        """The ball as it is now."""
        if self._slate is None or self._radius_mm == 0:
            return ()
        return (Preview(circle(self._centre, self._radius_mm), closed=True, dashed=True),)

    def press(self, slate: Slate, at: At, *, shift: bool = False) -> None:
        """Set its centre."""
        self._slate, self._centre, self._radius_mm = slate, (float(at[0]), float(at[1])), 0.0

    def drag(self, at: At) -> None:
        """Make it larger or smaller."""
        if self._slate is not None:
            self._radius_mm = math.dist(self._centre, (float(at[0]), float(at[1])))

    def hover(self, slate: Slate, at: At) -> None:
        """Nothing."""

    def finish(self) -> None:
        """Put the ball on the board; a click alone takes it away."""
        slate, radius_mm = self._slate, self._radius_mm
        self.cancel()
        if slate is None:
            return
        is_ball = radius_mm >= LEAST_RADIUS_MM
        self.board.set_sphere(Sphere(lps_of(slate, self._centre), radius_mm) if is_ball else None)
        if is_ball:
            self.drawn()

    def cancel(self) -> None:
        """Leave the board as it was."""
        self._slate = None


def lps_of(slate: Slate, at: At) -> PointLps:
    """The place in the patient of a point of a plane."""
    x, y, z = (float(value) for value in slate.plane.to_lps_mm(np.atleast_2d(np.asarray(at)))[0])
    return x, y, z


def _nothing() -> None:
    pass
