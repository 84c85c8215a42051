"""Nudge: push an outline with a soft disc."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from medseg.contour import Contour, nudge, offset, simplify
from napari_medseg.tools.disc_tool import circle
from napari_medseg.tools.stroke_tool import StrokeTool
from napari_medseg.tools.tool import At, Points, Preview, Slate
from napari_medseg.tools.unchanged import are_same

MIN_STEP_PX = 0.5

MANY_VERTICES = 400
"""A disc that goes round in circles kneads an outline like dough, whose length grows without end. One that
has so many vertices, and twice those that it had, is rid of what no screen shows."""

FILAMENT_PX = 0.25
"""Half the width of the threads and gaps that are taken out then."""


class NudgeTool(StrokeTool):
    """A disc that takes the outline with it while it is dragged.

    Attributes:
        radius_mm: The disc's radius.
    """

    name: ClassVar[str] = "Nudge"
    key: ClassVar[str] = "N"
    tip: ClassVar[str] = "Drag an outline into place with a soft disc; [ and ] change its size"

    def __init__(self, radius_mm: float = 10.0) -> None:
        self.radius_mm = radius_mm
        self._slate: Slate | None = None
        self._before: tuple[Contour, ...] = ()
        self._pushed: tuple[Contour, ...] = ()
        self._at: tuple[float, float] | None = None

    @property
    def preview(self) -> tuple[Preview, ...]:
        """The disc, and the outlines where they are pushed to."""
        pushed = (
            ()
            if self._slate is None
            else tuple(
                Preview(self._slate.plane.to_plane_mm(c.points_lps_mm), closed=True)
                for c in self._pushed
                if c not in self._before
            )
        )
        if self._at is None:
            return pushed
        return (*pushed, Preview(circle(self._at, self.radius_mm), closed=True, dashed=True))

    def press(self, slate: Slate, at: At, *, shift: bool = False) -> None:
        """Set the disc down."""
        self._slate = slate
        self._before = self._pushed = tuple(slate.contours)
        self._at = (float(at[0]), float(at[1]))

    def drag(self, at: At) -> None:
        """Push."""
        if self._slate is None or self._at is None:
            return
        to = (float(at[0]), float(at[1]))
        if math.dist(to, self._at) < MIN_STEP_PX * self._slate.mm_per_px:
            return
        self._pushed = self._nudged(np.array(self._at), np.array(to) - self._at)
        self._at = to

    def hover(self, slate: Slate, at: At) -> None:
        """Show the disc."""
        self._at = (float(at[0]), float(at[1]))

    def finish(self) -> None:
        """Take the pushed outlines over.

        Raises:
            LockedError: The structure can't be written.
        """
        slate, before, pushed = self._slate, self._before, self._pushed
        at = self._at
        self.cancel()
        self._at = at
        if slate is not None and not are_same(before, pushed):
            slate.replace(pushed, "nudge")

    def cancel(self) -> None:
        """Leave the outlines as they were."""
        self._slate, self._before, self._pushed, self._at = None, (), (), None

    def _nudged(self, start: Points, drag: Points) -> tuple[Contour, ...]:
        if not self._pushed or self._slate is None:
            return self._pushed
        # The mouse is in the slate's frame, the contours may have one each.
        frame, plane = self._slate.plane, self._pushed[0].plane
        own = plane.to_plane_mm(frame.to_lps_mm([start, start + drag]))
        pushed = nudge(self._pushed, own[0], own[1] - own[0], self.radius_mm)
        count = _vertices(pushed)
        if count > max(MANY_VERTICES, 2 * _vertices(self._before)):
            return _without_filaments(pushed, FILAMENT_PX * self._slate.mm_per_px)
        return pushed


def _vertices(contours: tuple[Contour, ...]) -> int:
    return sum(len(c.points_mm) for c in contours)


def _without_filaments(contours: tuple[Contour, ...], half_width_mm: float) -> tuple[Contour, ...]:
    """Take out threads and fill gaps that are narrower than a width: an opening and a closing."""
    opened = offset(offset(contours, -half_width_mm), 2 * half_width_mm)
    return simplify(offset(opened, -half_width_mm), half_width_mm) or contours
