"""The roster: everybody who may or could ever sign. Names and roles are believed from here alone."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from medseg.errors import ReviewError
from medseg.review.held_key import HeldKey
from medseg.review.person import Person
from medseg.review.policy import Policy
from medseg.review.revocation import Revocation
from medseg.review.role import Role
from medseg.review.roster_change import PROPOSAL_LIFE, RosterChange


@dataclass(frozen=True)
class RoleSpan:
    """A role from a time on.

    Attributes:
        person_id: Whose.
        role: Which.
        from_: From when; None for what the founders wrote down.
    """

    person_id: str
    role: Role
    from_: datetime | None


@dataclass(frozen=True)
class AppliedChange:
    """A change that holds.

    Attributes:
        digest: SHA-256 of its line: the roster's digest from then on.
        record: What changed, when and why.
        signers: The public keys that signed it.
    """

    digest: str
    record: RosterChange
    signers: tuple[str, ...]


@dataclass(frozen=True)
class Roster:
    """The people of a site, their keys and the policy: what the founders signed and every change since.

    It is made by :func:`medseg.review.fold.read_roster`, which checks all signatures. Nothing is ever
    taken off: who left is still on it, and no id, key or printed name is given to anybody else.

    Attributes:
        people: All who were ever on it, with their present role and latest key.
        founders: Ids of those who signed the founding roster.
        founded: When.
        founding_digest: SHA-256 of the founding roster's envelope.
        keys: Every key ever.
        roles: Every role ever, in order.
        policies: Every policy and from when it holds, in order; the first from the start.
        changes: What changed since the founding, in order.
        before: The roster before its last change.
    """

    people: tuple[Person, ...]
    founders: tuple[str, ...]
    founded: datetime
    founding_digest: str
    keys: tuple[HeldKey, ...]
    roles: tuple[RoleSpan, ...]
    policies: tuple[tuple[datetime | None, Policy], ...]
    changes: tuple[AppliedChange, ...] = ()
    before: Roster | None = field(default=None, repr=False, compare=False)

    @property
    def digest(self) -> str:
        """SHA-256 of the last change's line, or of the founding roster: it covers all."""
        return self.changes[-1].digest if self.changes else self.founding_digest

    @property
    def digests(self) -> tuple[str, ...]:
        """Every digest that this roster ever had, in order."""
        return (self.founding_digest, *(change.digest for change in self.changes))

    @property
    def public_hexes(self) -> tuple[str, ...]:
        """Every public key that is or was somebody's."""
        return tuple(key.public_hex for key in self.keys)

    @property
    def policy(self) -> Policy:
        """The policy that was set last."""
        return self.policies[-1][1]

    def person(self, person_id: str) -> Person | None:
        """Somebody by id."""
        return next((person for person in self.people if person.id == person_id), None)

    def held_key(self, public_hex: str) -> HeldKey | None:
        """A key and for which time its signatures count."""
        return self._held.get(public_hex)

    def holder_of(self, public_hex: str) -> Person | None:
        """The person whose key this is or was."""
        held = self.held_key(public_hex)
        return None if held is None else self.person(held.person_id)

    def revocation(self, public_hex: str) -> Revocation | None:
        """Why and from when a key no longer counts, where it was revoked."""
        held = self.held_key(public_hex)
        return None if held is None else held.revocation

    def signer(self, public_hex: str, at: datetime, *, trust: str | None = None) -> Person:
        """Who signs with a key at a time, in the role of then.

        A key that was lost or compromised later passes here for earlier times: whether the time is true,
        only a checkpoint can tell (:attr:`Revocation.needs_checkpoint`).

        Args:
            public_hex: The key.
            at: The time that the signature claims.
            trust: Digest of the roster that it names, where it names one. Role and key are then those of
                that roster, so that what was signed while a change was on its way stays good; once the
                change is older than :data:`PROPOSAL_LIFE`, nobody can fall back on what was before it.

        Raises:
            ReviewError: A signature of that key and time does not count; ``reason`` in the details is one of
                ``unknown-key``, ``unknown-roster``, ``not-yet-valid``, ``expired``, ``revoked``, ``rotated``
                and ``outdated-roster``.
        """
        then = self if trust is None else self.as_of(trust)
        held, person = self.held_key(public_hex), then.holder_of(public_hex)
        if held is None or person is None:
            raise ReviewError("the key belongs to nobody on the roster", reason="unknown-key")
        if trust is not None and person.public_hex == public_hex and held.rotated_at is not None:
            held = replace(held, rotated_at=held.rotated_at + PROPOSAL_LIFE)
        objection = held.objection(at)
        if objection is not None:
            reason, clause = objection
            raise ReviewError(
                f"{person.name} was not entitled to sign at {at.isoformat()}: {clause}", reason=reason
            )
        return replace(
            person,
            role=self.role_at(person.id, at) if trust is None else self._role_of(person, then, at),
            public_hex=public_hex,
            valid_from=held.valid_from,
            valid_to=held.valid_to,
        )

    def as_of(self, digest: str) -> Roster:
        """The roster when it had a digest: its roles, latest keys and policy are those of then.

        Raises:
            ReviewError: It never had it.
        """
        return self._as_of[self.position(digest)]

    def position(self, digest: str) -> int:
        """After how many changes the roster had a digest.

        Raises:
            ReviewError: It never had it.
        """
        try:
            return self._positions[digest]
        except KeyError:
            raise ReviewError(
                "it names a roster that this one never was: changes were cut off the end of changes.jsonl, "
                "or it is of another trust folder",
                hint="take the trust folder from where you trust it",
                reason="unknown-roster",
            ) from None

    def role_at(self, person_id: str, at: datetime) -> Role:
        """The role of somebody at a time.

        Raises:
            ReviewError: There is no such person.
        """
        spans = [span for span in self.roles if span.person_id == person_id]
        if not spans:
            raise ReviewError(f"{person_id[:80]!a} is not on the roster", reason="unknown-person")
        earlier = [span for span in spans if span.from_ is None or span.from_ <= at]
        return (earlier or spans[:1])[-1].role

    def policy_at(self, at: datetime) -> Policy:
        """The policy of a time."""
        return [policy for from_, policy in self.policies if from_ is None or from_ <= at][-1]

    def policy_of(self, trust: str, at: datetime) -> Policy:
        """The policy under which a signature stands that names a roster and claims a time.

        Raises:
            ReviewError: The roster was never this one, or another policy was in force for long by then.
        """
        policies = self.as_of(trust).policies
        _require_not_outdated([from_ for from_, _ in self.policies[len(policies) :]], at, "policy")
        return policies[-1][1]

    def _role_of(self, person: Person, then: Roster, at: datetime) -> Role:
        spans = [span for span in self.roles if span.person_id == person.id]
        known = sum(span.person_id == person.id for span in then.roles)
        _require_not_outdated([span.from_ for span in spans[known:]], at, f"role of {person.name}")
        return spans[known - 1].role

    @cached_property
    def _positions(self) -> Mapping[str, int]:
        return {digest: position for position, digest in enumerate(self.digests)}

    @cached_property
    def _as_of(self) -> Sequence[Roster]:
        rosters = [self]
        while rosters[-1].before is not None:
            rosters.append(rosters[-1].before)
        return tuple(reversed(rosters))

    @cached_property
    def _held(self) -> Mapping[str, HeldKey]:
        return {key.public_hex: key for key in self.keys}


def _require_not_outdated(later: Sequence[datetime | None], at: datetime, what: str) -> None:
    """Refuse to fall back on what a change ended long before a time; ``later`` are the changes since."""
    if later and later[0] is not None and at >= later[0] + PROPOSAL_LIFE:
        raise ReviewError(
            f"it names a roster that was out of date: the {what} changed at {later[0].isoformat()}",
            reason="outdated-roster",
        )


def held_by(person: Person) -> HeldKey:
    """The key that a person's entry names."""
    return HeldKey(person.public_hex, person.id, person.valid_from, person.valid_to)


def person_name_key(name: str) -> str:
    """What two printed names have in common when people would read them as one.

    >>> person_name_key("Ada  BYRON") == person_name_key("ada byron")
    True
    """
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
