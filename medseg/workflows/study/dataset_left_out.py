"""Why a case is not in a training set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from medseg.errors import (
    DamagedStudyError,
    GeometryError,
    InputError,
    LabelMapError,
    MedsegError,
    ReviewError,
    StudyError,
)
from medseg.review.states import State
from medseg.study.records import Case
from medseg.workflows.study.opened import Study
from medseg.workflows.study.revision_files import files_of
from medseg.workflows.verify import verify


@dataclass(frozen=True)
class LeftOut:
    """A case that is not in the training set.

    Attributes:
        case: Its id.
        state: Where the case stands.
        reason: A stable word: ``not-approved``, ``not-covered``, ``not-released``, ``withdrawn``,
            ``superseded``, ``damaged``, ``signature``, ``no-structures``, ``structure-missing``, ``overlap``.
        message: Why, in words.
    """

    case: str
    state: State
    reason: str
    message: str

    def as_dict(self) -> dict[str, Any]:
        """The case as a JSON object."""
        return {
            "case": self.case,
            "state": self.state.value,
            "reason": self.reason,
            "message": self.message,
        }


class NotTakenError(Exception):
    """A case does not take part, for a reason that has a word of its own."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


ABOUT_ONE_CASE = (
    NotTakenError,
    InputError,
    GeometryError,
    LabelMapError,
    ReviewError,
    DamagedStudyError,
)
"""What is wrong with one case. A full disk or a database that is gone is not: it ends the export."""


def left_out(case: Case, problem: Exception) -> LeftOut:
    """A case that is left out for one of :data:`ABOUT_ONE_CASE`."""
    reason = "damaged"
    if isinstance(problem, NotTakenError):
        reason = problem.reason
    elif isinstance(problem, MedsegError) and problem.details.get("reason") == "overlap":
        reason = "overlap"
    return LeftOut(case.id, case.state, reason, str(problem))


def not_in_force(study: Study, case: Case) -> LeftOut:
    """Why a case without a revision in force is left out."""
    if case.in_force is not None:
        return LeftOut(case.id, case.state, "damaged", "the database does not have its revision in force")
    if case.state is State.WITHDRAWN:
        return LeftOut(case.id, case.state, "withdrawn", "its approval was withdrawn")
    uncovered = _uncovered(study, case) if case.state is State.SUBMITTED else ()
    if uncovered:
        words = f"some structures are approved, but not {', '.join(uncovered)}"
        return LeftOut(case.id, case.state, "not-covered", words)
    return LeftOut(case.id, case.state, "not-approved", f"it is {case.state}: no revision is in force")


def _uncovered(study: Study, case: Case) -> tuple[str, ...]:
    """Names of structures that nobody has approved, where somebody has approved others."""
    with study.store.reading() as r:
        head = next((read.head for read in r.reads(case.id) if read.number == case.leading), None)
        revision = None if head is None else r.revision(case.id, head)
    if revision is None:
        return ()
    try:
        found = verify(files_of(study.folder, revision).nifti, trust=study.folder.trust)
    except MedsegError:
        return ()
    uncovered = tuple(each.name for each in found.structures if not each.approved_by)
    return uncovered if len(uncovered) < len(found.structures) else ()


def nothing_to_export(left_out: Sequence[LeftOut]) -> StudyError:
    """The error where no case is left."""
    reasons = sorted({each.reason for each in left_out})
    return StudyError(
        f"none of {len(left_out)} cases can be exported: {', '.join(reasons) or 'there are no cases'}",
        hint="look at the reasons; name structures that all cases have, or take others for background",
        reason="nothing-to-export",
        left_out=[each.as_dict() for each in left_out],
    )
