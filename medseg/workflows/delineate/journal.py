"""Each step of a reader goes to a journal on disk at once, so that the end of the program loses none."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Self

from medseg.errors import LockedError, OutputError
from medseg.io.file_digest import file_sha256
from medseg.io.journal_file import JournalFile
from medseg.io.journal_thread import JournalThread, Told
from medseg.io.state_folder import state_folder
from medseg.workflows.delineate.delineation import Delineation
from medseg.workflows.delineate.history import History, Step
from medseg.workflows.delineate.journal_records import (
    About,
    Moment,
    Record,
    Writer,
    about_record,
    moved_record,
    saved_record,
)

FOLDER = "journals"
ENDING = ".journal"


def journal_folder() -> Path:
    """Where journals lie by default."""
    return state_folder() / FOLDER


class Journal:
    """The journal of an open case; made by :meth:`begin` or :meth:`resumed`.

    Nothing here fails for the sake of a disk: what can't be written is told, and waits. All calls must come
    from one thread.

    Args:
        file: Where it is written.
        about: What it belongs to.
        history: The steps, which go on while the journal is kept.
        saved_as: What of them is saved; None where nothing is.
        told: Called when writing begins to fail, with the error, and when it works again, with None; in any
            thread.
    """

    def __init__(
        self, file: JournalFile, about: About, history: History, saved_as: Delineation | None, told: Told
    ) -> None:
        self._history = history
        self._writer = Writer()
        self._thread = JournalThread(file, told)
        self._moment = Moment.of(about, history, saved_as)
        self._put(lambda: ())

    @classmethod
    def begin(
        cls,
        about: About,
        history: History,
        *,
        told: Told,
        saved_as: Delineation | None = None,
        folder: Path | None = None,
    ) -> Self:
        """Begin the journal of a case.

        Args:
            about: What it belongs to.
            history: The steps, which go on while the journal is kept.
            told: See above.
            saved_as: What of them is saved; None where nothing is.
            folder: Where journals lie; by default the user's own.
        """
        path = (folder or journal_folder()) / f"{secrets.token_hex(8)}{ENDING}"
        return cls(JournalFile(path), _with_digest(about), history, saved_as, told)

    @classmethod
    def resumed(cls, path: Path, moment: Moment, history: History, *, size_bytes: int, told: Told) -> Self:
        """Go on with a journal that was found, in the same file.

        Args:
            path: The file.
            moment: What it holds.
            history: The same, to go on with.
            size_bytes: How long the file was when it was read.
            told: See above.

        Raises:
            LockedError: Another window is at it, or was quicker.
        """
        file = JournalFile(path)
        try:
            # On a disk that can only be read the work is here all the same, and the thread will tell.
            with suppress(OSError, OutputError):
                file.hold()
            _require_untouched(path, size_bytes)
        except LockedError:
            file.close(remove=False)
            raise
        return cls(file, moment.about, history, moment.saved_as, told)

    @property
    def about(self) -> About:
        """What it belongs to."""
        return self._moment.about

    @property
    def saved_as(self) -> Delineation | None:
        """What was saved last; None where nothing was."""
        return self._moment.saved_as

    @property
    def holds_everything(self) -> bool:
        """Whether all that was done is in the file."""
        return self._thread.holds_everything

    def tell(self, told: Told) -> None:
        """Tell another window from now on."""
        self._thread.told = told

    def append(self, step: Step) -> None:
        """Write down a step that was done."""
        self._put(lambda: self._writer.step(step))

    def moved_to(self, position: int) -> None:
        """Write down that steps were undone or done again; ``position`` of them are done now."""
        undone = len(self._history.steps) - position
        self._put(lambda: [moved_record(undone)])

    def saved(self, path: Path) -> None:
        """Write down that what there is now was saved as a file."""
        about = _with_digest(replace(self.about, label_map=path, label_map_sha256=None, imports=()))
        self._moment = Moment.of(about, self._history, self._history.current)
        self._put(lambda: [about_record(about), saved_record()])

    def is_about(self, about: About) -> None:
        """Write down that it belongs to something else: another author, a file that was brought in."""
        before = self.about
        if about.label_map == before.label_map:
            # The steps were done upon the file as it was then.
            about = replace(about, label_map_sha256=before.label_map_sha256)
        about = _with_digest(about)
        self._moment = replace(self._moment, about=about)
        self._put(lambda: [about_record(about)])

    def close(self, *, discard: bool) -> None:
        """End the journal.

        Args:
            discard: Whether it is removed: all is saved, or is not wanted. Else the next start finds it.
        """
        self._thread.close(discard=discard)

    def _put(self, records: Callable[[], Iterable[Record]]) -> None:
        self._moment = Moment.of(self.about, self._history, self.saved_as)
        self._thread.put(records, partial(self._writer.whole, self._moment))


def _require_untouched(path: Path, size_bytes: int) -> None:
    """Refuse a journal that is not the one that was read.

    Raises:
        LockedError: It has grown, or is gone.
    """
    try:
        if path.stat().st_size == size_bytes:
            return
    except OSError:
        pass
    raise LockedError(
        "expected this work as it was found, but another window took it up meanwhile",
        hint="go on there; if that window is closed, look again for work that was not saved",
        path=str(path),
    )


def _with_digest(about: About) -> About:
    """With the digest of the saved label map: work goes on upon this file only while it is the same."""
    if about.label_map is None or about.label_map_sha256 is not None:
        return about
    try:
        return replace(about, label_map_sha256=file_sha256(about.label_map))
    except OSError:
        return about
