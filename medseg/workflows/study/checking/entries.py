"""The entries of a ledger as data, and what their clocks say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from medseg.errors import DamagedStudyError
from medseg.review.chain import CLOCK_TOLERANCE
from medseg.study.ledger import LedgerEntry
from medseg.workflows.study.checking.damage import Damage, Severity
from medseg.workflows.study.checking.retold import Entry

_TEXTS = ("at", "person", "role", "action")
_OPTIONAL_TEXTS = ("case", "revision", "statement")


def readable(entries: Iterable[LedgerEntry]) -> list[Entry]:
    """What the entries say, as far as they can be read: the others are named by the check of the chain."""
    return [fields for fields in map(fields_of, entries) if fields is not None]


def clock_notes(entries: Sequence[Entry], now: datetime) -> Iterator[Damage]:
    """Entries that claim an earlier time than the one before them, or a time to come."""
    for before, after in pairwise(entries):
        behind = _time(before) - _time(after)
        if behind > CLOCK_TOLERANCE:
            message = f"it claims a time {behind} before that of the entry before it: a clock ran wrong"
            yield _note(after, message)
    for entry in entries:
        if _time(entry) > now + CLOCK_TOLERANCE:
            yield _note(entry, "it claims a time to come: a clock ran wrong")


def _note(entry: Entry, message: str) -> Damage:
    return Damage("clock", f"entry {entry['number']}", message, Severity.NOTE)


def fields_of(entry: LedgerEntry) -> Entry | None:
    """What an entry says; None where it can't be read, or is not of the form of one."""
    try:
        fields = entry.fields
        return fields if _is_whole(fields) else None
    except (DamagedStudyError, ValueError, TypeError):
        return None


def _is_whole(fields: dict[str, Any]) -> bool:
    whole = (
        all(isinstance(fields.get(name), str) for name in _TEXTS)
        and all(isinstance(fields.get(name), str | None) for name in _OPTIONAL_TEXTS)
        and isinstance(fields.get("details"), dict)
        and isinstance(fields.get("number"), int)
        and isinstance(fields.get("read"), int | None)
        and set(_OPTIONAL_TEXTS) | {"read"} <= fields.keys()
    )
    return whole and _time(fields).tzinfo is not None


def _time(entry: Entry) -> datetime:
    return datetime.fromisoformat(entry["at"])
