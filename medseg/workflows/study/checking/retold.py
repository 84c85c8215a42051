"""The study as its ledger tells it: each entry in turn, from the first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from medseg.review.states import Meaning, State
from medseg.study.folder import StudyFolder
from medseg.study.ledger import LedgerAction
from medseg.study.records import Case, Read, Revision
from medseg.workflows.study.case_state import state_of
from medseg.workflows.study.checking.damage import Damage
from medseg.workflows.study.checking.table_rows import UNREADABLE

Entry = Mapping[str, Any]


@dataclass
class Retold:
    """What a study must hold if its ledger is true.

    Attributes:
        folder: Where things lie.
        cases: By id, with the state, the revision in force and the version that follow.
        updated: When each case changed last.
        reads: By case and number.
        revisions: By case and digest.
        statements: Digest of each line: the entry about it.
        bundles: By case and digest of the revision: the digests of its lines, in order.
        comments: By id: the entry about it.
        resolved: Ids of comments that were resolved: the entry about that.
        damages: Entries that tell what can't be.
    """

    folder: StudyFolder
    cases: dict[str, Case] = field(default_factory=dict)
    updated: dict[str, datetime] = field(default_factory=dict)
    reads: dict[tuple[str, int], Read] = field(default_factory=dict)
    revisions: dict[tuple[str, str], Revision] = field(default_factory=dict)
    statements: dict[str, Entry] = field(default_factory=dict)
    bundles: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    comments: dict[int, Entry] = field(default_factory=dict)
    resolved: dict[int, Entry] = field(default_factory=dict)
    damages: list[Damage] = field(default_factory=list)

    def reads_of(self, case_id: str) -> list[Read]:
        """The reads of a case, by number."""
        return [read for (owner, _), read in sorted(self.reads.items()) if owner == case_id]

    def file_of_image(self, case_id: str) -> str:
        """Where the image of a case lies, relative to the study."""
        return self.folder.relative(self.folder.image(case_id))


def retell(entries: Iterable[Entry], folder: StudyFolder) -> Retold:
    """Go through the ledger.

    Args:
        entries: The fields of the entries, in order. Those after a bad one are heard, too: otherwise all that
            they tell would be called unknown.
        folder: Where things lie.
    """
    told = Retold(folder)
    for entry in entries:
        tell = _TELL.get(entry["action"])
        if tell is None:
            continue
        try:
            tell(told, entry)
            if entry["action"] in _CHANGES_CASE and entry["details"].get("meaning") != Meaning.SUPERSEDED:
                _touch(told, entry)
        except UNREADABLE:
            message = "it tells what can't be after the entries before it"
            told.damages.append(Damage("ledger", f"entry {entry['number']}", message))
    return told


def _touch(told: Retold, entry: Entry) -> None:
    case = told.cases[entry["case"]]
    state = state_of(case, told.reads_of(case.id))
    told.cases[case.id] = replace(case, state=state, version=entry["number"])
    told.updated[case.id] = _time(entry)


def _added(told: Retold, entry: Entry) -> None:
    details, case_id = entry["details"], entry["case"]
    reads = details["reads"]
    told.cases[case_id] = Case(
        id=case_id,
        state=State.UNASSIGNED,
        image=told.file_of_image(case_id),
        image_sha256=details["image_sha256"],
        structures=tuple(details["structures"]),
        reads=reads,
        due=_day(details["due"]),
        leading=1 if reads == 1 else None,
    )
    for number in range(1, reads + 1):
        told.reads[case_id, number] = Read(case_id, number, None, State.UNASSIGNED)


def _assigned(told: Retold, entry: Entry) -> None:
    case = told.cases[entry["case"]]
    details = entry["details"]
    numbers = range(1, case.reads + 1) if case.leading is None else [case.leading]
    for number, reader in zip(numbers, details["readers"], strict=True):
        read = told.reads[case.id, number]
        if read.reader != reader:
            told.reads[case.id, number] = replace(read, reader=reader, state=State.ASSIGNED)
    told.cases[case.id] = replace(case, adjudicator=details["adjudicator"], due=_day(details["due"]))


def _due(told: Retold, entry: Entry) -> None:
    case = told.cases[entry["case"]]
    told.cases[case.id] = replace(case, due=_day(entry["details"]["to"]))


def _saved(told: Retold, entry: Entry) -> None:
    key, digest, details = (entry["case"], entry["read"]), entry["revision"], entry["details"]
    read = told.reads.get(key) or Read(*key, entry["person"], State.ASSIGNED)
    told.bundles[entry["case"], digest] = _first_lines(told, read)
    told.reads[key] = replace(read, state=State.IN_PROGRESS, head=digest)
    told.revisions[entry["case"], digest] = Revision(
        case_id=entry["case"],
        digest=digest,
        number=details["number"],
        read=entry["read"],
        parent=details["parent"],
        author=entry["person"],
        saved_at=_time(entry),
        folder=told.folder.relative(told.folder.revision(entry["case"], digest).nifti.parent),
        files=dict(details["files"]),
    )


def _first_lines(told: Retold, read: Read) -> list[str]:
    """The statements that the next revision of a read starts with."""
    if read.head is None:
        return []
    lines = told.bundles[read.case_id, read.head]
    is_opened = read.amendment is not None and read.head == read.base
    return [*lines, *([read.amendment] if is_opened and read.amendment else [])]


def _signed(told: Retold, entry: Entry) -> None:
    details, digest = entry["details"], entry["revision"]
    key = entry["case"], entry["read"]
    read, case = told.reads[key], told.cases[entry["case"]]
    state, meaning = State(details["state"]), Meaning(details["meaning"])
    told.statements[entry["statement"]] = entry
    if meaning is not Meaning.AMENDED:
        told.bundles[entry["case"], digest].append(entry["statement"])
    told.reads[key] = _read_after(read, entry, meaning, state)
    if meaning in (Meaning.SUBMITTED, Meaning.ADJUDICATED):
        case = replace(case, leading=read.number)
    if meaning is Meaning.APPROVED and state is State.APPROVED:
        case = replace(case, in_force=digest)
    if meaning is Meaning.WITHDRAWN and case.in_force == digest:
        case = replace(case, in_force=None)
    told.cases[case.id] = case


def _read_after(read: Read, entry: Entry, meaning: Meaning, state: State) -> Read:
    if meaning is Meaning.AMENDED:
        return replace(
            read,
            state=State.IN_PROGRESS,
            base=entry["revision"],
            amendment=entry["statement"],
            reader=entry["details"]["reader"],
        )
    return replace(read, state=state) if entry["revision"] == read.head else read


def _commented(told: Retold, entry: Entry) -> None:
    told.comments[entry["details"]["comment"]] = entry


def _resolved(told: Retold, entry: Entry) -> None:
    told.resolved[entry["details"]["comment"]] = entry


def _time(entry: Entry) -> datetime:
    return datetime.fromisoformat(entry["at"])


def _day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)


_TELL: Mapping[str, Callable[[Retold, Entry], None]] = {
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
