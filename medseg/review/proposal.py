"""A change of the roster on its way: proposed by one person, signed by others in turn, then applied."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from medseg.errors import ReviewError, SigningKeyError
from medseg.review.changed_roster import changed
from medseg.review.envelope import SealedDocument, countersign, open_envelope, seal
from medseg.review.keys import SigningKey
from medseg.review.quorum import missing_signatures, needed_signatures
from medseg.review.roster import Roster
from medseg.review.roster_change import CHANGE_TYPE, PROPOSAL_LIFE, Change, RosterChange

CLOCK_TOLERANCE = timedelta(minutes=5)
"""As much as the clocks of a hospital's machines may differ."""


@dataclass(frozen=True)
class Proposal:
    """A change of the roster with the signatures that it has so far.

    Attributes:
        record: The change, its place in the chain and its time.
        sealed: Its envelope.
    """

    record: RosterChange
    sealed: SealedDocument

    def signed_by(self, public_hex: str) -> bool:
        """Whether a key has signed it."""
        return bool(self.sealed.signed_by([public_hex]))


def propose(roster: Roster, change: Change, *, reason: str, at: datetime) -> bytes:
    """Write down a change for others to sign.

    Args:
        roster: The roster that it changes.
        change: What changes.
        reason: Why, on one line; may be empty.
        at: The time, with zone.

    Returns:
        The envelope, without any signature.

    Raises:
        ReviewError: The change is not possible.
    """
    # The order comes from the chain: a clock that runs behind does not block the next change.
    at = max(at, roster.changes[-1].record.at) if roster.changes else at
    record = RosterChange(roster.digest, at, reason, change)
    changed(roster, record)
    needed_signatures(roster, change)
    return seal(record.as_dict(), CHANGE_TYPE, [])


def read_proposal(data: bytes) -> Proposal:
    """Read a proposal; its signatures are not checked yet.

    Raises:
        SidecarError: It is damaged.
        ReviewError: A field says what can't be.
    """
    sealed = open_envelope(data, CHANGE_TYPE, "the proposal")
    return Proposal(RosterChange.from_dict(sealed.document), sealed)


def endorse(proposal: Proposal, key: SigningKey, roster: Roster | None = None) -> bytes:
    """Put one's signature on a proposal; signing twice changes nothing.

    Args:
        proposal: The proposal.
        key: The key of who signs.
        roster: Who may sign, where it is known: a signature that does not count would spoil the proposal.

    Raises:
        SigningKeyError: The key is neither of somebody on the roster nor the one that the proposal is about.
    """
    if roster is not None and key.public_hex not in _counting_keys(roster, proposal):
        raise SigningKeyError("the key belongs to nobody on the roster, and the proposal is not about it")
    return countersign(proposal.sealed, key)


def still_missing(roster: Roster, proposal: Proposal) -> tuple[str, ...]:
    """Say which signatures a proposal still needs; empty where it can be applied.

    Raises:
        ReviewError: It does not follow the roster any more, is not possible, or bears a signature of somebody
            who may not sign.
    """
    record = proposal.record
    if record.previous != roster.digest:
        raise ReviewError(
            "the proposal is about another roster, or the roster changed since it was made",
            hint="propose the change again",
            reason="previous",
        )
    changed(roster, record)
    signed = proposal.sealed.signed_by(sorted(_counting_keys(roster, proposal)))
    return missing_signatures(roster, record, signed)


def require_timely(proposal: Proposal, now: datetime) -> None:
    """Refuse a proposal that is too old, or of a time to come.

    Raises:
        ReviewError: It is; ``reason`` in the details is ``time``.
    """
    age = now - proposal.record.at
    if age > PROPOSAL_LIFE:
        hours = PROPOSAL_LIFE // timedelta(hours=1)
        raise ReviewError(
            f"the proposal was made more than {hours} hours ago",
            hint="propose the change again, and let it be signed within that time",
            reason="time",
        )
    if age < -CLOCK_TOLERANCE:
        raise ReviewError("the proposal claims a time to come: a clock ran wrong", reason="time")


def signers_of(proposal: Proposal, roster: Roster) -> tuple[str, ...]:
    """Printed names of the people on the roster who have signed a proposal."""
    signed = proposal.sealed.signed_by(roster.public_hexes)
    return tuple(person.name for key in signed if (person := roster.holder_of(key)) is not None)


def _counting_keys(roster: Roster, proposal: Proposal) -> set[str]:
    proof = needed_signatures(roster, proposal.record.change).proof
    return {*roster.public_hexes, *([proof] if proof else [])}
