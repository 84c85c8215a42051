"""How far the sign-off has come, in the words of DICOM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from medseg.review.states import Meaning, State
from medseg.review.verification import Verification


class ApprovalStatus(StrEnum):
    """Approval Status (300E,0002), DICOM PS3.3 C.8.8.16."""

    APPROVED = "APPROVED"
    UNAPPROVED = "UNAPPROVED"
    REJECTED = "REJECTED"


_DECISIONS: Mapping[State, tuple[ApprovalStatus, frozenset[Meaning]]] = {
    State.APPROVED: (ApprovalStatus.APPROVED, frozenset({Meaning.APPROVED})),
    State.RELEASED: (ApprovalStatus.APPROVED, frozenset({Meaning.APPROVED})),
    State.CHANGES_REQUESTED: (ApprovalStatus.REJECTED, frozenset({Meaning.CHANGES_REQUESTED})),
    State.WITHDRAWN: (ApprovalStatus.REJECTED, frozenset({Meaning.WITHDRAWN})),
}
"""The states in which somebody has decided, and which signature did."""


@dataclass(frozen=True)
class Approval:
    """Who approved or rejected, and when.

    Attributes:
        status: Where it stands.
        reviewer: Printed name, from the roster; empty where nobody has decided.
        at: When, as the reviewer's clock claims; None where nobody has decided.
    """

    status: ApprovalStatus = ApprovalStatus.UNAPPROVED
    reviewer: str = ""
    at: datetime | None = None


def approval_of(verification: Verification) -> Approval:
    """What a sign-off says in the words of DICOM.

    Only a label map that is what was signed is anything but unapproved. Changes that a reviewer asked for,
    and what was withdrawn, are ``REJECTED``: somebody looked and it did not pass, while ``UNAPPROVED`` is
    said of what nobody has looked at (PS3.3 C.8.8.16). What was submitted, for the first time or again, still
    waits, also where some of its structures are approved. What was superseded or opened for amending is not
    in force any more; DICOM has no word for that, and ``UNAPPROVED`` lets nobody use it.

    Args:
        verification: The answer of a verification with a trust folder.
    """
    decided = _DECISIONS.get(verification.state)
    if decided is None or not verification.holds:
        return Approval()
    status, meanings = decided
    # Who released it, or was the second to approve, comes after who approved it first: the last one decided.
    for signature in reversed(verification.signatures):
        if signature.meaning in meanings:
            return Approval(status, signature.name, signature.signed_at)
    return Approval()
