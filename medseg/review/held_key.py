"""A key that somebody holds or held, and for which time its signatures count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from medseg.review.revocation import Revocation


@dataclass(frozen=True)
class HeldKey:
    """One key of one person. It stays on the roster for ever: old signatures must be verifiable.

    Attributes:
        public_hex: Public key, 32 bytes in hexadecimal.
        person_id: Whose it is.
        valid_from: From when signatures count.
        valid_to: Until when signatures count.
        rotated_at: When a new key took its place.
        revocation: Why and from when it no longer counts.
    """

    public_hex: str
    person_id: str
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    rotated_at: datetime | None = None
    revocation: Revocation | None = None

    def objection(self, at: datetime) -> tuple[str, str] | None:
        """Why a signature of that time does not count: a stable word and a clause; None where it counts."""
        if self.valid_from is not None and at < self.valid_from:
            return "not-yet-valid", f"not before {self.valid_from.isoformat()}"
        if self.valid_to is not None and at >= self.valid_to:
            return "expired", f"only until {self.valid_to.isoformat()}"
        if self.revocation is not None and at >= self.revocation.from_:
            return (
                "revoked",
                f"the key was revoked from {self.revocation.from_.isoformat()} ({self.revocation.why})",
            )
        if self.rotated_at is not None and at >= self.rotated_at:
            return "rotated", f"another key took its place at {self.rotated_at.isoformat()}"
        return None
