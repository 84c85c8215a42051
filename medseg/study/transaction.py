"""Change a study: all of it or nothing, and an entry in the ledger for each change."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from medseg.errors import ConflictError
from medseg.review.statement import line_sha256
from medseg.study import schema
from medseg.study.ledger import Event, LedgerEntry, next_entry
from medseg.study.reading import Reader
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
    row_of_case,
    row_of_comment,
    row_of_ranking,
    row_of_read,
    row_of_revision,
    row_of_statement,
    row_of_uncertainty,
)


class Transaction(Reader):
    """A change that nobody sees before it is complete, and that holds off all others meanwhile.

    Args:
        connection: In a transaction that writes.
        study_id: Id of the study.
    """

    def __init__(self, connection: Connection, study_id: str) -> None:
        super().__init__(connection)
        self._study_id = study_id

    def append(self, event: Event, at: datetime | None = None) -> LedgerEntry:
        """Write down what happened.

        Args:
            event: What.
            at: When, with zone; by default now.
        """
        entry = next_entry(self._study_id, self.head(), event, at or datetime.now().astimezone())
        self._insert(
            schema.ledger,
            {
                "number": entry.number,
                "previous": entry.previous,
                "sha256": entry.sha256,
                "text": entry.text,
                "action": entry.action,
                "case_id": entry.case_id,
            },
        )
        return entry

    def require_version(self, case: Case, expected: int | None) -> None:
        """Refuse to act on a case that changed since it was looked at.

        Raises:
            ConflictError: It has another version than expected.
        """
        if expected is not None and case.version != expected:
            raise ConflictError(
                f"{case.id} was changed by somebody else meanwhile: nothing was done",
                hint="reload it and look again",
                case=case.id,
                expected=expected,
                found=case.version,
            )

    def add_case(self, case: Case, entry: LedgerEntry) -> Case:
        """Add a case.

        Raises:
            ConflictError: There is one of that id.
        """
        known = select(schema.cases.c.id).where(schema.cases.c.id == case.id)
        if self._connection.execute(known).first() is not None:
            raise ConflictError(f"there is a case {case.id} already", hint="choose another id", case=case.id)
        case = replace(case, version=entry.number)
        self._insert(schema.cases, row_of_case(case, _time_of(entry)))
        return case

    def put_case(self, case: Case, entry: LedgerEntry) -> Case:
        """Change a case.

        Args:
            case: As it is from now on.
            entry: What is written about it: its number becomes the case's version.
        """
        case = replace(case, version=entry.number)
        row = row_of_case(case, _time_of(entry))
        self._connection.execute(update(schema.cases).where(schema.cases.c.id == case.id).values(row))
        return case

    def put_read(self, read: Read) -> Read:
        """Add or change a read."""
        table, row = schema.reads, row_of_read(read)
        which = (table.c.case_id == read.case_id, table.c.number == read.number)
        if self._connection.execute(update(table).where(*which).values(row)).rowcount == 0:
            self._insert(table, row)
        return read

    def add_revision(self, revision: Revision, bundle: bytes) -> None:
        """Add a revision and the statements that its bundle starts with, all of which are known.

        Raises:
            ConflictError: The case has it already.
        """
        self._insert(schema.revisions, row_of_revision(revision))
        for position, sha256 in enumerate(_digests(bundle)):
            self._add_line(revision.case_id, revision.digest, position, sha256)

    def add_statement(self, statement: StoredStatement, *, to: str | None) -> None:
        """Add a statement, at the end of a revision's bundle.

        Args:
            statement: The statement.
            to: Digest of the revision; None for one that opens an amendment, which the bundle of the next
                revision starts with.

        Raises:
            ConflictError: It was accepted before, for whichever case.
        """
        if self.has_statement(statement.sha256):
            raise ConflictError(
                "this statement was accepted before: it does not count twice", reason="replayed"
            )
        self._insert(schema.statements, row_of_statement(statement))
        if to is not None:
            table = schema.bundle_lines
            which = (table.c.case_id == statement.case_id, table.c.digest == to)
            position = self._connection.execute(select(func.count()).where(*which)).scalar() or 0
            self._add_line(statement.case_id, to, position, statement.sha256)

    def add_comment(self, comment: Comment) -> Comment:
        """Add a comment; its id is given here."""
        latest = self._connection.execute(select(func.max(schema.comments.c.id))).scalar() or 0
        comment = replace(comment, id=latest + 1)
        self._insert(schema.comments, {"id": comment.id, **row_of_comment(comment)})
        return comment

    def put_comment(self, comment: Comment) -> None:
        """Change a comment: resolve it."""
        table = schema.comments
        row = row_of_comment(comment)
        self._connection.execute(update(table).where(table.c.id == comment.id).values(row))

    def put_ranking(self, ranking: Ranking) -> Ranking:
        """Say which model cases are ranked by from now on; its number is given here.

        Where the same model was asked in the same way before, it is that ranking, with all its values.
        """
        table, row = schema.rankings, row_of_ranking(ranking)
        model = ("bundle_sha256", "samples", "seed", "mirrored")
        numbers = select(table.c.number).where(*(table.c[name] == row[name] for name in model))
        number = self._connection.execute(numbers).scalar()
        highest = select(func.max(table.c.number), func.max(table.c.turn))
        last, turn = (found or 0 for found in self._connection.execute(highest).one())
        if number is None:
            ranking = replace(ranking, number=last + 1)
            self._insert(table, {**row_of_ranking(ranking), "turn": turn + 1})
            return ranking
        turned = update(table).where(table.c.number == number).values(turn=turn + 1)
        self._connection.execute(turned)
        return replace(ranking, number=number)

    def put_uncertainty(self, found: CaseUncertainty) -> None:
        """Add or replace how unsure a model is of a case."""
        table, row = schema.uncertainties, row_of_uncertainty(found)
        which = (table.c.ranking == found.ranking, table.c.case_id == found.case_id)
        if self._connection.execute(update(table).where(*which).values(row)).rowcount == 0:
            self._insert(table, row)

    def _add_line(self, case_id: str, digest: str, position: int, sha256: str) -> None:
        row = {"case_id": case_id, "digest": digest, "position": position, "sha256": sha256}
        self._insert(schema.bundle_lines, row)

    def _insert(self, table: Any, row: dict[str, Any]) -> None:
        self._connection.execute(insert(table), row)


def _digests(bundle: bytes) -> list[str]:
    return [line_sha256(line) for line in bundle.split(b"\n")[:-1]]


def _time_of(entry: LedgerEntry) -> datetime:
    return datetime.fromisoformat(entry.fields["at"])
