"""The ledger: everything that happened in a study, each entry naming the digest of the one before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from medseg._version import __version__
from medseg.errors import DamagedStudyError
from medseg.provenance.canonical_json import canonical_json
from medseg.review.checkpoint import Checkpoint
from medseg.review.circumstances import LedgerHead, this_workstation

SCHEMA = "urn:medseg:ledger:1"

GENESIS = "0" * 64
"""What the first entry names as the one before it."""


class LedgerAction(StrEnum):
    """What happened."""

    STUDY_CREATED = "study-created"
    CASE_ADDED = "case-added"
    ASSIGNED = "assigned"
    DUE_CHANGED = "due-changed"
    CHECKED_OUT = "checked-out"
    SAVED = "saved"
    VIEWED = "viewed"
    SIGNED = "signed"
    REFUSED = "refused"
    COMMENTED = "commented"
    COMMENT_RESOLVED = "comment-resolved"
    EXPORTED = "exported"
    CHECKPOINTED = "checkpointed"
    TRUST_CHANGED = "trust-changed"


@dataclass(frozen=True)
class Event:
    """What is to be written down.

    Attributes:
        action: What happened.
        person: Id of who did it.
        role: In which role.
        case: Id of the case.
        read: Number of the read.
        revision: Content digest.
        statement: Digest of the statement's line.
        details: What else there is to say: JSON values, and nothing that names a patient.
    """

    action: LedgerAction
    person: str
    role: str
    case: str | None = None
    read: int | None = None
    revision: str | None = None
    statement: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LedgerEntry:
    """One entry.

    Attributes:
        number: From 1, without gaps.
        previous: Digest of the entry before it.
        sha256: SHA-256 of the text.
        text: The entry as RFC 8785 JSON: the fields of :class:`Event`, and schema, study, number, previous,
            at, workstation and software.
        action: As the index of the table has it; None where the entry was not read from a table.
        case_id: Likewise.
    """

    number: int
    previous: str
    sha256: str
    text: str
    action: str | None = None
    case_id: str | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """The text, parsed.

        Raises:
            DamagedStudyError: It is no JSON.
        """
        try:
            fields = json.loads(self.text)
        except (ValueError, RecursionError):
            raise DamagedStudyError(
                f"entry {self.number} of the ledger is no JSON", hint="medseg study check tells more"
            ) from None
        return fields if isinstance(fields, dict) else {}

    @property
    def head(self) -> LedgerHead:
        """What a statement or a checkpoint that follows it names."""
        return LedgerHead(self.number, self.sha256)


def next_entry(study_id: str, head: LedgerHead | None, event: Event, at: datetime) -> LedgerEntry:
    """Write down what happened, after the last entry.

    Args:
        study_id: Id of the study.
        head: The last entry; None where there is none.
        event: What happened.
        at: When, with zone, by this machine's clock.
    """
    number = 1 if head is None else head.number + 1
    previous = GENESIS if head is None else head.sha256
    text = canonical_json(
        {
            "schema": SCHEMA,
            "study": study_id,
            "number": number,
            "previous": previous,
            "at": at.isoformat(),
            "person": event.person,
            "role": event.role,
            "workstation": this_workstation(),
            "software": f"medseg {__version__}",
            "action": event.action.value,
            "case": event.case,
            "read": event.read,
            "revision": event.revision,
            "statement": event.statement,
            "details": dict(event.details),
        }
    )
    return LedgerEntry(
        number, previous, hashlib.sha256(text).hexdigest(), text.decode(), event.action.value, event.case
    )


@dataclass(frozen=True)
class LedgerProblem:
    """What is wrong with the ledger.

    Attributes:
        number: Of the entry, or of the one that is missing.
        message: What is wrong.
    """

    number: int
    message: str


@dataclass(frozen=True)
class LedgerCheck:
    """The answer of :func:`verify_ledger`.

    Attributes:
        count: How many entries follow each other soundly from the first.
        head: The last of them.
        problems: The first bad entry, and where checkpoints or statements know another ledger.
    """

    count: int
    head: LedgerHead | None
    problems: tuple[LedgerProblem, ...] = ()


def verify_ledger(
    entries: Iterable[LedgerEntry],
    study_id: str,
    *,
    checkpoints: Iterable[Checkpoint] = (),
    heads: Iterable[LedgerHead] = (),
) -> LedgerCheck:
    """Check the chain from its first entry, and what was kept elsewhere of it.

    A chain that was rebuilt from some entry on, or lost its tail, is sound in itself: checkpoints and the
    heads that signed statements name find it.

    Args:
        entries: All entries in order.
        study_id: Id of the study.
        checkpoints: Those of the trust folder, or copies kept elsewhere.
        heads: The heads that statements name.
    """
    anchors = _anchors(study_id, checkpoints, heads)
    head: LedgerHead | None = None
    problems: list[LedgerProblem] = []
    for entry in entries:
        problem = _problem_of(entry, head, study_id)
        if problem:
            problems.append(problem)
            break
        head = entry.head
        for known_as, by in anchors.pop(entry.number, ()):
            if known_as != entry.sha256:
                problems.append(LedgerProblem(entry.number, f"{by} names another entry {entry.number}"))
    if not problems:
        last = 0 if head is None else head.number
        problems += [
            LedgerProblem(number, f"entry {number} is missing: {by} names it, and the ledger ends at {last}")
            for number, known in sorted(anchors.items())
            for _, by in known
        ]
    return LedgerCheck(0 if head is None else head.number, head, tuple(problems))


def _anchors(
    study_id: str, checkpoints: Iterable[Checkpoint], heads: Iterable[LedgerHead]
) -> dict[int, list[tuple[str, str]]]:
    anchors: dict[int, list[tuple[str, str]]] = {}
    for number, checkpoint in enumerate(checkpoints, start=1):
        if checkpoint.study == study_id and checkpoint.size:
            anchors.setdefault(checkpoint.size, []).append((checkpoint.head, f"checkpoint {number}"))
    for head in heads:
        anchors.setdefault(head.number, []).append((head.sha256, "a signed statement"))
    return anchors


def _problem_of(entry: LedgerEntry, before: LedgerHead | None, study_id: str) -> LedgerProblem | None:
    number = 1 if before is None else before.number + 1
    previous = GENESIS if before is None else before.sha256
    if entry.number != number:
        return LedgerProblem(number, f"entry {number} is missing: entry {entry.number} follows")
    # SQLite keeps bytes or a number where text belongs, if somebody puts them there.
    if hashlib.sha256(str(entry.text).encode()).hexdigest() != entry.sha256:
        return LedgerProblem(number, f"entry {number} was edited: its text has another digest")
    try:
        fields = entry.fields
    except DamagedStudyError:
        return LedgerProblem(number, f"entry {number} is no JSON")
    expected = {
        "schema": SCHEMA,
        "study": study_id,
        "number": number,
        "previous": previous,
        "action": entry.action,
        "case": entry.case_id,
    }
    wrong = [name for name, value in expected.items() if fields.get(name) != value]
    if wrong:
        return LedgerProblem(number, f"entry {number} was edited or moved: its {wrong[0]} does not fit")
    if entry.previous != previous:
        return LedgerProblem(number, f"entry {number} was edited or moved: its link does not fit")
    return None
