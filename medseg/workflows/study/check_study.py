"""Is a study what it was: database, ledger, signatures and files, each against the others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from medseg.errors import MedsegError, StudyError
from medseg.io.trust_folder import read_checkpoint_copy, read_trust
from medseg.progress import Progress, silent
from medseg.review.chain import CLOCK_TOLERANCE
from medseg.review.checkpoint import NO_CHECKPOINTS, Checkpoints
from medseg.review.trust import Trust
from medseg.study.folder import StudyFolder
from medseg.study.ledger import LedgerCheck, LedgerEntry, verify_ledger
from medseg.study.reading import Reader
from medseg.workflows.study.checking.damage import Damage, Severity, StudyCheck
from medseg.workflows.study.checking.retold import Retold, retell
from medseg.workflows.study.checking.rows import row_damages
from medseg.workflows.study.checking.signatures import (
    bundle_damages,
    heads_of,
    opened_statements,
    statement_damages,
    trust_damage,
)
from medseg.workflows.study.checking.study_files import (
    bundle_file_damages,
    image_damages,
    leftovers,
    revision_damages,
)
from medseg.workflows.study.opened import Study, open_study
from medseg.workflows.verify import Verdict, verify


def check_study(
    study: Study | Path | str,
    *,
    repair: bool = False,
    kept: Checkpoints = NO_CHECKPOINTS,
    progress: Progress = silent,
) -> StudyCheck:
    """Find everything in a study that is not as it must be, and name it.

    The cases are told anew from the ledger, the states from the signed statements, and both are compared with
    the database and with the files. A study whose database is gone is checked as far as its files go.

    Args:
        study: The study, or its folder.
        repair: Whether what a killed program left is put right: bundles are written again from the database,
            files that no row names are removed. Nothing else is ever changed.
        kept: Checkpoints that were kept elsewhere.
        progress: Called before each case.

    Raises:
        Cancelled: The user stopped it.
    """
    if not isinstance(study, Study):
        folder = StudyFolder(Path(study))
        try:
            study = open_study(folder.path)
        except StudyError as error:
            damage = Damage("study-damaged", folder.path.name, error.message)
            return StudyCheck((damage, *_files_alone(folder, progress)))
    return _Check(study, repair=repair, kept=kept, progress=progress).run()


class _Check:
    """One check of one study."""

    def __init__(self, study: Study, *, repair: bool, kept: Checkpoints, progress: Progress) -> None:
        self._study = study
        self._repair = repair
        self._kept = kept
        self._progress = progress
        self._damages: list[Damage] = []

    def run(self) -> StudyCheck:
        """Look at everything."""
        trust = self._trust()
        with self._study.store.reading() as r:
            opened, damages = opened_statements(r)
            self._damages += [*damages, *statement_damages(opened)]
            ledger = self._ledger(r, trust, opened)
            told = self._retold(r)
            if told is not None:
                self._damages += row_damages(r, told)
            case_ids = r.case_ids()
            for number, case_id in enumerate(case_ids):
                self._progress("Checking cases", number, len(case_ids))
                self._damages += self._of_case(r, trust, case_id)
            self._progress("Checking cases", len(case_ids), len(case_ids))
            self._damages += leftovers(self._study.folder, r, repair=self._repair)
            counts = {
                "cases": len(case_ids),
                "revisions": sum(len(r.revisions(case_id)) for case_id in case_ids),
                "statements": len(opened),
                "entries": ledger.count,
                "comments": len(r.comments()),
                "checkpoints": len(trust.checkpoints.all) if trust else 0,
            }
        return StudyCheck(tuple(self._damages), counts, ledger.head.sha256 if ledger.head else None)

    def _trust(self) -> Trust | None:
        try:
            trust = self._study.trust()
        except MedsegError as error:
            self._damages.append(trust_damage(error))
            return None
        if not trust.checkpoints.continues(self._kept):
            message = "the checkpoints are not those that were kept elsewhere, or lack some of them"
            self._damages.append(Damage("checkpoints-differ", "trust/checkpoints.jsonl", message))
        return trust

    def _ledger(self, r: Reader, trust: Trust | None, opened: list[Any]) -> LedgerCheck:
        known = trust.checkpoints.all if trust else ()
        check = verify_ledger(
            r.ledger(),
            self._study.id,
            checkpoints=(*known, *self._kept.all),
            heads=heads_of(opened),
        )
        self._damages += [
            Damage("ledger", f"entry {problem.number}", problem.message) for problem in check.problems
        ]
        if trust is not None:
            there = {statement.sha256 for statement, _ in opened}
            for number, checkpoint in enumerate((*known, *self._kept.all), start=1):
                gone = [mark for mark in checkpoint.statements if mark.sha256 not in there]
                self._damages += [
                    Damage(
                        "statement-missing",
                        f"statement {mark.sha256[:12]}",
                        f"checkpoint {number} names it ({mark.meaning}), and the study no longer has it",
                    )
                    for mark in gone
                    if checkpoint.study == self._study.id
                ]
        return check

    def _retold(self, r: Reader) -> Retold | None:
        # Those after a bad entry are heard, too: otherwise all that they tell would be called unknown.
        entries = [fields for fields in map(_fields_of, r.ledger()) if fields is not None]
        self._damages += _clock_notes(entries)
        self._damages += self._trust_notes(entries)
        try:
            return retell(entries)
        except (KeyError, TypeError, ValueError, MedsegError) as error:
            # Entries that nobody edited, and that no medseg of this version wrote.
            message = f"its entries tell no story that can be: {type(error).__name__} {error}"
            self._damages.append(Damage("ledger", "ledger", message))
            return None

    def _trust_notes(self, entries: list[dict[str, Any]]) -> Iterator[Damage]:
        """A trust folder that lacks changes which somebody acted under."""
        try:
            known = set(self._study.trust().roster.digests)
        except MedsegError:
            return
        for entry in entries:
            digest = entry["details"].get("trust")
            if digest is not None and digest not in known:
                message = f"entry {entry['number']} knows a roster that the trust folder no longer has"
                yield Damage("trust-damaged", "trust/changes.jsonl", message)

    def _of_case(self, r: Reader, trust: Trust | None, case_id: str) -> Iterator[Damage]:
        folder, case = self._study.folder, r.case(case_id)
        yield from image_damages(folder, case)
        for revision in r.revisions(case_id):
            yield from revision_damages(folder, revision)
            yield from bundle_file_damages(folder, r, revision, repair=self._repair)
        if trust is not None:
            yield from bundle_damages(r, trust, case)


def read_kept_checkpoints(folder: Path, kept: Path | None) -> Checkpoints:
    """Read a copy of the checkpoints that was kept elsewhere.

    Args:
        folder: The study's folder, whose roster says who may have signed them.
        kept: The copy; None for none.

    Raises:
        SidecarError: It is damaged.
        ReviewError: A signature in it is not good, or it is of another trust folder.
    """
    if kept is None:
        return NO_CHECKPOINTS
    return read_checkpoint_copy(kept, read_trust(StudyFolder(folder).trust))


def _fields_of(entry: LedgerEntry) -> dict[str, Any] | None:
    """What an entry says; None where it can't be read."""
    try:
        return entry.fields
    except (ValueError, RecursionError):
        return None


def _clock_notes(entries: list[dict[str, Any]]) -> Iterator[Damage]:
    for before, after in pairwise(entries):
        behind = datetime.fromisoformat(before["at"]) - datetime.fromisoformat(after["at"])
        if behind > CLOCK_TOLERANCE:
            message = f"it claims a time {behind} before that of the entry before it: a clock ran wrong"
            yield Damage("clock", f"entry {after['number']}", message, Severity.NOTE)


def _files_alone(folder: StudyFolder, progress: Progress) -> Iterator[Damage]:
    """What the revisions on the disk say without a database."""
    paths = sorted((folder.path / "revisions").glob("*/*/*_dseg.nii.gz"))
    for number, path in enumerate(paths):
        progress("Checking files", number, len(paths))
        what = folder.relative(path)
        try:
            answer = verify(path, trust=folder.trust)
        except MedsegError as error:
            yield Damage("revision-changed", what, error.message)
            continue
        if answer.verdict in (Verdict.INVALID, Verdict.CONTENT_MATCHES):
            said = (*answer.problems, *(difference.field for difference in answer.differs))
            yield Damage(
                "revision-changed", what, f"{answer.verdict}: {'; '.join(said) or 'the files differ'}"
            )
        elif answer.verdict is Verdict.VALID:
            yield Damage("revision-found", what, f"{answer.state}, by its signatures", Severity.NOTE)
