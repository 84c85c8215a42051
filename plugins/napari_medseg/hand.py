"""The reader's hand: the mouse over the views works with the tool in hand."""

from __future__ import annotations

from collections.abc import Callable

from medseg.errors import ContourError, MedsegError
from napari_medseg.case import Case
from napari_medseg.case_slate import CaseSlate
from napari_medseg.tools.tool import Preview, Tool
from napari_medseg.tools.tool_box import ToolBox
from napari_medseg.views.plane_lines import Polyline
from napari_medseg.views.plane_view import PlaneView

PREVIEW = "tool"
"""The group of lines that show what a tool is at."""

PREVIEW_WIDTH_PX = 1.5

ZOOM_OF_A_NOTCH = 1.2
"""Four notches double what is seen."""


class Hand:
    """Takes the events of all views of a case.

    Args:
        case: The case.
        box: The tools.
        tell: Shows an error.

    Attributes:
        structure_id: The structure that is drawn; None where there is none.
        under_mouse: The view that the mouse was over last.
        jump: Called with a view and a pixel where the mouse works without a tool.
        window: Called with how far the mouse was dragged to change the window.
        point_at: Called with a view and the pixel that the mouse is over.
    """

    def __init__(self, case: Case, box: ToolBox, tell: Callable[[MedsegError], None]) -> None:
        self._case = case
        self._box = box
        self._tell = tell
        self._view: PlaneView | None = None
        self.under_mouse: PlaneView | None = None
        self.structure_id: str | None = None
        self.jump: Callable[[PlaneView, float, float], bool] = _stay
        self.window: Callable[[float, float], None] = _leave
        self.point_at: Callable[[PlaneView, float, float], None] = _say_nothing

    def pressed(self, view: PlaneView, x_px: float, y_px: float, *, shift: bool) -> bool:
        """The left button went down: a stroke begins, or a corner is set."""
        self.under_mouse = view
        tool = self._box.in_hand
        if tool is None:
            return self.jump(view, x_px, y_px)
        if self._view is not view:
            self.finish()
        self._view = view
        slate = self._slate(view)
        if slate is not None:
            self._attempt(lambda: tool.press(slate, view.to_plane_mm(x_px, y_px), shift=shift))
        self.show_preview()
        return True

    def dragged(self, view: PlaneView, x_px: float, y_px: float) -> bool:
        """The mouse moved with the button down."""
        tool = self._box.in_hand
        if tool is None:
            return self.jump(view, x_px, y_px)
        if self._view is view:
            self._attempt(lambda: tool.drag(view.to_plane_mm(x_px, y_px)))
            self.show_preview()
        return True

    def released(self, view: PlaneView, x_px: float, y_px: float) -> bool:
        """The button went up: most strokes end here."""
        tool = self._box.in_hand
        if tool is None:
            return False
        if self._view is view:
            self._attempt(lambda: tool.release(view.to_plane_mm(x_px, y_px)))
            self.show_preview()
        return True

    def hovered(self, view: PlaneView, x_px: float, y_px: float) -> bool:
        """The mouse moved: the tool shows where it would work."""
        self.under_mouse = view
        self.point_at(view, x_px, y_px)
        tool = self._box.in_hand
        if tool is None or self.structure_id is None or (tool.is_begun and self._view is not view):
            return False
        if self._view is not None and self._view is not view:
            self._view.lines.show(PREVIEW, (), mm_per_px=1.0)
        self._view = view
        slate = CaseSlate.of(self._case, self.structure_id, view)
        tool.hover(slate, view.to_plane_mm(x_px, y_px))
        self.show_preview()
        # napari goes on to tell the position in its status bar.
        return False

    def left(self, view: PlaneView) -> None:
        """The mouse left a view: the disc of a brush does not stay behind."""
        tool = self._box.in_hand
        if tool is not None and not tool.is_begun:
            view.lines.show(PREVIEW, (), mm_per_px=1.0)

    def double_clicked(self, view: PlaneView, x_px: float, y_px: float) -> bool:
        """The second press of a double click."""
        tool = self._box.in_hand
        if tool is None:
            return False
        slate = self._slate(view)
        if slate is not None:
            self._view = view
            self._attempt(lambda: tool.double_click(slate, view.to_plane_mm(x_px, y_px)))
        self.show_preview()
        return True

    def windowed(self, dx_px: float, dy_px: float) -> bool:
        """A drag with the right button changes the window of the image."""
        self.window(dx_px, dy_px)
        return True

    def panned(self, view: PlaneView, dx_px: float, dy_px: float) -> None:
        """A drag with the middle button, or with Ctrl, moves what is in view, whatever tool is in hand."""
        view.pan(dx_px, dy_px)

    def zoomed(self, view: PlaneView, notches: float, x_px: float, y_px: float) -> None:
        """The wheel with Ctrl magnifies."""
        view.zoom(ZOOM_OF_A_NOTCH**notches, x_px, y_px)

    def wheeled(self, view: PlaneView, notches: int) -> bool:
        """The wheel goes through the slices: up is towards the head, the front and the left."""
        if notches:
            view.step(notches)
        return True

    def take_back(self) -> bool:
        """Take back the last corner of what was begun; False where nothing was."""
        tool = self._box.in_hand
        taken = tool is not None and tool.take_back()
        self.show_preview()
        return taken

    def finish(self) -> None:
        """Make a contour of what was begun, because the view moves on or another tool is taken."""
        tool = self._box.in_hand
        if tool is not None and tool.is_begun:
            try:
                tool.finish()
            except ContourError:
                # Two corners are no polygon: nobody misses them.
                tool.cancel()
            except MedsegError as error:
                self._tell(error)
        self.show_preview()

    def show_preview(self) -> None:
        """Show what the tool is at."""
        view, tool = self._view, self._box.in_hand
        if view is None:
            return
        lines = [] if tool is None else [self._line(view, preview) for preview in tool.preview]
        view.lines.show(PREVIEW, lines, mm_per_px=view.mm_per_px, width_px=PREVIEW_WIDTH_PX)

    def _line(self, view: PlaneView, preview: Preview) -> Polyline:
        points = view.world_of(view.plane.to_lps_mm(preview.points_mm))
        color = self._case.structure(self.structure_id).color if self.structure_id else "#ffffff"
        return Polyline(points, color, preview.closed, preview.dashed)

    def _slate(self, view: PlaneView) -> CaseSlate | None:
        """What is drawn on; None where nothing may be drawn, which is told."""
        try:
            self._case.require_editable()
            if self.structure_id is None:
                raise ContourError("there is no structure to draw", hint="type a name and press Add")
        except MedsegError as error:
            self._tell(error)
            return None
        return CaseSlate.of(self._case, self.structure_id, view)

    def _attempt(self, action: Callable[[], None]) -> None:
        try:
            action()
        except MedsegError as error:
            tool: Tool | None = self._box.in_hand
            if tool is not None:
                tool.cancel()
            self._tell(error)


def _leave(_dx_px: float, _dy_px: float) -> None:
    pass


def _say_nothing(_view: PlaneView, _x_px: float, _y_px: float) -> None:
    pass


def _stay(_view: PlaneView, _x_px: float, _y_px: float) -> bool:
    return False
