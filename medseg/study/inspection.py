"""Look at the database itself: every row as it stands, its guards, and whether the file is whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from medseg.study import schema
from medseg.study.reading import Reader

_MOST = 20
"""Findings of the database itself that are told: a broken file has thousands."""


def raw_rows(r: Reader, table: str) -> list[dict[str, Any]]:
    """The rows of a table, no value converted: one that says what can't be does not hide the others.

    Args:
        r: The study.
        table: Its name, one of :mod:`medseg.study.schema`.
    """
    found = schema.metadata.tables[table]
    # Quoted: ``leading`` is a word of PostgreSQL's.
    columns = ", ".join(f'"{column.name}"' for column in found.columns)
    order = ", ".join(f'"{column.name}"' for column in found.primary_key)
    return r.selected(f"SELECT {columns} FROM {table} ORDER BY {order}")  # noqa: S608 - names of the schema


def broken_pages(r: Reader) -> tuple[str, ...]:
    """What SQLite finds wrong with its own file; a server looks after itself."""
    if not r.is_sqlite:
        return ()
    said = [row["integrity_check"] for row in r.selected(f"PRAGMA integrity_check({_MOST})")]
    return tuple(str(one) for one in said if one != "ok")


def missing_guards(r: Reader) -> tuple[str, ...]:
    """Names of the triggers against changes and deletions that are not there."""
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if r.is_sqlite
        else "SELECT tgname AS name FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
        "WHERE tgenabled <> 'D' AND relnamespace = current_schema()::regnamespace"
    )
    there = {row["name"] for row in r.selected(query)}
    return tuple(sorted(set(_guards(is_sqlite=r.is_sqlite)) - there))


def _guards(*, is_sqlite: bool) -> Iterator[str]:
    yield "ledger_next"
    for table in (*schema.APPEND_ONLY, *schema.NEVER_DELETED):
        if is_sqlite:
            yield f"{table}_no_delete"
        else:
            yield f"{table}_kept"
            yield f"{table}_whole"
    if is_sqlite:
        yield from (f"{table}_no_update" for table in schema.APPEND_ONLY)
