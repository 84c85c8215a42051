"""What programs that were killed left behind, and how it is put right."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from medseg.errors import MedsegError
from medseg.io.file_lock import exclusive
from medseg.io.sign_off_file import read_sign_off
from medseg.io.trust_folder import CHANGES_NAME, CHECKPOINTS_NAME
from medseg.review.chain import read_statements
from medseg.study.folder import DIGITS, StudyFolder
from medseg.workflows.study.checking.damage import Damage, Severity
from medseg.workflows.study.checking.study_files import is_behind
from medseg.workflows.study.checking.table_rows import TableRows, read_rows
from medseg.workflows.study.opened import Study
from medseg.workflows.study.revision_files import files_of, rolled_forward, shown_bundle

_LEFT_OVER = "left-over"

REPAIRABLE = ("bundle-behind", _LEFT_OVER)
"""Kinds of damage that are put right where asked, in a study that is sound otherwise."""


def left_overs(study: Study, known: set[str]) -> Iterator[Damage]:
    """Files and folders that nothing names: harmless, unless somebody signed them.

    Args:
        study: The study.
        known: What rows or the ledger named, relative to the study.
    """
    folder = study.folder
    found = [(folder.relative(path), _is_signed(path)) for path in _unknown(folder, known)]
    if not found:
        return
    with study.store.reading() as r:
        # Somebody may have saved since.
        known = named_by(read_rows(r), folder)
    for what, is_signed in found:
        if what in known:
            continue
        if is_signed:
            message = "it was signed, and neither the database nor the ledger knows it"
            yield Damage("revision-unknown", what, message)
        else:
            message = "nothing names it: left by a program that was killed"
            yield Damage(_LEFT_OVER, what, message, Severity.NOTE)


def named_by(rows: TableRows, folder: StudyFolder) -> set[str]:
    """The folders of revisions and the images that rows name, relative to the study."""
    revisions = {folder.relative(folder.revision(*key).nifti.parent) for key in rows.revisions}
    return revisions | {folder.relative(folder.image(case_id)) for case_id in rows.cases}


def repaired(study: Study, damages: list[Damage]) -> list[Damage]:
    """Put right what killed programs left, while nobody else writes; the damages as they are then.

    Nothing is touched in a study that is damaged otherwise: what looks left over may be all that is left of
    something.

    Raises:
        OutputError: The disk is full or read-only.
        ConflictError: Somebody else writes for too long.
    """
    if any(one.severity is Severity.DAMAGE and one.kind not in REPAIRABLE for one in damages):
        return damages
    folder, done = study.folder, set()
    locks = [folder.trust / name for name in (CHANGES_NAME, CHECKPOINTS_NAME)]
    with study.store.transaction() as t, exclusive(locks[0]), exclusive(locks[1]):
        rows = read_rows(t)
        for revision in rows.revisions.values():
            path = files_of(folder, revision).sign_off
            bundle = shown_bundle(rows.bundle(revision.case_id, revision.digest), revision.digest)
            if is_behind(read_sign_off(path), bundle):
                rolled_forward(folder, t, revision)
            done.add(("bundle-behind", folder.relative(path)))
        for path in list(_unknown(folder, named_by(rows, folder))):
            if not _is_signed(path):
                _remove(path)
                done.add((_LEFT_OVER, folder.relative(path)))
    return [replace(one, repaired=(one.kind, one.what) in done) for one in damages]


def _is_signed(path: Path) -> bool:
    """Whether somebody signed the revision in a folder, and not only those before it."""
    if not path.is_dir():
        return False
    for bundle in path.glob("*.intoto.jsonl"):
        try:
            digests = [statement.content.digest() for statement in read_statements(read_sign_off(bundle))]
        except (MedsegError, OSError):
            return True
        if any(digest[:DIGITS] == path.name for digest in digests):
            return True
    return False


def _unknown(folder: StudyFolder, known: set[str]) -> Iterator[Path]:
    for top in (folder.path / "revisions", folder.path / "images", folder.trust, folder.path):
        yield from filter(_is_partial, _inside(top))
    for kind in ("revisions", "images"):
        for case in filter(_is_whole_folder, _inside(folder.path / kind)):
            for path in _inside(case):
                if _is_partial(path) or (folder.relative(path) not in known and not _is_lock(path)):
                    yield path
                elif path.is_dir():
                    yield from filter(_is_partial, _inside(path))


def _inside(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _is_whole_folder(path: Path) -> bool:
    return path.is_dir() and not _is_partial(path)


def _is_lock(path: Path) -> bool:
    return path.name.startswith(".") and path.name.endswith(".lock")


def _is_partial(path: Path) -> bool:
    """Whether a name is one of :mod:`medseg.io.atomic` or of a revision on its way."""
    return path.name.startswith(".") and not _is_lock(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
