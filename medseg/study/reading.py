"""Look into a study's database."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Select, and_, func, or_, select, text
from sqlalchemy.sql.elements import ColumnElement

from medseg.errors import UnknownCaseError
from medseg.review.circumstances import LedgerHead
from medseg.review.states import State
from medseg.study import schema
from medseg.study.ledger import LedgerAction, LedgerEntry
from medseg.study.records import (
    Case,
    CaseUncertainty,
    Comment,
    Ranking,
    Read,
    Revision,
    StoredStatement,
)
from medseg.study.rows import (
    case_of,
    comment_of,
    ranking_of,
    read_of,
    revision_of,
    statement_of,
    uncertainty_of,
)
from medseg.study.worklist import ALL, Estimate, Filter, Order, WorklistRow

LEAST_DIGITS = 8
"""Of a digest that names a revision; shorter ones made of figures alone are numbers."""

_PAGE = 10_000
"""Entries of the ledger that are read at once: 6 MB."""


class Reader:
    """What a study holds, as of one moment.

    Args:
        connection: In a transaction.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def study_id(self) -> str | None:
        """The id that the database was made for."""
        return self._connection.execute(select(schema.study.c.id)).scalar()

    def case(self, case_id: str) -> Case:
        """A case.

        Raises:
            UnknownCaseError: There is none of that id.
        """
        row = self._connection.execute(select(schema.cases).where(schema.cases.c.id == case_id)).first()
        if row is None:
            raise UnknownCaseError(
                f"there is no case {case_id[:80]!a}", hint="medseg study list shows them", case=case_id
            )
        return case_of(row)

    def case_ids(self) -> tuple[str, ...]:
        """The ids of all cases, ascending."""
        return tuple(
            self._connection.execute(select(schema.cases.c.id).order_by(schema.cases.c.id)).scalars()
        )

    def reads(self, case_id: str) -> tuple[Read, ...]:
        """The reads of a case, by number."""
        table = schema.reads
        query = select(table).where(table.c.case_id == case_id).order_by(table.c.number)
        return tuple(read_of(row) for row in self._connection.execute(query).mappings())

    def read(self, case_id: str, number: int) -> Read:
        """A read.

        Raises:
            UnknownCaseError: There is none of that number.
        """
        found = next((read for read in self.reads(case_id) if read.number == number), None)
        if found is None:
            raise UnknownCaseError(f"{case_id} has no read {number}", case=case_id)
        return found

    def revisions(self, case_id: str) -> tuple[Revision, ...]:
        """The revisions of a case, by number."""
        table = schema.revisions
        query = select(table).where(table.c.case_id == case_id).order_by(table.c.number)
        return tuple(revision_of(row) for row in self._connection.execute(query).mappings())

    def revision(self, case_id: str, named: str) -> Revision:
        """A revision, by its number, its digest, or at least eight first digits of that.

        Raises:
            UnknownCaseError: There is none, or several begin so.
        """
        is_number = named.isdecimal() and len(named) < LEAST_DIGITS
        found = [
            one
            for one in self.revisions(case_id)
            if (one.number == int(named) if is_number else one.digest.startswith(named))
        ]
        if len(found) != 1 or not (is_number or len(named) >= LEAST_DIGITS):
            raise UnknownCaseError(
                f"{case_id} has no revision {named[:64]!a}",
                hint=f"medseg study show lists them; of a digest give at least {LEAST_DIGITS} digits",
                case=case_id,
            )
        return found[0]

    def bundle(self, case_id: str, digest: str) -> bytes:
        """The statements of a revision, as they stand in the file beside it; empty where there are none."""
        lines, statements = schema.bundle_lines, schema.statements
        query = (
            select(statements.c.line)
            .join(lines, lines.c.sha256 == statements.c.sha256)
            .where(lines.c.case_id == case_id, lines.c.digest == digest)
            .order_by(lines.c.position)
        )
        return b"".join(bytes(line) + b"\n" for line in self._connection.execute(query).scalars())

    def pending_bundle(self, read: Read) -> bytes:
        """The statements that the next revision of a read starts with.

        Of an amendment: those of the revision that is amended, and the one that opened it. Else those of the
        latest revision.
        """
        if read.amendment is not None and read.base is not None and read.head == read.base:
            return self.bundle(read.case_id, read.base) + self.statement(read.amendment).line + b"\n"
        return b"" if read.head is None else self.bundle(read.case_id, read.head)

    def statement(self, sha256: str) -> StoredStatement:
        """A statement.

        Raises:
            UnknownCaseError: There is none of that digest.
        """
        query = select(schema.statements).where(schema.statements.c.sha256 == sha256)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise UnknownCaseError(f"there is no statement {sha256[:64]!a}")
        return statement_of(row)

    def has_statement(self, sha256: str) -> bool:
        """Whether a statement was ever accepted, for whichever case."""
        query = select(schema.statements.c.sha256).where(schema.statements.c.sha256 == sha256)
        return self._connection.execute(query).first() is not None

    def statements(self, case_id: str | None = None) -> tuple[StoredStatement, ...]:
        """The statements of a case, or of all."""
        query = select(schema.statements).order_by(schema.statements.c.sha256)
        if case_id is not None:
            query = query.where(schema.statements.c.case_id == case_id)
        return tuple(statement_of(row) for row in self._connection.execute(query).mappings())

    def comments(self, case_id: str | None = None, *, open_only: bool = False) -> tuple[Comment, ...]:
        """The comments on a case, or on all, in order."""
        table = schema.comments
        query = select(table).order_by(table.c.id)
        if case_id is not None:
            query = query.where(table.c.case_id == case_id)
        if open_only:
            query = query.where(table.c.resolved_by.is_(None))
        return tuple(comment_of(row) for row in self._connection.execute(query).mappings())

    def comment(self, comment_id: int) -> Comment:
        """A comment.

        Raises:
            UnknownCaseError: There is none of that id.
        """
        query = select(schema.comments).where(schema.comments.c.id == comment_id)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise UnknownCaseError(f"there is no comment {comment_id}")
        return comment_of(row)

    def head(self) -> LedgerHead | None:
        """The last entry of the ledger."""
        table = schema.ledger
        query = select(table.c.number, table.c.sha256).order_by(table.c.number.desc()).limit(1)
        row = self._connection.execute(query).first()
        return None if row is None else LedgerHead(row.number, row.sha256)

    def latest(self, *actions: LedgerAction) -> LedgerEntry | None:
        """The last entry of one of these actions."""
        table = schema.ledger
        query = (
            select(table)
            .where(table.c.action.in_([action.value for action in actions]))
            .order_by(table.c.number.desc())
            .limit(1)
        )
        row = self._connection.execute(query).mappings().first()
        return None if row is None else LedgerEntry(**row)

    def ledger(
        self, start: int = 1, stop: int | None = None, *, case_id: str | None = None
    ) -> Iterator[LedgerEntry]:
        """The entries of the ledger in order.

        Args:
            start: Number of the first.
            stop: Number of the last one.
            case_id: Only those about this case.
        """
        self._read_any_text()
        table = schema.ledger
        query = select(
            table.c.number, table.c.previous, table.c.sha256, table.c.text, table.c.action, table.c.case_id
        ).order_by(table.c.number)
        if stop is not None:
            query = query.where(table.c.number <= stop)
        if case_id is not None:
            query = query.where(table.c.case_id == case_id)
        after = start - 1
        while True:
            rows = self._connection.execute(query.where(table.c.number > after).limit(_PAGE)).all()
            for row in rows:
                yield LedgerEntry(*row)
            if len(rows) < _PAGE:
                return
            after = rows[-1].number

    def selected(self, sql: str) -> list[dict[str, Any]]:
        """The answer to a query in SQL, values as the database has them (:mod:`medseg.study.inspection`)."""
        self._read_any_text()
        return [dict(row) for row in self._connection.execute(text(sql)).mappings()]

    def _read_any_text(self) -> None:
        """From here on read text that is no UTF-8, too: SQLite keeps it, and its row is to be named."""
        if self.is_sqlite:
            driver: Any = self._connection.connection.driver_connection
            driver.text_factory = partial(str, encoding="utf-8", errors="replace")

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is SQLite; otherwise it is PostgreSQL."""
        return self._connection.dialect.name == "sqlite"

    def worklist(
        self,
        wanted: Filter = ALL,
        *,
        by: Order = Order.DUE,
        limit: int | None = None,
        offset: int = 0,
    ) -> tuple[WorklistRow, ...]:
        """Cases with what a worklist shows.

        Args:
            wanted: Which cases.
            by: Which come first.
            limit: At most so many.
            offset: After so many.
        """
        cases = schema.cases
        # Those without a date come last, on both databases; ids by their bytes, which is also the quickest.
        order = [cases.c.due.is_(None), cases.c.due, self._by_bytes(cases.c.id)]
        query, ranking = _filtered(select(cases), wanted), self.ranking()
        if by is Order.UNCERTAINTY and ranking is not None:
            doubts = schema.uncertainties
            query = query.outerjoin(doubts, _is_of_image(ranking))
            order = [doubts.c.case_id.is_(None), doubts.c.value.is_(None), doubts.c.value.desc(), *order]
        query = query.order_by(*order).limit(limit).offset(offset)
        with _without_collection():
            return tuple(self._worklist_rows(query, ranking, are_few=limit is not None))

    def _worklist_rows(
        self, query: Select[Any], ranking: Ranking | None, *, are_few: bool
    ) -> list[WorklistRow]:
        """The database's answer is freed when this returns: the search for cycles has half as much to do."""
        rows = self._connection.execute(query).all()
        few = [row[0] for row in rows] if are_few else None
        readers, comments = self._readers(few), self._open_comments(few)
        estimates = self._estimates(few, ranking)
        return [
            WorklistRow(
                case_of(row),
                readers.get(row[0], ()),
                comments.get(row[0], 0),
                datetime.fromisoformat(row[-1]),
                estimates.get(row[0]),
            )
            for row in rows
        ]

    def counts(self, wanted: Filter = ALL) -> dict[State, int]:
        """How many cases are in each state; only states that occur."""
        state = schema.cases.c.state
        query = _filtered(select(state, func.count()), wanted).group_by(state)
        found = {State(row[0]): int(row[1]) for row in self._connection.execute(query)}
        return {one: found[one] for one in State if one in found}

    def _readers(self, case_ids: Sequence[str] | None) -> dict[str, tuple[str, ...]]:
        table = schema.reads
        query = (
            select(table.c.case_id, table.c.reader)
            .where(table.c.reader.is_not(None))
            .order_by(table.c.number)
        )
        if case_ids is not None:
            query = query.where(table.c.case_id.in_(case_ids))
        rows = self._connection.execute(query).all()
        readers: dict[str, tuple[str, ...]] = {}
        for case_id, reader in rows:
            before = readers.get(case_id)
            readers[case_id] = (reader,) if before is None else (*before, reader)
        return readers

    def ranking(self) -> Ranking | None:
        """The ranking that was run last: its values are shown. None where there is none."""
        query = select(schema.rankings).order_by(schema.rankings.c.turn.desc()).limit(1)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else ranking_of(row)

    def uncertainty(self, ranking: Ranking, case: Case) -> CaseUncertainty | None:
        """How unsure a model is of a case; None where it was not asked about this image."""
        query = (
            select(schema.uncertainties)
            .join(schema.cases, _is_of_image(ranking))
            .where(schema.cases.c.id == case.id)
        )
        row = self._connection.execute(query).mappings().first()
        return None if row is None else uncertainty_of(row)

    def _estimates(self, case_ids: Sequence[str] | None, ranking: Ranking | None) -> dict[str, Estimate]:
        if ranking is None:
            return {}
        doubts = schema.uncertainties
        query = select(doubts.c.case_id, doubts.c.value).join(schema.cases, _is_of_image(ranking))
        if case_ids is not None:
            query = query.where(doubts.c.case_id.in_(case_ids))
        return {row[0]: Estimate(row[1]) for row in self._connection.execute(query)}

    def _by_bytes(self, column: Any) -> Any:
        """A column to sort by its bytes, whatever the language of the server."""
        return column.collate("C") if self._connection.dialect.name == "postgresql" else column

    def _open_comments(self, case_ids: Sequence[str] | None) -> dict[str, int]:
        table = schema.comments
        query = select(table.c.case_id, func.count()).where(table.c.resolved_by.is_(None))
        if case_ids is not None:
            query = query.where(table.c.case_id.in_(case_ids))
        return {row[0]: row[1] for row in self._connection.execute(query.group_by(table.c.case_id))}


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


def _is_of_image(ranking: Ranking) -> ColumnElement[bool]:
    """Joins a case and what a model thinks of it: of this image, not of one that was there before."""
    cases, doubts = schema.cases, schema.uncertainties
    return and_(
        doubts.c.ranking == ranking.number,
        doubts.c.case_id == cases.c.id,
        doubts.c.image_sha256 == cases.c.image_sha256,
    )


def _filtered(query: Select[Any], wanted: Filter) -> Select[Any]:
    return query.where(*_conditions(wanted))


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
