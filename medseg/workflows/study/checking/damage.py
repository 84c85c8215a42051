"""What is wrong with a study."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How bad it is.

    A note harms nothing: a write that was killed and left a file, a bundle that is written again from the
    database, a clock that ran wrong.
    """

    DAMAGE = "damage"
    NOTE = "note"


@dataclass(frozen=True)
class Damage:
    """Something that is not as it must be.

    Attributes:
        kind: A stable word.
        what: Which case, revision, entry or file; paths are relative to the study.
        message: What is wrong with it.
        severity: How bad it is.
        repaired: Whether it was put right.
    """

    kind: str
    what: str
    message: str
    severity: Severity = Severity.DAMAGE
    repaired: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The damage as a JSON object."""
        return {
            "kind": self.kind,
            "what": self.what,
            "message": self.message,
            "severity": self.severity.value,
            "repaired": self.repaired,
        }


@dataclass(frozen=True)
class StudyCheck:
    """What a check found.

    Attributes:
        damages: What is wrong, and what should be known.
        counts: How much was looked at: cases, revisions, statements, entries, files, comments.
        head: Digest of the ledger's last sound entry.
    """

    damages: tuple[Damage, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    head: str | None = None

    @property
    def is_sound(self) -> bool:
        """Whether nothing is damaged, or was and is put right."""
        return all(one.severity is Severity.NOTE or one.repaired for one in self.damages)

    def as_dict(self) -> dict[str, Any]:
        """The check as a JSON object."""
        return {
            "sound": self.is_sound,
            "damages": [damage.as_dict() for damage in self.damages],
            "counts": self.counts,
            "ledger_head": self.head,
        }
