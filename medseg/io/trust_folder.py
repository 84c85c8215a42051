"""The trust folder (roster, changes, checkpoints), and the files of keys and person cards."""

from __future__ import annotations

import os
from pathlib import Path

from medseg.errors import ConflictError, OutputError, ReviewError, SidecarError, SigningKeyError
from medseg.io.atomic import whole_file, write_whole
from medseg.io.bounded_file import read_bounded
from medseg.io.file_lock import exclusive
from medseg.review.checkpoint import Checkpoints, read_checkpoints
from medseg.review.fold import extended, read_roster
from medseg.review.keys import SigningKey, load_key
from medseg.review.person import Person, read_card
from medseg.review.roster import Roster
from medseg.review.trust import Trust

ROSTER_NAME = "roster.json"
CHANGES_NAME = "changes.jsonl"
CHECKPOINTS_NAME = "checkpoints.jsonl"

MAX_ROSTER_BYTES = 1 << 24
"""An entry takes about 250 bytes: room for 60,000 people."""

MAX_CHANGES_BYTES = 1 << 26
"""A change takes about 1.2 kB: room for 50,000."""

MAX_CHECKPOINTS_BYTES = 1 << 28
"""A statement takes about 280 bytes in a checkpoint: room for 900,000."""

MAX_KEY_BYTES = 1 << 16
"""A key or a card takes less than 1 kB."""


def read_trust(folder: Path) -> Roster:
    """Read the roster of a trust folder: the founding roster and every change, all signatures checked.

    Raises:
        SidecarError: There is no roster, or a damaged one.
        ReviewError: It or a change of it is not signed by those who must sign it, or the chain is broken.
    """
    path = folder / ROSTER_NAME
    if not path.is_file():
        raise SidecarError(
            f"there is no {ROSTER_NAME} in {folder}",
            hint="name the trust folder; medseg keys trust makes one",
            path=str(path),
        )
    founding = read_bounded(path, MAX_ROSTER_BYTES, SidecarError)
    return read_roster(founding, _read_lines(folder / CHANGES_NAME, MAX_CHANGES_BYTES))


def read_trust_and_checkpoints(folder: Path) -> Trust:
    """Read a trust folder: the roster, and the checkpoints.

    Raises:
        SidecarError: There is no roster, or something is damaged.
        ReviewError: Something is not signed by those who must sign it, or a chain is broken.
    """
    # Checkpoints first: one that is written meanwhile may name a roster newer than the one read before it.
    checkpoints = _read_lines(folder / CHECKPOINTS_NAME, MAX_CHECKPOINTS_BYTES)
    roster = read_trust(folder)
    return Trust(roster, read_checkpoints(checkpoints, roster))


class TrustReader:
    """Reads a trust folder again and again; signatures are checked anew where a byte of it changed.

    Args:
        folder: The trust folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: tuple[tuple[bytes, ...], Trust] | None = None

    def read(self) -> Trust:
        """The trust folder as it is now; see :func:`read_trust_and_checkpoints`."""
        found = tuple(
            _read_lines(self._folder / name, most)
            for name, most in (
                (CHECKPOINTS_NAME, MAX_CHECKPOINTS_BYTES),
                (ROSTER_NAME, MAX_ROSTER_BYTES),
                (CHANGES_NAME, MAX_CHANGES_BYTES),
            )
        )
        known = self._known
        if known is not None and known[0] == found:
            return known[1]
        trust = read_trust_and_checkpoints(self._folder)
        # Where somebody wrote in between, what is known differs from what will be found, and is read again.
        self._known = found, trust
        return trust


def read_checkpoints_file(folder: Path, roster: Roster) -> Checkpoints:
    """Read the checkpoints of a trust folder; none where there is no file of them.

    Raises:
        SidecarError: The file is damaged.
        ReviewError: A checkpoint is not signed by who it says, or the chain is broken.
    """
    return read_checkpoints(_read_lines(folder / CHECKPOINTS_NAME, MAX_CHECKPOINTS_BYTES), roster)


def read_checkpoint_copy(path: Path, roster: Roster) -> Checkpoints:
    """Read a copy of the checkpoints that was kept elsewhere.

    Raises:
        SidecarError: It is missing or damaged.
        ReviewError: A checkpoint is not signed by who it says, or the chain is broken.
    """
    return read_checkpoints(read_bounded(path, MAX_CHECKPOINTS_BYTES, SidecarError), roster)


def write_trust(folder: Path, roster: bytes) -> Path:
    """Write the founding roster of a trust folder, which is made if needed; no roster is ever replaced.

    Raises:
        OutputExistsError: There is a roster.
        OutputError: It can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"could not make the folder {folder}: {error.strerror or error}") from error
    path = folder / ROSTER_NAME
    if (folder / CHANGES_NAME).exists():
        raise ReviewError(f"{CHANGES_NAME} in {folder} belongs to another roster", path=str(folder))
    write_whole(path, roster)
    return path


def append_change(folder: Path, line: bytes) -> Roster:
    """Append a signed change to the roster, after checking it once more; one process at a time.

    Args:
        folder: The trust folder.
        line: The change, without its end of line.

    Returns:
        The roster with the change.

    Raises:
        ConflictError: Somebody else changed the roster since this change was proposed.
        ReviewError: It is not possible, or not signed by those who must sign it.
        LockedError: Somebody else is changing the roster at this moment.
        SidecarError: The trust folder is damaged.
        OutputError: It can't be written; nothing has changed.
    """
    path = folder / CHANGES_NAME
    with exclusive(path):
        roster = read_trust(folder)
        try:
            after = extended(roster, line)
        except ReviewError as error:
            if error.details.get("reason") == "previous":
                raise ConflictError(
                    "the roster changed since this change was proposed: nothing was done",
                    hint="look at it with medseg keys show, propose the change again and let it be signed",
                    reason="previous",
                ) from error
            raise
        _append(path, line, MAX_CHANGES_BYTES)
    return after


def append_checkpoint(folder: Path, line: bytes) -> Checkpoints:
    """Append a signed checkpoint, after checking it; one process at a time.

    Args:
        folder: The trust folder.
        line: The checkpoint, without its end of line.

    Returns:
        The checkpoints with this one.

    Raises:
        ConflictError: Somebody else made a checkpoint meanwhile.
        ReviewError: It is not signed by somebody who may sign now, or does not fit the ledger so far.
        LockedError: Somebody else is making a checkpoint at this moment.
        SidecarError: The trust folder is damaged.
        OutputError: It can't be written; nothing has changed.
    """
    path = folder / CHECKPOINTS_NAME
    with exclusive(path):
        roster = read_trust(folder)
        before = read_checkpoints_file(folder, roster)
        data = _read_lines(path, MAX_CHECKPOINTS_BYTES) + line + b"\n"
        try:
            after = read_checkpoints(data, roster)
        except ReviewError as error:
            if error.details.get("reason") == "previous":
                raise ConflictError(
                    "somebody else made a checkpoint meanwhile: nothing was done",
                    hint="make it again",
                    reason="previous",
                ) from error
            raise
        # What was doubtful before stays; a new one must be by somebody who may sign at its time.
        if len(after.remarks) > len(before.remarks):
            raise ReviewError(f"this can't be a checkpoint: {after.remarks[-1]}", reason="signatures")
        _append(path, line, MAX_CHECKPOINTS_BYTES)
    return after


def read_key(path: Path, passphrase: str) -> SigningKey:
    """Open a key file.

    Raises:
        SigningKeyError: The passphrase is wrong, or it is no encrypted key.
        SidecarError: The file can't be read.
    """
    try:
        return load_key(read_bounded(path, MAX_KEY_BYTES, SidecarError), passphrase)
    except SigningKeyError as error:
        raise SigningKeyError(f"{path.name}: {error.message}", hint=error.hint, path=str(path)) from error


def write_key(path: Path, pem: bytes, *, overwrite: bool = False) -> None:
    """Write an encrypted key that only its owner can read.

    Args:
        path: The file.
        pem: The key, encrypted.
        overwrite: Whether the file is replaced: the same key under another passphrase, and nothing else.

    Raises:
        OutputExistsError: The file exists and ``overwrite`` is not set.
        OutputError: It can't be written.
    """
    with whole_file(path, overwrite=overwrite) as temporary:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)


def read_person(path: Path) -> Person:
    """Read a person card and check that it is signed with its own key.

    Raises:
        SidecarError: It is missing or damaged.
        ReviewError: It is not signed with its own key.
    """
    try:
        return read_card(read_bounded(path, MAX_KEY_BYTES, SidecarError))
    except ReviewError as error:
        raise ReviewError(f"{path.name}: {error.message}", hint=error.hint, path=str(path)) from error


def write_card_file(path: Path, card: bytes) -> None:
    """Write a person card; no file is ever overwritten.

    Raises:
        OutputExistsError: The file exists.
        OutputError: It can't be written.
    """
    write_whole(path, card)


def _read_lines(path: Path, most: int) -> bytes:
    """The bytes of a file of lines; none where there is no file."""
    return read_bounded(path, most, SidecarError) if path.exists() else b""


def _append(path: Path, line: bytes, most: int) -> None:
    """Write the whole file anew, so that a reader sees it without or with the line, and never half of it."""
    data = _read_lines(path, most) + line + b"\n"
    if len(data) > most:
        raise OutputError(f"{path.name} is full: it would have {len(data)} bytes", path=str(path))
    write_whole(path, data, overwrite=True)
