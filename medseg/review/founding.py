"""The founding roster: who the first people are and what the policy is, signed by its founders."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from medseg.errors import ReviewError
from medseg.provenance.json_object import JsonObject
from medseg.review.envelope import open_envelope, seal
from medseg.review.keys import SigningKey
from medseg.review.person import Person
from medseg.review.policy import Policy
from medseg.review.roster import RoleSpan, Roster, held_by, person_name_key

ROSTER_TYPE = "application/vnd.medseg.roster+json"
SCHEMA = "urn:medseg:roster:2"


@dataclass(frozen=True)
class Founding:
    """The first people of a site.

    Two entries for one person would let one person approve what he drew himself, so that everything that
    could be a second account is refused: an id, a key or a printed name that occurs twice.

    Args:
        people: All who may sign.
        founders: Ids of those who signed: at least two, unless there is only one person.
        policy: The rules of the site.
        founded: When, with zone.

    Raises:
        ReviewError: Entries that could be one person, a founder who is not on it, or too few founders.
    """

    people: tuple[Person, ...]
    founders: tuple[str, ...]
    policy: Policy
    founded: datetime

    def __post_init__(self) -> None:
        if not self.people:
            raise ReviewError("a roster needs at least one person")
        _require_distinct("id", [person.id for person in self.people])
        _require_distinct("key", [person.public_hex for person in self.people])
        _require_distinct("printed name", [person_name_key(person.name) for person in self.people])
        _require_distinct("place among the founders", self.founders)
        strangers = set(self.founders) - {person.id for person in self.people}
        if strangers:
            raise ReviewError(f"founder {sorted(strangers)[0]!a} is not on the roster")
        needed = min(2, len(self.people))
        if len(self.founders) < needed:
            raise ReviewError(
                f"a roster of {len(self.people)} needs at least {needed} founders, got {len(self.founders)}",
                hint="no single person may decide alone who can sign",
            )

    def as_dict(self) -> dict[str, Any]:
        """The founding roster as a JSON object."""
        return {
            "schema": SCHEMA,
            "people": [person.as_dict() for person in self.people],
            "founders": list(self.founders),
            "policy": self.policy.as_dict(),
            "founded": self.founded.isoformat(),
        }

    @classmethod
    def from_dict(cls, value: Any) -> Founding:
        """Read a founding roster back, strictly.

        Raises:
            SidecarError: A field is missing, unknown or of another type.
            ReviewError: It can't be a roster.
        """
        fields = JsonObject(value, "the roster", "schema", "people", "founders", "policy", "founded")
        if fields.text("schema") != SCHEMA:
            raise ReviewError(f"expected a roster of schema {SCHEMA}")
        founders = fields.list("founders")
        if not all(isinstance(founder, str) for founder in founders):
            raise ReviewError("the roster: expected ids as founders")
        return cls(
            people=tuple(Person.from_dict(entry) for entry in fields.list("people")),
            founders=tuple(founders),
            policy=Policy.from_dict(fields.value("policy")),
            founded=fields.time("founded"),
        )

    def as_roster(self, digest: str) -> Roster:
        """The roster before any change."""
        return Roster(
            people=self.people,
            founders=self.founders,
            founded=self.founded,
            founding_digest=digest,
            keys=tuple(held_by(person) for person in self.people),
            roles=tuple(RoleSpan(person.id, person.role, None) for person in self.people),
            policies=((None, self.policy),),
        )


def seal_roster(
    people: Sequence[Person],
    founders: Sequence[SigningKey],
    *,
    policy: Policy | None = None,
    founded: datetime | None = None,
) -> bytes:
    """Make a founding roster and let its founders sign it.

    Args:
        people: All who may sign.
        founders: The keys of the founders, who are among the people.
        policy: The rules of the site; by default those of :class:`Policy`.
        founded: When, with zone; by default now.

    Returns:
        The envelope.

    Raises:
        ReviewError: The people can't form a roster, or a key belongs to none of them.
    """
    holders = {person.public_hex: person for person in people}
    for key in founders:
        if key.public_hex not in holders:
            raise ReviewError("a founder's key belongs to nobody on the roster", hint="add the person's card")
    founding = Founding(
        tuple(people),
        tuple(holders[key.public_hex].id for key in founders),
        policy or Policy(),
        founded or datetime.now().astimezone(),
    )
    return seal(founding.as_dict(), ROSTER_TYPE, founders)


def read_founding(envelope: bytes) -> Roster:
    """Read a founding roster and check that each founder signed it, and nobody else.

    Raises:
        SidecarError: It is damaged.
        ReviewError: It can't be a roster, or a signature is missing, wrong or too many.
    """
    sealed = open_envelope(envelope, ROSTER_TYPE, "the roster")
    founding = Founding.from_dict(sealed.document)
    keys = [person.public_hex for person in founding.people if person.id in founding.founders]
    signed = sealed.signed_by(keys)
    if len(signed) != len(keys) or sealed.signature_count != len(keys):
        raise ReviewError(
            f"the roster must be signed by its {len(keys)} founders and nobody else; "
            f"{len(signed)} of {sealed.signature_count} signatures are theirs",
            hint="take the roster from where you trust it",
        )
    return founding.as_roster(hashlib.sha256(envelope).hexdigest())


def _require_distinct(what: str, values: Sequence[str]) -> None:
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        raise ReviewError(f"each person needs their own {what}, but {twice[0]!a} occurs twice")
