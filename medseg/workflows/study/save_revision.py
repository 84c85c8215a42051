"""Save a label map as a new revision of a case."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from medseg.errors import ConflictError, InputError
from medseg.io.existence import require_file
from medseg.io.label_map_files import LabelMapFiles
from medseg.io.nifti.content import read_content_and_digests
from medseg.io.nifti.file import read_nifti
from medseg.io.nifti.image import grid_and_warnings
from medseg.io.provenance_file import source_digests
from medseg.review.signing import require_signable
from medseg.review.states import Work, next_state
from medseg.space import Grid
from medseg.study.ledger import LedgerAction
from medseg.study.records import Case, Read, Revision
from medseg.workflows.open_label_map import open_label_map
from medseg.workflows.study.acting import Act, acting
from medseg.workflows.study.case_state import put_with_state
from medseg.workflows.study.opened import Study
from medseg.workflows.study.own_read import own_read
from medseg.workflows.study.revision_files import require_unchanged, revision_in_place
from medseg.workflows.study.signing_in import SignedIn

ANY_PARENT = "any"
"""Says that it does not matter which revision the label map was made from."""


def save_revision(
    study: Study,
    who: SignedIn,
    case_id: str,
    label_map: Path | str,
    *,
    expected_parent: str | None = ANY_PARENT,
) -> Revision:
    """Take a saved label map, with its sidecars, into a study as a new revision.

    Nothing is ever overwritten: the revisions before it stay. The label map that was given stays, too. The
    same content again is the same revision.

    Args:
        study: The study.
        who: The reader whose case it is, or who adjudicates it.
        case_id: The case.
        label_map: As medseg saved it.
        expected_parent: Digest of the revision that it was made from, None for none; by default any.

    Raises:
        InputError: The label map is missing, damaged, was not saved by medseg (reason ``foreign``), or was
            drawn on another image (``other-image``).
        GridMismatchError: It does not lie on the case's image.
        LabelMapError: The structure table does not explain the voxels.
        TransitionError: The case is not in the hands of who saves, or submitted already.
        ConflictError: Somebody saved another revision meanwhile, or another reader the same one.
        OutputError: The disk is full; nothing was saved.
    """
    files = LabelMapFiles(Path(label_map))
    require_file(files.nifti)
    grid = _require_ours(files)
    with ExitStack() as stack, acting(study, who, case_id, "save") as act:
        case = act.t.case(case_id)
        grid.require_same_as(_grid_of(study.folder.absolute(case.image)), "label map and image")
        _require_of_image(act, case, files)
        read = own_read(act, case)
        _require_parent(read, expected_parent)
        state = next_state(
            read.state, Work.SAVED, act.person.role, is_author=True, same_content=False, reason=""
        )
        content = read_content_and_digests(files).content
        require_signable(content)
        digest = content.digest()
        known = next((one for one in act.t.revisions(case_id) if one.digest == digest), None)
        if known is not None:
            return _again(case, read, known)
        target = study.folder.revision(case_id, digest)
        digests = stack.enter_context(revision_in_place(files, target))
        bundle = act.t.pending_bundle(read)
        revision = Revision(
            case_id=case_id,
            digest=digest,
            number=len(act.t.revisions(case_id)) + 1,
            read=read.number,
            parent=read.head,
            author=act.person.id,
            saved_at=act.at,
            folder=study.folder.relative(target.nifti.parent),
            files=digests,
        )
        # What was copied is what was looked at, and not something that was saved meanwhile.
        require_unchanged(study.folder, revision)
        details = {"number": revision.number, "parent": revision.parent, "files": digests}
        entry = act.log(LedgerAction.SAVED, read=read.number, revision=digest, details=details)
        act.t.add_revision(revision, bundle)
        act.t.put_read(replace(read, state=state, head=digest))
        put_with_state(act.t, case, entry)
        return revision


def _again(case: Case, read: Read, known: Revision) -> Revision:
    """The same content once more is the same revision, where nothing else followed it."""
    if known.digest == read.head:
        return known
    raise ConflictError(
        f"{case.id} had this very label map before, and others since: it was not saved again",
        hint="to return to it, save it anew: who made it and when is part of a revision",
        case=case.id,
        reason="same-content",
    )


def _require_ours(files: LabelMapFiles) -> Grid:
    opened = open_label_map(files.nifti)
    if opened.record is None:
        raise InputError(
            f"{files.nifti.name} was not saved by medseg: nobody knows how it was made",
            hint="bring it in first: medseg import FILE OUT --image IMAGE",
            reason="foreign",
        )
    return opened.label_map.grid


def _require_of_image(act: Act, case: Case, files: LabelMapFiles) -> None:
    """Refuse what was drawn on another image, of another patient perhaps, that happens to lie on this grid.

    An image is known by the digest of its copy in the study and of what that was made from.
    """
    drawn_on = set(source_digests(files.provenance))
    added = [one for one in act.t.ledger(case_id=case.id) if one.action == LedgerAction.CASE_ADDED]
    known = {case.image_sha256, *(one.fields["details"]["source"]["sha256"] for one in added)}
    if not drawn_on <= known:
        raise InputError(
            f"{files.nifti.name} was drawn on another image than that of {case.id}",
            hint="open the image of the case and draw on that; check that this is the right patient",
            reason="other-image",
        )


def _grid_of(image: Path) -> Grid:
    return grid_and_warnings(read_nifti(image))[0]


def _require_parent(read: Read, expected: str | None) -> None:
    if expected not in (ANY_PARENT, read.head):
        raise ConflictError(
            f"another revision of {read.case_id} was saved meanwhile: yours was not",
            hint="your label map is where it was; check the case out again and compare",
            reason="parent",
        )
