"""The worklist: cases by what is asked of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from medseg.review.states import State
from medseg.study.records import Case


@dataclass(frozen=True)
class Filter:
    """Which cases; what is not given does not matter.

    Attributes:
        state: In one of these states.
        person: Id of a reader or adjudicator of the case.
        structure: Name of a structure wanted.
        due_before: Due on an earlier day.
        text: Occurs in the case's id.
        open_comments: Whether it has open comments.
    """

    state: tuple[State, ...] = ()
    person: str | None = None
    structure: str | None = None
    due_before: date | None = None
    text: str | None = None
    open_comments: bool | None = None


ALL = Filter()
"""Every case."""


@dataclass(frozen=True, slots=True)
class WorklistRow:
    """A case on the worklist.

    Attributes:
        case: The case.
        readers: Ids of its readers, in the order of the reads.
        open_comments: How many comments are open.
        updated: When anything about it changed last.
    """

    case: Case
    readers: tuple[str, ...]
    open_comments: int
    updated: datetime
