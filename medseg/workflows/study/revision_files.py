"""The files of revisions: written once, found unchanged, and their bundles in step with the database."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from medseg.errors import (
    DamagedStudyError,
    DatabaseError,
    InputError,
    LabelMapError,
    MedsegError,
    OutputError,
)
from medseg.io.atomic import sync_folder, whole_file, write_whole
from medseg.io.atomic_folder import parents_of
from medseg.io.file_digest import file_sha256
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti.content import FileDigests, read_content_and_digests
from medseg.io.nifti.plain_copy import copy_plain
from medseg.io.sign_off_file import read_sign_off
from medseg.review.chain import read_statements
from medseg.study.folder import StudyFolder
from medseg.study.reading import Reader
from medseg.study.records import Case, Revision

READ_ONLY = 0o444
"""Nobody changes a revision by mistake; who means to is found by its digests."""


def files_of(folder: StudyFolder, revision: Revision) -> LabelMapFiles:
    """The files of a revision."""
    return LabelMapFiles(folder.absolute(revision.folder) / f"{revision.case_id}_dseg.nii.gz")


def require_image_unchanged(folder: StudyFolder, case: Case) -> None:
    """Refuse an image that is not the one that was added: contours are judged by what lies under them.

    Raises:
        DamagedStudyError: It is missing or another one.
    """
    path = folder.absolute(case.image)
    if not path.is_file() or file_sha256(path) != case.image_sha256:
        raise DamagedStudyError(
            f"the image of {case.id} is missing, or not the one that was added",
            hint="restore it from a copy; medseg study check tells more",
            reason="image-changed",
        )


def require_unchanged(folder: StudyFolder, revision: Revision) -> FileDigests:
    """Read a revision's files again, and refuse them if they are not what was saved.

    Raises:
        DamagedStudyError: A file is missing, changed or new; ``differs`` in the details names each.
    """
    files = files_of(folder, revision)
    differs = changed_files(files, revision)
    if differs:
        raise DamagedStudyError(
            f"revision {revision.number} of {revision.case_id} was changed outside of medseg: "
            f"{', '.join(differs)}",
            hint="restore it from a copy; medseg study check tells more",
            reason="revision-changed",
            differs=differs,
        )
    try:
        found = read_content_and_digests(files)
    except (InputError, LabelMapError) as error:
        raise DamagedStudyError(
            f"revision {revision.number} of {revision.case_id} can't be read: {error.message}",
            hint="restore it from a copy",
            reason="revision-changed",
        ) from error
    if found.content.digest() != revision.digest:
        raise DamagedStudyError(
            f"revision {revision.number} of {revision.case_id} has another content than was saved",
            hint="restore folder and database from copies of one time",
            reason="revision-changed",
        )
    return found


def changed_files(files: LabelMapFiles, revision: Revision) -> list[str]:
    """What is not as it was saved: names of files, and what became of them."""
    there = {path.name: path for path in files.present() if path != files.sign_off}
    differs = [f"{name} is missing" for name in revision.files if name not in there]
    differs += [f"{name} is new" for name in sorted(there.keys() - revision.files.keys())]
    for name, digest in revision.files.items():
        if name in there and file_sha256(there[name]) != digest:
            differs.append(f"{name} was changed")
    return differs


@contextmanager
def revision_in_place(source: LabelMapFiles, target: LabelMapFiles) -> Iterator[dict[str, str]]:
    """Copy the files of a label map to where a revision lies, in one step; they go again on any failure.

    A folder that is there already was left by a write that was killed before its row was: it is taken away
    first, since no row names it. Text that other programs wrote into headers does not come along.

    Args:
        source: The label map that was saved; its bundle is left out.
        target: The files of the revision.

    Returns:
        SHA-256 of each file, by name.

    Raises:
        OutputError: The disk is full, or the folder can't be written.
    """
    folder = target.nifti.parent
    temporary = folder.with_name(f".{secrets.token_hex(4)}.partial")
    try:
        with parents_of(temporary):
            try:
                temporary.mkdir()
                digests = _copied(source, target, temporary)
                if folder.exists():
                    shutil.rmtree(folder)
                temporary.rename(folder)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
            sync_folder(folder.parent)
    except OSError as error:
        raise OutputError(
            f"the revision could not be written: {error.strerror or error}",
            hint="check the free space; nothing was saved, and your working copy is as it was",
        ) from error
    try:
        yield digests
    except DatabaseError:
        raise  # whether the row was written is not known: files that no row names do no harm
    except MedsegError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _copied(source: LabelMapFiles, target: LabelMapFiles, folder: Path) -> dict[str, str]:
    digests = {}
    for path in source.present():
        if path == source.sign_off:
            continue
        name = target.stem + path.name.removeprefix(source.stem)
        name += ".gz" if name.endswith(".nii") else ""
        with whole_file(folder / name) as copy:
            if name.endswith(".nii.gz"):
                copy_plain(path, copy)
            else:
                copy.write_bytes(path.read_bytes())
            copy.chmod(READ_ONLY)
            digests[name] = file_sha256(copy)
    return digests


@dataclass(frozen=True)
class StagedBundle:
    """A bundle that is on the disk and not in its place yet.

    Attributes:
        temporary: Where it is.
        target: Where it belongs.
    """

    temporary: Path
    target: Path

    def publish(self) -> None:
        """Put it in its place. A failure is no loss: the database has it, and the next access tries again."""
        with suppress(OSError):
            self.temporary.replace(self.target)
            sync_folder(self.target.parent)


@contextmanager
def staged_bundle(target: Path, bundle: bytes) -> Iterator[StagedBundle]:
    """Write a bundle beside its place, before the database is told: a full disk is met here.

    Raises:
        OutputError: It can't be written.
    """
    temporary = target.with_name(f".{secrets.token_hex(4)}.{target.name}")
    try:
        write_whole(temporary, bundle)
        yield StagedBundle(temporary, target)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def shown_bundle(bundle: bytes, digest: str) -> bytes:
    """What stands in the file beside a revision: nothing before somebody signs that revision itself.

    The statements before it are about other revisions: with them alone, whoever verifies a draft would be
    told that it is not what was signed.

    Args:
        bundle: The statements of the revision, those on earlier ones included.
        digest: Content digest of the revision.
    """
    statements = read_statements(bundle) if bundle else ()
    return bundle if statements and statements[-1].content.digest() == digest else b""


def rolled_forward(folder: StudyFolder, r: Reader, revision: Revision) -> bytes:
    """The statements of a revision; their file is written again where a killed program left an older one.

    Raises:
        DamagedStudyError: The file is neither the bundle nor an earlier one.
        OutputError: It can't be written.
    """
    files = files_of(folder, revision)
    bundle = r.bundle(revision.case_id, revision.digest)
    shown, found = shown_bundle(bundle, revision.digest), read_sign_off(files.sign_off)
    if found == shown:
        return bundle
    if not shown.startswith(found) or (found and not found.endswith(b"\n")):
        raise DamagedStudyError(
            f"the statements beside revision {revision.number} of {revision.case_id} are not those that the "
            "study knows",
            hint="move the file away: it is written again from the database; medseg study check tells more",
            reason="bundle-differs",
        )
    write_whole(files.sign_off, shown, overwrite=True)
    return bundle
