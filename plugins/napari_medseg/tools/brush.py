"""Brush and eraser: paint with a disc in mm, only where the image's value is in a range if one is set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from medseg.contour import BrushStroke, Contour, difference, intersection, union
from napari_medseg.tools.in_range import regions_in_range
from napari_medseg.tools.stroke_tool import StrokeTool
from napari_medseg.tools.tool import At, Points, Preview, Slate
from napari_medseg.tools.unchanged import are_same

MIN_STEP_SHARE = 0.1
"""Of the radius: nearer points of a path change nothing that could be seen."""

CIRCLE_POINTS = 48


class BrushTool(StrokeTool):
    """A disc that paints, and with Shift or as an eraser takes away.

    Attributes:
        radius_mm: The disc's radius.
        erases: Whether it takes away; Shift turns it round for a stroke.
        in_range: Lowest and highest value of the image that is painted, in its unit; None for all.
    """

    name: ClassVar[str] = "Brush"
    key: ClassVar[str] = "B"
    tip: ClassVar[str] = "Paint with a disc; Shift erases; [ and ] change its size"

    def __init__(self, radius_mm: float = 5.0) -> None:
        self.radius_mm = radius_mm
        self.erases = False
        self.in_range: tuple[float, float] | None = None
        self._slate: Slate | None = None
        self._shift = False
        self._stroke: BrushStroke | None = None
        self._last: tuple[float, float] = (0.0, 0.0)
        self._at: tuple[float, float] | None = None

    @property
    def preview(self) -> tuple[Preview, ...]:
        """The disc, and what was painted so far."""
        painted = tuple(Preview(c.points_mm, closed=True) for c in self._painted())
        if self._at is None:
            return painted
        return (*painted, Preview(circle(self._at, self.radius_mm), closed=True, dashed=True))

    def press(self, slate: Slate, at: At, *, shift: bool = False) -> None:
        """Begin to paint."""
        self._slate, self._shift = slate, shift
        self._at = (float(at[0]), float(at[1]))
        self._stroke, self._last = BrushStroke(self.radius_mm, self._at), self._at

    def drag(self, at: At) -> None:
        """Paint on."""
        self._at = (float(at[0]), float(at[1]))
        if (
            self._stroke is not None
            and math.dist(self._at, self._last) >= MIN_STEP_SHARE * self._stroke.radius_mm
        ):
            self._stroke.to(self._at)
            self._last = self._at

    def hover(self, slate: Slate, at: At) -> None:
        """Show the disc."""
        self._at = (float(at[0]), float(at[1]))

    def finish(self) -> None:
        """Unite the stroke with the contours, or cut it out of them.

        Raises:
            LockedError: The structure can't be written.
        """
        slate = self._slate
        if slate is None:
            return
        stroke, at = self._painted(), self._at
        erases = self.erases != self._shift
        self.cancel()
        self._at = at
        if self.in_range is not None:
            stroke = self._within(slate, stroke, self.in_range)
        if not stroke:
            return
        before = slate.contours
        after = difference(before, stroke) if erases else union(before, stroke)
        if not are_same(before, after):
            slate.replace(after, "erase" if erases else "brush")

    def cancel(self) -> None:
        """Forget the stroke."""
        self._slate = self._stroke = self._at = None

    def _painted(self) -> tuple[Contour, ...]:
        if self._slate is None or self._stroke is None:
            return ()
        return self._stroke.outline(self._slate.plane, self._slate.structure_id)

    @staticmethod
    def _within(
        slate: Slate, stroke: Sequence[Contour], in_range: tuple[float, float]
    ) -> tuple[Contour, ...]:
        allowed = regions_in_range(slate, in_range, stroke)
        return intersection(stroke, allowed) if allowed else ()


def circle(centre_mm: Sequence[float], radius_mm: float) -> Points:
    """A circle as a polygon."""
    angles: npt.NDArray[np.float64] = np.linspace(0, 2 * np.pi, CIRCLE_POINTS, endpoint=False)
    return np.asarray(centre_mm) + radius_mm * np.column_stack([np.cos(angles), np.sin(angles)])
