"""The worklist: cases by what is asked of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

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


class Order(StrEnum):
    """Which cases come first."""

    DUE = "due"
    """Those due first, then those without a date; then by id."""
    UNCERTAINTY = "uncertainty"
    """Those that a model is least sure of; then those in which it found none, then those without a value."""


class WorklistRow(NamedTuple):
    """A case on the worklist; of all records the quickest to make, as there are thousands.

    Attributes:
        case: The case.
        readers: Ids of its readers, in the order of the reads.
        open_comments: How many comments are open.
        updated: When anything about it changed last.
        is_asked: Whether the model that was asked last was asked about this image.
        uncertainty: How unsure it is of it, 0 to 1; None where it found none of what is wanted.
    """

    case: Case
    readers: tuple[str, ...]
    open_comments: int
    updated: datetime
    is_asked: bool = False
    uncertainty: float | None = None

    @property
    def doubt(self) -> str:
        """How unsure the model is, for people; empty where it was not asked."""
        if not self.is_asked:
            return ""
        return "found none" if self.uncertainty is None else f"{self.uncertainty:.2f}"
