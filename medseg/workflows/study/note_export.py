"""Write down that a revision goes out."""

from __future__ import annotations

from medseg.study.ledger import LedgerAction
from medseg.workflows.study.acting import acting
from medseg.workflows.study.opened import Study
from medseg.workflows.study.signing_in import SignedIn
from medseg.workflows.study.view_revision import chosen_revision


def note_export(study: Study, who: SignedIn, case_id: str, digest: str | None, *, to: str) -> None:
    """Write down that somebody takes a label map out of the study, before he does.

    Args:
        study: The study.
        who: Who.
        case_id: The case.
        digest: Of the revision; None for work of his own that no revision holds.
        to: In which format.

    Raises:
        UnknownCaseError: There is no such case or revision.
        BlindError: It is another reader's, and not all have submitted.
    """
    with acting(study, who, case_id, "export") as act:
        case = act.t.case(case_id)
        revision = None if digest is None else chosen_revision(act.t, case, act.person, digest)
        act.log(
            LedgerAction.EXPORTED,
            read=revision and revision.read,
            revision=revision and revision.digest,
            details={"to": to},
        )
