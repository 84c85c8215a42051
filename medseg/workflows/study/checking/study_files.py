"""The files of a study: images, revisions, bundles, and what killed programs left."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from medseg.errors import MedsegError
from medseg.io.file_digest import file_sha256
from medseg.io.sign_off_file import read_sign_off
from medseg.study.folder import StudyFolder
from medseg.study.reading import Reader
from medseg.study.records import Case, Revision
from medseg.workflows.study.checking.damage import Damage, Severity
from medseg.workflows.study.revision_files import changed_files, files_of, require_unchanged, rolled_forward


def image_damages(folder: StudyFolder, case: Case) -> Iterator[Damage]:
    """An image that is not the one that was added."""
    path = folder.absolute(case.image)
    if not path.is_file():
        yield Damage("image-missing", case.image, f"the image of {case.id} is gone")
    elif file_sha256(path) != case.image_sha256:
        yield Damage("image-changed", case.image, f"the image of {case.id} is not the one that was added")


def revision_damages(folder: StudyFolder, revision: Revision) -> Iterator[Damage]:
    """Files of a revision that are missing, changed or new, or hold another content than was saved."""
    if not folder.absolute(revision.folder).is_dir():
        yield Damage("revision-missing", revision.folder, "its folder is gone")
        return
    differs = changed_files(files_of(folder, revision), revision)
    for said in differs:
        yield Damage("revision-changed", f"{revision.folder}/{said.split(' ')[0]}", said)
    if not differs:
        try:
            require_unchanged(folder, revision)
        except MedsegError as error:
            yield Damage("revision-changed", revision.folder, error.message)


def bundle_file_damages(
    folder: StudyFolder, r: Reader, revision: Revision, *, repair: bool
) -> Iterator[Damage]:
    """A bundle file that is not what the database has: an older one is written again where asked."""
    path = files_of(folder, revision).sign_off
    what = folder.relative(path)
    if not path.parent.is_dir():
        return
    try:
        found = read_sign_off(path)
    except MedsegError as error:
        yield Damage("bundle-damaged", what, error.message)
        return
    bundle = r.bundle(revision.case_id, revision.digest)
    if found == bundle:
        return
    if not bundle.startswith(found) or (found and not found.endswith(b"\n")):
        yield Damage("bundle-differs", what, "the statements are not those that the study knows")
        return
    if repair:
        rolled_forward(folder, r, revision)
    message = "older than the database: a program was killed before it was written, or it was put back"
    yield Damage("bundle-behind", what, message, repaired=repair)


def leftovers(folder: StudyFolder, r: Reader, *, repair: bool) -> Iterator[Damage]:
    """What programs that were killed left behind: no row names it, and it harms nothing."""
    revisions = {revision.folder for case_id in r.case_ids() for revision in r.revisions(case_id)}
    images = {r.case(case_id).image for case_id in r.case_ids()}
    for path in _unknown(folder, revisions, images):
        if repair:
            _remove(path)
        message = "no row of the database names it: left by a program that was killed"
        yield Damage("left-over", folder.relative(path), message, Severity.NOTE, repaired=repair)


def _unknown(folder: StudyFolder, revisions: set[str], images: set[str]) -> Iterator[Path]:
    for top in (folder.path / "revisions", folder.path / "images", folder.trust, folder.path):
        if top.is_dir():
            yield from (path for path in sorted(top.iterdir()) if _is_partial(path))
    for case in _folders(folder.path / "revisions"):
        for path in sorted(case.iterdir()):
            if _is_partial(path) or folder.relative(path) not in revisions:
                yield path
            elif path.is_dir():
                yield from (one for one in sorted(path.iterdir()) if _is_partial(one))
    for case in _folders(folder.path / "images"):
        yield from (
            path
            for path in sorted(case.iterdir())
            if _is_partial(path) or folder.relative(path) not in images
        )


def _folders(top: Path) -> list[Path]:
    return (
        [path for path in sorted(top.iterdir()) if path.is_dir() and not _is_partial(path)]
        if top.is_dir()
        else []
    )


def _is_partial(path: Path) -> bool:
    """Whether a name is one of :mod:`medseg.io.atomic` or of a revision on its way; not a lock's."""
    return path.name.startswith(".") and not path.name.endswith(".lock")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
