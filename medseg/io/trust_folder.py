"""The trust folder with its signed roster, and the files of keys and person cards."""

from __future__ import annotations

import os
from pathlib import Path

from medseg.errors import OutputError, ReviewError, SidecarError, SigningKeyError
from medseg.io.atomic import whole_file, write_whole
from medseg.io.bounded_file import read_bounded
from medseg.review.keys import SigningKey, load_key
from medseg.review.person import Person, read_card
from medseg.review.roster import Roster, read_roster

ROSTER_NAME = "roster.json"

MAX_ROSTER_BYTES = 1 << 24
"""An entry takes about 250 bytes: room for 60,000 people."""

MAX_KEY_BYTES = 1 << 16
"""A key or a card takes less than 1 kB."""


def read_trust(folder: Path) -> Roster:
    """Read the roster of a trust folder and check the signatures of its founders.

    Raises:
        SidecarError: There is no roster, or a damaged one.
        ReviewError: Its signatures are not those of its founders.
    """
    path = folder / ROSTER_NAME
    if not path.is_file():
        raise SidecarError(
            f"there is no {ROSTER_NAME} in {folder}",
            hint="name the trust folder; medseg keys trust makes one",
            path=str(path),
        )
    return read_roster(read_bounded(path, MAX_ROSTER_BYTES, SidecarError))


def write_trust(folder: Path, roster: bytes, *, replace: bool = False) -> Path:
    """Write the roster of a trust folder, which is made if needed.

    Raises:
        OutputExistsError: There is a roster and ``replace`` is not set.
        OutputError: It can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"could not make the folder {folder}: {error.strerror or error}") from error
    path = folder / ROSTER_NAME
    write_whole(path, roster, overwrite=replace)
    return path


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


def write_key(path: Path, pem: bytes) -> None:
    """Write an encrypted key that only its owner can read; no file is ever overwritten.

    Raises:
        OutputExistsError: The file exists.
        OutputError: It can't be written.
    """
    with whole_file(path) as temporary:
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
