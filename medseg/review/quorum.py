"""Who must sign a change of the roster: the person it is about, and two other people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from medseg.errors import ReviewError
from medseg.review.envelope import SealedDocument
from medseg.review.roster import Roster
from medseg.review.roster_change import Change, ChangeRole, Enrol, Revoke, RosterChange, Rotate, SetPolicy

WITNESSES = 2
"""People who must sign besides the one whom a change is about: no administrator decides alone."""


@dataclass(frozen=True)
class Needed:
    """The signatures that a change needs.

    Attributes:
        proof: The key that must sign to show that the person whom it is about has it; None where there is
            none.
        subject: Id of that person, who does not count as a witness; None where it is about nobody.
        witnesses: How many people must sign besides.
        alone: A key whose signature suffices; None where there is none.
    """

    proof: str | None
    subject: str | None
    witnesses: int
    alone: str | None = None


def needed_signatures(roster: Roster, change: Change) -> Needed:
    """Say who must sign a change.

    A roster on which there was never more than one person has no two others: that person signs alone.

    Raises:
        ReviewError: It is about somebody or a key that is not on the roster.
    """
    one = len(roster.people) == 1
    match change:
        case Enrol():
            return Needed(change.person.public_hex, change.person.id, min(WITNESSES, len(roster.people)))
        case ChangeRole():
            person = roster.person(change.person_id)
            if person is None:
                raise ReviewError(f"{change.person_id[:80]!a} is not on the roster", reason="unknown-person")
            return Needed(person.public_hex, person.id, 0 if one else WITNESSES)
        case Rotate():
            return Needed(change.public_hex, None if one else change.person_id, 1 if one else WITNESSES)
        case Revoke():
            holder = roster.holder_of(change.public_hex)
            if holder is None:
                raise ReviewError("the key belongs to nobody on the roster", reason="unknown-key")
            return Needed(None, holder.id, WITNESSES, alone=holder.public_hex)
        case SetPolicy():
            return Needed(None, None, min(WITNESSES, len(roster.people)))


def require_signatures(roster: Roster, record: RosterChange, sealed: SealedDocument) -> tuple[str, ...]:
    """Check the signatures of a change.

    People are counted, not signatures or key ids: only the latest key of each person is looked for, and
    each signature of the envelope must be of such a key.

    Args:
        roster: The roster before the change.
        record: The change.
        sealed: Its envelope.

    Returns:
        The public keys that signed it.

    Raises:
        ReviewError: A signature is missing, or one does not count; ``reason`` in the details is
            ``signatures``, or that of :meth:`Roster.signer`.
    """
    needed = needed_signatures(roster, record.change)
    known = {person.public_hex for person in roster.people} | ({needed.proof} if needed.proof else set())
    signed = tuple(sealed.signed_by(sorted(known)))
    if len(signed) != sealed.signature_count:
        raise ReviewError(
            "it bears a signature that does not count: of a key that is nobody's any more or never was, or "
            "of something else than what it says",
            reason="signatures",
        )
    missing = missing_signatures(roster, record, signed)
    if missing:
        raise ReviewError(f"it is not signed by those who must: {'; '.join(missing)}", reason="signatures")
    return signed


def missing_signatures(roster: Roster, record: RosterChange, signed: Iterable[str]) -> tuple[str, ...]:
    """Say which signatures a change still needs.

    Args:
        roster: The roster before the change.
        record: The change.
        signed: The public keys that signed it.

    Raises:
        ReviewError: One of them was not entitled to sign at that time.
    """
    needed = needed_signatures(roster, record.change)
    signed = set(signed)
    holders = {
        roster.signer(key, record.at).id for key in signed if key != needed.proof or roster.held_key(key)
    }
    if needed.alone in signed:
        return ()
    missing = []
    if needed.proof is not None and needed.proof not in signed:
        missing.append("the person whom it is about has not signed with the key that it is about")
    witnesses = len(holders - {needed.subject})
    if witnesses < needed.witnesses:
        whose = "other people" if needed.subject else "people"
        missing.append(f"{needed.witnesses} {whose} who hold roles at that time must sign, got {witnesses}")
    return tuple(missing)
