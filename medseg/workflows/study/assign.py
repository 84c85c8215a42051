"""Hand a case out: to its readers, and to who decides between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from medseg.errors import StudyError, TransitionError
from medseg.review.person import Person
from medseg.review.role import Role
from medseg.review.states import ORGANISERS, Work, next_state
from medseg.study.ledger import LedgerAction
from medseg.study.records import Case, Read
from medseg.workflows.study.acting import Act, acting
from medseg.workflows.study.case_state import put_with_state
from medseg.workflows.study.opened import Study
from medseg.workflows.study.signing_in import SignedIn

READERS = frozenset({Role.ANNOTATOR, Role.RADIOLOGIST})
"""Who contours."""


def assign(
    study: Study,
    who: SignedIn,
    case_id: str,
    readers: Sequence[str],
    *,
    adjudicator: str | None = None,
    due: date | None = None,
    expected_version: int | None = None,
) -> Case:
    """Hand a case out, for the first time or to others.

    A read that somebody has begun goes on under its new reader with the revisions that are there; who saved
    any of them stays an author. What was submitted stays with who submitted it.

    Args:
        study: The study.
        who: A coordinator, QA or radiologist.
        case_id: The case.
        readers: Ids of the readers: as many as the case has reads, in their order.
        adjudicator: Id of the radiologist who decides between blind reads; by default any who reads none.
        due: Until when; by default as it was.
        expected_version: Version of the case that was looked at.

    Raises:
        TransitionError: Not possible from this state or by this person, or for that reader.
        UnknownCaseError: There is no such case.
        ConflictError: The case changed meanwhile.
    """
    with acting(study, who, case_id, "assign") as act:
        act.require_role(ORGANISERS, "assign cases")
        case = act.t.case(case_id)
        act.t.require_version(case, expected_version)
        _require_people(act, case, readers, adjudicator)
        for read in act.t.reads(case_id):
            if read.number <= case.reads:
                _assign_read(act, read, readers[read.number - 1])
        until = due or case.due
        details = {
            "readers": list(readers),
            "adjudicator": adjudicator,
            "due": until and until.isoformat(),
        }
        entry = act.log(LedgerAction.ASSIGNED, details=details)
        return put_with_state(act.t, replace(case, adjudicator=adjudicator, due=until), entry)


def set_due(study: Study, who: SignedIn, case_id: str, due: date | None) -> Case:
    """Change until when a case is due.

    Raises:
        TransitionError: The role of who does it does not allow that.
        UnknownCaseError: There is no such case.
    """
    with acting(study, who, case_id, "change the due date") as act:
        act.require_role(ORGANISERS, "change due dates")
        case = act.t.case(case_id)
        details = {"from": case.due and case.due.isoformat(), "to": due and due.isoformat()}
        return act.t.put_case(replace(case, due=due), act.log(LedgerAction.DUE_CHANGED, details=details))


def _assign_read(act: Act, read: Read, reader: str) -> None:
    if read.reader == reader:
        return
    state = next_state(
        read.state, Work.ASSIGNED, act.person.role, is_author=False, same_content=True, reason=""
    )
    act.t.put_read(replace(read, reader=reader, state=state))


def _require_people(act: Act, case: Case, readers: Sequence[str], adjudicator: str | None) -> None:
    if len(readers) != case.reads:
        raise StudyError(
            f"{case.id} is read by {case.reads}, but {len(readers)} were named",
            hint="name each reader once",
            reason="readers",
        )
    if len(set(readers)) != len(readers):
        raise TransitionError(
            "one person can't read a case twice: that is no second opinion", rule="same-person"
        )
    for reader in readers:
        require_reader(act, reader)
    if adjudicator is None:
        return
    if not case.is_blind:
        raise StudyError(f"{case.id} has one reader: there is nothing to decide between", reason="readers")
    person = _present(act, adjudicator)
    if person.role is not Role.RADIOLOGIST:
        raise TransitionError(f"only a radiologist may adjudicate, not {person.role}", rule="role")
    if adjudicator in readers:
        raise TransitionError(f"{person.name} reads the case and can't decide about it", rule="author")


def require_reader(act: Act, person_id: str) -> Person:
    """Refuse to hand a case to somebody who does not contour.

    Raises:
        TransitionError: Of another role, or no longer on the roster.
    """
    person = _present(act, person_id)
    if person.role not in READERS:
        raise TransitionError(f"only annotator or radiologist may contour, not {person.role}", rule="role")
    return person


def _present(act: Act, person_id: str) -> Person:
    person = act.trust.roster.person(person_id)
    if person is None:
        raise TransitionError(f"{person_id[:80]!a} is not on the roster", rule="unknown-person")
    # Who has left, or lost his key, could never submit.
    return act.trust.roster.signer(person.public_hex, act.at, trust=act.trust.roster.digest)
