"""The part of the dock in which comments are read, made and resolved."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QCheckBox, QComboBox, QVBoxLayout, QWidget

from medseg.errors import InputError
from medseg.labelmap import Structure
from medseg.study.records import Comment
from napari_medseg.panel.parts import button, color_icon, even_row, field, heading, row, text_box
from napari_medseg.study.texts import about_comment, place_text
from napari_medseg.study.wrapped_list import WrappedList

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)")


class CommentSection(QWidget):
    """Comments, and a form for another one."""

    jump_asked = Signal(object)
    resolve_asked = Signal(int)
    add_asked = Signal()
    pick_asked = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._comments: tuple[Comment, ...] = ()
        self._names: Mapping[str, str] = {}
        self.list = WrappedList()
        self.list.setToolTip("A double click, or Enter, goes to the place")
        self.resolved = QCheckBox("resolved, too")
        self.resolved.setToolTip("Show the comments that were resolved as well")
        self.go = button("Go there", "Show the place of the marked comment", self._jump)
        self.resolve = button("Resolve", "Call the marked comment resolved", self._resolve)
        self.text = text_box(60)
        self.text.setPlaceholderText("What is to be said; no names of patients")
        self.structure = QComboBox()
        self.structure.setToolTip("The structure that the comment is about")
        self.structure.setMinimumHeight(26)
        self.structure.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.structure.setMinimumContentsLength(8)
        self.place = field("Place: x, y, z in mm (LPS)", "In the patient; empty for no place")
        self.pick = button("Pick", "The next click on the image is the place", self._pick)
        self.pick.setCheckable(True)
        self.add = button("Add comment", "Add it to the open case", self.add_asked.emit)
        self._lay_out()
        self.list.itemActivated.connect(lambda _item: self._jump())
        self.list.currentRowChanged.connect(lambda _row: self._offer())
        self.resolved.toggled.connect(lambda _on: self._show_comments())
        self.show_case((), (), {}, is_open=False)

    @property
    def current(self) -> Comment | None:
        """The comment that is marked."""
        item = self.list.currentItem()
        chosen = None if item is None else item.data(Qt.ItemDataRole.UserRole)
        return chosen if isinstance(chosen, Comment) else None

    @property
    def open_count(self) -> int:
        """How many comments are open."""
        return sum(comment.is_open for comment in self._comments)

    def show_case(
        self,
        comments: Sequence[Comment],
        structures: Sequence[Structure],
        names: Mapping[str, str],
        *,
        is_open: bool,
    ) -> None:
        """Show the comments of a case."""
        self.setEnabled(is_open)
        self._comments, self._names = tuple(comments), names
        chosen = self.structure.currentData()
        self.structure.clear()
        self.structure.addItem("the whole", "")
        for structure in structures:
            self.structure.addItem(color_icon(structure.color), structure.name, structure.id)
        self.structure.setCurrentIndex(max(0, self.structure.findData(chosen)))
        self._show_comments()

    def written(self) -> tuple[str, str | None, tuple[float, float, float] | None]:
        """Text, structure and place of the comment to be added.

        Raises:
            InputError: The place is not three numbers.
        """
        return self.text.toPlainText(), self.structure.currentData() or None, self._place()

    def clear_form(self) -> None:
        """Forget what was written."""
        self.text.clear()
        self.place.clear()

    def show_place(self, lps_mm: Sequence[float]) -> None:
        """Take a place that was picked."""
        self.pick.setChecked(False)
        self.place.setText(place_text(lps_mm))
        self.text.setFocus()

    def _place(self) -> tuple[float, float, float] | None:
        typed = self.place.text().strip()
        if not typed:
            return None
        numbers = [part for part in re.split(r"[\s,;]+", typed) if part]
        if len(numbers) != 3 or not all(_NUMBER.fullmatch(part) for part in numbers):
            raise InputError(
                f"expected a place as three numbers in mm, got {typed[:80]!r}",
                hint="type it as -12.5, 40, 292.0, or pick it on the image",
            )
        x, y, z = (float(part) for part in numbers)
        return x, y, z

    def _show_comments(self) -> None:
        shown = [one for one in self._comments if one.is_open or self.resolved.isChecked()]
        self.list.show_texts([(about_comment(one, self._names), one) for one in shown])
        self._offer()

    def _offer(self) -> None:
        chosen = self.current
        self.go.setEnabled(chosen is not None and chosen.at_lps_mm is not None)
        self.resolve.setEnabled(chosen is not None and chosen.is_open)

    def _jump(self) -> None:
        if self.current is not None and self.current.at_lps_mm is not None:
            self.jump_asked.emit(self.current.at_lps_mm)

    def _resolve(self) -> None:
        if self.current is not None:
            self.resolve_asked.emit(self.current.id)

    def _pick(self) -> None:
        self.pick_asked.emit(self.pick.isChecked())

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 8, 6, 6)
        layout.setSpacing(6)
        layout.addWidget(self.resolved)
        layout.addWidget(self.list, 1)
        layout.addWidget(even_row(self.go, self.resolve))
        layout.addWidget(heading("Another comment"))
        layout.addWidget(self.text)
        layout.addWidget(self.structure)
        layout.addWidget(row(self.place, self.pick))
        layout.addWidget(self.add)
