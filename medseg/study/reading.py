"""Look into a study's database."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from sqlalchemy import Connection, select, text

from medseg.errors import UnknownCaseError
from medseg.review.circumstances import LedgerHead
from medseg.review.states import State
from medseg.study import schema
from medseg.study.ledger import LedgerAction, LedgerEntry
from medseg.study.listing import counts, is_of_image, worklist
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
from medseg.study.worklist import ALL, Filter, Order, WorklistRow

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
        return worklist(self._connection, wanted, by, self.ranking(), limit=limit, offset=offset)

    def counts(self, wanted: Filter = ALL) -> dict[State, int]:
        """How many cases are in each state; only states that occur."""
        return counts(self._connection, wanted)

    def ranking(self) -> Ranking | None:
        """The ranking that was run last: its values are shown. None where there is none."""
        query = select(schema.rankings).order_by(schema.rankings.c.turn.desc()).limit(1)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else ranking_of(row)

    def uncertainty(self, ranking: Ranking, case: Case) -> CaseUncertainty | None:
        """How unsure a model is of a case; None where it was not asked about this image."""
        query = (
            select(schema.uncertainties)
            .join(schema.cases, is_of_image(ranking))
            .where(schema.cases.c.id == case.id)
        )
        row = self._connection.execute(query).mappings().first()
        return None if row is None else uncertainty_of(row)
