"""Show a trust folder: people, roles, keys, the policy, every change and every checkpoint."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from medseg.io.trust_folder import read_trust_and_checkpoints
from medseg.review.checkpoint import Checkpoint, Checkpoints
from medseg.review.held_key import HeldKey
from medseg.review.policy import Policy
from medseg.review.roster import AppliedChange, Roster
from medseg.review.roster_remarks import roster_remarks


@dataclass(frozen=True)
class ShownKey:
    """A key for people.

    Attributes:
        public_hex: The public key.
        standing: ``current``, or why it does not count now: ``rotated``, ``revoked``, ``expired``,
            ``not-yet-valid``.
        text: The same in words, with its time; empty for a current one.
    """

    public_hex: str
    standing: str
    text: str


@dataclass(frozen=True)
class ShownPerson:
    """A person for people.

    Attributes:
        id: Id at the site.
        name: Printed name.
        role: Present role.
        keys: Every key, the latest last.
    """

    id: str
    name: str
    role: str
    keys: tuple[ShownKey, ...]

    @property
    def standing(self) -> str:
        """That of the latest key."""
        return self.keys[-1].standing


@dataclass(frozen=True)
class ShownChange:
    """A change of the roster for people.

    Attributes:
        at: From when it holds.
        text: What changed.
        reason: Why; empty where none was given.
        signers: Printed names of those who signed.
        sha256: The roster's digest from then on.
    """

    at: datetime
    text: str
    reason: str
    signers: tuple[str, ...]
    sha256: str


@dataclass(frozen=True)
class ShownCheckpoint:
    """A checkpoint for people.

    Attributes:
        at: When, as its signer's clock claims.
        by: Printed name of who signed.
        study: Id of the study.
        size: Entries of its ledger.
        head: SHA-256 of the last of them.
        statements: How many statements it was the first to name.
        proven: The time that it proves; None where it proves none.
    """

    at: datetime
    by: str
    study: str
    size: int
    head: str
    statements: int
    proven: datetime | None


@dataclass(frozen=True)
class ShownTrust:
    """A trust folder for people.

    Attributes:
        digest: SHA-256 of the roster with all its changes: to be written down elsewhere.
        founded: When.
        founders: Printed names of those who signed the founding roster.
        policy: The rules now.
        people: Everybody who was ever on the roster.
        changes: Every change, in order.
        checkpoints: Every checkpoint, in order.
        remarks: What should be known.
    """

    digest: str
    founded: datetime
    founders: tuple[str, ...]
    policy: Policy
    people: tuple[ShownPerson, ...]
    changes: tuple[ShownChange, ...]
    checkpoints: tuple[ShownCheckpoint, ...]
    remarks: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The trust folder as a JSON object."""
        return {
            "roster_sha256": self.digest,
            "founded": self.founded.isoformat(),
            "founders": list(self.founders),
            "policy": {**self.policy.as_dict(), "sha256": self.policy.sha256},
            "people": [
                {
                    "id": person.id,
                    "name": person.name,
                    "role": person.role,
                    "standing": person.standing,
                    "keys": [
                        {"public": key.public_hex, "standing": key.standing, "text": key.text}
                        for key in person.keys
                    ],
                }
                for person in self.people
            ],
            "changes": [
                {
                    "at": change.at.isoformat(),
                    "text": change.text,
                    "reason": change.reason,
                    "signers": list(change.signers),
                    "sha256": change.sha256,
                }
                for change in self.changes
            ],
            "checkpoints": [
                {
                    "at": checkpoint.at.isoformat(),
                    "by": checkpoint.by,
                    "study": checkpoint.study,
                    "size": checkpoint.size,
                    "head": checkpoint.head,
                    "statements": checkpoint.statements,
                    "proven": checkpoint.proven and checkpoint.proven.isoformat(),
                }
                for checkpoint in self.checkpoints
            ],
            "remarks": list(self.remarks),
        }


def show_trust(folder: Path, *, now: datetime | None = None) -> ShownTrust:
    """Read a trust folder and show it; all signatures are checked.

    Args:
        folder: The trust folder.
        now: The time, with zone, for which keys are current; by default now.

    Raises:
        SidecarError: There is no roster, or something is damaged.
        ReviewError: Something is not signed by those who must sign it, or a chain is broken.
    """
    at = now or datetime.now().astimezone()
    trust = read_trust_and_checkpoints(folder)
    roster, checkpoints = trust.roster, trust.checkpoints
    return ShownTrust(
        digest=roster.digest,
        founded=roster.founded,
        founders=_names(roster, roster.founders),
        policy=roster.policy_at(at),
        people=_people(roster, at),
        changes=tuple(_change(change, roster) for change in roster.changes),
        checkpoints=_checkpoints(checkpoints, roster),
        remarks=(*roster_remarks(roster, at), *checkpoints.remarks),
    )


def _people(roster: Roster, at: datetime) -> tuple[ShownPerson, ...]:
    keys: dict[str, list[ShownKey]] = {person.id: [] for person in roster.people}
    for key in roster.keys:
        keys[key.person_id].append(_key(key, at))
    return tuple(
        ShownPerson(person.id, person.name, person.role.value, tuple(keys[person.id]))
        for person in roster.people
    )


def _key(key: HeldKey, at: datetime) -> ShownKey:
    # A key that was rotated away and revoked afterwards is revoked above all.
    standing, text = key.objection(at) or ("current", "")
    return ShownKey(key.public_hex, standing, text)


def _change(change: AppliedChange, roster: Roster) -> ShownChange:
    # A key proves itself in its own enrolment: everybody who signed is on the roster by now.
    signers = (holder.id for key in change.signers if (holder := roster.holder_of(key)))
    return ShownChange(
        change.record.at,
        str(change.record.change),
        change.record.reason,
        _names(roster, dict.fromkeys(signers)),
        change.digest,
    )


def _checkpoints(checkpoints: Checkpoints, roster: Roster) -> tuple[ShownCheckpoint, ...]:
    return tuple(
        _checkpoint(checkpoint, proven, roster)
        for checkpoint, proven in zip(checkpoints.all, checkpoints.proven, strict=True)
    )


def _checkpoint(checkpoint: Checkpoint, proven: datetime | None, roster: Roster) -> ShownCheckpoint:
    return ShownCheckpoint(
        at=checkpoint.at,
        by=_names(roster, [checkpoint.person_id])[0],
        study=checkpoint.study,
        size=checkpoint.size,
        head=checkpoint.head,
        statements=len(checkpoint.statements),
        proven=proven,
    )


def _names(roster: Roster, ids: Iterable[str]) -> tuple[str, ...]:
    people = (roster.person(person_id) for person_id in ids)
    return tuple(person.name for person in people if person is not None)
