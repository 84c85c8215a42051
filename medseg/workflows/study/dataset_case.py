"""One case of a training set: what was signed is copied, and the copy verified."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from medseg.io.datalist import signed_files
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti.label_map import read_label_map
from medseg.io.sign_off_file import read_sign_off
from medseg.labelmap import Structure
from medseg.labelmap.relabelling import LabelTable, name_key
from medseg.review.chain import replay
from medseg.review.states import State
from medseg.review.trust import Trust
from medseg.review.verification import Verdict
from medseg.study.records import Case, Revision
from medseg.workflows.study.dataset_left_out import (
    ABOUT_ONE_CASE,
    LeftOut,
    NotTakenError,
    left_out,
    not_in_force,
)
from medseg.workflows.study.opened import Study
from medseg.workflows.study.revision_files import changed_files, files_of, rolled_forward
from medseg.workflows.verify import verify

IN_FORCE = frozenset({State.APPROVED, State.RELEASED})
"""What may leave; ``released_only`` asks for the second."""


@dataclass(frozen=True)
class Candidate:
    """A case and the revision of it that is in force; None where none is.

    Attributes:
        case: The case.
        revision: Its revision in force.
        modality: Of the image; empty where nobody knows.
    """

    case: Case
    revision: Revision | None
    modality: str = ""


@dataclass(frozen=True)
class SignedCase:
    """A case whose signed label map lies in the training set, and verifies there.

    Attributes:
        case: The case.
        revision: Its revision in force.
        state: ``approved`` or ``released``.
        structures: The structure table.
        statements: Digests of the statements, in order.
        modality: Of the image.
    """

    case: Case
    revision: Revision
    state: State
    structures: tuple[Structure, ...]
    statements: tuple[str, ...]
    modality: str

    def not_looked_for(self, table: LabelTable) -> tuple[str, ...]:
        """Names of the table that the label map does not have, and that the case was not asked for.

        A structure that was asked for and is not there was found to be absent: the approval says so.
        """
        asked = set(map(name_key, self.case.structures))
        return tuple(name for name in table.missing_in(self.structures) if name_key(name) not in asked)


def copy_signed(
    study: Study, folder: Path, candidate: Candidate, trust: Trust, *, released_only: bool
) -> SignedCase | LeftOut:
    """Copy what was signed into a training set, and verify the copy: nothing else leaves.

    Args:
        study: The study.
        folder: The folder of the training set, with the trust folder ``trust`` in it.
        candidate: The case.
        trust: That trust folder, as read.
        released_only: Whether an approval is not enough.

    Returns:
        The case; or why it is left out, with nothing of it in the folder.

    Raises:
        OutputError: The copy can't be written.
    """
    case, revision = candidate.case, candidate.revision
    if revision is None:
        return not_in_force(study, case)
    try:
        return _copied(study, folder, candidate, revision, trust, released_only=released_only)
    except ABOUT_ONE_CASE as problem:
        shutil.rmtree(signed_files(folder, case.id).nifti.parent, ignore_errors=True)
        return left_out(case, problem)


def _copied(
    study: Study,
    folder: Path,
    candidate: Candidate,
    revision: Revision,
    trust: Trust,
    *,
    released_only: bool,
) -> SignedCase:
    case = candidate.case
    with study.store.reading() as r:
        bundle = rolled_forward(study.folder, r, revision)
    files = signed_files(folder, case.id)
    _copy(files_of(study.folder, revision), files)
    if differs := changed_files(files, revision):
        raise NotTakenError("damaged", f"changed outside of medseg: {', '.join(differs)}")
    if read_sign_off(files.sign_off) != bundle:
        raise NotTakenError("damaged", "somebody signed while it was copied: export again")
    found = verify(files.nifti, trust=folder / "trust")
    if found.verdict is not Verdict.VALID or found.content_digest != revision.digest:
        words = (*found.problems, *(f"{each.field} differs" for each in found.differs))
        raise NotTakenError("signature", f"it does not verify: {'; '.join(words) or found.verdict.value}")
    _require_about(case, bundle, trust)
    if found.state not in IN_FORCE:
        raise NotTakenError(found.state.value, f"its revision {revision.number} is {found.state}")
    if released_only and found.state is not State.RELEASED:
        raise NotTakenError("not-released", f"its revision {revision.number} is {found.state}, not released")
    if not found.structures:
        raise NotTakenError("no-structures", "it has no structures")
    if uncovered := [each.name for each in found.structures if not each.approved_by]:
        raise NotTakenError("not-covered", f"not covered by an approval: {', '.join(uncovered)}")
    return SignedCase(
        case,
        revision,
        found.state,
        read_label_map(files.nifti).structures,
        tuple(signature.sha256 for signature in found.signatures),
        candidate.modality,
    )


def _copy(source: LabelMapFiles, target: LabelMapFiles) -> None:
    if not source.nifti.parent.is_dir():
        raise NotTakenError("damaged", "its folder is missing")
    for path in source.present():
        copy_file(path, target.nifti.with_name(path.name))


def _require_about(case: Case, bundle: bytes, trust: Trust) -> None:
    """Leave out what was signed about another case or image: the database could say anything."""
    latest = replay(bundle, trust.roster, trust.checkpoints).latest
    about = None if latest is None else latest.circumstances
    if about is None or about.case != case.id:
        raise NotTakenError("signature", "its statements are about another case")
    if case.image_sha256 not in about.sources:
        raise NotTakenError("signature", "its statements are about another image")


def copy_file(source: Path, target: Path) -> None:
    """Copy a file of the study.

    Raises:
        NotTakenError: It is missing, or can't be read.
        OSError: The copy can't be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        stream = source.open("rb")
    except OSError as error:
        raise NotTakenError("damaged", f"{source.name} can't be read: {error.strerror or error}") from error
    with stream, target.open("wb") as copy:
        shutil.copyfileobj(stream, copy)
