"""What a site asks of its sign-off: how many eyes, how many readings, how long a session lasts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from medseg.errors import ReviewError
from medseg.provenance.canonical_json import canonical_json
from medseg.provenance.json_object import JsonObject

MOST = 9
"""Approvals or readings that can be asked for; nobody has asked for more than three."""

LONGEST_SESSION_MINUTES = 480
"""A working day."""


@dataclass(frozen=True)
class Policy:
    """The rules of a site. Two holders of roles sign each version of them into the trust folder.

    Args:
        version: What people call it, such as ``1`` or ``2026-03``.
        approvals: How many radiologists must approve each structure.
        reads: How many readers contour a new case independently, blind to each other; 1 for no blind reading.
        session_minutes: After how many minutes without a signature who signs must say anew who he is.

    Raises:
        ReviewError: A number out of range, or a version that is no printable word of up to 64 characters.
    """

    version: str = "default"
    approvals: int = 1
    reads: int = 1
    session_minutes: int = 15

    def __post_init__(self) -> None:
        if not self.version.strip() or not self.version.isprintable() or len(self.version) > 64:
            raise ReviewError(f"expected a printable version of up to 64 characters, got {self.version!a}")
        for name, value, most in (
            ("approvals", self.approvals, MOST),
            ("reads", self.reads, MOST),
            ("session_minutes", self.session_minutes, LONGEST_SESSION_MINUTES),
        ):
            if not 1 <= value <= most:
                raise ReviewError(f"the policy: expected {name} from 1 to {most}, got {value}")

    @property
    def sha256(self) -> str:
        """Digest of the rules, over the RFC 8785 JSON of :meth:`as_dict`."""
        return hashlib.sha256(canonical_json(self.as_dict())).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """The policy as a JSON object."""
        return {
            "version": self.version,
            "approvals": self.approvals,
            "reads": self.reads,
            "session_minutes": self.session_minutes,
        }

    @classmethod
    def from_dict(cls, value: Any) -> Policy:
        """Read a policy back.

        Raises:
            SidecarError: A field is missing, unknown or of another type.
            ReviewError: A field says what can't be.
        """
        fields = JsonObject(value, "a policy", "version", "approvals", "reads", "session_minutes")
        return cls(
            version=fields.text("version"),
            approvals=fields.integer("approvals"),
            reads=fields.integer("reads"),
            session_minutes=fields.integer("session_minutes"),
        )
