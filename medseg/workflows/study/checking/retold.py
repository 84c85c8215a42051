"""The cases as the ledger tells them: each entry in turn, from the first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from medseg.review.states import Meaning, State
from medseg.study.ledger import LedgerAction
from medseg.study.records import Case, Read
from medseg.workflows.study.case_state import state_of


@dataclass
class Retold:
    """What a study must hold if its ledger is true.

    Attributes:
        cases: By id, with the state, the revision in force and the version that follow.
        reads: By case and number.
        revisions: Of each case, by digest: who saved it, and the details of the entry.
        statements: Digest of each line: the entry about it.
        comments: By id: the entry about it.
        resolved: Ids of comments that were resolved, and by whom.
    """

    cases: dict[str, Case] = field(default_factory=dict)
    reads: dict[tuple[str, int], Read] = field(default_factory=dict)
    revisions: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    statements: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    comments: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    resolved: dict[int, str] = field(default_factory=dict)

    def reads_of(self, case_id: str) -> list[Read]:
        """The reads of a case, by number."""
        return [read for (owner, _), read in sorted(self.reads.items()) if owner == case_id]


def retell(entries: Iterable[Mapping[str, Any]]) -> Retold:
    """Go through the ledger.

    Args:
        entries: The fields of sound entries, in order.
    """
    told = Retold()
    for entry in entries:
        tell = _TELL.get(entry["action"])
        if tell is None or (entry["case"] is None and entry["action"] != LedgerAction.CASE_ADDED):
            continue
        tell(told, entry)
        if entry["action"] in _CHANGES_CASE and entry["details"].get("meaning") != Meaning.SUPERSEDED:
            _touch(told, entry)
    return told


def _touch(told: Retold, entry: Mapping[str, Any]) -> None:
    case = told.cases[entry["case"]]
    state = state_of(case, told.reads_of(case.id))
    told.cases[case.id] = replace(case, state=state, version=entry["number"])


def _added(told: Retold, entry: Mapping[str, Any]) -> None:
    details, case_id = entry["details"], entry["case"]
    reads = details["reads"]
    told.cases[case_id] = Case(
        id=case_id,
        state=State.UNASSIGNED,
        image="",
        image_sha256=details["image_sha256"],
        structures=tuple(details["structures"]),
        reads=reads,
        due=_day(details["due"]),
        leading=1 if reads == 1 else None,
    )
    for number in range(1, reads + 1):
        told.reads[case_id, number] = Read(case_id, number, None, State.UNASSIGNED)


def _assigned(told: Retold, entry: Mapping[str, Any]) -> None:
    case = told.cases[entry["case"]]
    details = entry["details"]
    numbers = range(1, case.reads + 1) if case.leading is None else [case.leading]
    for number, reader in zip(numbers, details["readers"], strict=True):
        read = told.reads[case.id, number]
        if read.reader != reader:
            told.reads[case.id, number] = replace(read, reader=reader, state=State.ASSIGNED)
    told.cases[case.id] = replace(case, adjudicator=details["adjudicator"], due=_day(details["due"]))


def _due(told: Retold, entry: Mapping[str, Any]) -> None:
    case = told.cases[entry["case"]]
    told.cases[case.id] = replace(case, due=_day(entry["details"]["to"]))


def _saved(told: Retold, entry: Mapping[str, Any]) -> None:
    key = entry["case"], entry["read"]
    read = told.reads.get(key) or Read(*key, entry["person"], State.ASSIGNED)
    told.reads[key] = replace(read, state=State.IN_PROGRESS, head=entry["revision"])
    told.revisions[entry["case"], entry["revision"]] = entry


def _signed(told: Retold, entry: Mapping[str, Any]) -> None:
    details, digest = entry["details"], entry["revision"]
    key = entry["case"], entry["read"]
    read, case = told.reads[key], told.cases[entry["case"]]
    state, meaning = State(details["state"]), Meaning(details["meaning"])
    told.statements[entry["statement"]] = entry
    if meaning is Meaning.AMENDED:
        told.reads[key] = replace(
            read,
            state=State.IN_PROGRESS,
            base=digest,
            amendment=entry["statement"],
            reader=details["reader"],
        )
    elif digest == read.head:
        told.reads[key] = replace(read, state=state)
    if meaning in (Meaning.SUBMITTED, Meaning.ADJUDICATED):
        case = replace(case, leading=read.number)
    if meaning is Meaning.APPROVED and state is State.APPROVED:
        case = replace(case, in_force=digest)
    if meaning is Meaning.WITHDRAWN and case.in_force == digest:
        case = replace(case, in_force=None)
    told.cases[case.id] = case


def _commented(told: Retold, entry: Mapping[str, Any]) -> None:
    told.comments[entry["details"]["comment"]] = entry


def _resolved(told: Retold, entry: Mapping[str, Any]) -> None:
    told.resolved[entry["details"]["comment"]] = entry["person"]


def _day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)


_TELL = {
    LedgerAction.CASE_ADDED: _added,
    LedgerAction.ASSIGNED: _assigned,
    LedgerAction.DUE_CHANGED: _due,
    LedgerAction.SAVED: _saved,
    LedgerAction.SIGNED: _signed,
    LedgerAction.COMMENTED: _commented,
    LedgerAction.COMMENT_RESOLVED: _resolved,
}

_CHANGES_CASE = frozenset(
    {
        LedgerAction.CASE_ADDED,
        LedgerAction.ASSIGNED,
        LedgerAction.DUE_CHANGED,
        LedgerAction.SAVED,
        LedgerAction.SIGNED,
    }
)
