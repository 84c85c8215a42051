"""What the tools have in common that pass over pixels with a disc in mm."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from medseg.contour import BrushStroke, Contour
from napari_medseg.tools.stroke_tool import StrokeTool
from napari_medseg.tools.tool import At, Points, Preview, Slate

MIN_STEP_SHARE = 0.1
"""Of the radius: nearer points of a path change nothing that could be seen."""

CIRCLE_POINTS = 48


class DiscTool(StrokeTool):
    """A disc that is drawn along.

    Attributes:
        radius_mm: The disc's radius.
    """

    def __init__(self, radius_mm: float = 5.0) -> None:
        self.radius_mm = radius_mm
        self._slate: Slate | None = None
        self._shift = False
        self._stroke: BrushStroke | None = None
        self._last: tuple[float, float] = (0.0, 0.0)
        self._at: tuple[float, float] | None = None

    @property
    def preview(self) -> tuple[Preview, ...]:
        """The disc, and what it passed over so far."""
        painted = tuple(Preview(c.points_mm, closed=True) for c in self._painted())
        if self._at is None:
            return painted
        return (*painted, Preview(circle(self._at, self.radius_mm), closed=True, dashed=True))

    def press(self, slate: Slate, at: At, *, shift: bool = False) -> None:
        """Begin the stroke."""
        self._slate, self._shift = slate, shift
        self._at = (float(at[0]), float(at[1]))
        self._stroke, self._last = BrushStroke(self.radius_mm, self._at), self._at

    def drag(self, at: At) -> None:
        """Go on with it."""
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
        """Make an edit of the stroke; what can't be done is raised, and the disc stays where it is."""
        slate = self._slate
        if slate is None:
            return
        stroke, at, shift = self._painted(), self._at, self._shift
        self.cancel()
        self._at = at
        self.passed_over(slate, stroke, shift=shift)

    def cancel(self) -> None:
        """Forget the stroke."""
        self._slate = self._stroke = self._at = None

    @abstractmethod
    def passed_over(self, slate: Slate, stroke: tuple[Contour, ...], *, shift: bool) -> None:
        """Do what the tool does with what it passed over.

        Args:
            slate: What it passed over.
            stroke: Its outline.
            shift: Whether the stroke was begun with Shift.
        """

    def _painted(self) -> tuple[Contour, ...]:
        if self._slate is None or self._stroke is None:
            return ()
        return self._stroke.outline(self._slate.plane, self._slate.structure_id)


def circle(centre_mm: Sequence[float], radius_mm: float) -> Points:
    """A circle as a polygon."""
    angles: npt.NDArray[np.float64] = np.linspace(0, 2 * np.pi, CIRCLE_POINTS, endpoint=False)
    return np.asarray(centre_mm) + radius_mm * np.column_stack([np.cos(angles), np.sin(angles)])
