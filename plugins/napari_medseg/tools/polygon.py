"""Polygon: click corner by corner."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from medseg.contour import Contour
from medseg.errors import ContourError
from napari_medseg.tools.tool import At, Points, Preview, Slate

CLOSE_PX = 8.0
"""A click this near to the first corner closes the polygon."""

SAME_CORNER_PX = 2.0
"""The second half of a double click lands where the first one did, give or take a trembling hand."""

MIN_CORNERS = 3


class PolygonTool:
    """Each click is a corner; a double click, or one on the first corner, closes it.

    Attributes:
        hole: Whether the next polygon is a hole.
    """

    name: ClassVar[str] = "Polygon"
    key: ClassVar[str] = "P"
    tip: ClassVar[str] = "Click corner by corner; double click, Enter or the first corner closes it"

    def __init__(self) -> None:
        self.hole = False
        self._slate: Slate | None = None
        self._corners: list[tuple[float, float]] = []
        self._pointer: tuple[float, float] | None = None

    @property
    def preview(self) -> tuple[Preview, ...]:
        """The corners so far, and a line to the mouse."""
        if not self._corners:
            return ()
        line = Preview(np.array(self._corners))
        if self._pointer is None:
            return (line,)
        return line, Preview(np.array([self._corners[-1], self._pointer]), dashed=True)

    @property
    def is_begun(self) -> bool:
        """Whether there is a corner."""
        return bool(self._corners)

    def press(self, slate: Slate, at: At, *, shift: bool = False) -> None:
        """Set a corner."""
        self._slate = slate
        corner = (float(at[0]), float(at[1]))
        if len(self._corners) >= MIN_CORNERS and self._is_near(corner, self._corners[0], CLOSE_PX):
            self.finish()
            return
        self._corners.append(corner)
        self._pointer = None

    def drag(self, at: At) -> None:
        """Move the corner that was just set."""
        if self._corners:
            self._corners[-1] = (float(at[0]), float(at[1]))

    def release(self, at: At) -> None:
        """The corner stays."""

    def hover(self, slate: Slate, at: At) -> None:
        """Show where the next edge would run."""
        self._pointer = (float(at[0]), float(at[1]))

    def double_click(self, slate: Slate, at: At) -> None:
        """Close the polygon; the click before has set its last corner."""
        corner = (float(at[0]), float(at[1]))
        if self._corners and not self._is_near(corner, self._corners[-1], SAME_CORNER_PX):
            self._corners.append(corner)
        self.finish()

    def take_back(self) -> bool:
        """Take the last corner back."""
        if not self._corners:
            return False
        self._corners.pop()
        self._pointer = None
        return True

    def finish(self) -> None:
        """Make a contour of the corners.

        Raises:
            ContourError: There are fewer than three, or they lie on one line.
            LockedError: The structure can't be written.
        """
        slate, corners = self._slate, self._corners
        self.cancel()
        if slate is None or not corners:
            return
        if len(corners) < MIN_CORNERS:
            raise ContourError(
                f"a polygon needs {MIN_CORNERS} corners, got {len(corners)}", hint="click one corner more"
            )
        add_piece(slate, np.array(corners), hole=self.hole, label="polygon")

    def cancel(self) -> None:
        """Forget the corners."""
        self._corners, self._slate, self._pointer = [], None, None

    def _is_near(self, first: tuple[float, float], second: tuple[float, float], px: float) -> bool:
        return self._slate is not None and math.dist(first, second) <= px * self._slate.mm_per_px


def add_piece(slate: Slate, ring_mm: Points, *, hole: bool, label: str) -> None:
    """Add an outline to what the structure has on the plane; the others stay as they are."""
    piece = Contour(slate.plane, ring_mm, slate.structure_id, hole=hole)
    slate.replace((*slate.contours, piece), label)
