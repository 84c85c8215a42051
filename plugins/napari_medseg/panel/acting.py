"""What each action does: the tools and the contours; looking and proposing have files of their own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from napari_medseg.actions.action import MAX_STRUCTURE_KEY, WITHOUT_A_CASE, Action
from napari_medseg.napari_private import raise_dock
from napari_medseg.panel.in_view import InView
from napari_medseg.panel.looking import Looking
from napari_medseg.panel.proposing import Proposing
from napari_medseg.panel.tool_section import LEAST_RADIUS_MM, MOST_RADIUS_MM
from napari_medseg.tools.edits import deleted, from_neighbours, simplified, smoothed
from napari_medseg.tools.tool import Slate, Tool

if TYPE_CHECKING:
    from napari_medseg.panel.contouring import ContouringPanel

LARGER = 1.25
"""A step of the size of a brush or disc: three of them double it."""


class Acting:
    """Does what a key or a button asks for.

    Args:
        panel: The panel of the open case.
    """

    def __init__(self, panel: ContouringPanel) -> None:
        self._panel = panel
        self._in_view = InView(panel)
        self._box = panel.desk.box
        box = self._box
        tools: dict[str, Tool | None] = {
            "freehand": box.freehand,
            "nudge": box.nudge,
            "brush": box.brush,
            "live-wire": box.live_wire,
            "polygon": box.polygon,
            "no-tool": None,
            "hint-point": box.point,
            "hint-ball": box.ball,
            "take-over": box.take_over,
        }
        self._what: dict[str, Callable[[], object]] = {
            **{name: partial(self.take, tool) for name, tool in tools.items()},
            **{f"structure-{n}": partial(self.choose, n - 1) for n in range(1, MAX_STRUCTURE_KEY + 1)},
            "next-structure": partial(self.go_on, 1),
            "previous-structure": partial(self.go_on, -1),
            "new-structure": self.name_structure,
            "lock": self.lock,
            "smaller": partial(self.resize, 1 / LARGER),
            "larger": partial(self.resize, LARGER),
            "erase": self.erase,
            "range": self.keep_to_range,
            "hole": panel.contours.hole.toggle,
            "finish": self.finish,
            "undo": self.undo,
            "redo": self.redo,
            "delete": partial(self.edit, deleted),
            "smooth": partial(self.edit, smoothed),
            "simplify": partial(self.edit, simplified),
            "from-neighbours": partial(self.edit, from_neighbours),
            "save": panel.keeping.save,
            "cancel": panel.background.cancel,
            "help": panel.show_keys,
            **Looking(panel, self._in_view).actions,
            **Proposing(panel, self._in_view).actions,
            "ask-segmenter": panel.assisting.ask,
            "discard-proposal": panel.assisting.discard,
        }

    def takes(self, action: Action) -> bool:
        """Whether a key is the panel's: with no case open, keys are napari's."""
        if action.id in WITHOUT_A_CASE:
            return action.id != "cancel" or self._panel.background.busy
        return self._panel.case is not None

    def act(self, action: Action) -> None:
        """Do an action; what can't be done is told in the panel."""
        self.do(action.id)

    def do(self, action_id: str) -> None:
        """Do the action with an id."""
        self._panel.desk.attempt(self._what[action_id])

    def take(self, tool: Tool | None) -> None:
        """Take a tool in hand; the same one again, or none, puts it down."""
        case, binding = self._in_view.open_case()
        if tool is not None:
            case.require_editable()
            binding.hand.structure_id = self._in_view.structure_id()
            self._panel.messages.clear()
        binding.hand.finish()
        self._box.take(None if tool is self._box.in_hand else tool)
        binding.hand.show_preview()

    def choose(self, number: int) -> None:
        """Choose a structure of the list by its number."""
        case, _ = self._in_view.open_case()
        if number < len(case.structures):
            self._panel.contours.choose(case.structures[number].id)

    def go_on(self, count: int) -> None:
        """Choose another structure: so many on in the list, which has no end."""
        case, _ = self._in_view.open_case()
        ids = [structure.id for structure in case.structures]
        self._panel.contours.choose(ids[(ids.index(self._in_view.structure_id()) + count) % len(ids)])

    def name_structure(self) -> None:
        """Let the keyboard type the name of a new structure."""
        case, _ = self._in_view.open_case()
        case.require_editable()
        raise_dock(self._panel.contours.structures)
        self._panel.contours.structures.name.setFocus()

    def lock(self) -> None:
        """Lock the chosen structure, or unlock it."""
        case, _ = self._in_view.open_case()
        structure_id = self._in_view.structure_id()
        is_locked = structure_id in case.delineation.locked
        self._panel.contours.structures.lock_switched.emit(structure_id, not is_locked)

    def resize(self, factor: float) -> None:
        """Make the brush or the disc larger or smaller."""
        for tool in (self._box.nudge, self._box.brush, self._box.take_over):
            if tool is self._box.in_hand:
                tool.radius_mm = min(max(tool.radius_mm * factor, LEAST_RADIUS_MM), MOST_RADIUS_MM)
        self._box.tell()
        self._in_view.open_case()[1].hand.show_preview()

    def erase(self) -> None:
        """Have the brush erase, or paint again."""
        self._box.brush.erases = not self._box.brush.erases
        self._box.tell()

    def keep_to_range(self) -> None:
        """Have the brush keep to the range of values last used, at first to what the window shows as grey."""
        self._in_view.open_case()
        brush, tools = self._box.brush, self._panel.contours.tools
        if brush.in_range is None:
            brush.in_range = tools.last_range or self._panel.windows.limits
        else:
            tools.last_range, brush.in_range = brush.in_range, None
        self._box.tell()

    def finish(self) -> None:
        """Close what was begun; where nothing was, put the tool down."""
        _, binding = self._in_view.open_case()
        tool = self._box.in_hand
        try:
            if tool is not None and tool.is_begun:
                tool.finish()
            else:
                self._box.take(None)
        finally:
            binding.hand.show_preview()

    def undo(self) -> None:
        """Take the last corner, or else the last step, back."""
        case, binding = self._in_view.open_case()
        if binding.hand.take_back():
            return
        label = case.undo()
        self._panel.messages.inform(f"Undone: {label}." if label else "There is nothing to undo.")

    def redo(self) -> None:
        """Do the last step again that was undone."""
        case, _ = self._in_view.open_case()
        label = case.redo()
        self._panel.messages.inform(f"Done again: {label}." if label else "There is nothing to do again.")

    def edit(self, change: Callable[[Slate], None]) -> None:
        """Change what the chosen structure has on the plane under the mouse: one step."""
        case, binding = self._in_view.open_case()
        case.require_editable()
        binding.hand.finish()
        change(self._in_view.slate())
