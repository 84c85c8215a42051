"""The connection to a study's database: SQLite beside it, or PostgreSQL by URL."""

from __future__ import annotations

import re
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from medseg.errors import ConflictError, DatabaseError, MedsegError, OutputError, StudyError

BUSY_TIMEOUT_S = 30
"""How long to wait for others who write: each takes milliseconds."""

_WRITES = "medseg_writes"

_SECRETS = {"password", "sslpassword"}
"""Parameters of a connection that must not be written into ``study.json``."""

_FULL = re.compile("disk is full|No space left|disk I/O error|could not extend file", re.IGNORECASE)
_READ_ONLY = re.compile("readonly database|read-only", re.IGNORECASE)
_BUSY = re.compile("database is locked|deadlock|could not serialize|lock timeout", re.IGNORECASE)
_KEPT = re.compile(r"medseg: ([^\n\"]*)")


def sqlite_engine(path: Path, *, create: bool = False) -> Engine:
    """The engine of a SQLite database.

    Args:
        path: The file.
        create: Whether it is made; otherwise it must be there.

    Raises:
        DatabaseError: There is no such file.
        OutputError: It can't be made.
    """
    if create:
        _make_file(path)
    elif not path.is_file():
        raise DatabaseError(
            f"the study's database {path.name} is missing", hint="restore it from a copy", path=str(path)
        )
    # mode=rw: a database that vanishes while medseg runs is missing, and not made anew and empty. The address
    # is made here, since in a URL of SQLAlchemy a folder's "?" would end the path.
    address = f"{path.absolute().as_uri()}?mode=rw"
    engine = create_engine(
        "sqlite://",
        poolclass=NullPool,
        creator=partial(sqlite3.connect, address, uri=True, timeout=BUSY_TIMEOUT_S),
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def server_engine(url: str) -> Engine:
    """The engine of a PostgreSQL database.

    Args:
        url: Such as ``postgresql://user@host/database``. The password comes from where PostgreSQL's own
            programs take it: ``~/.pgpass``, a service file, or ``PGPASSWORD``.

    Raises:
        DatabaseError: It is no such URL, it holds a password, or the driver is not installed.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseError("expected a URL such as postgresql://user@host/database") from error
    if parsed.get_backend_name() != "postgresql":
        raise DatabaseError(
            f"expected a PostgreSQL database, got {parsed.get_backend_name()[:40]!a}",
            hint="leave the URL away for SQLite",
        )
    if parsed.password or _SECRETS & parsed.query.keys():
        raise DatabaseError(
            "the URL holds a password, which would be written into study.json",
            hint="put it into ~/.pgpass, or set PGPASSWORD where medseg runs",
            reason="password",
        )
    try:
        engine = create_engine(parsed.set(drivername="postgresql+psycopg"), poolclass=NullPool)
    except (ImportError, NoSuchModuleError) as error:
        raise DatabaseError(
            "PostgreSQL's driver is not installed", hint="pip install 'medseg[site]'"
        ) from error
    event.listen(engine, "begin", _begin_server)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that holds off every other writer from its begin to its end.

    Raises:
        ConflictError: Somebody else writes for too long, or wrote what this would write.
        OutputError: The disk is full or read-only; nothing was written.
        DatabaseError: The database can't be reached.
    """
    with _told():
        prepared = engine.execution_options(**{_WRITES: True})
        with prepared.begin() as connection:
            yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One look at the database, the same from its begin to its end.

    Raises:
        DatabaseError: The database can't be reached.
    """
    with _told(), engine.begin() as connection:
        yield connection


def _make_file(path: Path) -> None:
    try:
        path.open("xb").close()
    except OSError as error:
        raise OutputError(
            f"the study's database {path.name} can't be made: {error.strerror}", path=str(path)
        ) from error


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own BEGIN comes late and is deferred: two writers read one head and fork the chain.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    # REPLACE deletes rows; with this its deletions meet the guards too.
    connection.execute("PRAGMA recursive_triggers = ON")
    connection.execute("PRAGMA synchronous = FULL")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_server(connection: Connection) -> None:
    if not connection.get_execution_options().get(_WRITES):
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_TIMEOUT_S}s'")
    # One lock a schema: several studies of one database don't wait for each other.
    schema = connection.exec_driver_sql("SELECT current_schema()").scalar() or ""
    key = zlib.crc32(f"medseg {schema}".encode())
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({key})")


@contextmanager
def _told() -> Iterator[None]:
    """Errors of the database as errors of medseg."""
    try:
        yield
    except MedsegError:
        raise
    except IntegrityError as error:
        raise _kept(error) or ConflictError(
            "somebody else was faster: this is there already, and nothing was done",
            hint="reload and look again",
        ) from error
    except DBAPIError as error:
        raise _of_driver(error) from error
    except SQLAlchemyError as error:
        raise DatabaseError(f"the study's database failed: {_first_line(error)}") from error


def _of_driver(error: DBAPIError) -> MedsegError:
    said = str(error.orig)
    if _FULL.search(said):
        return OutputError("the study's database could not be written: the disk is full; nothing was done")
    if _READ_ONLY.search(said):
        return OutputError("the study's database could not be written: it is read-only; nothing was done")
    if _BUSY.search(said):
        return ConflictError("somebody else keeps the database busy; nothing was done", hint="try again")
    return _kept(error) or DatabaseError(
        f"the study's database can't be used: {_first_line(error.orig)}",
        hint="check that it is there, that the server runs, and that you may use it",
    )


def _kept(error: DBAPIError) -> StudyError | None:
    refused = _KEPT.search(str(error.orig))
    return StudyError(f"the database refuses this: {refused[1]}", reason="kept") if refused else None


def _first_line(error: object) -> str:
    return (str(error).splitlines() or ["it did not say why"])[0][:300]
