"""What each action does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from medseg.contour import Slice
from medseg.errors import ContourError, LabelMapError, MedsegError
from medseg.workflows.delineate import accepted, proposed_anew
from napari_medseg.actions.action import MAX_STRUCTURE_KEY, Action
from napari_medseg.binding import Binding
from napari_medseg.case import Case
from napari_medseg.live import LiveCase
from napari_medseg.places_to_go import next_contoured, next_gap
from napari_medseg.tools.tool import Tool
from napari_medseg.views.linked_views import Layout
from napari_medseg.views.plane_view import PlaneView

if TYPE_CHECKING:
    from napari_medseg.panel.contouring import ContouringPanel

LARGER = 1.25
"""A step of the size of a brush or disc: three of them double it."""

LEAST_RADIUS_MM, MOST_RADIUS_MM = 0.5, 100.0

SURFACES = 3
"""The fourth canvas."""


class Acting:
    """Does what a key asks for.

    Args:
        panel: The panel of the open case.
    """

    def __init__(self, panel: ContouringPanel) -> None:
        self._panel = panel
        box = panel.desk.box
        tools: dict[str, Tool | None] = {
            "freehand": box.freehand,
            "nudge": box.nudge,
            "brush": box.brush,
            "polygon": box.polygon,
            "no-tool": None,
        }
        self._what: dict[str, Callable[[], object]] = {
            **{name: partial(self.take, tool) for name, tool in tools.items()},
            **{f"structure-{n}": partial(self.choose, n - 1) for n in range(1, MAX_STRUCTURE_KEY + 1)},
            "smaller": partial(self.resize, 1 / LARGER),
            "larger": partial(self.resize, LARGER),
            "finish": self.finish,
            "undo": self.undo,
            "redo": self.redo,
            "delete": panel.drawing.delete_contours,
            "hole": panel.contours.hole.toggle,
            "accept-slice": self.accept_slice,
            "accept-all": panel.drawing.interpolate,
            "draw-next": panel.drawing.draw_next,
            "propose-anew": self.propose_anew,
            "slice-up": partial(self.step, 1),
            "slice-down": partial(self.step, -1),
            "next-contour": partial(self.go_to_contour, up=True),
            "previous-contour": partial(self.go_to_contour, up=False),
            "next-gap": self.go_to_gap,
            "axial": partial(self.enlarge, 0),
            "coronal": partial(self.enlarge, 1),
            "sagittal": partial(self.enlarge, 2),
            "surfaces": partial(self.enlarge, SURFACES),
            "layout": self.change_layout,
            "fit": self.fit,
            "hide": self.hide,
            "save": panel.keeping.save,
            "help": panel.show_keys,
        }

    def act(self, action: Action) -> bool:
        """Do an action; what can't be done is told in the panel.

        Returns:
            Whether the key was used up: with no case open, keys are napari's.
        """
        if self._panel.case is None and action.id != "help":
            return False
        self._panel.desk.attempt(self._what[action.id])
        return True

    def take(self, tool: Tool | None) -> None:
        """Take a tool in hand; the same one again, or none, puts it down."""
        case, binding = self._open()
        box = self._panel.desk.box
        if tool is not None:
            case.require_editable()
        binding.hand.finish()
        box.take(None if tool is box.in_hand else tool)
        binding.hand.show_preview()

    def choose(self, number: int) -> None:
        """Choose a structure of the list by its number."""
        case, _ = self._open()
        if number < len(case.structures):
            self._panel.contours.choose(case.structures[number].id)

    def resize(self, factor: float) -> None:
        """Make the brush or the disc larger or smaller."""
        box = self._panel.desk.box
        for tool in (box.nudge, box.brush):
            if tool is box.in_hand:
                tool.radius_mm = min(max(tool.radius_mm * factor, LEAST_RADIUS_MM), MOST_RADIUS_MM)
        box.tell()
        self._open()[1].hand.show_preview()

    def finish(self) -> None:
        """Close what was begun; where nothing was, put the tool down."""
        _, binding = self._open()
        tool = self._panel.desk.box.in_hand
        if tool is not None and tool.is_begun:
            try:
                tool.finish()
            finally:
                binding.hand.show_preview()
        else:
            self._panel.desk.box.take(None)
            binding.hand.show_preview()

    def undo(self) -> None:
        """Take the last corner, or else the last step, back."""
        case, binding = self._open()
        if binding.hand.take_back():
            return
        label = case.undo()
        self._panel.messages.inform(f"Undone: {label}." if label else "There is nothing to undo.")

    def redo(self) -> None:
        """Do the last step again that was undone."""
        case, _ = self._open()
        label = case.redo()
        self._panel.messages.inform(f"Done again: {label}." if label else "There is nothing to do again.")

    def accept_slice(self) -> None:
        """Take over what is proposed of the chosen structure on the slice under the mouse."""
        case, _ = self._open()
        live = self._live()
        if not live.is_current:
            # As soon as the engine has followed the last stroke.
            live.when_current(partial(self._panel.desk.attempt, self.accept_slice))
            return
        assert live.proposal is not None  # noqa: S101 - it is current
        structure_id, where = self._chosen(), self._where()
        after = accepted(live.proposal, structure_ids=[structure_id], slices=[where])
        if after is case.delineation:
            raise ContourError("nothing is proposed on this slice", hint="go to a dashed outline")
        case.edit("accept slice", after)

    def propose_anew(self) -> None:
        """Give the accepted slices of the chosen structure back to the engine."""
        case, _ = self._open()
        after = proposed_anew(case.delineation, self._chosen())
        if len(after.contours) == len(case.contours):
            raise ContourError("no slice of it was accepted", hint="Space accepts what is proposed")
        case.edit("propose anew", after)

    def step(self, count: int) -> None:
        """Go some slices on."""
        self._view().step(count)

    def go_to_contour(self, *, up: bool) -> None:
        """Go to the next slice with a contour."""
        case, binding = self._open()
        target = next_contoured(case, self._chosen(), self._where(), up=self._runs_up(up=up))
        if target is not None:
            binding.show_on(self._view(), target)

    def go_to_gap(self) -> None:
        """Go to the middle of the next gap."""
        case, binding = self._open()
        target = next_gap(case, self._chosen(), self._where())
        if target is None:
            raise ContourError("no slice between the contours is empty", hint="Tab says where to draw next")
        binding.show_on(self._view(), target)

    def enlarge(self, which: int) -> None:
        """Show one canvas alone; with one canvas, that plane on it."""
        _, binding = self._open()
        if binding.views.layout is Layout.FOUR:
            binding.views.enlarge(which)
        elif which != SURFACES:
            binding.view.show_plane(which)

    def change_layout(self) -> None:
        """Show one canvas, or four."""
        _, binding = self._open()
        binding.set_layout(Layout.FOUR if binding.views.layout is Layout.ONE else Layout.ONE)

    def fit(self) -> None:
        """Show all of the image."""
        self._open()[1].views.fit()

    def hide(self) -> None:
        """Show the image alone, or all again."""
        self._open()[1].toggle_hidden()

    def _open(self) -> tuple[Case, Binding]:
        desk = self._panel.desk
        if desk.case is None or desk.binding is None:
            raise LabelMapError("no case is open", hint="open a DICOM folder or a NIfTI file first")
        return desk.case, desk.binding

    def _live(self) -> LiveCase:
        if self._panel.live is None:
            raise MedsegError("no case is open", hint="open a DICOM folder or a NIfTI file first")
        return self._panel.live

    def _chosen(self) -> str:
        structure_id = self._panel.contours.structure_id
        if structure_id is None:
            raise LabelMapError("there is no structure", hint="type a name and press Add")
        return structure_id

    def _view(self) -> PlaneView:
        binding = self._open()[1]
        return binding.hand.under_mouse or binding.main

    def _where(self) -> Slice:
        return self._view().where

    def _runs_up(self, *, up: bool) -> bool:
        """Whether the array's index grows where the slider's does."""
        return up != self._view().is_flipped
