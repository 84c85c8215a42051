"""The queries of the worklist: thousands of cases in a tenth of a second."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, null, or_, select
from sqlalchemy.sql.elements import ColumnElement

from medseg.review.states import State
from medseg.study import schema
from medseg.study.records import Ranking
from medseg.study.rows import case_of
from medseg.study.worklist import Filter, Order, WorklistRow

_UPDATED = list(schema.cases.c).index(schema.cases.c.updated)
"""The last column of a case; two about what a model thinks of it follow."""


def worklist(
    connection: Connection,
    wanted: Filter,
    by: Order,
    ranking: Ranking | None,
    *,
    limit: int | None,
    offset: int,
) -> tuple[WorklistRow, ...]:
    """Cases with what a worklist shows.

    Args:
        connection: In a transaction.
        wanted: Which cases.
        by: Which come first.
        ranking: Whose values are shown, and ordered by; where there are none, the due come first.
        limit: At most so many.
        offset: After so many.
    """
    cases, doubts = schema.cases, schema.uncertainties
    # Those without a date come last, on both databases; ids by their bytes, which is also the quickest.
    order = [cases.c.due.is_(None), cases.c.due, _by_bytes(connection, cases.c.id)]
    if ranking is None:
        query = select(cases, null(), null())
    else:
        query = select(cases, doubts.c.ranking, doubts.c.value).outerjoin(doubts, is_of_image(ranking))
    if by is Order.UNCERTAINTY and ranking is not None:
        # One key is sorted by faster than three: below all values those without one, then those not asked.
        without = case((doubts.c.ranking.is_(None), -2), else_=-1)
        order = [func.coalesce(doubts.c.value, without).desc(), *order]
    query = query.where(*_conditions(wanted)).order_by(*order).limit(limit).offset(offset)
    with _without_collection():
        return tuple(_rows(connection, query, are_few=limit is not None))


def counts(connection: Connection, wanted: Filter) -> dict[State, int]:
    """How many cases are in each state; only states that occur."""
    state = schema.cases.c.state
    query = select(state, func.count()).where(*_conditions(wanted)).group_by(state)
    found = {State(row[0]): int(row[1]) for row in connection.execute(query)}
    return {one: found[one] for one in State if one in found}


def is_of_image(ranking: Ranking) -> ColumnElement[bool]:
    """Joins a case and what a model thinks of it: of this image, not of one that was there before."""
    cases, doubts = schema.cases, schema.uncertainties
    return and_(
        doubts.c.ranking == ranking.number,
        doubts.c.case_id == cases.c.id,
        doubts.c.image_sha256 == cases.c.image_sha256,
    )


def _rows(connection: Connection, query: Select[Any], *, are_few: bool) -> list[WorklistRow]:
    """The database's answer is freed when this returns: the search for cycles has half as much to do."""
    rows = connection.execute(query).all()
    few = [row[0] for row in rows] if are_few else None
    readers, comments = _readers(connection, few), _open_comments(connection, few)
    return [
        WorklistRow(
            case_of(row),
            readers.get(row[0], ()),
            comments.get(row[0], 0),
            datetime.fromisoformat(row[_UPDATED]),
            # Two values rather than an object, of which there would be thousands.
            row[_UPDATED + 1] is not None,
            row[_UPDATED + 2],
        )
        for row in rows
    ]


def _readers(connection: Connection, case_ids: Sequence[str] | None) -> dict[str, tuple[str, ...]]:
    table = schema.reads
    query = (
        select(table.c.case_id, table.c.reader).where(table.c.reader.is_not(None)).order_by(table.c.number)
    )
    if case_ids is not None:
        query = query.where(table.c.case_id.in_(case_ids))
    rows = connection.execute(query).all()
    readers: dict[str, tuple[str, ...]] = {}
    for case_id, reader in rows:
        before = readers.get(case_id)
        readers[case_id] = (reader,) if before is None else (*before, reader)
    return readers


def _open_comments(connection: Connection, case_ids: Sequence[str] | None) -> dict[str, int]:
    table = schema.comments
    query = select(table.c.case_id, func.count()).where(table.c.resolved_by.is_(None))
    if case_ids is not None:
        query = query.where(table.c.case_id.in_(case_ids))
    return {row[0]: row[1] for row in connection.execute(query.group_by(table.c.case_id))}


def _by_bytes(connection: Connection, column: Any) -> Any:
    """A column to sort by its bytes, whatever the language of the server."""
    return column.collate("C") if connection.dialect.name == "postgresql" else column


@contextmanager
def _without_collection() -> Iterator[None]:
    """Hold off the search for reference cycles: through thousands of new rows it takes half of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _conditions(wanted: Filter) -> Iterator[ColumnElement[bool]]:
    cases, reads, comments = schema.cases, schema.reads, schema.comments
    if wanted.state:
        yield cases.c.state.in_([state.value for state in wanted.state])
    if wanted.person is not None:
        mine = select(reads.c.case_id).where(reads.c.reader == wanted.person)
        yield or_(cases.c.id.in_(mine), cases.c.adjudicator == wanted.person)
    if wanted.structure is not None:
        yield _names(wanted.structure)
    if wanted.due_before is not None:
        yield cases.c.due < wanted.due_before
    if wanted.text is not None:
        yield cases.c.id.contains(wanted.text.lower(), autoescape=True)
    if wanted.open_comments is not None:
        commented = cases.c.id.in_(select(comments.c.case_id).where(comments.c.resolved_by.is_(None)))
        yield commented if wanted.open_comments else ~commented


def _names(structure: str) -> ColumnElement[bool]:
    """Whether the list of structures wanted, a JSON text, holds a name."""
    listed = schema.cases.c.structures
    # Not LIKE, which tells "Liver" from "liver" on PostgreSQL and does not on SQLite.
    return func.replace(listed, json.dumps(structure, ensure_ascii=False), "") != listed
