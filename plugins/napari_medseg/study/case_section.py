"""The part of the dock about the open case: what can be signed, what was signed, earlier revisions."""

from __future__ import annotations

from functools import partial

from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from medseg.study.records import Revision
from medseg.workflows.study.open_steps import Meaning, OpenStep
from napari_medseg.panel.parts import button, color_icon, even_row, heading, row
from napari_medseg.study.opened_case import READING_COLORS, OpenedCase
from napari_medseg.study.texts import (
    MEANINGS,
    STEP_TITLES,
    about_case,
    about_force,
    about_revision,
    about_shown,
    about_signature,
)
from napari_medseg.study.wrapped_list import WrappedList

COLUMNS = 2

NOTHING_TO_SIGN = "Nothing for you to sign as it is now."


class CaseSection(QWidget):
    """Shows an open case and says what is asked for."""

    step_asked = Signal(object)
    draw_own_asked = Signal()
    reload_asked = Signal()
    outline_asked = Signal()
    compare_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.about = QLabel()
        self.shown = QLabel()
        self.in_force = QLabel()
        for label in (self.about, self.shown, self.in_force):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.reload = button("Reload", "Read the case again", self.reload_asked.emit)
        self.steps: dict[tuple[Meaning, str], QPushButton] = {}
        self.draw_own = button(
            "Draw my own", "Draw a reading of your own, with the others as outlines", self.draw_own_asked.emit
        )
        self.nothing = QLabel(NOTHING_TO_SIGN)
        self.nothing.setWordWrap(True)
        self._grid = QGridLayout()
        self._grid.setSpacing(6)
        self.signatures = WrappedList()
        self.signatures.setToolTip("Who signed what, in order; verified against the trust folder")
        self.revisions = QComboBox()
        self.revisions.setToolTip("Another revision of this case")
        self.revisions.setMinimumHeight(26)
        self.revisions.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.revisions.setMinimumContentsLength(12)
        self.outline = QCheckBox("Outline")
        self.outline.setToolTip("Show that revision as an outline over this one")
        self.compare = button(
            "Compare", "Volumes, overlap and the largest distance between the two", self.compare_asked.emit
        )
        self._lay_out()
        self.outline.toggled.connect(self._ask_outline)
        self.revisions.currentIndexChanged.connect(self._ask_outline)

    @property
    def earlier(self) -> Revision | None:
        """The revision that is chosen to be compared with."""
        chosen = self.revisions.currentData()
        return chosen if isinstance(chosen, Revision) else None

    def show_case(self, opened: OpenedCase | None) -> None:
        """Show a case as it is now."""
        self.setEnabled(opened is not None)
        if opened is None:
            self.about.setText("No case of the study is open")
            for label in (self.shown, self.in_force):
                label.clear()
            self._show_steps(())
            self.signatures.clear()
            self._show_revisions(None)
            self.draw_own.hide()
            return
        self.about.setText(about_case(opened))
        self.shown.setText(about_shown(opened))
        self.in_force.setText(about_force(opened))
        self.in_force.setVisible(bool(self.in_force.text()))
        self._show_steps(opened.steps, opened)
        self.draw_own.setVisible(opened.may_decide and opened.case.look_only is not None)
        self.nothing.setVisible(not opened.steps)
        self.signatures.show_texts([(about_signature(one), None) for one in opened.signed])
        self._show_revisions(opened)

    def _show_steps(self, steps: tuple[OpenStep, ...], opened: OpenedCase | None = None) -> None:
        for push in self.steps.values():
            self._grid.removeWidget(push)
            push.hide()
            push.deleteLater()
        self._grid.removeWidget(self.draw_own)
        self.steps = {}
        for number, step in enumerate(steps):
            push = button(_title(step), MEANINGS[step.meaning], partial(self.step_asked.emit, step))
            if step.meaning is Meaning.ADJUDICATED:
                push.setIcon(color_icon(READING_COLORS[(step.revision.read - 1) % len(READING_COLORS)]))
            # Readings to choose from stand one below the other, as they do in the list of layers.
            columns = 1 if step.meaning is Meaning.ADJUDICATED else COLUMNS
            place = (number // columns, number % columns, 1, COLUMNS // columns)
            self._grid.addWidget(push, *place)
            self.steps[step.meaning, step.revision.digest] = push
        self._grid.addWidget(self.draw_own, len(steps), 0, 1, COLUMNS)
        self.nothing.setVisible(opened is not None and not steps)

    def _show_revisions(self, opened: OpenedCase | None) -> None:
        before = self.earlier
        shown = opened.shown.digest if opened and opened.shown else None
        others = [one for one in reversed(opened.view.revisions) if one.digest != shown] if opened else []
        self.revisions.blockSignals(True)  # noqa: FBT003 - Qt's signature
        self.revisions.clear()
        if opened is not None:
            for one in others:
                self.revisions.addItem(about_revision(one, opened), one)
        digests = [one.digest for one in others]
        self.revisions.setCurrentIndex(
            digests.index(before.digest) if before and before.digest in digests else 0
        )
        self.revisions.blockSignals(False)  # noqa: FBT003
        any_other = bool(others) and not (opened and opened.outlines)
        for widget in (self._earlier_heading, self._earlier_row, self._earlier_buttons):
            widget.setVisible(any_other)
        self.compare.setEnabled(shown is not None)

    def _ask_outline(self, _value: object = None) -> None:
        self.outline_asked.emit()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 8, 6, 6)
        layout.setSpacing(6)
        for label in (self.about, self.shown, self.in_force):
            layout.addWidget(label)
        layout.addWidget(self.nothing)
        layout.addLayout(self._grid)
        self._earlier_heading = heading("Another revision")
        self._earlier_row = row(self.revisions)
        self._earlier_buttons = even_row(self.outline, self.compare)
        layout.addWidget(self._earlier_heading)
        layout.addWidget(self._earlier_row)
        layout.addWidget(self._earlier_buttons)
        layout.addWidget(heading("Signatures"))
        layout.addWidget(self.signatures, 1)
        layout.addWidget(self.reload)


def _title(step: OpenStep) -> str:
    if step.meaning is Meaning.ADJUDICATED:
        return f"Choose reading {step.revision.read}…"
    return STEP_TITLES[step.meaning]
