"""All rows of a study's database as records; one that says what can't be is named and left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Any

from medseg.errors import MedsegError
from medseg.study.inspection import raw_rows
from medseg.study.reading import Reader
from medseg.study.records import Case, Comment, Read, Revision, StoredStatement
from medseg.study.rows import case_of, comment_of, read_of, revision_of, statement_of
from medseg.workflows.study.checking.damage import Damage

UNREADABLE = (MedsegError, ValueError, TypeError, KeyError, AttributeError)
"""What reading a value raises that somebody put where another one belongs."""

Row = Mapping[str, Any]


@dataclass
class TableRows:
    """What the database holds.

    Attributes:
        cases: By id.
        updated: When each case changed last.
        reads: By case and number.
        revisions: By case and digest.
        statements: By the digest of the line.
        bundles: By case and digest of the revision: the digests of its lines, in order.
        comments: By id.
        damages: What could not be read.
    """

    cases: dict[str, Case] = field(default_factory=dict)
    updated: dict[str, datetime] = field(default_factory=dict)
    reads: dict[tuple[str, int], Read] = field(default_factory=dict)
    revisions: dict[tuple[str, str], Revision] = field(default_factory=dict)
    statements: dict[str, StoredStatement] = field(default_factory=dict)
    bundles: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    damages: list[Damage] = field(default_factory=list)

    def bundle(self, case_id: str, digest: str) -> bytes:
        """The statements of a revision as they stand in the file beside it; those that are gone left out."""
        return self.joined(self.bundles.get((case_id, digest), []))

    def joined(self, digests: list[str]) -> bytes:
        """Statements as lines of a bundle."""
        there = [self.statements[sha256].line for sha256 in digests if sha256 in self.statements]
        return b"".join(line + b"\n" for line in there)


def read_rows(r: Reader) -> TableRows:
    """Read every row.

    Raises:
        DatabaseError: The database can't be read.
    """
    rows = TableRows()
    for row, case in _records(r, rows, "cases", lambda row: case_of(tuple(_with_date(row).values()))):
        rows.cases[case.id] = case
        rows.updated[case.id] = datetime.fromisoformat(row["updated"])
    for _, read in _records(r, rows, "reads", read_of):
        rows.reads[read.case_id, read.number] = read
    for _, revision in _records(r, rows, "revisions", revision_of):
        rows.revisions[revision.case_id, revision.digest] = revision
    for _, statement in _records(r, rows, "statements", statement_of):
        rows.statements[statement.sha256] = statement
    for _, comment in _records(r, rows, "comments", comment_of):
        rows.comments[comment.id] = comment
    for key, group in groupby(raw_rows(r, "bundle_lines"), lambda row: (row["case_id"], row["digest"])):
        lines = list(group)
        rows.bundles[key] = [row["sha256"] for row in lines]
        if [row["position"] for row in lines] != list(range(len(lines))):
            what = f"{key[0]}, revision {str(key[1])[:12]}"
            rows.damages.append(Damage("bundle-differs", what, "its lines are not numbered one by one"))
    return rows


def _records(r: Reader, rows: TableRows, table: str, make: Callable[[Any], Any]) -> Iterator[tuple[Row, Any]]:
    for number, row in enumerate(raw_rows(r, table), start=1):
        try:
            if table == "cases":
                datetime.fromisoformat(row["updated"])
            record = make(row)
            hash(getattr(record, "id", None))
        except UNREADABLE as error:
            said = error.message if isinstance(error, MedsegError) else "a value is of another kind"
            rows.damages.append(Damage("row-damaged", f"{table}, row {number}", said))
            continue
        yield row, record


def _with_date(row: Row) -> Row:
    """A row with its day as one: SQLite has days as text."""
    due = row["due"]
    return {**row, "due": date.fromisoformat(due) if isinstance(due, str) else due}
