"""Is a study what it was: database, ledger, signatures and files, each against the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from medseg.errors import DatabaseError, MedsegError, StudyError
from medseg.io.trust_folder import read_checkpoint_copy, read_trust
from medseg.progress import Progress, silent
from medseg.review.checkpoint import NO_CHECKPOINTS, Checkpoints
from medseg.review.trust import Trust
from medseg.study.folder import StudyFolder
from medseg.study.ledger import LedgerCheck, verify_ledger
from medseg.study.reading import Reader
from medseg.study.records import Case, Revision
from medseg.workflows.study.checking.damage import Damage, Severity, StudyCheck
from medseg.workflows.study.checking.entries import clock_notes, readable
from medseg.workflows.study.checking.leftovers import left_overs, named_by, repaired
from medseg.workflows.study.checking.retold import Entry, Retold, retell
from medseg.workflows.study.checking.rows import row_damages
from medseg.workflows.study.checking.signatures import (
    Opened,
    bundle_damages,
    heads_of,
    opened_statements,
    statement_damages,
)
from medseg.workflows.study.checking.study_files import (
    FileCheck,
    bundle_file_damages,
    check_of_image,
    check_of_revision,
    file_damages,
)
from medseg.workflows.study.checking.table_rows import TableRows, read_rows
from medseg.workflows.study.checking.trust_folder import (
    TrustFound,
    entries_against_trust,
    kept_damages,
    look_at_trust,
    marked_damages,
    trust_notes,
)
from medseg.workflows.study.opened import Study, now, open_study
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
    the database and with the files. A study whose database is gone is checked as far as its files go. Others
    may work in the study meanwhile.

    Args:
        study: The study, or its folder.
        repair: Whether what a killed program left is put right: bundles are written again from the database,
            files that nothing names are removed. That is done only where nothing else is damaged; nothing
            else is ever changed.
        kept: Checkpoints that were kept elsewhere.
        progress: Called before each file.

    Raises:
        Cancelled: The user stopped it.
        OutputError: With ``repair``: the disk is full or read-only.
    """
    folder = StudyFolder(Path(study)) if not isinstance(study, Study) else study.folder
    try:
        opened = study if isinstance(study, Study) else open_study(study)
        return _Check(opened, kept, progress).run(repair=repair)
    except DatabaseError as error:
        return _without_database(folder, Damage("database-damaged", "database", error.message), progress)
    except StudyError as error:
        return _without_database(folder, Damage("study-damaged", "study", error.message), progress)


class _Check:
    """One check of one study."""

    def __init__(self, study: Study, kept: Checkpoints, progress: Progress) -> None:
        self._study = study
        self._folder = study.folder
        self._kept = kept
        self._progress = progress

    def run(self, *, repair: bool) -> StudyCheck:
        """Look at everything."""
        # The trust folder is read before and after: whoever signs meanwhile writes there, too. What it named
        # before must be in the ledger, and what the ledger names must be in it after.
        before = look_at_trust(self._folder.trust)
        self._progress("Reading database and ledger", 0, 1)
        with self._study.store.reading() as r:
            rows, entries = read_rows(r), readable(r.ledger())
            opened, damages = opened_statements(rows)
            ledger = self._ledger(r, before, opened)
            damages = [*_of_database(r), *damages]
        self._progress("Reading database and ledger", 1, 1)
        after = look_at_trust(self._folder.trust)
        told = retell(entries, self._folder)
        damages = [
            *(Damage("ledger", f"entry {problem.number}", problem.message) for problem in ledger.problems),
            *told.damages,
            *clock_notes(entries, now()),
            *damages,
            *row_damages(rows, told),
            *statement_damages(opened),
            *self._of_trust(before, after, rows, entries),
            *self._of_signatures(before, after, rows, opened),
            *self._of_files(rows, told),
        ]
        if repair:
            damages = repaired(self._study, damages)
        counts = {
            "cases": len(rows.cases),
            "revisions": len(rows.revisions),
            "statements": len(rows.statements),
            "entries": ledger.count,
            "comments": len(rows.comments),
            "checkpoints": len(after.trust.checkpoints.all) if after.trust else 0,
        }
        unique = tuple(dict.fromkeys(damages))
        return StudyCheck(unique, counts, ledger.head.sha256 if ledger.head else None)

    def _ledger(self, r: Reader, found: TrustFound, opened: Opened) -> LedgerCheck:
        known = found.trust.checkpoints.all if found.trust else ()
        anchors = dict.fromkeys((*known, *self._kept.all))
        return verify_ledger(r.ledger(), self._study.id, checkpoints=anchors, heads=heads_of(opened))

    def _of_trust(
        self, before: TrustFound, after: TrustFound, rows: TableRows, entries: list[Entry]
    ) -> Iterator[Damage]:
        yield from after.damages
        known = before.trust.checkpoints if before.trust else NO_CHECKPOINTS
        yield from marked_damages(self._study.id, (known, self._kept), set(rows.statements))
        if after.trust is None:
            return
        yield from kept_damages(after.trust.checkpoints, self._kept)
        yield from entries_against_trust(entries, after.trust, self._study.id)
        yield from trust_notes(after.trust, now())

    def _of_signatures(
        self, before: TrustFound, after: TrustFound, rows: TableRows, opened: Opened
    ) -> Iterator[Damage]:
        if after.trust is None:
            return
        known = before.trust.checkpoints if before.trust else NO_CHECKPOINTS
        yield from bundle_damages(rows, Trust(after.trust.roster, known), opened)

    def _of_files(self, rows: TableRows, told: Retold) -> Iterator[Damage]:
        """The files, against what the ledger says of them, or else the database."""
        cases: dict[str, Case] = {**rows.cases, **told.cases}
        revisions: dict[tuple[str, str], Revision] = {**rows.revisions, **told.revisions}
        checks: list[FileCheck] = [check_of_image(self._folder, case) for _, case in sorted(cases.items())]
        checks += [check_of_revision(self._folder, one) for _, one in sorted(revisions.items())]
        yield from file_damages(checks, self._progress)
        for key in sorted(rows.revisions):
            yield from bundle_file_damages(self._study, revisions[key], rows.bundle(*key))
        known = {one.folder for one in told.revisions.values()} | {one.image for one in told.cases.values()}
        yield from left_overs(self._study, known | named_by(rows, self._folder))


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


def _of_database(r: Reader) -> Iterator[Damage]:
    from medseg.study.inspection import broken_pages, missing_guards

    for said in broken_pages(r):
        yield Damage("database-damaged", "database", said)
    for name in missing_guards(r):
        message = "this guard against changed or deleted rows was taken off"
        yield Damage("guard-missing", f"trigger {name}", message, Severity.NOTE)


def _without_database(folder: StudyFolder, damage: Damage, progress: Progress) -> StudyCheck:
    """What the trust folder and the revisions on the disk say without a database."""
    found = look_at_trust(folder.trust)
    paths = sorted((folder.path / "revisions").glob("*/*/*_dseg.nii.gz"))
    damages = [damage, *found.damages]
    for number, path in enumerate(paths):
        progress("Checking files", number, len(paths))
        damages += _by_itself(folder, path)
    return StudyCheck(tuple(damages), {"revisions": len(paths)})


def _by_itself(folder: StudyFolder, path: Path) -> list[Damage]:
    what = folder.relative(path.parent)
    try:
        answer = verify(path, trust=folder.trust)
    except (MedsegError, OSError) as error:
        return [Damage("revision-changed", what, str(error))]
    if answer.verdict is Verdict.VALID:
        return [Damage("revision-found", what, f"{answer.state}, by its signatures", Severity.NOTE)]
    if answer.verdict is Verdict.UNSIGNED:
        return [Damage("revision-found", what, "nobody signed it", Severity.NOTE)]
    said = (*answer.problems, *(difference.field for difference in answer.differs))
    return [Damage("revision-changed", what, f"{answer.verdict}: {'; '.join(said) or 'the files differ'}")]
