"""How far the sign-off has come, in the words of DICOM."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from medseg.review.states import State
from medseg.review.verification import Verification


class ApprovalStatus(StrEnum):
    """Approval Status (300E,0002), DICOM PS3.3 C.8.8.16."""

    APPROVED = "APPROVED"
    UNAPPROVED = "UNAPPROVED"
    REJECTED = "REJECTED"


_STATUS_OF_STATE = {
    State.APPROVED: ApprovalStatus.APPROVED,
    State.CHANGES_REQUESTED: ApprovalStatus.REJECTED,
}
"""The states in which somebody has decided."""


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

    Only a label map that is what was signed is anything but unapproved. Changes that a reviewer asked for are
    ``REJECTED``: somebody looked and it did not pass, while ``UNAPPROVED`` is said of what nobody has looked
    at (PS3.3 C.8.8.16). What was submitted, for the first time or again, still waits.

    Args:
        verification: The answer of a verification with a trust folder.
    """
    status = _STATUS_OF_STATE.get(verification.state)
    if status is None or not verification.holds or not verification.signatures:
        return Approval()
    # The state after the last good signature is the verification's: that one decided.
    decision = verification.signatures[-1]
    return Approval(status, decision.name, decision.signed_at)
