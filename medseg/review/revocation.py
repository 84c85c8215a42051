"""Why and from when a key no longer counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Why(StrEnum):
    """Why a key was revoked."""

    LOST = "lost"
    COMPROMISED = "compromised"
    LEFT = "left"


@dataclass(frozen=True)
class Revocation:
    """The end of a key before its time. A rotation is none: its old key ends in good order.

    Attributes:
        from_: From when signatures no longer count.
        why: Why.
    """

    from_: datetime
    why: Why

    @property
    def needs_checkpoint(self) -> bool:
        """Whether an earlier signature counts only where a checkpoint shows that it was there by then.

        Somebody else may hold a lost or compromised key, and may claim any time with it.
        """
        return self.why is not Why.LEFT

    def is_stricter_than(self, other: Revocation | None) -> bool:
        """Whether this takes away what the other left."""
        if other is None:
            return True
        more_doubt = self.needs_checkpoint and not other.needs_checkpoint
        less_doubt = other.needs_checkpoint and not self.needs_checkpoint
        return self.from_ <= other.from_ and not less_doubt and (more_doubt or self.from_ < other.from_)
