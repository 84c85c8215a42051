"""The dock widget "Worklist": a study, who is signed in, its cases, reviewing and signing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QLabel, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from medseg.errors import MedsegError
from medseg.progress import Progress
from medseg.workflows.study import SignedIn, Study, Worklist, list_cases, open_study, sign_in
from napari_medseg.later import later
from napari_medseg.napari_private import hide_layer_docks, move_left, raise_dock, unwrapped
from napari_medseg.panel.background import Background
from napari_medseg.panel.messages import Messages
from napari_medseg.panel.parts import button
from napari_medseg.status_line import status_of
from napari_medseg.study.case_section import CaseSection
from napari_medseg.study.comment_pins import CommentPins
from napari_medseg.study.comment_section import CommentSection
from napari_medseg.study.commenting import Commenting
from napari_medseg.study.comparing import Comparing
from napari_medseg.study.desk import StudyDesk
from napari_medseg.study.opened_case import OpenedCase
from napari_medseg.study.opening import Opening
from napari_medseg.study.outline_layers import OutlineLayers
from napari_medseg.study.sign_in_section import SignInSection
from napari_medseg.study.signing import Signing
from napari_medseg.study.worklist_section import AT_MOST, Asked, WorklistSection

if TYPE_CHECKING:
    import napari

DOCK_WIDTH_PX = 310

LOOK_AT_SESSION_MS = 5000
"""How often the time-out is looked at; the signature itself looks at the second."""


class WorklistPanel(QWidget):
    """The dock widget.

    Args:
        napari_viewer: The viewer, which npe2 passes by this name.

    Attributes:
        listing: Reads the worklist, beside everything else.
        reading: Reads what is known of the open case, likewise.
    """

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        viewer = unwrapped(napari_viewer)
        self.messages = Messages()
        self.background = Background(self._tell)
        self.listing = QuietBackground(self._tell, self)
        self.reading = QuietBackground(self._tell, self)
        self.desk = StudyDesk(viewer, self.messages, self.background)
        self.desk.on_conflict = self._offer_reload
        self.sign_in = SignInSection()
        self.worklist = WorklistSection()
        self.case = CaseSection()
        self.comments = CommentSection()
        self.status = QLabel()
        self.reload = button("Reload the case", "See what has changed meanwhile", self.reload_case)
        self.outlines = OutlineLayers(viewer, self.desk.tell)
        self.pins = CommentPins(viewer, self.desk.tell)
        self.signing = Signing(self.desk, self.case, self._after_step)
        self.opening = Opening(
            self.desk,
            self.reading,
            left=self._leave_case,
            opened=self._show_opened,
            changed=self._on_change,
            drawn=self._show_status,
        )
        self.commenting = Commenting(self.desk, self.comments, self.opening.read_comments)
        self.comparing = Comparing(self.desk, self.case, self.outlines)
        self._list_is_stale = False
        self._has_place = False
        self._lay_out()
        self._connect()
        self.destroyed.connect(self.desk.close)
        self._session_timer = QTimer(self)
        self._session_timer.timeout.connect(self._show_identity)
        self._session_timer.start(LOOK_AT_SESSION_MS)
        self._refresh()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Qt calls this when the panel is shown: the first time it takes its place."""
        super().showEvent(event)
        if not self._has_place:
            self._has_place = True
            # napari is still putting it on the right.
            later(self._stand_left)

    def _stand_left(self) -> None:
        """Leave the right to the tools; the list needs the whole height of the left."""
        hide_layer_docks(self.desk.viewer)
        move_left(self.desk.viewer, self)

    @property
    def opened(self) -> OpenedCase | None:
        """The open case of the study."""
        return self.desk.opened

    def enter(self) -> None:
        """Open the study and sign in, with what was typed."""
        folder, key, passphrase = self.sign_in.take_credentials()
        self._clear_messages()
        self.background.run("Opening the study", partial(_enter, folder, key, passphrase), self._entered)

    def leave(self) -> None:
        """Sign out: the case is closed, and the key is forgotten."""
        if not self.opening.may_leave():
            return
        self.opening.close()
        if self.desk.who is not None:
            self.desk.who.session.end()
        self.desk.close()
        self.worklist.model.show((), {}, date.today())  # noqa: DTZ011 - the day where the reader is
        self.worklist.count.clear()
        self._clear_messages()
        self._refresh()

    def list_cases(self) -> None:
        """Read the worklist."""
        study = self.desk.study
        if study is None:
            return
        if self.listing.busy:
            self._list_is_stale = True
            return
        asked = self.worklist.asked(date.today())  # noqa: DTZ011
        self.listing.run("Worklist", partial(_list, study, asked), partial(self._show_list, asked))

    def open_case(self, case_id: str) -> None:
        """Open a case: to work on, or to look at."""
        self._clear_messages()
        if self.opening.may_leave():
            self.opening.open(case_id)

    def draw_own(self) -> None:
        """Open the case once more, to draw a reading of one's own between those of others."""
        if self.opened is not None:
            self.opening.open(self.opened.view.case.id, draw_own=True)

    def reload_case(self) -> None:
        """Read the open case again."""
        if self.opened is not None:
            self.open_case(self.opened.view.case.id)
        self.list_cases()

    def _show_opened(self, say: str) -> None:
        opened = self.desk.open_case()
        self.outlines.show(opened.outlines)
        self._refresh()
        self.tabs.setCurrentWidget(self._case_tab)
        if opened.case.look_only is not None:
            raise_dock(self)
        self._tell_opened(opened, say)
        self.list_cases()

    def _leave_case(self) -> None:
        self.outlines.remove()
        self.pins.remove()
        self.comparing.forget()
        self.commenting.pick(False)  # noqa: FBT003 - Qt's signature

    def _on_change(self) -> None:
        self._refresh()
        self.list_cases()

    def _tell_opened(self, opened: OpenedCase, say: str) -> None:
        found = opened.verification
        problems = (*found.problems, *(f"differs: {one.field}" for one in found.differs)) if found else ()
        if opened.is_unsaved:
            problems = (
                "Your working copy holds work that no revision has: it is what you see. Save to keep it.",
                *problems,
            )
        if problems:
            self.messages.warn(*([say] if say else []), *problems)
        elif say:
            self.messages.confirm(say)

    def _after_step(self, say: str) -> None:
        self._refresh()
        if self.opened is not None:
            self.opening.open(self.opened.view.case.id, say=say)

    def _entered(self, entered: tuple[Study, SignedIn]) -> None:
        self.desk.study, self.desk.who = entered
        person = entered[1].person
        self.worklist.offer((person.id, person.role))
        self._refresh()
        self.tabs.setCurrentWidget(self.worklist)
        self.list_cases()

    def _show_list(self, asked: Asked, found: tuple[Worklist, Mapping[str, str]]) -> None:
        if self._list_is_stale:
            self._list_is_stale = False
            self.list_cases()
        self.worklist.show_list(found[0], asked, found[1], date.today())  # noqa: DTZ011

    def _refresh(self) -> None:
        opened = self.opened
        self._show_identity()
        self._show_status()
        self.tabs.setVisible(self.desk.who is not None)
        self.case.show_case(opened)
        if opened is not None:
            self._show_comments(opened)
        else:
            self.comments.show_case((), (), {}, is_open=False)
        open_count = self.comments.open_count
        self.tabs.setTabText(2, f"Comments ({open_count})" if open_count else "Comments")

    def _show_comments(self, opened: OpenedCase) -> None:
        structures = opened.case.structures or tuple(
            {one.id: one for outline in opened.outlines for one in outline.label_map.structures}.values()
        )
        self.comments.show_case(opened.view.comments, structures, opened.names, is_open=True)
        self.pins.show(opened.view.comments, opened.view.case.id, opened.case.volume.grid)

    def _show_status(self) -> None:
        opened = self.opened
        self.status.setText(status_of(opened.case) if opened else "")
        self.status.setVisible(opened is not None)

    def _show_identity(self) -> None:
        self.sign_in.show_identity(self.desk.who, is_open=self.desk.session_is_open)

    def _tell(self, error: MedsegError) -> None:
        self.desk.tell(error)

    def _offer_reload(self) -> None:
        self.reload.setVisible(self.opened is not None)

    def _clear_messages(self) -> None:
        self.messages.clear()
        self.reload.hide()

    def _connect(self) -> None:
        self.sign_in.sign_in_asked.connect(self.enter)
        self.sign_in.sign_out_asked.connect(self.leave)
        self.worklist.changed.connect(self.list_cases)
        self.worklist.case_chosen.connect(self.open_case)
        self.case.draw_own_asked.connect(self.draw_own)
        self.case.reload_asked.connect(self.reload_case)
        self.messages.place_asked.connect(self._jump)
        self.background.busy_changed.connect(self._show_busy)

    def _jump(self, target: Any) -> None:
        if self.desk.binding is not None:
            self.desk.binding.show(target)

    def _show_busy(self, busy: bool) -> None:  # noqa: FBT001 - Qt's signal passes it
        self.sign_in.setEnabled(not busy)
        self.worklist.setEnabled(not busy)
        self.case.setEnabled(not busy and self.opened is not None)
        self.comments.setEnabled(not busy and self.opened is not None)
        if busy:
            self.reload.hide()

    def _lay_out(self) -> None:
        self.tabs = QTabWidget()
        self._case_tab = _scrolled(self.case)
        self.tabs.addTab(self.worklist, "Cases")
        self.tabs.addTab(self._case_tab, "Case")
        self.tabs.addTab(_scrolled(self.comments), "Comments")
        self.status.setWordWrap(True)
        self.status.setTextFormat(Qt.TextFormat.PlainText)
        self.status.setToolTip("Case, state of the sign-off, author and approver")
        self.status.setStyleSheet("font-weight: bold;")
        self.reload.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(8)
        parts = (self.sign_in, self.status, self.tabs, self.background, self.messages, self.reload)
        for part in parts:
            layout.addWidget(part, 1 if part is self.tabs else 0)
        layout.addStretch(0)
        self.setMinimumWidth(DOCK_WIDTH_PX)


class QuietBackground(Background):
    """Runs quick work without a bar, which would only flash."""

    def show(self) -> None:
        """Stay hidden."""


def _enter(folder: Path, key: Path, passphrase: str, _progress: Progress) -> tuple[Study, SignedIn]:
    study = open_study(folder)
    try:
        return study, sign_in(study, key, passphrase)
    except MedsegError:
        study.close()
        raise


def _list(study: Study, asked: Asked, _progress: Progress) -> tuple[Worklist, Mapping[str, str]]:
    names = {person.id: person.name for person in study.trust().roster.people}
    found = list_cases(study, filter=asked.wanted, by=asked.by, limit=AT_MOST)
    if asked.state is not None:
        only = replace(asked.wanted, state=(asked.state,))
        in_state = list_cases(study, filter=only, by=asked.by, limit=AT_MOST)
        found = Worklist(in_state.rows, found.counts, found.ranking)
    return found, names


def _scrolled(part: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidget(part)
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area
