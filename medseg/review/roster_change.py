"""Changes of the roster: what the people of a site sign together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from medseg.errors import ReviewError, SidecarError
from medseg.provenance.json_object import JsonObject
from medseg.review.keys import public_key
from medseg.review.person import Person
from medseg.review.policy import Policy
from medseg.review.revocation import Revocation, Why
from medseg.review.role import Role

CHANGE_TYPE = "application/vnd.medseg.roster-change+json"
SCHEMA = "urn:medseg:roster-change:1"

PROPOSAL_LIFE = timedelta(days=1)
"""How long a proposed change may travel from signer to signer before it is applied."""

MAX_REASON = 500
"""Characters of a reason: it is shown on one line."""


@dataclass(frozen=True)
class Enrol:
    """Somebody new.

    Attributes:
        person: Who it is, in which role, by which key.
    """

    kind: ClassVar[str] = "enrol"
    person: Person

    def as_dict(self) -> dict[str, Any]:
        """The change as a JSON object."""
        return {"kind": self.kind, "person": self.person.as_dict()}

    def __str__(self) -> str:
        return f"enrol {self.person.name} ({self.person.id}) as {self.person.role}"


@dataclass(frozen=True)
class ChangeRole:
    """Another role for somebody.

    Attributes:
        person_id: Who.
        role: The role from then on.
    """

    kind: ClassVar[str] = "role"
    person_id: str
    role: Role

    def as_dict(self) -> dict[str, Any]:
        """The change as a JSON object."""
        return {"kind": self.kind, "person_id": self.person_id, "role": self.role.value}

    def __str__(self) -> str:
        return f"make {self.person_id} {self.role}"


@dataclass(frozen=True)
class Rotate:
    """A new key for somebody; the old one ends.

    Attributes:
        person_id: Who.
        public_hex: The new public key, 32 bytes in hexadecimal.
        valid_to: Until when the new key counts.
    """

    kind: ClassVar[str] = "rotate"
    person_id: str
    public_hex: str
    valid_to: datetime | None = None

    def __post_init__(self) -> None:
        public_key(self.public_hex)

    def as_dict(self) -> dict[str, Any]:
        """The change as a JSON object."""
        return {
            "kind": self.kind,
            "person_id": self.person_id,
            "key": self.public_hex,
            "valid_to": self.valid_to and self.valid_to.isoformat(),
        }

    def __str__(self) -> str:
        return f"give {self.person_id} the new key {self.public_hex}"


@dataclass(frozen=True)
class Revoke:
    """A key that no longer counts.

    Attributes:
        public_hex: The key, 32 bytes in hexadecimal: the one in use or an earlier one.
        revocation: From when, and why.
    """

    kind: ClassVar[str] = "revoke"
    public_hex: str
    revocation: Revocation

    def as_dict(self) -> dict[str, Any]:
        """The change as a JSON object."""
        return {
            "kind": self.kind,
            "key": self.public_hex,
            "from": self.revocation.from_.isoformat(),
            "why": self.revocation.why.value,
        }

    def __str__(self) -> str:
        return (
            f"revoke the key {self.public_hex} from {self.revocation.from_.isoformat()} "
            f"({self.revocation.why})"
        )


@dataclass(frozen=True)
class SetPolicy:
    """Other rules.

    Attributes:
        policy: The rules from then on.
    """

    kind: ClassVar[str] = "policy"
    policy: Policy

    def as_dict(self) -> dict[str, Any]:
        """The change as a JSON object."""
        return {"kind": self.kind, "policy": self.policy.as_dict()}

    def __str__(self) -> str:
        return f"set the policy {self.policy.version!a}: " + ", ".join(
            f"{name} {value}" for name, value in self.policy.as_dict().items() if name != "version"
        )


Change = Enrol | ChangeRole | Rotate | Revoke | SetPolicy


@dataclass(frozen=True)
class RosterChange:
    """A change at its place in the chain.

    Attributes:
        previous: Digest of the roster that it changes: SHA-256 of the line before, or of the founding roster.
        at: When it was proposed, with zone. What names no roster is judged as if it held from then on.
        reason: Why; empty where none was given.
        change: What changes.

    Raises:
        ReviewError: The reason is not of one printable line.
    """

    previous: str
    at: datetime
    reason: str
    change: Change

    def __post_init__(self) -> None:
        if (self.reason and not self.reason.isprintable()) or len(self.reason) > MAX_REASON:
            raise ReviewError(f"expected a reason of one line and up to {MAX_REASON} characters")

    def as_dict(self) -> dict[str, Any]:
        """The change as a JSON object."""
        return {
            "schema": SCHEMA,
            "previous": self.previous,
            "at": self.at.isoformat(),
            "reason": self.reason,
            "change": self.change.as_dict(),
        }

    @classmethod
    def from_dict(cls, value: Any) -> RosterChange:
        """Read a change back, strictly.

        Raises:
            SidecarError: A field is missing, unknown or of another type.
            ReviewError: A field says what can't be.
        """
        fields = JsonObject(value, "a change of the roster", "schema", "previous", "at", "reason", "change")
        if fields.text("schema") != SCHEMA:
            raise SidecarError(f"expected a change of the roster of schema {SCHEMA}")
        change = fields.value("change")
        kind = change.get("kind") if isinstance(change, dict) else None
        read = _READERS.get(kind) if isinstance(kind, str) else None
        if read is None:
            raise SidecarError(f"a change of the roster: {str(kind)[:40]!a} is not known as kind")
        return cls(fields.sha256("previous"), fields.time("at"), fields.text("reason"), read(change))


def _enrol(value: Any) -> Enrol:
    return Enrol(Person.from_dict(JsonObject(value, "an enrolment", "kind", "person").value("person")))


def _role(value: Any) -> ChangeRole:
    fields = JsonObject(value, "a change of role", "kind", "person_id", "role")
    return ChangeRole(fields.text("person_id"), fields.word("role", Role))


def _rotate(value: Any) -> Rotate:
    fields = JsonObject(value, "a rotation", "kind", "person_id", "key", "valid_to")
    return Rotate(
        fields.text("person_id"), fields.hexadecimal("key", length=32), fields.optional_time("valid_to")
    )


def _revoke(value: Any) -> Revoke:
    fields = JsonObject(value, "a revocation", "kind", "key", "from", "why")
    revocation = Revocation(fields.time("from"), fields.word("why", Why))
    return Revoke(fields.hexadecimal("key", length=32), revocation)


def _policy(value: Any) -> SetPolicy:
    return SetPolicy(Policy.from_dict(JsonObject(value, "a policy", "kind", "policy").value("policy")))


_READERS: Mapping[str, Callable[[Any], Change]] = {
    Enrol.kind: _enrol,
    ChangeRole.kind: _role,
    Rotate.kind: _rotate,
    Revoke.kind: _revoke,
    SetPolicy.kind: _policy,
}
