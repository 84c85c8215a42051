"""Change who may sign: propose, let others sign, apply. Nobody's secret key leaves their machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from medseg.errors import ReviewError, SigningKeyError
from medseg.io.file_lock import exclusive
from medseg.io.proposal_file import read_proposal_file, write_proposal_file
from medseg.io.trust_folder import append_change, read_key, read_person, read_trust
from medseg.review.keys import SigningKey
from medseg.review.policy import Policy
from medseg.review.proposal import (
    Proposal,
    endorse,
    propose,
    read_proposal,
    require_timely,
    signers_of,
    still_missing,
)
from medseg.review.revocation import Revocation, Why
from medseg.review.role import Role
from medseg.review.roster import Roster
from medseg.review.roster_change import Change, ChangeRole, Enrol, Revoke, Rotate, SetPolicy

REASONS_TO_REVOKE = tuple(why.value for why in Why)
"""What ``--why`` offers."""


@dataclass(frozen=True)
class ProposalStatus:
    """A proposal for people.

    Attributes:
        change: What it would change, in words.
        at: From when.
        reason: Why; empty where none was given.
        signers: Printed names of those on the roster who have signed.
        missing: What it still needs; empty where it can be applied.
    """

    change: str
    at: datetime
    reason: str
    signers: tuple[str, ...]
    missing: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The status as a JSON object."""
        return {
            "change": self.change,
            "at": self.at.isoformat(),
            "reason": self.reason,
            "signers": list(self.signers),
            "missing": list(self.missing),
        }


def enrolment(card: Path) -> Enrol:
    """Somebody new, by the card that ``medseg keys create`` made.

    Raises:
        SidecarError: The card is missing or damaged.
        ReviewError: It is not signed with its own key.
    """
    return Enrol(read_person(card))


def change_of_role(person_id: str, role: str) -> ChangeRole:
    """Another role for somebody."""
    return ChangeRole(person_id, Role(role))


def rotation(trust: Path, card: Path) -> Rotate:
    """A new key for somebody on the roster, by the card of the new key.

    Args:
        trust: The trust folder.
        card: The card, with the id and the printed name that the person has on the roster.

    Raises:
        SidecarError: The card is missing or damaged.
        ReviewError: It is not signed with its own key, or is of nobody on the roster.
    """
    person = read_person(card)
    known = read_trust(trust).person(person.id)
    if known is None or known.name != person.name:
        raise ReviewError(
            f"{card.name}: {person.name} ({person.id}) is not on the roster",
            hint="make the new key with the --id and the --name that the person has on the roster",
            reason="unknown-person",
        )
    return Rotate(person.id, person.public_hex, person.valid_to)


def revocation(trust: Path, whose: str, *, why: str, from_: datetime | None = None) -> Revoke:
    """A key that shall no longer count.

    Args:
        trust: The trust folder.
        whose: Id of the person, whose latest key is meant; or a public key in hexadecimal.
        why: One of :data:`REASONS_TO_REVOKE`.
        from_: From when, with zone: when it was lost, as far as anybody knows; by default now.

    Raises:
        ReviewError: There is no such person.
    """
    roster = read_trust(trust)
    person = roster.person(whose)
    if person is None and roster.held_key(whose) is None:
        raise ReviewError(f"{whose[:80]!a} is not on the roster", reason="unknown-person")
    public_hex = whose if person is None else person.public_hex
    return Revoke(public_hex, Revocation(from_ or _now(), Why(why)))


def propose_change(
    trust: Path,
    change: Change,
    out: Path,
    *,
    reason: str = "",
    keys: Sequence[tuple[Path, str]] = (),
    now: datetime | None = None,
) -> ProposalStatus:
    """Write a proposal for others to sign.

    Args:
        trust: The trust folder.
        change: What shall change.
        out: The file to write.
        reason: Why, on one line.
        keys: Key file and passphrase of those who sign at once.
        now: The time, with zone; by default now.

    Raises:
        ReviewError: The change is not possible, or one of the keys may not sign it.
        SigningKeyError: A key can't be opened.
        OutputExistsError: The file exists.
    """
    roster = read_trust(trust)
    data = _proposed(roster, change, reason, [read_key(*key) for key in keys], now)
    status = _status(read_proposal(data), roster)
    write_proposal_file(out, data)
    return status


def endorse_change(path: Path, key: Path, passphrase: str, *, trust: Path | None = None) -> ProposalStatus:
    """Put one's signature on a proposal, in the file.

    Args:
        path: The proposal.
        key: The key file of who signs: of the roster, or the new one that the proposal is about.
        passphrase: Opens the key.
        trust: The trust folder, where it is at hand: it says who has signed and what is still missing.

    Raises:
        ReviewError: The proposal does not follow the roster any more, or this key may not sign it.
        SigningKeyError: The key can't be opened.
        SidecarError: The proposal is missing or damaged.
        OutputError: It can't be written.
    """
    with exclusive(path):
        _, proposal = read_proposal_file(path)
        roster = None if trust is None else read_trust(trust)
        data = endorse(proposal, read_key(key, passphrase), roster)
        status = _status(read_proposal(data), roster)
        write_proposal_file(path, data, overwrite=True)
    return status


def read_change(path: Path, *, trust: Path | None = None) -> ProposalStatus:
    """Look at a proposal before signing it.

    Raises:
        ReviewError: It does not follow the roster any more, or somebody signed it who may not.
        SidecarError: It is missing or damaged.
    """
    _, proposal = read_proposal_file(path)
    return _status(proposal, None if trust is None else read_trust(trust))


def apply_change(path: Path, trust: Path, *, now: datetime | None = None) -> Roster:
    """Apply a proposal that everybody has signed.

    Everything is checked again at this moment; the trust folder changes whole or not at all.

    Args:
        path: The proposal.
        trust: The trust folder.
        now: The time, with zone; by default now.

    Returns:
        The roster with the change.

    Raises:
        ConflictError: Somebody else changed the roster since it was proposed.
        ReviewError: A signature is missing, or the proposal is too old.
        LockedError: Somebody else is changing the roster at this moment.
        SidecarError: The proposal or the trust folder is missing or damaged.
        OutputError: It can't be written; nothing has changed.
    """
    data, proposal = read_proposal_file(path)
    require_timely(proposal, now or _now())
    return append_change(trust, data)


def change_trust(
    trust: Path,
    change: Change,
    keys: Sequence[tuple[Path, str]],
    *,
    reason: str = "",
    now: datetime | None = None,
) -> Roster:
    """Propose, sign and apply a change in one step, where all keys are at hand.

    Args:
        trust: The trust folder.
        change: What shall change.
        keys: Key file and passphrase of all who must sign.
        reason: Why, on one line.
        now: The time, with zone; by default now.

    Returns:
        The roster with the change.

    Raises:
        ReviewError: The change is not possible, or a signature is missing.
        SigningKeyError: A key can't be opened.
        ConflictError: Somebody else changed the roster at this moment.
        OutputError: It can't be written; nothing has changed.
    """
    return append_change(
        trust, _proposed(read_trust(trust), change, reason, [read_key(*key) for key in keys], now)
    )


def policy_with(trust: Path, *, version: str, **rules: int | None) -> SetPolicy:
    """The policy of a site with other rules.

    Args:
        trust: The trust folder.
        version: What people shall call it.
        **rules: ``approvals``, ``reads`` and ``session_minutes``; None or left out: as it is.

    Raises:
        ReviewError: A rule is out of range.
    """
    fields = read_trust(trust).policy.as_dict()
    given = {name: value for name, value in rules.items() if value is not None}
    return SetPolicy(Policy(**{**fields, **given, "version": version}))


def _proposed(
    roster: Roster, change: Change, reason: str, keys: Sequence[SigningKey], now: datetime | None
) -> bytes:
    if len({key.public_hex for key in keys}) != len(keys):
        raise SigningKeyError("one key was given twice: each who signs needs their own")
    data = propose(roster, change, reason=reason, at=now or _now())
    for key in keys:
        data = endorse(read_proposal(data), key, roster)
    return data


def _status(proposal: Proposal, roster: Roster | None) -> ProposalStatus:
    record = proposal.record
    if roster is None:
        return ProposalStatus(str(record.change), record.at, record.reason, (), ())
    missing = still_missing(roster, proposal)
    return ProposalStatus(str(record.change), record.at, record.reason, signers_of(proposal, roster), missing)


def _now() -> datetime:
    return datetime.now().astimezone()


__all__ = [
    "REASONS_TO_REVOKE",
    "Change",
    "ProposalStatus",
    "apply_change",
    "change_of_role",
    "change_trust",
    "endorse_change",
    "enrolment",
    "policy_with",
    "propose_change",
    "read_change",
    "revocation",
    "rotation",
]
