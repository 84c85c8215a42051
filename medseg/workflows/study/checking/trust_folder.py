"""The trust folder of a study: its roster, its checkpoints, and what the ledger knows of both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from medseg.errors import MedsegError, ReviewError
from medseg.io.trust_folder import (
    CHANGES_NAME,
    CHECKPOINTS_NAME,
    read_checkpoints_file,
    read_trust,
    read_trust_and_checkpoints,
)
from medseg.review.checkpoint import Checkpoints
from medseg.review.roster import Roster
from medseg.review.roster_remarks import roster_remarks
from medseg.review.trust import Trust
from medseg.study.ledger import LedgerAction
from medseg.workflows.study.checking.damage import Damage, Severity
from medseg.workflows.study.checking.retold import Entry


@dataclass(frozen=True)
class TrustFound:
    """A trust folder, as far as it can be used.

    Attributes:
        trust: Roster and checkpoints; None where not even the roster is sound.
        damages: What is wrong with it.
    """

    trust: Trust | None
    damages: tuple[Damage, ...] = ()


def look_at_trust(folder: Path) -> TrustFound:
    """Read a trust folder; the roster is used also where the checkpoints are damaged."""
    try:
        return TrustFound(read_trust_and_checkpoints(folder))
    except MedsegError:
        pass
    try:
        roster = read_trust(folder)
    except MedsegError as error:
        return TrustFound(None, (Damage("trust-damaged", "trust", error.message),))
    try:
        checkpoints = read_checkpoints_file(folder, roster)
    except MedsegError as error:
        what = f"trust/{CHECKPOINTS_NAME}"
        return TrustFound(Trust(roster), (Damage("trust-damaged", what, error.message),))
    return TrustFound(Trust(roster, checkpoints))


def kept_damages(checkpoints: Checkpoints, kept: Checkpoints) -> Iterator[Damage]:
    """Checkpoints that were kept elsewhere and that the trust folder no longer has."""
    if not checkpoints.continues(kept):
        message = "the checkpoints are not those that were kept elsewhere, or lack some of them"
        yield Damage("checkpoints-differ", f"trust/{CHECKPOINTS_NAME}", message)


def marked_damages(study_id: str, checkpoints: Iterable[Checkpoints], there: set[str]) -> Iterator[Damage]:
    """Statements that a checkpoint names and that are gone."""
    told: set[str] = set()
    for chain in checkpoints:
        for number, checkpoint in enumerate(chain.all, start=1):
            if checkpoint.study != study_id:
                continue
            for mark in checkpoint.statements:
                if mark.sha256 in there or mark.sha256 in told:
                    continue
                told.add(mark.sha256)
                message = f"checkpoint {number} names it ({mark.meaning}), and the study no longer has it"
                yield Damage("statement-missing", f"statement {mark.sha256[:12]}", message)


def entries_against_trust(entries: Iterable[Entry], trust: Trust, study_id: str) -> Iterator[Damage]:
    """What the ledger says of rosters, checkpoints and people, against the trust folder.

    Args:
        entries: The entries of the ledger, in order.
        trust: The trust folder as it was after the ledger was read.
        study_id: Id of the study.
    """
    roster: Roster | None = None
    known = {(one.size, one.head) for one in trust.checkpoints.all if one.study == study_id}
    for entry in entries:
        details, what = entry["details"], f"entry {entry['number']}"
        digest = details.get("trust")
        if isinstance(digest, str):
            roster = _as_of(trust.roster, digest)
            if roster is None:
                message = f"{what} knows a roster that the trust folder never had, or no longer has"
                yield Damage("trust-damaged", f"trust/{CHANGES_NAME}", message)
        if entry["action"] == LedgerAction.CHECKPOINTED:
            named = (details.get("size"), details.get("head"))
            if named not in known:
                message = f"{what} tells of a checkpoint that is not there"
                yield Damage("checkpoint-missing", f"trust/{CHECKPOINTS_NAME}", message)
        if roster is not None:
            yield from _of_person(entry, roster, trust.roster)


def _of_person(entry: Entry, roster: Roster, latest: Roster) -> Iterator[Damage]:
    """Who acted, and in which role, by the roster that held then."""
    what, person = f"entry {entry['number']}", roster.person(entry["person"])
    if person is None and latest.person(entry["person"]) is None:
        yield Damage("person-unknown", what, "who acted is not on the roster")
    # Who was refused may have been so because his role had changed.
    elif person is not None and person.role != entry["role"] and entry["action"] != LedgerAction.REFUSED:
        message = f"{person.name} acted as {str(entry['role'])[:40]}, and is {person.role} by the roster"
        yield Damage("role-differs", what, message)


def trust_notes(trust: Trust, now: datetime) -> Iterator[Damage]:
    """What should be known of a trust folder, though nothing of it is wrong."""
    for remark in (*roster_remarks(trust.roster, now), *trust.checkpoints.remarks):
        yield Damage("trust-remark", "trust", remark, Severity.NOTE)


def _as_of(roster: Roster, digest: str) -> Roster | None:
    try:
        return roster.as_of(digest)
    except ReviewError:
        return None
