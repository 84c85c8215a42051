"""Say who one is, with the key that only its owner can open."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from medseg.errors import ReviewError, SigningKeyError
from medseg.io.trust_folder import read_key
from medseg.review.keys import SigningKey
from medseg.review.person import Person
from medseg.review.session import SigningSession
from medseg.workflows.study.opened import Study, now
from medseg.workflows.study.refusals import note_refusal


@dataclass(frozen=True)
class SignedIn:
    """Somebody who has proven who he is.

    What is saved, looked at or said needs no more than that: nobody's contours are refused because he drew
    for a long time. A signature needs the session, which ends (21 CFR 11.200(a)(1)).

    Attributes:
        person: Who it is, as the roster had it when he came.
        key_file: Where the key is.
        session: The unlocked key, for as long as the policy allows.
    """

    person: Person
    key_file: Path
    session: SigningSession = field(repr=False)

    @property
    def public_hex(self) -> str:
        """The key by which he proved it."""
        return self.person.public_hex

    def key(self, at: datetime) -> SigningKey:
        """The key, for one signature.

        Raises:
            SessionEndedError: Too much time has passed since the last one.
        """
        return self.session.key(at)


def sign_in(study: Study, key: Path | str, passphrase: str) -> SignedIn:
    """Prove who one is.

    Args:
        study: The study.
        key: The key file.
        passphrase: Opens it.

    Raises:
        SigningKeyError: The key can't be opened, or is nobody's on the roster.
        ReviewError: The key was revoked, replaced, or has ended; that it was tried is written down.
    """
    key = Path(key)
    opened = read_key(key, passphrase)
    roster = study.trust().roster
    holder = roster.holder_of(opened.public_hex)
    if holder is None:
        raise SigningKeyError(f"the key {key.name} belongs to nobody on the roster", path=str(key))
    at = now()
    try:
        person = roster.signer(opened.public_hex, at, trust=roster.digest)
    except ReviewError as error:
        # Somebody tries a key that was revoked: the site wants to know (21 CFR 11.300(d)).
        note_refusal(study, holder, None, "sign in", error)
        raise
    minutes = roster.policy.session_minutes
    return SignedIn(person, key, SigningSession(person, opened, minutes=minutes, now=at))
