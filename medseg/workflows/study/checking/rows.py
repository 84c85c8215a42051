"""The rows of the database against what the ledger tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from medseg.study.reading import Reader
from medseg.study.records import Case, Read
from medseg.workflows.study.checking.damage import Damage
from medseg.workflows.study.checking.retold import Retold
from medseg.workflows.study.comments import text_sha256


def row_damages(r: Reader, told: Retold) -> Iterator[Damage]:
    """Everything that a row says and the ledger does not, or the other way round."""
    yield from _cases(r, told)
    yield from _revisions(r, told)
    yield from _statements(r, told)
    yield from _comments(r, told)


def _cases(r: Reader, told: Retold) -> Iterator[Damage]:
    there = set(r.case_ids())
    for case_id in sorted(there - told.cases.keys()):
        yield Damage("case-unknown", case_id, "the ledger knows nothing of this case")
    for case_id in sorted(told.cases.keys() - there):
        yield Damage("case-missing", case_id, "the ledger knows this case, and the database does not")
    for case_id in sorted(there & told.cases.keys()):
        found = r.case(case_id)
        yield from _differences(case_id, replace(told.cases[case_id], image=found.image), found)
        yield from _reads(r, told, case_id)


def _reads(r: Reader, told: Retold, case_id: str) -> Iterator[Damage]:
    found = {read.number: read for read in r.reads(case_id)}
    expected = {read.number: read for read in told.reads_of(case_id)}
    for number in sorted(found.keys() ^ expected.keys()):
        who_knows = "the database" if number in found else "the ledger"
        yield Damage("read-differs", f"{case_id}, read {number}", f"only {who_knows} knows this read")
    for number in sorted(found.keys() & expected.keys()):
        yield from _differences(f"{case_id}, read {number}", expected[number], found[number])


def _differences(what: str, expected: Case | Read, found: Case | Read) -> Iterator[Damage]:
    kind = "case-differs" if isinstance(expected, Case) else "read-differs"
    for name in (field.name for field in fields(expected)):
        told, is_now = getattr(expected, name), getattr(found, name)
        if told != is_now:
            message = f"{name} is {_said(is_now)} in the database, and {_said(told)} by the ledger"
            yield Damage("state-differs" if name == "state" else kind, what, message)


def _revisions(r: Reader, told: Retold) -> Iterator[Damage]:
    found = {(case_id, one.digest): one for case_id in r.case_ids() for one in r.revisions(case_id)}
    for case_id, digest in sorted(told.revisions.keys() - found.keys()):
        yield Damage(
            "revision-missing", _named(case_id, digest), "the ledger knows it, the database does not"
        )
    for key, revision in sorted(found.items()):
        entry = told.revisions.get(key)
        if entry is None:
            yield Damage("revision-unknown", _named(*key), "no entry of the ledger saved this revision")
            continue
        expected = {
            "number": entry["details"]["number"],
            "parent": entry["details"]["parent"],
            "files": entry["details"]["files"],
            "read": entry["read"],
            "author": entry["person"],
        }
        for name, value in expected.items():
            if getattr(revision, name) != value:
                message = f"{name} in the database is not the one of the ledger"
                yield Damage("revision-differs", _named(*key), message)


def _statements(r: Reader, told: Retold) -> Iterator[Damage]:
    found = {statement.sha256: statement for statement in r.statements()}
    for sha256 in sorted(told.statements.keys() - found.keys()):
        known = told.statements[sha256]
        what = f"{known['case']}, entry {known['number']}"
        yield Damage("statement-missing", what, "the statement that the ledger names is gone")
    for sha256, statement in sorted(found.items()):
        entry = told.statements.get(sha256)
        if entry is None:
            what = f"{statement.case_id}, statement {sha256[:12]}"
            yield Damage("statement-unknown", what, "no entry of the ledger names this statement")
            continue
        said = (statement.case_id, statement.digest, statement.meaning)
        if said != (entry["case"], entry["revision"], entry["details"]["meaning"]):
            what = f"{statement.case_id}, statement {sha256[:12]}"
            yield Damage("statement-differs", what, "its row is not what the ledger tells of it")


def _comments(r: Reader, told: Retold) -> Iterator[Damage]:
    found = {comment.id: comment for comment in r.comments()}
    for number in sorted(told.comments.keys() - found.keys()):
        yield Damage("comment-missing", f"comment {number}", "the ledger knows it, the database does not")
    for number, comment in sorted(found.items()):
        entry = told.comments.get(number)
        if entry is None:
            yield Damage("comment-unknown", f"comment {number}", "no entry of the ledger made this comment")
            continue
        said = {
            "text": (text_sha256(comment.text), entry["details"]["text_sha256"]),
            "author": (comment.author, entry["person"]),
            "case": (comment.case_id, entry["case"]),
            "revision": (comment.revision, entry["revision"]),
            "resolved_by": (comment.resolved_by, told.resolved.get(number)),
        }
        for name, (is_now, was) in said.items():
            if is_now != was:
                yield Damage("comment-differs", f"comment {number}", f"its {name} is not that of the ledger")


def _named(case_id: str, digest: str) -> str:
    return f"{case_id}, revision {digest[:12]}"


def _said(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text[:12] if len(text) == 64 else text
