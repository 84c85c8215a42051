"""The part of the dock that lists the cases of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from qtpy.QtCore import QModelIndex, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QKeyEvent, QResizeEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QHeaderView,
    QLabel,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from medseg.study.worklist import Filter, Order
from medseg.workflows.study import Worklist
from medseg.workflows.study.open_steps import Role
from medseg.workflows.verify import State
from napari_medseg.panel.parts import button, color_icon, even_row, field, row
from napari_medseg.study.texts import STATE_COLORS, is_overdue
from napari_medseg.study.worklist_model import CASE, DOUBT, READERS, WorklistModel

AT_MOST = 1000
"""Cases in the table; who looks for one among more searches."""

WIDE_PX = 440
"""From this width on there is room for the readers."""

MY_CASES, TO_REVIEW, ALL_CASES = "My cases", "For review", "All cases"

REVIEWED_BY = {
    Role.RADIOLOGIST: (State.SUBMITTED, State.ADJUDICATION),
    Role.QA: (State.SUBMITTED, State.APPROVED),
}
"""The states in which cases wait for a role."""

ANY_TIME, OVERDUE, THIS_WEEK = "due any time", "overdue", "due within 7 days"


@dataclass(frozen=True)
class Asked:
    """Which cases are to be listed.

    Attributes:
        wanted: The filter, without the state: its counts are shown for every state.
        state: In this state only; None for any.
        by: Which come first.
    """

    wanted: Filter
    state: State | None = None
    by: Order = Order.DUE


class WorklistSection(QWidget):
    """Filters and the table."""

    changed = Signal()
    case_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._person: tuple[str, Role] | None = None
        self.whose = QComboBox()
        self.whose.setToolTip("My cases: those that I read or decide about")
        self.state = QComboBox()
        self.state.setToolTip("How many cases there are in each state, of those that the other filters leave")
        self.text = field("Search id", "Part of a case's id")
        self.structure = field("Structure", "Name of a structure that is wanted")
        self.due = QComboBox()
        self.due.addItems([ANY_TIME, OVERDUE, THIS_WEEK])
        self.comments = QCheckBox("open comments")
        self.comments.setToolTip("Only cases with comments that nobody has resolved")
        self.order = QComboBox()
        self.order.addItem("due first", Order.DUE)
        self.order.addItem("those first that the model is least sure of", Order.UNCERTAINTY)
        self.order.hide()
        self.model = WorklistModel()
        self.table = _Table()
        self.table.setModel(self.model)
        self.count = QLabel()
        self.count.setWordWrap(True)
        self.open = button("Open", "Open the marked case (Enter, or a double click)", self._open_current)
        self.reload = button("Reload", "Read the worklist again", self.changed.emit)
        self._lay_out()
        self._connect()
        self.table.setColumnHidden(DOUBT, True)  # noqa: FBT003 - Qt's signature
        self.offer(None)

    @property
    def current(self) -> str | None:
        """Id of the case that is marked."""
        index = self.table.currentIndex()
        return self.model.rows[index.row()].case.id if index.isValid() else None

    def offer(self, person: tuple[str, Role] | None) -> None:
        """Offer what concerns somebody: his id and role; None where nobody is signed in."""
        self._person = person
        _fill(
            self.whose, [MY_CASES, *([TO_REVIEW] if person and person[1] in REVIEWED_BY else []), ALL_CASES]
        )
        if person and person[1] not in (Role.ANNOTATOR, Role.RADIOLOGIST):
            self.whose.setCurrentText(TO_REVIEW if person[1] in REVIEWED_BY else ALL_CASES)

    def asked(self, today: date) -> Asked:
        """Which cases are to be listed.

        Args:
            today: From which due dates count.
        """
        whose, person = self.whose.currentText(), self._person
        due = {OVERDUE: today, THIS_WEEK: today + timedelta(days=8)}.get(self.due.currentText())
        wanted = Filter(
            state=REVIEWED_BY[person[1]] if person and whose == TO_REVIEW else (),
            person=person[0] if person and whose == MY_CASES else None,
            structure=self.structure.text().strip() or None,
            due_before=due,
            text=self.text.text().strip() or None,
            open_comments=True if self.comments.isChecked() else None,
        )
        value = self.state.currentData()
        return Asked(wanted, State(value) if value else None, Order(self.order.currentData()))

    def show_list(self, found: Worklist, asked: Asked, names: Mapping[str, str], today: date) -> None:
        """Show the cases that were found."""
        chosen = self.current
        self._show_counts(found, asked)
        self._offer_order(found)
        self.model.show(found.rows, names, today)
        ids = [one.case.id for one in found.rows]
        self.table.selectRow(ids.index(chosen) if chosen in ids else 0)
        total = found.counts.get(asked.state, 0) if asked.state else sum(found.counts.values())
        late = sum(is_overdue(one.case, today) for one in found.rows)
        told = f"{total} case{'' if total == 1 else 's'}" if total else "No case passes these filters"
        told += f", {late} overdue" if late else ""
        if total > len(found.rows):
            told += f"; the first {len(found.rows)} are shown: search for more"
        self.count.setText(told)
        self.open.setEnabled(bool(found.rows))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Show the readers where there is room."""
        super().resizeEvent(event)
        self.table.setColumnHidden(READERS, self.width() < WIDE_PX)

    def _offer_order(self, found: Worklist) -> None:
        """Offer the order by a model's uncertainty where a model was asked."""
        model = found.ranking
        self.order.setVisible(model is not None)
        if model is not None:
            self.order.setToolTip(f"The model is {model.bundle_name} {model.bundle_version}")
        self.table.setColumnHidden(DOUBT, not any(row.is_asked for row in found.rows))

    def _show_counts(self, found: Worklist, asked: Asked) -> None:
        self.state.blockSignals(True)  # noqa: FBT003 - Qt's signature
        self.state.clear()
        self.state.addItem(f"any state ({sum(found.counts.values())})", "")
        for state in State:
            if found.counts.get(state) or state is asked.state:
                text = f"{state.value} ({found.counts.get(state, 0)})"
                self.state.addItem(color_icon(STATE_COLORS[state]), text, state.value)
        self.state.setCurrentIndex(max(0, self.state.findData(asked.state.value if asked.state else "")))
        self.state.blockSignals(False)  # noqa: FBT003

    def _open_current(self) -> None:
        if self.current is not None:
            self.case_chosen.emit(self.current)

    def _connect(self) -> None:
        self.whose.currentIndexChanged.connect(self._ask)
        self.state.currentIndexChanged.connect(self._ask)
        self.due.currentIndexChanged.connect(self._ask)
        self.order.currentIndexChanged.connect(self._ask)
        self.comments.toggled.connect(self._ask)
        self.text.textChanged.connect(self._ask)
        self.structure.editingFinished.connect(self.changed)
        self.table.doubleClicked.connect(self._open_clicked)
        self.table.entered_row.connect(self._open_current)

    def _ask(self, _value: object = None) -> None:
        self.changed.emit()

    def _open_clicked(self, _index: QModelIndex) -> None:
        self._open_current()

    def _lay_out(self) -> None:
        for box in (self.whose, self.state, self.due, self.order):
            box.setMinimumHeight(26)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 8, 6, 6)
        layout.setSpacing(6)
        layout.addWidget(even_row(self.whose, self.state))
        layout.addWidget(even_row(self.text, self.structure))
        layout.addWidget(even_row(self.due, self.comments))
        layout.addWidget(self.order)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.count)
        layout.addWidget(row(self.open, self.reload))


class _Table(QTableView):
    """A table of whole rows; Enter opens the marked one."""

    entered_row = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setMinimumHeight(120)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(24)

    def setModel(self, model: WorklistModel) -> None:  # type: ignore[override] # noqa: N802 - Qt's name
        """Show a model; the columns are as wide as their words, and the case takes the rest."""
        super().setModel(model)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(22)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        # Of a long list all rows would be measured.
        header.setResizeContentsPrecision(50)
        header.setSectionResizeMode(CASE, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setIconSize(self.iconSize().scaled(10, 10, Qt.AspectRatioMode.KeepAspectRatio))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Enter opens."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered_row.emit()
        else:
            super().keyPressEvent(event)


def _fill(box: QComboBox, entries: list[str]) -> None:
    box.blockSignals(True)  # noqa: FBT003 - Qt's signature
    box.clear()
    box.addItems(entries)
    box.blockSignals(False)  # noqa: FBT003
