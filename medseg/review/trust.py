"""What verification rests on: the roster and the checkpoints of a trust folder."""

from __future__ import annotations

from dataclasses import dataclass

from medseg.review.checkpoint import NO_CHECKPOINTS, Checkpoints
from medseg.review.roster import Roster


@dataclass(frozen=True)
class Trust:
    """A trust folder as read.

    Attributes:
        roster: Who may sign, and who could.
        checkpoints: What was there by when.
    """

    roster: Roster
    checkpoints: Checkpoints = NO_CHECKPOINTS
