"""Look at a revision: it is found unchanged, and the look is written down."""

from __future__ import annotations

from medseg.errors import UnknownCaseError
from medseg.io.label_map_files import LabelMapFiles
from medseg.review.person import Person
from medseg.study.ledger import LedgerAction
from medseg.study.reading import Reader
from medseg.study.records import Case, Revision
from medseg.workflows.study.acting import acting
from medseg.workflows.study.opened import Study
from medseg.workflows.study.revision_files import (
    files_of,
    require_image_unchanged,
    require_unchanged,
    rolled_forward,
)
from medseg.workflows.study.signing_in import SignedIn
from medseg.workflows.study.visibility import require_visible, revision_named


def view_revision(study: Study, who: SignedIn, case_id: str, digest: str | None = None) -> LabelMapFiles:
    """The files of a revision, for reading.

    Args:
        study: The study.
        who: Who looks.
        case_id: The case.
        digest: Of the revision, its first eight digits or more, or the number that he sees; by default the
            latest one that counts, or is one's own.

    Raises:
        UnknownCaseError: There is no such case or revision.
        BlindError: It is another reader's, and not all have submitted.
        DamagedStudyError: It, its image or its statements are not what the study knows.
    """
    with acting(study, who, case_id, "view") as act:
        case = act.t.case(case_id)
        revision = chosen_revision(act.t, case, act.person, digest)
        require_image_unchanged(study.folder, case)
        require_unchanged(study.folder, revision)
        rolled_forward(study.folder, act.t, revision)
        act.log(LedgerAction.VIEWED, read=revision.read, revision=revision.digest)
        return files_of(study.folder, revision)


def chosen_revision(r: Reader, case: Case, person: Person, digest: str | None) -> Revision:
    """The revision that somebody means and may see.

    Raises:
        UnknownCaseError: There is none.
        BlindError: He may not see it yet.
    """
    reads = r.reads(case.id)
    if digest is not None:
        revision = revision_named(r, case, digest, person)
        require_visible(case, reads, revision.read, person)
        return revision
    own = [read.head for read in reads if read.reader == person.id]
    leading = [read.head for read in reads if read.number == case.leading]
    latest = next((head for head in (*leading, *own) if head is not None), None)
    if latest is None:
        raise UnknownCaseError(f"{case.id} has no revision that is yours or counts", case=case.id)
    return r.revision(case.id, latest)
