"""What people should know about a roster, though nothing of it is wrong."""

from __future__ import annotations

from datetime import datetime

from medseg.errors import ReviewError
from medseg.review.roster import Roster

ENOUGH_PEOPLE = 3
"""With fewer, there are no two others who could revoke or replace somebody's lost key."""


def roster_remarks(roster: Roster, now: datetime) -> tuple[str, ...]:
    """Tell of changes that a thief may have signed, and of a site that is too small to help itself.

    A change that was signed with a key before anybody knew that it was compromised stays: taking it back
    would take back all that rests on it. People must look at it.

    Args:
        roster: The roster.
        now: The time.
    """
    remarks = []
    if len(roster.founders) == 1:
        remarks.append("one person founded this roster: that there are two people rests on that one's word")
    entitled = sum(_may_sign(roster, person.public_hex, now) for person in roster.people)
    if entitled < ENOUGH_PEOPLE:
        remarks.append(
            f"{entitled} of {len(roster.people)} people may sign now: with fewer than {ENOUGH_PEOPLE}, "
            "nobody's lost key can be revoked or replaced by others"
        )
    for number, change in enumerate(roster.changes, start=1):
        for public_hex in change.signers:
            revocation = roster.revocation(public_hex)
            holder = roster.holder_of(public_hex)
            if revocation and holder and revocation.from_ <= change.record.at and revocation.needs_checkpoint:
                remarks.append(
                    f"change {number} ({change.record.change}) was signed with a key of {holder.name} that "
                    f"was {revocation.why} from {revocation.from_.isoformat()}: look whether it is right"
                )
    return tuple(remarks)


def _may_sign(roster: Roster, public_hex: str, at: datetime) -> bool:
    try:
        roster.signer(public_hex, at)
    except ReviewError:
        return False
    return True
