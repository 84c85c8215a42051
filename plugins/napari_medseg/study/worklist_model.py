"""The worklist as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from qtpy.QtGui import QColor

from medseg.study.worklist import WorklistRow
from napari_medseg.panel.messages import COLORS
from napari_medseg.panel.parts import color_icon
from napari_medseg.study.texts import STATE_COLORS, is_overdue, people, stamp

CASE, STATE, DOUBT, DUE, COMMENTS, READERS = range(6)

HEADERS = ("Case", "State", "Unsure", "Due", "✎", "Readers")

TIPS = {
    COMMENTS: "Open comments",
    DOUBT: "How unsure a model is of the case, 0 to 1: by how much its answers differ",
}

Index = QModelIndex | QPersistentModelIndex


class WorklistModel(QAbstractTableModel):
    """Shows rows of a worklist."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: Sequence[WorklistRow] = ()
        self._names: Mapping[str, str] = {}
        self._today = date.min
        self._icons = {state: color_icon(color) for state, color in STATE_COLORS.items()}

    def show(self, rows: Sequence[WorklistRow], names: Mapping[str, str], today: date) -> None:
        """Show these rows.

        Args:
            rows: In the order in which they are shown.
            names: Printed names by id.
            today: Cases due before it are marked.
        """
        self.beginResetModel()
        self.rows, self._names, self._today = rows, names, today
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 - Qt's signature
        """How many cases there are."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802 - Qt's signature
        """How many columns there are."""
        return 0 if parent.isValid() else len(HEADERS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:  # noqa: N802
        """The words above the columns."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.ToolTipRole and section in TIPS:
            return TIPS[section]
        return HEADERS[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = 0) -> Any:
        """What stands in a cell."""
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, index.column())
        if role == Qt.ItemDataRole.DecorationRole and index.column() == STATE:
            return self._icons[row.case.state]
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == DUE:
            return QColor(COLORS["error"]) if is_overdue(row.case, self._today) else None
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tooltip(row)
        return None

    def _text(self, row: WorklistRow, column: int) -> str:
        case = row.case
        return (
            case.id,
            case.state.value,
            row.doubt,
            case.due.isoformat() if case.due else "",
            str(row.open_comments) if row.open_comments else "",
            people(row.readers, self._names),
        )[column]

    def _tooltip(self, row: WorklistRow) -> str:
        lines = [
            f"{row.case.id} · {row.case.state.value}",
            f"read by {people(row.readers, self._names)}{', blind' if row.case.is_blind else ''}",
        ]
        if row.case.structures:
            lines.append(f"wanted: {', '.join(row.case.structures)}")
        if row.case.due:
            late = ", overdue" if is_overdue(row.case, self._today) else ""
            lines.append(f"due {row.case.due.isoformat()}{late}")
        if row.is_asked:
            lines.append(f"the model's uncertainty: {row.doubt}")
        if row.open_comments:
            lines.append(f"{row.open_comments} open comment{'s' if row.open_comments > 1 else ''}")
        lines.append(f"changed {stamp(row.updated)}")
        return "\n".join(lines)
