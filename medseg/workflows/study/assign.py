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

_LOOKS = (LedgerAction.CHECKED_OUT, LedgerAction.SAVED, LedgerAction.VIEWED, LedgerAction.EXPORTED)
"""After which somebody knows a read."""


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
    any of them stays an author. What was submitted stays with who submitted it. Of a case that was read
    blind, only the read that was chosen is handed out again once that is decided.

    Nobody who has looked at one blind read is handed another one of the case.

    Args:
        study: The study.
        who: A coordinator, QA or radiologist.
        case_id: The case.
        readers: Ids of the readers: as many as the case has reads, in their order; one after adjudication.
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
        for read, reader in zip(_open_reads(act, case), readers, strict=True):
            _assign_read(act, case, read, reader)
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


def _open_reads(act: Act, case: Case) -> list[Read]:
    """The reads that can be handed out: all before adjudication, then the one that counts."""
    reads = act.t.reads(case.id)
    if case.leading is not None:
        return [read for read in reads if read.number == case.leading]
    return [read for read in reads if read.number <= case.reads]


def _assign_read(act: Act, case: Case, read: Read, reader: str) -> None:
    if read.reader == reader:
        return
    if case.is_blind and case.leading is None and _has_looked_elsewhere(act, read, reader):
        raise TransitionError(
            f"{reader} has looked at another read of {case.id}, and would no longer be blind", rule="blind"
        )
    state = next_state(
        read.state, Work.ASSIGNED, act.person.role, is_author=False, same_content=True, reason=""
    )
    act.t.put_read(replace(read, reader=reader, state=state))


def _has_looked_elsewhere(act: Act, read: Read, person_id: str) -> bool:
    entries = (entry.fields for entry in act.t.ledger(case_id=read.case_id))
    return any(
        entry["person"] == person_id
        and entry["action"] in _LOOKS
        and entry["read"] not in (None, read.number)
        for entry in entries
    )


def _require_people(act: Act, case: Case, readers: Sequence[str], adjudicator: str | None) -> None:
    count = len(_open_reads(act, case))
    if len(readers) != count:
        raise StudyError(
            f"{case.id} is to be read by {count}, but {len(readers)} were named",
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
