"""Opens cases of a study in the contouring panel, and keeps what is told of them up to date."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from medseg.progress import Progress
from medseg.workflows.study import CaseView, show_case
from napari_medseg.case import Change
from napari_medseg.napari_private import open_contouring_panel, raise_dock
from napari_medseg.panel.background import Background
from napari_medseg.panel.contouring import ContouringPanel
from napari_medseg.study.desk import StudyDesk
from napari_medseg.study.opened_case import OpenedCase, described, open_in_study
from napari_medseg.study.study_keeper import StudyKeeper


class Opening:
    """Opens cases.

    Args:
        desk: The desk of the dock.
        reading: Reads what is known of the open case, beside everything else.
        left: Called when the case is no longer open, or another one is about to be.
        opened: Called with what is to be told when a case was opened.
        changed: Called when more is known of the open case.
        drawn: Called when somebody draws on it, or saves it.
    """

    def __init__(
        self,
        desk: StudyDesk,
        reading: Background,
        *,
        left: Callable[[], None],
        opened: Callable[[str], None],
        changed: Callable[[], None],
        drawn: Callable[[], None],
    ) -> None:
        self._desk = desk
        self._reading = reading
        self._left, self._opened, self._changed, self._drawn = left, opened, changed, drawn
        self._waiting: Callable[[CaseView], OpenedCase] | None = None
        self._watched: ContouringPanel | None = None
        self._unsubscribe = _nothing

    def open(self, case_id: str, *, draw_own: bool = False, say: str = "") -> None:
        """Open a case: to work on, or to look at.

        Args:
            case_id: The case.
            draw_own: Whether who decides between readings draws one of his own.
            say: What is to be told when it is open.
        """
        self._desk.attempt(partial(self._start, case_id, draw_own=draw_own, say=say))

    def may_leave(self) -> bool:
        """Ask about unsaved work, once; False where it stays."""
        panel = self._desk.panel
        return panel is None or panel.may_close_case()

    def close(self) -> None:
        """Take the case out of the viewer, saved or not."""
        panel, opened = self._desk.panel, self._desk.opened
        self._forget()
        if opened is not None and panel is not None and panel.case is opened.case:
            panel.close_case()

    def read_comments(self) -> None:
        """Read the comments again."""
        opened = self._desk.open_case()

        def again(view: CaseView) -> OpenedCase:
            return replace(opened, view=view)

        self._read(again)

    def _read_all(self) -> None:
        """After a save: another revision, other signatures that are possible."""
        study, who = self._desk.signed_in()
        opened = self._desk.open_case()

        def again(view: CaseView) -> OpenedCase:
            head = _head(opened)
            shown = next((one for one in view.revisions if one.digest == head), None)
            return described(study, who, opened.case, view, shown, opened.outlines)

        self._read(again)

    def _read(self, again: Callable[[CaseView], OpenedCase]) -> None:
        study, who = self._desk.signed_in()
        case_id = self._desk.open_case().view.case.id
        if self._reading.busy:
            self._waiting = again
            return

        def work(_progress: Progress) -> OpenedCase:
            return again(show_case(study, case_id, who=who))

        self._reading.run("Reading the case", work, self._take)

    def _take(self, opened: OpenedCase) -> None:
        if self._desk.opened is not None and self._desk.opened.case is opened.case:
            self._desk.opened = opened
            self._changed()
            waiting, self._waiting = self._waiting, None
            if waiting is not None:
                self._read(waiting)

    def _start(self, case_id: str, *, draw_own: bool, say: str) -> None:
        study, who = self._desk.signed_in()
        before = self._desk.opened
        is_same = before is not None and before.case.name == case_id and self._desk.binding is not None
        volume = before.case.volume if before is not None and is_same else None

        def work(progress: Progress) -> OpenedCase:
            return open_in_study(study, who, case_id, volume=volume, draw_own=draw_own, progress=progress)

        self._desk.background.run("Opening", work, partial(self._show, is_same=is_same, say=say))

    def _show(self, opened: OpenedCase, *, is_same: bool, say: str) -> None:
        panel = self._panel()
        self._forget()
        self._desk.opened = opened
        with _kept_view(self._desk.viewer, is_same=is_same):
            panel.show_case(opened.case)
        self._unsubscribe = opened.case.subscribe(self._on_change)
        if opened.case.look_only is None:
            raise_dock(panel)
            raise_dock(panel.contours.structures)
        self._opened(say)

    def _panel(self) -> ContouringPanel:
        panel = self._desk.panel or open_contouring_panel(self._desk.viewer)
        assert isinstance(panel, ContouringPanel)  # noqa: S101 - the manifest says so
        if panel is not self._watched:
            self._watched = panel
            panel.case_shown.connect(self._on_case_shown)
        return panel

    def _forget(self) -> None:
        self._unsubscribe()
        self._unsubscribe = _nothing
        self._waiting = None
        self._desk.opened = None
        self._left()

    def _on_case_shown(self) -> None:
        """The panel shows something else than what was opened here."""
        panel, opened = self._desk.panel, self._desk.opened
        if opened is not None and panel is not None and panel.case is not opened.case:
            self._forget()
            self._changed()

    def _on_change(self, change: Change) -> None:
        opened = self._desk.opened
        if opened is None:
            return
        head = _head(opened)
        shown = opened.shown.digest if opened.shown else None
        if change is Change.STATUS and opened.case.look_only is None and head not in (None, shown):
            self._read_all()
        if change is Change.STRUCTURES:
            self._changed()
        else:
            self._drawn()


def _head(opened: OpenedCase) -> str | None:
    """The latest revision that the working copy was saved as."""
    keeper = opened.case.keeper
    return keeper.head if isinstance(keeper, StudyKeeper) else None


@contextmanager
def _kept_view(viewer: Any, *, is_same: bool) -> Iterator[None]:
    """Leave the reader where he was, if the image stays."""
    dims, camera = viewer.dims, viewer.scene.camera
    order, step = tuple(dims.order), tuple(dims.current_step)
    center, zoom = tuple(camera.center), camera.zoom
    yield
    if is_same:
        dims.order = order
        dims.current_step = step
        camera.center, camera.zoom = center, zoom


def _nothing() -> None:
    pass
