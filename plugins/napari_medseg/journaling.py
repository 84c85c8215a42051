"""The journal of the case that is open: each step goes to disk, so that the end of the program loses none."""

from __future__ import annotations

from collections.abc import Callable

from medseg.errors import OutputError
from medseg.workflows.delineate import About, Delineation, Journal, Step, image_digest
from napari_medseg.case import Case, Change

Told = Callable[[OutputError | None], None]


class CaseJournal:
    """Keeps the journal of a case while it is open in a window.

    A case that can only be looked at gets one with the first step, should it open up. One that has a journal
    already, which was taken up or which another window kept, goes on with it.

    Args:
        case: The case.
        told: Called with the error when the journal begins to fail, and with None when it works again; in any
            thread.
    """

    def __init__(self, case: Case, told: Told) -> None:
        self.case = case
        self._told = told
        self._is_wanted = True
        self._saved_as: Delineation | None = None
        self._note_saved()
        self._unsubscribe = [case.subscribe(self._on_change), case.subscribe_to_steps(self._on_step)]
        if case.journal is not None:
            case.journal.tell(told)
        elif not case.is_locked:
            self._begin()

    def give_up(self) -> None:
        """Remember that what is not saved is not wanted; the next step is wanted again."""
        self._is_wanted = False

    def end(self) -> None:
        """End the journal; it stays where something is not saved and wanted. The next step begins another."""
        journal, self.case.journal = self.case.journal, None
        if journal is not None:
            journal.close(discard=self.case.saved or not self._is_wanted)

    def let_go(self) -> None:
        """Follow the case no longer. Its journal stays with it, for another window."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe.clear()
        if self.case.journal is not None:
            self.case.journal.tell(_to_nobody)

    def _begin(self) -> None:
        self.case.journal = Journal.begin(
            self._about(), self.case.history, told=self._told, saved_as=self._saved_as
        )

    def _about(self) -> About:
        case = self.case
        return About(
            case.name,
            case.volume.grid,
            image=case.image_path,
            image_sha256=image_digest(case.volume.source),
            label_map=case.path,
            author=case.author,
            time_index=case.time_index,
            is_of_study=case.keeper is not None,
            imports=case.steps,
        )

    def _on_step(self, how: str, step: Step) -> None:
        self._is_wanted = True
        journal = self.case.journal
        if journal is None:
            self._begin()
        elif how == "do":
            journal.append(step)
        else:
            journal.moved_to(self.case.history.position)

    def _on_change(self, change: Change) -> None:
        if change is Change.CONTOURS:
            self._note_saved()
        elif change in (Change.STATUS, Change.BROUGHT_IN, Change.IMAGE):
            self._tell()

    def _note_saved(self) -> None:
        if self.case.saved:
            self._saved_as = self.case.history.current

    def _tell(self) -> None:
        """Write down what else changed: that the case was saved, who draws, what was brought in."""
        self._note_saved()
        case, journal = self.case, self.case.journal
        if journal is None:
            return
        if case.saved and case.path is not None and journal.saved_as is not case.history.current:
            journal.saved(case.path)
        now = self._about()
        if _what_may_change(now) != _what_may_change(journal.about):
            journal.is_about(now)


def _what_may_change(about: About) -> tuple[object, ...]:
    return about.author, about.label_map, about.imports, about.time_index


def _to_nobody(_error: OutputError | None) -> None:
    pass
