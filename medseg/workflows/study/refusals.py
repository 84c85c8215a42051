"""Write down what was refused: who tried what, and the rule that did not allow it."""

from __future__ import annotations

from contextlib import suppress

from medseg.errors import Cancelled, DatabaseError, MedsegError, OutputError
from medseg.review.person import Person
from medseg.study.ledger import Event, LedgerAction
from medseg.workflows.study.opened import Study

NOT_REFUSED = (Cancelled, DatabaseError, OutputError)
"""What failed for another reason than that it is not allowed."""


def note_refusal(study: Study, person: Person, case_id: str | None, what: str, error: MedsegError) -> None:
    """Write down that something was refused.

    Args:
        study: The study.
        person: Who tried, by the proven key.
        case_id: About which case.
        what: What was tried.
        error: Why not.
    """
    if isinstance(error, NOT_REFUSED):
        return
    rule = error.details.get("rule") or error.details.get("reason") or type(error).__name__
    details = {"attempted": what, "rule": str(rule), "error": type(error).__name__}
    # Who was refused is told why, also where the ledger can't be written at this moment.
    with suppress(MedsegError):
        event = Event(
            LedgerAction.REFUSED, person.id, person.role.value, case=_known(study, case_id), details=details
        )
        with study.store.transaction() as t:
            t.append(event)


def _known(study: Study, case_id: str | None) -> str | None:
    """The id of a case that is there: what somebody typed by mistake is not written down for ever."""
    if case_id is None:
        return None
    with suppress(MedsegError), study.store.reading() as r:
        return r.case(case_id).id
    return None
