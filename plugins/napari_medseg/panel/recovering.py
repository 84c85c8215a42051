"""Keeps the journal of the open case, and offers back what was not saved when a program ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from qtpy.QtCore import QObject, Signal  # type: ignore[attr-defined]

from medseg.errors import InputError, MedsegError, OutputError
from medseg.workflows.delineate import FoundJournal, discard, found_journals, image_digest, recover, take_up
from napari_medseg.case import Case
from napari_medseg.journaling import CaseJournal
from napari_medseg.panel.desk import Desk
from napari_medseg.panel.recovery_section import RecoverySection
from napari_medseg.reopening import belongs_to, reopened


class Recovering(QObject):
    """Journals of the panel.

    Args:
        desk: What the parts of the panel share.
        section: Where work is offered.
        show: Shows a case instead of the one that is open.
        may_close: Asks about unsaved work of the case that is open.
        refresh: Called when the journal begins to fail or works again.
    """

    _looked = Signal(object)
    _told = Signal(object)

    def __init__(
        self,
        desk: Desk,
        section: RecoverySection,
        *,
        show: Callable[[Case], None],
        may_close: Callable[[], bool],
        refresh: Callable[[], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._desk = desk
        self._section = section
        self._show = show
        self._may_close = may_close
        self._refresh = refresh
        self._journal: CaseJournal | None = None
        self._found: tuple[FoundJournal, ...] = ()
        self._postponed: set[Path] = set()
        self._offered: FoundJournal | None = None
        section.taken_up.connect(self._take_up)
        section.discarded.connect(self._discard)
        section.postponed.connect(self._postpone)
        self._looked.connect(self._offer_found)
        self._told.connect(self._tell)

    def look(self) -> None:
        """Look for work that was not saved, beside the window."""
        threading.Thread(target=self._look, name="medseg-found-journals", daemon=True).start()

    def follow(self, case: Case) -> None:
        """Keep the journal of a case that is shown now, instead of another one's."""
        before = self._journal
        if before is not None and before.case is not case:
            before.end()
        self.let_go()
        self._journal = CaseJournal(case, self._tell_later)
        self._offer()

    def give_up(self) -> None:
        """What is not saved is not wanted, as the reader has said."""
        if self._journal is not None:
            self._journal.give_up()

    def end(self) -> None:
        """End the journal; should the case stay open, the next step begins another."""
        if self._journal is not None:
            self._journal.end()

    def let_go(self) -> None:
        """Follow no case any more."""
        if self._journal is not None:
            self._journal.let_go()
            self._journal = None

    def _look(self) -> None:
        found = found_journals()
        if found:
            self._emit(self._looked, found)

    def _offer_found(self, found: tuple[FoundJournal, ...]) -> None:
        self._found = found
        self._offer()

    def _offer(self) -> None:
        """Offer what belongs to the open case, put off or not; else the last that was not put off."""
        case = self._desk.case
        own = [one for one in self._found if case is not None and belongs_to(one, case)]
        others = [one for one in self._found if one.path not in self._postponed and one not in own]
        offers = [*own, *others]
        self._offered = offers[0] if offers else None
        self._section.offer(self._offered, max(len(offers) - 1, 0))

    def _postpone(self) -> None:
        if self._offered is not None:
            self._postponed.add(self._offered.path)
            self._offered = None
        self._section.offer(None)

    def _discard(self) -> None:
        found = self._offered
        if found is not None:
            self._forget(found)
            self._desk.attempt(partial(discard, found))

    def _forget(self, found: FoundJournal) -> None:
        self._found = tuple(one for one in self._found if one is not found)
        self._offer()

    def _take_up(self) -> None:
        if self._offered is not None:
            self._desk.attempt(partial(self._begin, self._offered))

    def _begin(self, found: FoundJournal) -> None:
        case = self._desk.case
        if case is not None and belongs_to(found, case):
            if case.saved or not case.history.can_undo:
                self._go_on(found, case)
                return
            if case.keeper is not None:
                raise InputError(
                    f"{case.name} was drawn on since it was opened",
                    hint="save that or leave it: open the case again, and take this up before you draw",
                )
        if self._may_close():
            self._desk.background.run("Opening", partial(reopened, found), partial(self._go_on, found))

    def _go_on(self, found: FoundJournal, case: Case) -> None:
        """Put what was recovered on a case, and go on in the same journal."""
        case.require_editable()
        recovered = recover(found, case.volume.grid, image_digest(case.volume.source))
        journal = take_up(found, recovered, told=self._tell_later)
        if case is self._desk.case:
            # Nothing was drawn on it that is not saved.
            self.give_up()
            self.end()
        try:
            case.resume(recovered.history)
        except MedsegError:
            journal.close(discard=False)
            raise
        about = recovered.about
        case.steps = about.imports
        if about.author and case.keeper is None:
            case.set_author(about.author)
        case.journal = journal
        if case is self._desk.case:
            self.follow(case)
        else:
            self._show(case)
        self._forget(found)
        said = [f"{about.case} is as it was when the program ended. Nothing of it is saved yet."]
        if about.label_map is not None and not found.label_map_is_same:
            do = "look before you save over it" if case.path else "save under another name"
            said.append(f"{about.label_map.name} was changed since: {do}.")
        said += [*case.volume.warnings, *case.label_map_warnings]
        self._desk.messages.warn(*said)
        self._refresh()

    def _tell_later(self, error: OutputError | None) -> None:
        self._emit(self._told, error)

    def _tell(self, error: OutputError | None) -> None:
        if error is None:
            self._desk.messages.confirm("The journal is written again: nothing is missing in it.")
        else:
            self._desk.messages.show_error(error)
        self._refresh()

    def _emit(self, signal: object, value: object) -> None:
        try:
            signal.emit(value)  # type: ignore[attr-defined]
        except RuntimeError:
            # The window was closed meanwhile: Qt has taken the signal apart.
            return
