"""Which signatures somebody could give on a case now.

It tells what is worth offering. Whether a step is allowed is decided when it is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from medseg.review.person import Person
from medseg.review.role import Role
from medseg.review.states import TRANSITIONS, Meaning, State
from medseg.study.records import Read, Revision
from medseg.workflows.study.assign import READERS
from medseg.workflows.study.list_cases import CaseView

__all__ = ["READERS", "Meaning", "OpenStep", "Role", "editable_read", "may_adjudicate", "open_steps"]

_JUDGEMENTS = (
    Meaning.APPROVED,
    Meaning.CHANGES_REQUESTED,
    Meaning.RELEASED,
    Meaning.AMENDED,
    Meaning.WITHDRAWN,
)
"""What is signed on the read that counts."""

_OTHER_EYES = (Meaning.APPROVED, Meaning.CHANGES_REQUESTED, Meaning.RELEASED)
"""What nobody signs who drew any of it."""


@dataclass(frozen=True)
class OpenStep:
    """A signature that somebody could give.

    Attributes:
        meaning: What it would mean.
        revision: What would be signed.
        needs_reason: Whether a reason must be given.
    """

    meaning: Meaning
    revision: Revision
    needs_reason: bool


def open_steps(view: CaseView, person: Person) -> tuple[OpenStep, ...]:
    """The signatures that somebody could give on a case now, in the order of the work.

    Args:
        view: The case, as he may see it.
        person: Who.
    """
    return (*_submissions(view, person), *_adjudications(view, person), *_judgements(view, person))


def editable_read(view: CaseView, person: Person) -> Read | None:
    """The read of a case that somebody can work on now; None where there is none.

    Args:
        view: The case, as he may see it.
        person: Who.
    """
    leading = view.case.leading
    mine = [
        read
        for read in view.reads
        if read.reader == person.id and leading in (None, read.number) and not read.state.is_locked
    ]
    return mine[-1] if mine and person.role in READERS else None


def may_adjudicate(view: CaseView, person: Person) -> bool:
    """Whether it is somebody's part to decide between the blind reads of a case now.

    Args:
        view: The case, as he may see it.
        person: Who.
    """
    case = view.case
    drew = {one.author for one in view.revisions if one.read <= case.reads}
    read_it = {read.reader for read in view.reads if read.number <= case.reads}
    return (
        case.state is State.ADJUDICATION
        and person.role is Role.RADIOLOGIST
        and case.adjudicator in (None, person.id)
        and person.id not in drew | read_it
    )


def _submissions(view: CaseView, person: Person) -> Iterator[OpenStep]:
    read = editable_read(view, person)
    if read is None or read.head is None or read.is_opened:
        return
    is_blind = view.case.is_blind and view.case.leading is None and read.number <= view.case.reads
    yield _step(view, Meaning.READ if is_blind else Meaning.SUBMITTED, read.head, read.state)


def _adjudications(view: CaseView, person: Person) -> Iterator[OpenStep]:
    if not may_adjudicate(view, person):
        return
    for read in view.reads:
        if read.number <= view.case.reads and read.head is not None:
            yield _step(view, Meaning.ADJUDICATED, read.head, read.state)


def _judgements(view: CaseView, person: Person) -> Iterator[OpenStep]:
    read = next((read for read in view.reads if read.number == view.case.leading), None)
    if read is None or read.head is None or read.is_opened:
        return
    drew = {one.author for one in view.revisions}
    # Who submitted what another saved made it his own.
    drew |= {one.person_id for one in view.statements if Meaning(one.meaning).makes_author}
    if view.case.is_blind:
        drew |= {one.reader for one in view.reads if one.number <= view.case.reads and one.reader}
    for meaning in _JUDGEMENTS:
        transition = TRANSITIONS.get((read.state, meaning))
        if transition is None or person.role not in transition.roles:
            continue
        if meaning not in _OTHER_EYES or person.id not in drew:
            yield _step(view, meaning, read.head, read.state)


def _step(view: CaseView, meaning: Meaning, digest: str, state: State) -> OpenStep:
    revision = next(one for one in view.revisions if one.digest == digest)
    transition = TRANSITIONS.get((state, meaning))
    return OpenStep(meaning, revision, transition is not None and transition.needs_reason)
