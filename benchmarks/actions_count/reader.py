"""A reader who draws exactly a reference with the tools of the window, and what it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from actions_count.references import Mask
from medseg.contour import Contour, Origin, Slice, simplify, trace_slice
from medseg.measurement import dice
from medseg.volume import Volume
from napari_medseg.case import Case
from napari_medseg.case_slate import CaseSlate
from napari_medseg.completing import result_of
from napari_medseg.tools.polygon import PolygonTool
from napari_medseg.tools.tool import Tool
from napari_medseg.tools.tool_box import ToolBox

ENOUGH_DICE = 0.95

MM_PER_PX = 0.25
"""A tumour of some centimetres fills the canvas."""

CORNER_TOLERANCE_MM = 0.5
"""Who clicks corners leaves out those that change the outline by less: half a pixel of these images."""


@dataclass
class Actions:
    """What a hand did.

    Attributes:
        strokes: Drawn with the button down.
        clicks: Corners that were set.
        keys: Keys that were pressed.
        notches: Of the wheel, from slice to slice.
    """

    strokes: int = 0
    clicks: int = 0
    keys: int = 0
    notches: int = 0

    @property
    def total(self) -> int:
        """Strokes, clicks and keys."""
        return self.strokes + self.clicks + self.keys


@dataclass(eq=False)
class Reader:
    """Draws a reference with a tool, and counts. There is a structure already, and no tool in hand.

    Attributes:
        image: What is looked at.
        truth: The tumour as it shall become, ``[k, j, i]``.
        tool_name: ``Freehand`` or ``Polygon``.
        actions: What it took until now.
    """

    image: Volume
    truth: Mask
    tool_name: str
    actions: Actions = field(default_factory=Actions)

    def __post_init__(self) -> None:
        self.case = Case(self.image, "image")
        self.structure_id = self.case.add_structure("Tumour").id
        self.box = ToolBox()

    def take(self, tool: Tool) -> None:
        """Take a tool in hand, by its key."""
        if self.box.in_hand is not tool:
            self.box.take(tool)
            self.actions.keys += 1

    def draw(self, where: Slice) -> None:
        """Draw what the tumour has on a slice: its pieces first, then its holes."""
        tool = self.box.by_name(self.tool_name)
        self.take(tool)
        outlines = trace_slice(
            cut(self.truth, where), self.image.grid, where, self.structure_id, Origin.DRAWN
        )
        if self.tool_name == "Polygon":
            outlines = simplify(outlines, CORNER_TOLERANCE_MM)
        slate = self.slate(where)
        for outline in sorted(outlines, key=lambda one: one.hole):
            ring = slate.plane.to_plane_mm(outline.points_lps_mm)
            DRAW[self.tool_name](tool, slate, ring, outline, self.actions)

    def slate(self, where: Slice) -> CaseSlate:
        """What the tools draw on where a view shows a slice."""
        plane = self.image.grid.plane(where.axis, where.index)
        return CaseSlate(self.case, self.structure_id, self.image.grid, where, plane, MM_PER_PX)

    def dice(self) -> float:
        """The agreement of all that is drawn and accepted with the reference."""
        found = result_of(self.case.delineation, self.image.grid).label_map.mask(self.structure_id)
        return dice(found, self.truth)


def cut(mask: Mask, where: Slice) -> Mask:
    """What a mask has on a slice."""
    return np.asarray(mask.take(where.index, axis=where.axis))


def _stroke(
    tool: Tool, slate: CaseSlate, ring: npt.NDArray[np.float64], one: Contour, count: Actions
) -> None:
    # With Shift a stroke that starts inside cuts: a hole.
    tool.press(slate, ring[0], shift=one.hole)
    for at in (*ring[1:], ring[0]):
        tool.drag(at)
    tool.release(ring[0])
    count.strokes += 1


def _corners(
    tool: Tool, slate: CaseSlate, ring: npt.NDArray[np.float64], one: Contour, count: Actions
) -> None:
    if one.hole:
        count.keys += 2
    assert isinstance(tool, PolygonTool)
    tool.hole = one.hole
    for at in ring:
        tool.press(slate, at)
        tool.release(at)
    tool.double_click(slate, ring[-1])
    # The last corner is set by the first half of the double click.
    count.clicks += len(ring) + 1


DRAW: dict[str, Callable[[Tool, CaseSlate, npt.NDArray[np.float64], Contour, Actions], None]] = {
    "Freehand": _stroke,
    "Polygon": _corners,
}
