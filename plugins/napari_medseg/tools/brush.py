"""Brush and eraser: paint with a disc in mm, only where the image's value is in a range if one is set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from medseg.contour import Contour, difference, intersection, union
from napari_medseg.tools.disc_tool import DiscTool
from napari_medseg.tools.in_range import regions_in_range
from napari_medseg.tools.tool import Slate
from napari_medseg.tools.unchanged import are_same


class BrushTool(DiscTool):
    """A disc that paints, and with Shift or as an eraser takes away.

    Attributes:
        erases: Whether it takes away; Shift turns it round for a stroke.
        in_range: Lowest and highest value of the image that is painted, in its unit; None for all.
    """

    name: ClassVar[str] = "Brush"
    key: ClassVar[str] = "B"
    tip: ClassVar[str] = "Paint with a disc; Shift erases; [ and ] change its size"

    def __init__(self, radius_mm: float = 5.0) -> None:
        super().__init__(radius_mm)
        self.erases = False
        self.in_range: tuple[float, float] | None = None

    def passed_over(self, slate: Slate, stroke: tuple[Contour, ...], *, shift: bool) -> None:
        """Unite the stroke with the contours, or cut it out of them.

        Raises:
            LockedError: The structure can't be written.
        """
        erases = self.erases != shift
        if self.in_range is not None:
            stroke = self._within(slate, stroke, self.in_range)
        if not stroke:
            return
        before = slate.contours
        after = difference(before, stroke) if erases else union(before, stroke)
        if not are_same(before, after):
            slate.replace(after, "erase" if erases else "brush")

    @staticmethod
    def _within(
        slate: Slate, stroke: Sequence[Contour], in_range: tuple[float, float]
    ) -> tuple[Contour, ...]:
        allowed = regions_in_range(slate, in_range, stroke)
        return intersection(stroke, allowed) if allowed else ()
