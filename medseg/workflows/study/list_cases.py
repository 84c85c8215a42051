"""The worklist, and all there is to know of one case."""

from __future__ import annotations

from dataclasses import dataclass

from medseg.review.states import State
from medseg.study.records import Case, Comment, Ranking, Read, Revision, StoredStatement
from medseg.study.worklist import ALL, Filter, Order, WorklistRow
from medseg.workflows.study.opened import Study
from medseg.workflows.study.signing_in import SignedIn
from medseg.workflows.study.visibility import is_veiled, veiled_for, visible_comments, visible_revisions


@dataclass(frozen=True)
class Worklist:
    """Cases that pass a filter.

    Attributes:
        rows: The cases, in the order that was asked for.
        counts: How many there are in each state, over all that pass, whatever the limit.
        ranking: The model whose values the rows hold; None where no model was ever asked.
    """

    rows: tuple[WorklistRow, ...]
    counts: dict[State, int]
    ranking: Ranking | None = None


@dataclass(frozen=True)
class CaseView:
    """A case as somebody may see it.

    Attributes:
        case: The case.
        reads: Its reads; of another's blind read no more than who reads.
        revisions: The revisions that he may see.
        statements: The statements on them, by time.
        comments: The comments that he may see.
        is_veiled: Whether something is held back.
    """

    case: Case
    reads: tuple[Read, ...]
    revisions: tuple[Revision, ...]
    statements: tuple[StoredStatement, ...]
    comments: tuple[Comment, ...]
    is_veiled: bool


def list_cases(
    study: Study,
    *,
    filter: Filter = ALL,  # noqa: A002 - what users call it
    by: Order = Order.DUE,
    limit: int | None = None,
    offset: int = 0,
) -> Worklist:
    """The cases that pass a filter, and how many are in each state.

    Args:
        study: The study.
        filter: Which cases.
        by: Which come first.
        limit: At most so many rows.
        offset: After so many.
    """
    with study.store.reading() as r:
        rows = r.worklist(filter, by=by, limit=limit, offset=offset)
        return Worklist(rows, r.counts(filter), r.ranking())


def show_case(study: Study, case_id: str, *, who: SignedIn | None = None) -> CaseView:
    """All there is to know of a case, as somebody may see it.

    Args:
        study: The study.
        case_id: The case.
        who: Who asks; by default nobody in particular, who sees nothing of blind reads.

    Raises:
        UnknownCaseError: There is no such case.
    """
    person = None if who is None else who.person
    with study.store.reading() as r:
        case = r.case(case_id)
        reads = r.reads(case_id)
        revisions = visible_revisions(r, case, person)
        seen = {revision.digest for revision in revisions}
        statements = [one for one in r.statements(case_id) if one.digest in seen]
        return CaseView(
            case=case,
            reads=tuple(veiled_for(read, case, reads, person) for read in reads),
            revisions=revisions,
            statements=tuple(sorted(statements, key=lambda one: one.signed_at)),
            comments=visible_comments(r, case, person),
            is_veiled=is_veiled(case, reads),
        )
