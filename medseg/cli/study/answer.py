"""Records of a study as JSON, and as lines for people."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from medseg.study.records import Case, Comment, Read, Revision, StoredStatement

SHOWN_DIGITS = 12
"""Digits of a digest that people are shown; eight are enough to name a revision."""


def print_json(document: Any) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(document, indent=2, default=_plain, ensure_ascii=False, allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    raise TypeError(type(value).__name__)


def case_as_dict(case: Case) -> dict[str, Any]:
    """A case as a JSON object."""
    return {**asdict(case), "state": case.state.value}


def read_as_dict(read: Read) -> dict[str, Any]:
    """A read as a JSON object."""
    return {"number": read.number, "reader": read.reader, "state": read.state.value, "head": read.head}


def revision_as_dict(revision: Revision, number: int) -> dict[str, Any]:
    """A revision as a JSON object, under the number that is shown to who asks."""
    return {
        "digest": revision.digest,
        "number": number,
        "read": revision.read,
        "parent": revision.parent,
        "author": revision.author,
        "saved_at": revision.saved_at,
        "folder": revision.folder,
    }


def statement_as_dict(statement: StoredStatement) -> dict[str, Any]:
    """A statement as a JSON object."""
    return {
        "sha256": statement.sha256,
        "revision": statement.digest,
        "meaning": statement.meaning,
        "person": statement.person_id,
        "signed_at": statement.signed_at,
    }


def comment_as_dict(comment: Comment) -> dict[str, Any]:
    """A comment as a JSON object."""
    return {**asdict(comment), "open": comment.is_open}


def comment_line(comment: Comment) -> str:
    """A comment, on one line for people."""
    place = comment.at_lps_mm
    where = "" if place is None else f" at {', '.join(f'{value:.1f}' for value in place)} mm (LPS)"
    about = f" on {comment.structure}" if comment.structure else ""
    state = "open" if comment.is_open else f"resolved by {comment.resolved_by}"
    text = " ".join(comment.text.split())
    return f"comment {comment.id} by {comment.author}{about}{where} ({state}): {text}"


def short(digest: str | None) -> str:
    """The first digits of a digest."""
    return "-" if digest is None else digest[:SHOWN_DIGITS]


def time_of(value: datetime) -> str:
    """A time for people, with its zone."""
    return value.isoformat(sep=" ", timespec="seconds")
