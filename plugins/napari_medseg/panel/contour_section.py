"""The part of the panel in which structures are named, drawn and completed."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QCheckBox, QComboBox, QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from medseg.contour import Contour, Origin, Placement, Slice, by_placement
from medseg.space import Grid
from napari_medseg.case import Case
from napari_medseg.display import slice_on_display
from napari_medseg.panel.parts import button, color_icon, even_row, field, heading, row
from napari_medseg.places import plane_name

ROW_HEIGHT_PX = 24
DRAW_NEXT = "Go to the plane on which a contour of the chosen structure would tell most, whichever kind it is"
DRAW_FIRST = "Draw the chosen structure on one slice first"
LIST_STYLE = f"QListWidget::item {{ min-height: {ROW_HEIGHT_PX}px; }}"


class ContourSection(QWidget):
    """Shows a case's structures and contours and says what the user asks for."""

    structure_added = Signal(str, str)
    structure_chosen = Signal()
    draw_asked = Signal(bool)
    hole_changed = Signal()
    delete_asked = Signal()
    slice_chosen = Signal(object)
    interpolate_asked = Signal()
    draw_next_asked = Signal()
    image_help_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = field("Name, such as Liver metastasis 1", "A new structure; Enter adds it")
        self.name.returnPressed.connect(self._add)
        self.add = button("Add", "Add a structure of this name", self._add)
        self.part_of = QComboBox()
        self.part_of.setToolTip("What contains the new structure: a tumour inside a liver is part of it")
        self.part_of.setMinimumHeight(26)
        self.structures = QListWidget()
        self.structures.setToolTip("The structure that is drawn next")
        self.structures.setMinimumHeight(3 * ROW_HEIGHT_PX)
        self.structures.setStyleSheet(LIST_STYLE)
        self.structures.currentItemChanged.connect(lambda *_: self.structure_chosen.emit())
        self.draw = button(
            "Draw polygon", "Click corner by corner; double click or Esc closes it; again to stop", self._draw
        )
        self.draw.setCheckable(True)
        self.hole = QCheckBox("Hole")
        self.hole.setToolTip("The next polygons cut holes, such as a necrotic core left out")
        self.hole.toggled.connect(lambda _: self.hole_changed.emit())
        self.slices = QListWidget()
        self.slices.setToolTip("Slices with contours of this structure; click to go there")
        self.slices.setMinimumHeight(3 * ROW_HEIGHT_PX)
        self.slices.setStyleSheet(LIST_STYLE)
        self.slices.itemClicked.connect(self._choose_slice)
        self.delete = button(
            "Delete contour",
            "Delete the contours of the chosen structure on this slice",
            self.delete_asked.emit,
        )
        self.interpolate = button(
            "Interpolate",
            "Complete every structure between its contours; what was drawn stays as drawn",
            self.interpolate_asked.emit,
        )
        self.draw_next = button("Draw here next", DRAW_NEXT, self.draw_next_asked.emit)
        self.image_help = QCheckBox("Let the image help")
        self.image_help.setToolTip(
            "Where predicting your own contours from one another proves that the image helps, it takes part"
        )
        self.image_help.toggled.connect(self.image_help_changed)
        self._slices_heading = heading("Contoured slices")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 8, 6, 6)
        layout.setSpacing(6)
        layout.addWidget(heading("Structures"))
        layout.addWidget(row(self.name, self.add))
        self._part_of_row = row(QLabel("part of"), self.part_of, stretch=1)
        layout.addWidget(self._part_of_row)
        layout.addWidget(self.structures, 2)
        layout.addWidget(row(self.draw, self.hole))
        layout.addWidget(self._slices_heading)
        layout.addWidget(self.slices, 3)
        layout.addWidget(self.delete)
        layout.addWidget(self.image_help)
        layout.addWidget(even_row(self.interpolate, self.draw_next))

    @property
    def structure_id(self) -> str | None:
        """The chosen structure."""
        item = self.structures.currentItem()
        return None if item is None else str(item.data(Qt.ItemDataRole.UserRole))

    def choose(self, structure_id: str) -> None:
        """Choose a structure."""
        for number in range(self.structures.count()):
            item = self.structures.item(number)
            if item is not None and item.data(Qt.ItemDataRole.UserRole) == structure_id:
                self.structures.setCurrentItem(item)

    def show_case(self, case: Case | None, *, busy: bool = False) -> None:
        """Show a case as it is now, while nothing or something runs in the background."""
        locked = case is not None and case.is_locked
        self.setEnabled(case is not None)
        for widget in (self.name, self.add, self.hole, self.delete):
            widget.setEnabled(not locked)
        self._show_structures(case)
        self._show_wholes(case)
        self._show_slices(case)
        self._show_completing(case, possible=not locked and not busy)

    def show_drawing(self, *, drawing: bool) -> None:
        """Show whether the next click draws."""
        self.draw.setChecked(drawing)

    def _show_structures(self, case: Case | None) -> None:
        chosen = self.structure_id
        self.structures.blockSignals(True)  # noqa: FBT003 - Qt's signature
        self.structures.clear()
        for structure in case.structures if case else ():
            count = len(case.contours.of(structure.id)) if case else 0
            drawn = f"{count} contour{'' if count == 1 else 's'}"
            item = QListWidgetItem(color_icon(structure.color), f"{structure.name}  ·  {drawn}")
            if case and structure.part_of:
                item.setToolTip(f"part of {case.structure(structure.part_of).name}")
            item.setData(Qt.ItemDataRole.UserRole, structure.id)
            self.structures.addItem(item)
        if chosen:
            self.choose(chosen)
        if self.structures.currentItem() is None and self.structures.count():
            self.structures.setCurrentRow(0)
        self.structures.blockSignals(False)  # noqa: FBT003

    def _show_wholes(self, case: Case | None) -> None:
        structures = case.structures if case else ()
        chosen = self.part_of.currentData()
        self._part_of_row.setVisible(bool(structures))
        self.part_of.clear()
        self.part_of.addItem("nothing", "")
        for structure in structures:
            self.part_of.addItem(color_icon(structure.color), structure.name, structure.id)
        self.part_of.setCurrentIndex(max(0, self.part_of.findData(chosen)))

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
        contoured = bool(case and self.structure_id and case.contours.of(self.structure_id))
        self.interpolate.setEnabled(possible)
        self.draw_next.setEnabled(possible and contoured)
        self.draw_next.setToolTip(DRAW_NEXT if contoured else DRAW_FIRST)
        self.image_help.setEnabled(possible)
        self.image_help.blockSignals(True)  # noqa: FBT003 - Qt's signature
        self.image_help.setChecked(case is not None and case.image_may_help)
        self.image_help.blockSignals(False)  # noqa: FBT003

    def _add(self) -> None:
        self.structure_added.emit(self.name.text(), self.part_of.currentData() or "")

    def _draw(self) -> None:
        self.draw_asked.emit(self.draw.isChecked())

    def _choose_slice(self, item: QListWidgetItem) -> None:
        where = item.data(Qt.ItemDataRole.UserRole)
        if isinstance(where, Slice):
            self.slice_chosen.emit(where)


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
