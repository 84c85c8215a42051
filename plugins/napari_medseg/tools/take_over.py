"""Take over with a brush what a segmenter proposes, or do away with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from medseg.contour import Contour
from napari_medseg.tools.disc_tool import DiscTool
from napari_medseg.tools.tool import Slate


class TakeOverTool(DiscTool):
    """A disc that takes over what is proposed under it; with Shift it takes that out of the proposal.

    Attributes:
        take: Called with a slate and the outline of what was passed over.
        leave: The same with Shift.
    """

    name: ClassVar[str] = "Take over"
    key: ClassVar[str] = "Shift+B"
    tip: ClassVar[str] = "Take over what is proposed under the disc; Shift takes it out of the proposal"

    def __init__(self, radius_mm: float = 8.0) -> None:
        super().__init__(radius_mm)
        self.take: Callable[[Slate, tuple[Contour, ...]], None] = _nothing
        self.leave: Callable[[Slate, tuple[Contour, ...]], None] = _nothing

    def passed_over(self, slate: Slate, stroke: tuple[Contour, ...], *, shift: bool) -> None:
        """Take it over, or leave it."""
        (self.leave if shift else self.take)(slate, stroke)


def _nothing(_slate: Slate, _stroke: tuple[Contour, ...]) -> None:
    pass
