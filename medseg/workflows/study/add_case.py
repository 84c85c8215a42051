"""Add an image to a study."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

from medseg.errors import ConflictError, DatabaseError, MedsegError, StudyError
from medseg.io.atomic import sync_folder, whole_file
from medseg.io.atomic_folder import parents_of
from medseg.io.nifti.image import write_image
from medseg.progress import Progress, silent
from medseg.provenance.source_digest import source_sha256
from medseg.review.states import ORGANISERS, State
from medseg.study.ledger import LedgerAction
from medseg.study.records import Case, Read
from medseg.volume import Volume
from medseg.workflows.open_image import open_image
from medseg.workflows.study.acting import Act, acting
from medseg.workflows.study.opened import Study
from medseg.workflows.study.revision_files import READ_ONLY
from medseg.workflows.study.signing_in import SignedIn

COUNTED = "case-"
"""What the ids that are made by counting begin with."""

_COUNTED = re.compile(rf"{COUNTED}([0-9]{{4,9}})")


def add_case(
    study: Study,
    who: SignedIn,
    image: Path | str,
    *,
    case_id: str | None = None,
    structures: Iterable[str] = (),
    reads: int | None = None,
    due: date | None = None,
    progress: Progress = silent,
) -> Case:
    """Copy an image into a study, as a case that waits for its readers.

    The copy is NIfTI, written by medseg whatever came: values and places are those of the image, and no name,
    text or extension of its header comes along.

    Args:
        study: The study.
        who: Who adds it: a coordinator, QA or radiologist.
        image: A NIfTI file, a DICOM folder or file with one volume.
        case_id: The case's id; by default ``case-0001`` and so on. It must not name the patient.
        structures: Names of the structures wanted.
        reads: How many readers contour it; by default as the policy says.
        due: Until when.
        progress: Called before each file of a series.

    Raises:
        InputError: There is no image, or none that is one volume.
        TransitionError: The role of who adds it does not allow that.
        ConflictError: There is a case of that id.
        OutputError: The disk is full; nothing was added.
    """
    volume = open_image(image, progress=progress)
    with ExitStack() as files, acting(study, who, case_id, "add a case") as act:
        act.require_role(ORGANISERS, "add cases")
        number_of_reads = act.trust.roster.policy.reads if reads is None else reads
        case = Case(
            id=case_id or _counted(act.t.case_ids()),
            state=State.UNASSIGNED,
            image="",
            image_sha256="0" * 64,
            structures=_names(structures),
            reads=_checked(number_of_reads),
            due=due,
            leading=1 if number_of_reads == 1 else None,
        )
        return _add(act, case, volume, files)


def _add(act: Act, case: Case, volume: Volume, files: ExitStack) -> Case:
    path = act.study.folder.image(case.id)
    if case.id in act.t.case_ids():
        raise ConflictError(f"there is a case {case.id} already", hint="choose another id", case=case.id)
    # The file is in place before the row is, and goes again if the row can't be written.
    digest = files.enter_context(_image_in_place(volume, path))
    details = {
        "image_sha256": digest,
        "source": {
            "format": volume.source.format,
            "modality": volume.source.modality,
            "sha256": source_sha256(volume.source),
        },
        "structures": list(case.structures),
        "reads": case.reads,
        "due": case.due and case.due.isoformat(),
    }
    entry = act.log(LedgerAction.CASE_ADDED, case=case.id, details=details)
    added = act.t.add_case(_with_image(case, act.study.folder.relative(path), digest), entry)
    for number in range(1, case.reads + 1):
        act.t.put_read(Read(case.id, number, None, State.UNASSIGNED))
    return added


def _with_image(case: Case, image: str, digest: str) -> Case:
    return replace(case, image=image, image_sha256=digest)


@contextmanager
def _image_in_place(volume: Volume, path: Path) -> Iterator[str]:
    with parents_of(path):
        # An image that no case names was left by a program that was killed before its row was written.
        with whole_file(path, overwrite=True) as temporary:
            digest = write_image(volume, temporary, durable=False)
            temporary.chmod(READ_ONLY)
        sync_folder(path.parent)
        try:
            yield digest
        except DatabaseError:
            raise  # whether the row was written is not known: an image that no case names does no harm
        except MedsegError:
            path.unlink(missing_ok=True)
            raise


def _counted(ids: Iterable[str]) -> str:
    numbers = [int(match[1]) for match in map(_COUNTED.fullmatch, ids) if match]
    return f"{COUNTED}{max(numbers, default=0) + 1:04d}"


def _names(structures: Iterable[str]) -> tuple[str, ...]:
    names: Sequence[str] = tuple(dict.fromkeys(name.strip() for name in structures))
    for name in names:
        if not name or not name.isprintable() or len(name) > 200:
            raise StudyError(
                f"expected a structure's name of up to 200 printable characters, got {name[:80]!a}",
                reason="structure-name",
            )
    return tuple(names)


def _checked(reads: int) -> int:
    most = 9
    if not 1 <= reads <= most:
        raise StudyError(f"expected 1 to {most} readers, got {reads}", reason="reads")
    return reads
