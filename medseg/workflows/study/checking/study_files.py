"""The files of a study: images, revisions and the bundles beside them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from medseg.errors import MedsegError
from medseg.io.file_digest import file_sha256
from medseg.io.sign_off_file import read_sign_off
from medseg.progress import Progress
from medseg.study.folder import StudyFolder
from medseg.study.records import Case, Revision
from medseg.workflows.study.checking.damage import Damage, Severity
from medseg.workflows.study.checking.table_rows import read_rows
from medseg.workflows.study.opened import Study
from medseg.workflows.study.revision_files import changed_files, files_of, require_unchanged, shown_bundle

MAX_THREADS = 4
"""Label maps that are held in memory at once; a disk gives no more either."""

FileCheck = Callable[[], list[Damage]]


def file_damages(checks: Sequence[FileCheck], progress: Progress) -> list[Damage]:
    """Run the checks of files side by side; what they find comes in their order.

    Raises:
        Cancelled: The user stopped it.
    """
    found: list[Damage] = []
    with ThreadPoolExecutor(min(MAX_THREADS, os.cpu_count() or 1)) as pool:
        running = [pool.submit(check) for check in checks]
        try:
            for number, one in enumerate(running):
                progress("Checking files", number, len(running))
                found += one.result()
        finally:
            pool.shutdown(cancel_futures=True)
    progress("Checking files", len(running), len(running))
    return found


def check_of_image(folder: StudyFolder, case: Case) -> FileCheck:
    """Look for an image that is not the one that was added."""
    path = folder.image(case.id)
    what = folder.relative(path)

    def check() -> list[Damage]:
        if not path.is_file():
            return [Damage("image-missing", what, f"the image of {case.id} is gone")]
        if file_sha256(path) != case.image_sha256:
            return [Damage("image-changed", what, f"the image of {case.id} is not the one that was added")]
        return []

    return _told(check, what)


def check_of_revision(folder: StudyFolder, revision: Revision) -> FileCheck:
    """Look for files of a revision that are missing, changed or new, or hold another content."""
    return _told(lambda: list(_of_revision(folder, revision)), revision.folder)


def _of_revision(folder: StudyFolder, revision: Revision) -> Iterator[Damage]:
    files = files_of(folder, revision)
    if not files.nifti.parent.is_dir():
        yield Damage("revision-missing", revision.folder, "its folder is gone")
        return
    differs = changed_files(files, revision)
    known = {*revision.files, files.sign_off.name, *(said.split(" ")[0] for said in differs)}
    others = sorted(path.name for path in files.nifti.parent.iterdir() if path.name not in known)
    differs += [f"{name} is new" for name in others if not name.startswith(".")]
    for said in differs:
        yield Damage("revision-changed", f"{revision.folder}/{said.split(' ')[0]}", said)
    if not differs:
        try:
            require_unchanged(folder, revision)
        except MedsegError as error:
            yield Damage("revision-changed", revision.folder, error.message)


def bundle_file_damages(study: Study, revision: Revision, expected: bytes) -> Iterator[Damage]:
    """A bundle file that is not what the database has.

    Args:
        study: The study.
        revision: The revision.
        expected: The bundle as the database had it when all was read.
    """
    path = files_of(study.folder, revision).sign_off
    what = study.folder.relative(path)
    if not path.parent.is_dir():
        return
    try:
        found, expected = read_sign_off(path), shown_bundle(expected, revision.digest)
        if found != expected:
            # Somebody may have signed since.
            with study.store.reading() as r:
                bundle = read_rows(r).bundle(revision.case_id, revision.digest)
            expected = shown_bundle(bundle, revision.digest)
    except (MedsegError, OSError) as error:
        yield Damage("bundle-damaged", what, _message(error))
        return
    if found == expected:
        return
    if not is_behind(found, expected):
        yield Damage("bundle-differs", what, "the statements are not those that the study knows")
    elif _is_staged(path, expected):
        message = "older than the database: a program was killed before it put the new one in place"
        yield Damage("bundle-behind", what, message, Severity.NOTE)
    else:
        yield Damage("bundle-behind", what, "older than the database: it was cut off or put back")


def is_behind(found: bytes, expected: bytes) -> bool:
    """Whether a bundle is one that was there earlier."""
    return found != expected and expected.startswith(found) and (not found or found.endswith(b"\n"))


def _is_staged(path: Path, bundle: bytes) -> bool:
    """Whether the new bundle lies beside the old one, where a program wrote it before it was killed."""
    try:
        return any(staged.read_bytes() == bundle for staged in path.parent.glob(f".*.{path.name}"))
    except OSError:
        return False


def _told(check: FileCheck, what: str) -> FileCheck:
    """The check; files that can't be read are a damage of their own."""

    def guarded() -> list[Damage]:
        try:
            return check()
        except (MedsegError, OSError) as error:
            return [Damage("file-unreadable", what, _message(error))]

    return guarded


def _message(error: MedsegError | OSError) -> str:
    return error.message if isinstance(error, MedsegError) else f"it can't be read: {error.strerror or error}"
