"""The tool in hand, with its few settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from qtpy.QtCore import QSignalBlocker, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from napari_medseg.case import Case
from napari_medseg.panel.parts import button, even_row, row
from napari_medseg.tools.brush import BrushTool
from napari_medseg.tools.disc_tool import DiscTool
from napari_medseg.tools.live_wire import LiveWireTool
from napari_medseg.tools.nudge import NudgeTool
from napari_medseg.tools.polygon import PolygonTool
from napari_medseg.tools.tool import Tool
from napari_medseg.tools.tool_box import ToolBox

LEAST_RADIUS_MM, MOST_RADIUS_MM = 0.5, 100.0

BUTTON_HEIGHT_PX = 40
"""Large enough to be hit without looking."""

MOST_VALUE = 1e6
"""Beyond what any image holds."""

NAMES = {"freehand": "Draw", "nudge": "Nudge", "brush": "Brush", "live-wire": "Wire", "polygon": "Polygon"}
"""What fits on a button, by the id of the action that takes the tool."""

NO_TOOL = "No tool in hand: the mouse moves the view"


class ToolSection(QWidget):
    """A button for each tool, and the settings of the one in hand.

    Attributes:
        buttons: By the id of the action.
        hole: Whether polygons and live-wires cut holes.
        last_range: The range of values that the brush kept to last.
    """

    tool_asked = Signal(str)
    range_asked = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._box: ToolBox | None = None
        self.last_range: tuple[float, float] | None = None
        self._keys_text: Callable[[str], str] = _no_key
        self.buttons = {name: self._tool_button(name) for name in NAMES}
        self.says = QLabel(NO_TOOL)
        self.says.setWordWrap(True)
        self._make_settings()
        self._lay_out()
        self._show_settings(None)

    def follow(self, box: ToolBox, keys_text: Callable[[str], str]) -> None:
        """Show the tools of a box.

        Args:
            box: The tools.
            keys_text: The keys of an action by its id, for people.
        """
        self._box = box
        self._keys_text = keys_text
        box.subscribe(self.refresh)
        self.show_keys()
        self.refresh()

    def show_keys(self) -> None:
        """Name the keys that are set now."""
        if self._box is None:
            return
        for (name, push), tool in zip(self.buttons.items(), self._box.tools, strict=True):
            key = self._keys_text(name)
            first = key.split(" or ")[0]
            push.setText(f"{NAMES[name]}\n{first}" if first else NAMES[name])
            push.setToolTip(f"{tool.name} ({key}): {tool.tip}" if key else f"{tool.name}: {tool.tip}")
        for widget, action, tip in (
            (self.radius, "smaller", "How large the disc is"),
            (self.erases, "erase", "The brush takes away instead; Shift turns it round for a stroke"),
            (self.in_range, "range", "Only where the image has a value in this range is painted"),
            (self.hole, "hole", "What is drawn next cuts a hole, such as a necrotic core left out"),
        ):
            keys = self._keys_text(action)
            if action == "smaller":
                keys = ", ".join(filter(None, (keys, self._keys_text("larger"))))
            widget.setToolTip(f"{tip} ({keys})" if keys else tip)

    def show_case(self, case: Case | None) -> None:
        """Offer the tools; of a case that can't be changed, taking one tells why.

        The range is in the unit of the image that is looked at.
        """
        self.setEnabled(case is not None)
        self.unit.setText("" if case is None else case.unit_in_front)

    def refresh(self) -> None:
        """Show which tool is in hand, and its settings."""
        box = self._box
        if box is None:
            return
        for push, tool in zip(self.buttons.values(), box.tools, strict=True):
            push.setChecked(tool is box.in_hand)
        with self._silently():
            self._show_settings(box.in_hand)

    def _show_settings(self, tool: Tool | None) -> None:
        self._size_row.setVisible(isinstance(tool, NudgeTool | DiscTool))
        self._range_row.setVisible(isinstance(tool, BrushTool))
        self.erases.setVisible(isinstance(tool, BrushTool))
        self.hole.setVisible(isinstance(tool, PolygonTool | LiveWireTool))
        self.says.setVisible(not isinstance(tool, NudgeTool | BrushTool))
        self.says.setText(NO_TOOL if tool is None else f"{tool.tip}.")
        if isinstance(tool, NudgeTool | DiscTool):
            self.radius.setValue(tool.radius_mm)
        if isinstance(tool, BrushTool):
            self.erases.setChecked(tool.erases)
            self.in_range.setChecked(tool.in_range is not None)
            for end in (self.least, self.most):
                end.setEnabled(tool.in_range is not None)
            if tool.in_range is not None:
                self.least.setValue(tool.in_range[0])
                self.most.setValue(tool.in_range[1])

    def _make_settings(self) -> None:
        self.radius = QDoubleSpinBox()
        self.radius.setRange(LEAST_RADIUS_MM, MOST_RADIUS_MM)
        self.radius.setDecimals(1)
        self.radius.setSuffix(" mm")
        self.radius.valueChanged.connect(self._set_radius)
        self.erases = QCheckBox("erase")
        self.erases.toggled.connect(self._set_erases)
        self.in_range = QCheckBox("only")
        self.in_range.toggled.connect(self.range_asked)
        self.least, self.most = _range_end(), _range_end()
        self.unit = QLabel()
        self.least.setToolTip("The lowest value that is painted")
        self.most.setToolTip("The highest value that is painted")
        for end in (self.least, self.most):
            end.valueChanged.connect(self._set_range)
        self.hole = QCheckBox("Hole")
        self.hole.toggled.connect(self._set_hole)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self._size_row = row(QLabel("radius"), self.radius, self.erases, stretch=1)
        ends = even_row(self.least, self.most)
        self._range_row = row(self.in_range, ends, self.unit, stretch=1)
        for widget in (even_row(*self.buttons.values()), self._size_row, self._range_row):
            layout.addWidget(widget)
        layout.addWidget(row(self.says, self.hole))

    def _tool_button(self, name: str) -> QPushButton:
        push = button(NAMES[name], "", lambda: self._ask(name))
        push.setCheckable(True)
        push.setMinimumHeight(BUTTON_HEIGHT_PX)
        push.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        # Five stand side by side in the narrowest panel.
        push.setStyleSheet("padding-left: 0px; padding-right: 0px;")
        return push

    def _ask(self, name: str) -> None:
        number = list(self.buttons).index(name)
        is_in_hand = self._box is not None and self._box.in_hand is self._box.tools[number]
        if self.buttons[name].isChecked() != is_in_hand:
            self.tool_asked.emit(name)
        # What can't be taken in hand is not.
        self.refresh()

    def _set_radius(self, radius_mm: float) -> None:
        tool = None if self._box is None else self._box.in_hand
        if isinstance(tool, NudgeTool | DiscTool):
            tool.radius_mm = radius_mm
            self._tell()

    def _set_erases(self, on: bool) -> None:  # noqa: FBT001 - Qt's signal passes it
        if self._box is not None:
            self._box.brush.erases = on
            self._tell()

    def _set_range(self) -> None:
        if self._box is not None and self._box.brush.in_range is not None:
            ends = sorted((self.least.value(), self.most.value()))
            self._box.brush.in_range = (ends[0], ends[1])

    def _set_hole(self, on: bool) -> None:  # noqa: FBT001 - Qt's signal passes it
        if self._box is not None:
            self._box.polygon.hole = self._box.live_wire.hole = on

    def _tell(self) -> None:
        if self._box is not None:
            self._box.tell()

    @contextmanager
    def _silently(self) -> Iterator[None]:
        """Show settings without setting them again."""
        blockers = [
            QSignalBlocker(one) for one in (self.radius, self.erases, self.in_range, self.least, self.most)
        ]
        try:
            yield
        finally:
            for blocker in blockers:
                blocker.unblock()


def _range_end() -> QDoubleSpinBox:
    end = QDoubleSpinBox()
    end.setRange(-MOST_VALUE, MOST_VALUE)
    end.setDecimals(1)
    # The room is needed for the numbers.
    end.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
    end.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    return end


def _no_key(_action: str) -> str:
    return ""
