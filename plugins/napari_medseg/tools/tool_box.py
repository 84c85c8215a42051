"""The tools that a reader has, and the one in hand."""

from __future__ import annotations

from collections.abc import Callable

from napari_medseg.hints import HintBoard
from napari_medseg.tools.brush import BrushTool
from napari_medseg.tools.freehand import FreehandTool
from napari_medseg.tools.hint_tools import BallTool, PointTool
from napari_medseg.tools.live_wire import LiveWireTool
from napari_medseg.tools.nudge import NudgeTool
from napari_medseg.tools.polygon import PolygonTool
from napari_medseg.tools.take_over import TakeOverTool
from napari_medseg.tools.tool import Tool


class ToolBox:
    """The tools; each keeps its settings while it is out of hand.

    Attributes:
        polygon: Clicks corner by corner.
        live_wire: Follows edges from seed to seed.
        freehand: Draws with the button down.
        nudge: Pushes outlines.
        brush: Paints and erases.
        hints: What was pointed out to segmenters.
        point: Points out by clicks.
        ball: Points out by a ball.
        take_over: Takes over what a segmenter proposes.
    """

    def __init__(self) -> None:
        self.freehand = FreehandTool()
        self.nudge = NudgeTool()
        self.brush = BrushTool()
        self.polygon = PolygonTool()
        self.live_wire = LiveWireTool()
        self.hints = HintBoard()
        self.point = PointTool(self.hints)
        self.ball = BallTool(self.hints)
        self.take_over = TakeOverTool()
        self._in_hand: Tool | None = None
        self._listeners: list[Callable[[], None]] = []

    @property
    def tools(self) -> tuple[Tool, ...]:
        """Those that draw, in the order in which they are offered."""
        return self.freehand, self.nudge, self.brush, self.live_wire, self.polygon

    @property
    def in_hand(self) -> Tool | None:
        """The tool that the mouse works with; None where it moves the view."""
        return self._in_hand

    def take(self, tool: Tool | None) -> None:
        """Take a tool in hand, or none; what another one had begun is forgotten."""
        if tool is self._in_hand:
            return
        if self._in_hand is not None:
            self._in_hand.cancel()
        self._in_hand = tool
        self.tell()

    def by_name(self, name: str) -> Tool:
        """The tool of a name."""
        return next(tool for tool in self.tools if tool.name == name)

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Have a function called when another tool is taken or a setting is changed."""
        self._listeners.append(listener)

    def tell(self) -> None:
        """Say that a setting was changed."""
        for listener in tuple(self._listeners):
            listener()
