"""The part of the panel in which structures are named, drawn and completed."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QCheckBox, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from medseg.contour import Contour, Origin, Placement, Slice, by_placement
from medseg.space import Grid
from medseg.workflows.delineate import Proposal
from napari_medseg.case import Case
from napari_medseg.completing import can_suggest
from napari_medseg.display import slice_on_display
from napari_medseg.panel.measuring.summary_line import SummaryLine
from napari_medseg.panel.parts import button, even_row, heading
from napari_medseg.panel.proposed import ProposedLine
from napari_medseg.panel.structures.section import StructuresSection
from napari_medseg.panel.tool_section import ToolSection
from napari_medseg.places import plane_name

ROW_HEIGHT_PX = 24
DRAW_NEXT = "Go to the plane on which a contour of the chosen structure would tell most, whichever kind it is"
DELETE = "Delete the contours of the chosen structure on this slice"
INTERPOLATE = "Take over all that is proposed between the contours; what was drawn stays as drawn"
DRAW_FIRST = "Draw the chosen structure on one slice first"
LIST_STYLE = f"QListWidget::item {{ min-height: {ROW_HEIGHT_PX}px; }}"


class ContourSection(QWidget):
    """Shows a case's structures and contours and says what the user asks for."""

    structure_chosen = Signal()
    delete_asked = Signal()
    slice_chosen = Signal(object)
    interpolate_asked = Signal()
    draw_next_asked = Signal()
    image_help_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.structures = StructuresSection()
        self.structures.chosen.connect(self.structure_chosen)
        self._keys_text: Callable[[str], str] = _no_key
        self.tools = ToolSection()
        self.draw, self.hole = self.tools.buttons["polygon"], self.tools.hole
        self.slices = QListWidget()
        self.slices.setToolTip("Slices with contours of this structure; click to go there")
        self.slices.setMinimumHeight(2 * ROW_HEIGHT_PX)
        self.slices.setStyleSheet(LIST_STYLE)
        self.slices.itemClicked.connect(self._choose_slice)
        self.delete = button("Delete contour", DELETE, self.delete_asked.emit)
        self.interpolate = button("Accept all", INTERPOLATE, self.interpolate_asked.emit)
        self.draw_next = button("Draw here next", DRAW_NEXT, self.draw_next_asked.emit)
        self.image_help = QCheckBox("Let the image help")
        self.image_help.setToolTip(
            "Where predicting your own contours from one another proves that the image helps, it takes part"
        )
        self.image_help.toggled.connect(self.image_help_changed)
        self._slices_heading = heading("Contoured slices")
        self.proposed = ProposedLine()
        self.proposed.place_asked.connect(self.slice_chosen)
        self.summary = SummaryLine()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 8, 6, 6)
        layout.setSpacing(6)
        layout.addWidget(self.tools)
        layout.addWidget(self._slices_heading)
        layout.addWidget(self.slices, 3)
        layout.addWidget(self.delete)
        layout.addWidget(self.proposed)
        layout.addWidget(self.summary)
        layout.addWidget(self.image_help)
        layout.addWidget(even_row(self.interpolate, self.draw_next))

    def show_keys(self, keys_text: Callable[[str], str]) -> None:
        """Name the keys of the buttons in their tooltips."""
        self._keys_text = keys_text
        self.delete.setToolTip(self._tip(DELETE, "delete"))
        self.interpolate.setToolTip(self._tip(INTERPOLATE, "accept-all"))
        self.tools.show_keys()

    @property
    def structure_id(self) -> str | None:
        """The chosen structure."""
        return self.structures.structure_id

    def choose(self, structure_id: str) -> None:
        """Choose a structure."""
        self.structures.choose(structure_id)

    def show_case(self, case: Case | None, *, busy: bool = False) -> None:
        """Show a case as it is now, while nothing or something runs in the background."""
        locked = case is not None and case.is_locked
        self.setEnabled(case is not None)
        self.delete.setEnabled(not locked)
        self.tools.show_case(case)
        self.structures.show_case(case)
        self._show_slices(case)
        self._show_completing(case, possible=not locked and not busy)

    def show_proposal(self, case: Case, proposal: Proposal | None) -> None:
        """Show what the engine proposes."""
        if proposal is not None:
            self.structures.show_proposal(proposal)
        self.proposed.show_proposal(case, proposal, self._keys_text)

    def _show_slices(self, case: Case | None) -> None:
        self.slices.clear()
        structure_id = self.structure_id
        if case is None or structure_id is None:
            self._slices_heading.setText("<b>Contoured slices</b>")
            return
        grid = case.volume.grid
        groups = by_placement(case.contours.of(structure_id), grid)
        self._slices_heading.setText(f"<b>Contoured slices</b>: {len(groups)}")
        for where in sorted(groups, key=lambda where: _order(where, grid)):
            item = QListWidgetItem(f"{plane_name(where, grid)}  ·  {_content(groups[where])}")
            item.setData(Qt.ItemDataRole.UserRole, where)
            if isinstance(where, Slice):
                item.setToolTip(f"array slice {where}")
            else:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
                item.setToolTip("On no slice of the image: it counts and is kept, but can't be shown")
            self.slices.addItem(item)

    def _show_completing(self, case: Case | None, *, possible: bool) -> None:
        known = bool(case and self.structure_id and can_suggest(case, self.structure_id))
        self.interpolate.setEnabled(possible)
        self.draw_next.setEnabled(possible and known)
        self.draw_next.setToolTip(self._tip(DRAW_NEXT, "draw-next") if known else DRAW_FIRST)
        self.image_help.setEnabled(possible)
        self.image_help.blockSignals(True)  # noqa: FBT003 - Qt's signature
        self.image_help.setChecked(case is not None and case.image_may_help)
        self.image_help.blockSignals(False)  # noqa: FBT003

    def _tip(self, text: str, action: str) -> str:
        keys = self._keys_text(action)
        return f"{text} ({keys})" if keys else text

    def _choose_slice(self, item: QListWidgetItem) -> None:
        where = item.data(Qt.ItemDataRole.UserRole)
        if isinstance(where, Slice):
            self.slice_chosen.emit(where)


def _no_key(_action: str) -> str:
    return ""


def _order(where: Placement, grid: Grid) -> tuple[bool, tuple[int, float]]:
    """Slices as the viewer counts them, then what lies on none."""
    if isinstance(where, Slice):
        return False, slice_on_display(where, grid)
    return True, (where.axis, where.offset)


def _content(group: tuple[Contour, ...]) -> str:
    if all(contour.origin is Origin.INTERPOLATED for contour in group):
        return "accepted"
    holes = sum(contour.hole for contour in group)
    outer = len(group) - holes
    content = f"{outer} outline{'' if outer == 1 else 's'}"
    return content if not holes else f"{content}, {holes} hole{'' if holes == 1 else 's'}"
