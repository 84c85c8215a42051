"""What was signed on a case, for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from medseg.review.statement import open_statement
from medseg.review.states import Meaning
from medseg.study.records import Revision
from medseg.workflows.study.list_cases import CaseView, show_case
from medseg.workflows.study.opened import Study
from medseg.workflows.study.signing_in import SignedIn
from medseg.workflows.study.visibility import numbers_of


@dataclass(frozen=True)
class SignedStatement:
    """A signature on a revision, as its statement says it.

    Attributes:
        meaning: What it means.
        name: Printed name of who signed.
        role: In which role.
        signed_at: When, with zone.
        reason: Why; empty where none was given.
        structures: Ids of the structures that it covers.
        digest: Content digest of the revision.
        revision: Number of the revision, as :func:`shown_numbers` has it.
    """

    meaning: Meaning
    name: str
    role: str
    signed_at: datetime
    reason: str
    structures: tuple[str, ...]
    digest: str
    revision: int


def shown_numbers(view: CaseView) -> dict[str, int]:
    """The numbers of the revisions that somebody may see, by digest; of blind reads each reader's own count.

    Args:
        view: The case, as he may see it.
    """
    return numbers_of(view.revisions, veiled=view.is_veiled)


def shown_number(study: Study, who: SignedIn, revision: Revision) -> int:
    """The number of a revision of one's own, as :func:`shown_numbers` has it.

    Args:
        study: The study.
        who: Who is told.
        revision: A revision that he may see.
    """
    view = show_case(study, revision.case_id, who=who)
    return shown_numbers(view).get(revision.digest, revision.number)


def signed_history(view: CaseView) -> tuple[SignedStatement, ...]:
    """The signatures on the revisions that somebody may see, in the order in which they were given.

    Whether they hold is for :func:`medseg.workflows.verify.verify` to say.

    Args:
        view: The case, as he may see it.

    Raises:
        SidecarError: A statement is damaged.
    """
    numbers = shown_numbers(view)
    found = []
    for stored in view.statements:
        statement, _ = open_statement(stored.line, f"a statement on {view.case.id}")
        found.append(
            SignedStatement(
                meaning=statement.meaning,
                name=statement.name,
                role=str(statement.role),
                signed_at=statement.signed_at,
                reason=statement.reason,
                structures=statement.structures,
                digest=stored.digest,
                revision=numbers[stored.digest],
            )
        )
    return tuple(found)
