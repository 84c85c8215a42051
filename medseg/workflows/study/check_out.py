"""Take a working copy of a case."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from medseg.errors import InputError, LabelMapError, OutputExistsError, TransitionError
from medseg.io.atomic import write_whole
from medseg.io.atomic_folder import parents_of
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti.content import read_content
from medseg.study.ledger import LedgerAction
from medseg.study.reading import Reader
from medseg.study.records import Case, Read
from medseg.workflows.study.acting import acting
from medseg.workflows.study.opened import Study
from medseg.workflows.study.own_read import own_read
from medseg.workflows.study.revision_files import files_of, require_image_unchanged, require_unchanged
from medseg.workflows.study.signing_in import SignedIn


@dataclass(frozen=True)
class WorkingCopy:
    """Where somebody works on a case.

    Attributes:
        case: The case.
        read: The read that it belongs to.
        image: The image, which is not changed.
        files: The label map to work on; it is not there before it is saved for the first time.
        parent: Digest of the revision that the copy was made from; None where there was none.
        is_unsaved: Whether there was a copy with work in it that no revision holds: it was kept.
    """

    case: Case
    read: Read
    image: Path
    files: LabelMapFiles
    parent: str | None
    is_unsaved: bool = False


def check_out(study: Study, who: SignedIn, case_id: str, *, out: Path | None = None) -> WorkingCopy:
    """Copy the latest revision of one's own read to where it can be worked on.

    Work that is there and in no revision is never written over.

    Args:
        study: The study.
        who: The reader, or who adjudicates.
        case_id: The case.
        out: A folder for the copy, without a label map of this case in it; by default ``work`` in the study.

    Raises:
        TransitionError: The case is not in the hands of who asks, or not to be worked on.
        DamagedStudyError: The revision or the image is not what was saved.
        OutputExistsError: There is a label map in ``out``.
        OutputError: The copy can't be written.
    """
    with acting(study, who, case_id, "check out") as act:
        case = act.t.case(case_id)
        read = own_read(act, case)
        if read.state.is_locked:
            raise TransitionError(
                f"{case_id} is {read.state}: it can be looked at, not worked on",
                hint="ask for changes, or amend it, with a reason",
                rule="order",
            )
        require_image_unchanged(study.folder, case)
        default = study.folder.work(case_id, act.person.id)
        files = default if out is None else LabelMapFiles(out / default.nifti.name)
        if out is not None and _present(files):
            raise OutputExistsError(
                f"{files.nifti.name} is there already", hint="choose another folder", path=str(out)
            )
        unsaved = _holds_unsaved_work(files, act.t, read)
        if not unsaved:
            _replace(study, act.t, files, read)
        act.log(LedgerAction.CHECKED_OUT, read=read.number, revision=read.head)
        image = study.folder.absolute(case.image)
        return WorkingCopy(case, read, image, files, read.head, is_unsaved=unsaved)


def _holds_unsaved_work(files: LabelMapFiles, r: Reader, read: Read) -> bool:
    # The label map is written last and removed first: sidecars alone are what a killed program left.
    if not files.nifti.exists():
        return False
    try:
        digest = read_content(files).digest()
    except (InputError, LabelMapError):
        return True
    return all(revision.digest != digest for revision in r.revisions(read.case_id))


def _replace(study: Study, r: Reader, files: LabelMapFiles, read: Read) -> None:
    with parents_of(files.nifti):
        for path in _present(files):
            path.unlink()
        if read.head is None:
            return
        revision = r.revision(read.case_id, read.head)
        require_unchanged(study.folder, revision)
        original = files_of(study.folder, revision)
        # The label map last: where it is, its sidecars are.
        for path in sorted(original.present(), key=lambda one: one == original.nifti):
            if path != original.sign_off:
                write_whole(files.nifti.with_name(path.name), path.read_bytes())


def _present(files: LabelMapFiles) -> tuple[Path, ...]:
    return files.present() if files.nifti.parent.is_dir() else ()
