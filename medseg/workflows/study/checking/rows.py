"""The rows of the database against what the ledger tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from medseg.errors import SidecarError
from medseg.study.records import Case, Comment, Read, Revision
from medseg.workflows.study.checking.damage import Damage
from medseg.workflows.study.checking.retold import Entry, Retold
from medseg.workflows.study.checking.table_rows import TableRows
from medseg.workflows.study.comments import comment_sha256


def row_damages(rows: TableRows, told: Retold) -> Iterator[Damage]:
    """Everything that a row says and the ledger does not, or the other way round."""
    yield from rows.damages
    yield from _records("case", rows.cases, told.cases)
    yield from _times(rows, told)
    yield from _records("read", rows.reads, told.reads)
    yield from _records("revision", rows.revisions, told.revisions)
    yield from _bundles(rows, told)
    yield from _statements(rows, told)
    yield from _comments(rows, told)


def _records(kind: str, found: Mapping[Any, Any], expected: Mapping[Any, Any]) -> Iterator[Damage]:
    for key in _sorted(found.keys() - expected.keys()):
        what = f"no entry of the ledger knows this {kind}"
        yield Damage(f"{kind}-unknown", _named(found[key]), what)
    for key in _sorted(expected.keys() - found.keys()):
        what = f"the ledger knows this {kind}, and the database does not"
        yield Damage(f"{kind}-missing", _named(expected[key]), what)
    for key in _sorted(found.keys() & expected.keys()):
        yield from _differences(kind, expected[key], found[key])


def _differences(
    kind: str, expected: Case | Read | Revision, found: Case | Read | Revision
) -> Iterator[Damage]:
    for name in (field.name for field in fields(expected)):
        told, is_now = getattr(expected, name), getattr(found, name)
        if told != is_now:
            message = f"{name} is {_said(is_now)} in the database, and {_said(told)} by the ledger"
            word = "state-differs" if name == "state" else f"{kind}-differs"
            yield Damage(word, _named(found), message)


def _times(rows: TableRows, told: Retold) -> Iterator[Damage]:
    for case_id in _sorted(rows.updated.keys() & told.updated.keys()):
        if rows.updated[case_id] != told.updated[case_id]:
            message = "the time of its last change is not that of the ledger"
            yield Damage("case-differs", case_id, message)


def _bundles(rows: TableRows, told: Retold) -> Iterator[Damage]:
    """Which statements stand in which bundle, and in which order."""
    for key in _sorted(rows.bundles.keys() | told.bundles.keys()):
        if rows.bundles.get(key, []) != told.bundles.get(key, []):
            message = "its statements in the database are not those of the ledger, or stand in another order"
            yield Damage("bundle-differs", _revision(*key), message)


def _statements(rows: TableRows, told: Retold) -> Iterator[Damage]:
    for sha256 in _sorted(told.statements.keys() - rows.statements.keys()):
        known = told.statements[sha256]
        message = f"the statement that entry {known['number']} names is gone"
        yield Damage("statement-missing", f"{known['case']}, statement {sha256[:12]}", message)
    for sha256, statement in sorted(rows.statements.items()):
        entry = told.statements.get(sha256)
        # Named by the case that it was made for, whatever the row says now.
        what = f"{entry['case'] if entry else statement.case_id}, statement {sha256[:12]}"
        if entry is None:
            yield Damage("statement-unknown", what, "no entry of the ledger names this statement")
            continue
        said = {
            "case": (statement.case_id, entry["case"]),
            "revision": (statement.digest, entry["revision"]),
            "meaning": (statement.meaning, entry["details"]["meaning"]),
            "signer": (statement.person_id, entry["details"].get("signer")),
        }
        yield from _unlike("statement-differs", what, said)


def _comments(rows: TableRows, told: Retold) -> Iterator[Damage]:
    for number in _sorted(told.comments.keys() - rows.comments.keys()):
        message = "the ledger knows this comment, and the database does not"
        yield Damage("comment-missing", f"comment {number}", message)
    for number, comment in sorted(rows.comments.items()):
        entry = told.comments.get(number)
        if entry is None:
            yield Damage("comment-unknown", f"comment {number}", "no entry of the ledger made this comment")
            continue
        yield from _unlike(
            "comment-differs", f"comment {number}", _said_of(comment, entry, told.resolved.get(number))
        )


def _said_of(comment: Comment, made: Entry, resolved: Entry | None) -> dict[str, tuple[Any, Any]]:
    return {
        "text, structure or place": (_digest(comment), made["details"].get("sha256")),
        "author": (comment.author, made["person"]),
        "case": (comment.case_id, made["case"]),
        "revision": (comment.revision, made["revision"]),
        "time": (comment.created, datetime.fromisoformat(made["at"])),
        "resolver": (comment.resolved_by, resolved and resolved["person"]),
        "time of resolution": (
            comment.resolved_at,
            resolved and datetime.fromisoformat(resolved["at"]),
        ),
    }


def _digest(comment: Comment) -> str | None:
    try:
        return comment_sha256(comment)
    except SidecarError:
        return None  # of what no comment can be, such as a place that is no number


def _unlike(kind: str, what: str, said: Mapping[str, tuple[Any, Any]]) -> Iterator[Damage]:
    for name, (row, entry) in said.items():
        if row != entry:
            yield Damage(kind, what, f"its {name} in the database is not that of the ledger")


def _named(record: Case | Read | Revision) -> str:
    match record:
        case Case():
            return record.id
        case Read():
            return f"{record.case_id}, read {record.number}"
        case Revision():
            return _revision(record.case_id, record.digest)


def _revision(case_id: str, digest: str) -> str:
    return f"{case_id}, revision {digest[:12]}"


def _sorted(keys: Any) -> list[Any]:
    # A damaged row may hold a number where there is text, and the two have no order.
    return sorted(keys, key=repr)


def _said(value: Any) -> str:
    text = "none" if value is None else str(value)
    return f"{text[:12]}…" if len(text) == 64 else text[:200]
