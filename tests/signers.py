"""People with keys in memory who sign, honestly or not, for the tests of review."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from medseg.provenance.content import Content
from medseg.review.chain import replay
from medseg.review.circumstances import Circumstances
from medseg.review.fold import read_roster
from medseg.review.founding import seal_roster
from medseg.review.keys import SigningKey, generate_key
from medseg.review.person import Person
from medseg.review.role import Role
from medseg.review.roster import Roster
from medseg.review.signing import next_statement
from medseg.review.statement import Statement, seal_statement
from medseg.review.states import Meaning

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def person(name: str, role: str, **more: Any) -> tuple[Person, SigningKey]:
    """Somebody with a fresh key."""
    key = generate_key()
    return Person(name.lower(), name, Role(role), key.public_hex, **more), key


@dataclass
class Signers:
    """People, their keys, the roster, and a pen."""

    people: dict[str, tuple[Person, SigningKey]]
    content: Content
    files: dict[str, str] = field(default_factory=lambda: {"case.nii.gz": "aa" * 32})

    @property
    def roster(self) -> Roster:
        """The people as they are now; the first two are founders."""
        people = [person for person, _ in self.people.values()]
        founders = [key for _, key in self.people.values()][:2]
        # With a fixed time the same people are the same roster, to the last byte.
        return read_roster(seal_roster(people, founders, founded=NOON))

    def statement(self, bundle: bytes, who: str, meaning: str, **more: Any) -> Statement:
        """The next honest statement."""
        roster = self.roster
        given = {
            "reason": "because",
            "signed_at": NOON,
            "roster": roster,
            "circumstances": Circumstances(),
            **more,
        }
        chain = replay(bundle, roster)
        return next_statement(
            chain, self.content, self.files, self.people[who][0], meaning=Meaning(meaning), **given
        )

    def signed(self, bundle: bytes, who: str, meaning: str, **more: Any) -> bytes:
        """The bundle with an honest statement more."""
        return self.append(bundle, self.statement(bundle, who, meaning, **more), who)

    def forged(self, bundle: bytes, who: str, honest: Statement, **changes: Any) -> bytes:
        """The bundle with a statement that a dishonest program signed with a good key."""
        return self.append(bundle, replace(honest, **changes), who)

    def append(self, bundle: bytes, statement: Statement, who: str) -> bytes:
        """The bundle with a statement signed by somebody's key."""
        return bundle + seal_statement(statement, self.people[who][1]) + b"\n"
