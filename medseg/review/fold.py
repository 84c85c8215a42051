"""Read the roster: the founding roster and every change since, each checked at its place in the chain."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from medseg.errors import ReviewError, SidecarError
from medseg.review.changed_roster import changed
from medseg.review.envelope import open_envelope
from medseg.review.founding import read_founding
from medseg.review.quorum import require_signatures
from medseg.review.roster import AppliedChange, Roster
from medseg.review.roster_change import CHANGE_TYPE, RosterChange


def read_roster(founding: bytes, changes: bytes = b"") -> Roster:
    """Fold the changes into the founding roster.

    Changes that were edited, reordered, left out in between or brought from another trust folder are
    refused. A tail that was cut off is a shorter, sound chain: checkpoints name the digest of the roster
    that they knew, and find that (:mod:`medseg.review.checkpoint`).

    Args:
        founding: The bytes of ``roster.json``.
        changes: The bytes of ``changes.jsonl``; empty where there is none.

    Raises:
        SidecarError: Something is damaged.
        ReviewError: A change is not possible, does not follow the one before it, or is not signed by those
            who must sign it; ``change`` in the details is its number, from 1.
    """
    roster = read_founding(founding)
    if not changes:
        return roster
    *lines, rest = changes.split(b"\n")
    if rest:
        raise SidecarError(f"change {len(lines) + 1} of the roster: its line has no end")
    for number, line in enumerate(lines, start=1):
        try:
            roster = extended(roster, line)
        except (ReviewError, SidecarError) as error:
            raise type(error)(
                f"change {number} of the roster: {error.message}",
                hint="take the trust folder from where you trust it",
                **{**error.details, "change": number},
            ) from error
    return roster


def extended(roster: Roster, line: bytes) -> Roster:
    """The roster with one more change.

    Args:
        roster: The roster so far.
        line: The change, signed, without its end of line.

    Raises:
        SidecarError: It is damaged.
        ReviewError: It is not possible, does not follow, or is not signed by those who must sign it.
    """
    sealed = open_envelope(line, CHANGE_TYPE, "the change")
    record = RosterChange.from_dict(sealed.document)
    require_next(roster, record)
    after = changed(roster, record)
    signers = require_signatures(roster, record, sealed)
    applied = AppliedChange(hashlib.sha256(line).hexdigest(), record, signers)
    return replace(after, changes=(*roster.changes, applied), before=roster)


def require_next(roster: Roster, record: RosterChange) -> None:
    """Refuse a change that does not follow the last one of a roster.

    Raises:
        ReviewError: It names another roster, or claims an earlier time than the change before it.
    """
    if record.previous != roster.digest:
        raise ReviewError(
            "it does not follow the change before it: moved, repeated, or one is missing", reason="previous"
        )
    if roster.changes and record.at < roster.changes[-1].record.at:
        raise ReviewError("it claims an earlier time than the change before it", reason="time")
