"""Make keys, person cards and the trust folder."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from medseg.errors import MedsegError, OutputError, OutputExistsError, ReviewError
from medseg.io.trust_folder import read_key, read_person, write_card_file, write_key, write_trust
from medseg.review.fold import read_roster
from medseg.review.founding import seal_roster
from medseg.review.keys import generate_key
from medseg.review.person import Person, write_card
from medseg.review.policy import Policy
from medseg.review.role import Role
from medseg.review.roster import Roster

ROLES = tuple(role.value for role in Role)
"""What ``--role`` offers."""

CARD_SUFFIX = ".person.json"


@dataclass(frozen=True)
class CreatedKey:
    """What was made for a person.

    Attributes:
        person: Who it is.
        key: The secret key, encrypted; for this person alone.
        card: The public card, for whoever makes the trust folder.
    """

    person: Person
    key: Path
    card: Path


def create_key(
    out: Path, *, name: str, role: str, passphrase: str, person_id: str | None = None
) -> CreatedKey:
    """Make a key for a person, and the card by which to be put on a roster.

    Args:
        out: The key file to write, such as ``ada.pem``; the card is written beside it as
            ``ada.person.json``.
        name: Printed name.
        role: One of :data:`ROLES`.
        passphrase: Encrypts the key; it is asked for at every signature.
        person_id: Identifier at the site; by default made from the name.

    Raises:
        SigningKeyError: The passphrase is empty.
        ReviewError: The name or the id is not of the form allowed.
        OutputExistsError: A file is there already.
        OutputError: The folder can't be written.
    """
    if not out.name:
        raise OutputError(f"expected a file to write the key to, got {out}", hint="such as ada.pem")
    card = out.with_name(out.stem + CARD_SUFFIX)
    for path in (out, card):
        if path.exists():
            raise OutputExistsError(f"{path.name} exists already", hint="choose another name", path=str(path))
    key = generate_key()
    person_id = person_id or id_for(name)
    if not person_id:
        raise ReviewError(f"no id can be made from the name {name!r}", hint="give one with --id")
    person = Person(person_id, name, Role(role), key.public_hex)
    pem = key.encrypted_pem(passphrase)
    write_key(out, pem)
    try:
        write_card_file(card, write_card(person, key))
    except MedsegError:
        out.unlink()  # a key without its card is of no use and would be in the way
        raise
    return CreatedKey(person, out, card)


def create_trust(
    folder: Path,
    people: Sequence[Path],
    founders: Sequence[tuple[Path, str]],
    *,
    policy: Policy | None = None,
) -> Roster:
    """Make a trust folder: a roster of people, signed by its founders.

    A roster is never replaced: :mod:`medseg.workflows.trust_changes` changes it.

    Args:
        folder: The folder to make.
        people: The cards of all who may sign, founders included.
        founders: Key file and passphrase of each founder: at least two people, unless there is only one.
        policy: The rules of the site; by default those of :class:`Policy`.

    Raises:
        ReviewError: A card is altered, two entries could be one person, too few founders.
        SigningKeyError: A key can't be opened.
        OutputExistsError: There is a roster.
    """
    cards = [read_person(path) for path in people]
    keys = [read_key(path, passphrase) for path, passphrase in founders]
    if len({key.public_hex for key in keys}) != len(keys):
        raise ReviewError("two founders signed with one key: each founder needs their own")
    sealed = seal_roster(cards, keys, policy=policy)
    roster = read_roster(sealed)
    write_trust(folder, sealed)
    return roster


def change_passphrase(key: Path, old: str, new: str) -> None:
    """Encrypt a key under another passphrase. The key stays the same, and so do all signatures.

    Copies of the file elsewhere still open with the old passphrase: who may have one needs a new key.

    Args:
        key: The key file.
        old: The passphrase so far.
        new: The new one.

    Raises:
        SigningKeyError: The old passphrase is wrong, the new one is empty, or it is no encrypted key.
        SidecarError: The file can't be read.
        OutputError: It can't be written; the old one still stands.
    """
    write_key(key, read_key(key, old).encrypted_pem(new), overwrite=True)


def id_for(name: str) -> str:
    """Make a person's id from a printed name.

    >>> id_for("Dr. Zoë Müller")
    'dr-zoe-muller'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:64]
