"""A roster in memory whose people sign changes of it, honestly or not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from medseg.review.envelope import seal
from medseg.review.fold import read_roster
from medseg.review.founding import seal_roster
from medseg.review.keys import SigningKey
from medseg.review.roster import Roster
from medseg.review.roster_change import CHANGE_TYPE, Change, RosterChange
from signers import NOON, person

DAY = timedelta(days=1)

STAFF = (
    ("Ben", "radiologist"),
    ("Cleo", "radiologist"),
    ("Ada", "annotator"),
    ("Dora", "qa"),
    ("Emil", "coordinator"),
)


@dataclass
class LivingRoster:
    """The bytes of a trust folder, and the keys of its people.

    Attributes:
        keys: The latest key of each person, by id; of strangers too.
        founding: The bytes of ``roster.json``.
        changes: The bytes of ``changes.jsonl``.
    """

    keys: dict[str, SigningKey]
    founding: bytes
    changes: bytes = b""

    @property
    def roster(self) -> Roster:
        """As it is read."""
        return read_roster(self.founding, self.changes)

    def line(
        self,
        change: Change,
        signers: Iterable[str | SigningKey],
        *,
        at: datetime = NOON,
        previous: str | None = None,
    ) -> bytes:
        """A change, signed by these people or keys, whether they may or not."""
        record = RosterChange(previous or self.roster.digest, at, "", change)
        keys = [self.keys[signer] if isinstance(signer, str) else signer for signer in signers]
        return seal(record.as_dict(), CHANGE_TYPE, keys)

    def change(self, change: Change, signers: Sequence[str | SigningKey], *, at: datetime = NOON) -> Roster:
        """Append a change and read the roster with it; a refused one is not appended.

        Raises:
            ReviewError: It is refused.
        """
        changed = replace(self, changes=self.changes + self.line(change, signers, at=at) + b"\n")
        roster = changed.roster
        self.changes = changed.changes
        return roster


def living_roster(staff: Sequence[tuple[str, str]] = STAFF, founders: int = 2) -> LivingRoster:
    """A site; its first people are the founders."""
    made = [person(name, role) for name, role in staff]
    founding = seal_roster([p for p, _ in made], [k for _, k in made[:founders]], founded=NOON - DAY)
    return LivingRoster({p.id: key for p, key in made}, founding)
