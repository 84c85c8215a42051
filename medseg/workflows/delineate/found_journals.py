"""Journals of programs that ended before their work was saved: find them, take them up, or discard them."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from medseg.errors import InputError, LockedError, MedsegError
from medseg.io.file_digest import file_sha256
from medseg.io.file_lock import exclusive
from medseg.io.journal_file import read_journal
from medseg.io.journal_thread import Told
from medseg.space import Grid
from medseg.workflows.delineate.history import History
from medseg.workflows.delineate.journal import ENDING, Journal, journal_folder
from medseg.workflows.delineate.journal_records import About, Moment
from medseg.workflows.delineate.journal_replay import DAMAGE, Replay

_NAMES = re.compile(rf"(?:\.[0-9a-f]{{8}})?\.?([0-9a-f]{{16}}{re.escape(ENDING)})(?:\.lock)?")
"""A journal, its lock, and what a program left that was killed while it wrote a journal anew."""


@dataclass(frozen=True, eq=False)
class FoundJournal:
    """Work that was not saved when a program ended.

    Attributes:
        path: The journal.
        about: What it belongs to.
        began: When it was begun.
        ended: When the last step was done.
        steps: How many steps are in no saved file.
        left: How many later records can't be read any more, because the file is damaged.
    """

    path: Path
    about: About
    began: datetime
    ended: datetime
    steps: int
    left: int = 0

    @property
    def label_map_is_same(self) -> bool:
        """Whether the label map that was saved is still the file on which the steps were done."""
        about = self.about
        if about.label_map is None or about.label_map_sha256 is None:
            return False
        try:
            return file_sha256(about.label_map) == about.label_map_sha256
        except OSError:
            return False


@dataclass(frozen=True, eq=False)
class Recovered:
    """What a journal holds.

    Attributes:
        about: What it belongs to.
        history: All steps, so that they can be undone, and what they led to.
        moment: The same, as it was when the program ended.
        size_bytes: How long the journal was when it was read.
    """

    about: About
    history: History
    moment: Moment = field(repr=False)
    size_bytes: int


def found_journals(folder: Path | None = None) -> tuple[FoundJournal, ...]:
    """Work that was not saved and that nobody is at, the last first.

    What programs left that were killed while nothing was unsaved is removed. A journal that can't be read
    stays where it is.

    Args:
        folder: Where journals lie; by default the user's own.
    """
    folder = folder or journal_folder()
    try:
        names = {match[1] for path in folder.iterdir() if (match := _NAMES.fullmatch(path.name))}
    except OSError:
        return ()
    found = (_look_at(folder / name) for name in sorted(names))
    return tuple(sorted(filter(None, found), key=lambda one: one.ended, reverse=True))


def recover(found: FoundJournal, grid: Grid, image_sha256: str | None = None) -> Recovered:
    """Read what a journal holds; it stays as it is.

    Args:
        found: The journal.
        grid: The grid of its image.
        image_sha256: Digest of its image, where one is known; see :func:`image_digest`.

    Raises:
        InputError: It can't be read any more, or was drawn on another image.
        GridMismatchError: It was drawn on another grid.
    """
    drawn_on = found.about.image_sha256
    if None not in (drawn_on, image_sha256) and drawn_on != image_sha256:
        raise InputError(
            f"expected the image that {found.about.case} was drawn on, got another one",
            hint=f"open {found.about.image or 'that image'} as it was then",
            reason="journal-other-image",
        )
    found.about.grid.require_same_as(grid, "what was drawn and image")
    try:
        size = found.path.stat().st_size
        replay = Replay(read_journal(found.path).records, grid)
    except OSError as error:
        raise InputError(
            f"the journal can't be read: {error.strerror or error}",
            hint="another window may have taken this work up",
            path=str(found.path),
            reason="journal-damaged",
        ) from error
    moment = replay.moment
    return Recovered(moment.about, replay.history, moment, size)


def take_up(found: FoundJournal, recovered: Recovered, *, told: Told) -> Journal:
    """Go on with what was recovered, in the same journal.

    Args:
        found: The journal.
        recovered: What it holds.
        told: As for :class:`~medseg.workflows.delineate.journal.Journal`.

    Raises:
        LockedError: Another window is at it, or was quicker.
    """
    return Journal.resumed(
        found.path, recovered.moment, recovered.history, size_bytes=recovered.size_bytes, told=told
    )


def discard(found: FoundJournal) -> None:
    """Remove a journal for good.

    Raises:
        LockedError: Another window is at it.
        OutputError: It can't be removed.
    """
    with exclusive(found.path, wait_s=0.0):
        found.path.unlink(missing_ok=True)


def _look_at(path: Path) -> FoundJournal | None:
    """What a journal is about; None where somebody is at it, or it holds nothing that is not saved."""
    try:
        with exclusive(path, wait_s=0.0):
            _remove_leftovers(path)
            found = _read(path)
            if found is not None and not found.steps:
                path.unlink()
                return None
            return found
    except LockedError:
        return None
    except (MedsegError, OSError):
        # The folder can only be read: nobody can be at it, but what was drawn is there.
        return _read(path)


def _remove_leftovers(path: Path) -> None:
    for beside in path.parent.glob(f".????????.{path.name}"):
        with suppress(OSError):
            beside.unlink()


def _read(path: Path) -> FoundJournal | None:
    try:
        reading = read_journal(path)
        replay = Replay(reading.records)
    except (OSError, *DAMAGE):
        return None
    moment = replay.moment
    lost = reading.lost_lines + replay.left
    return FoundJournal(path, moment.about, replay.began, replay.ended, moment.unsaved_steps, lost)
