"""Bring a database to this program's version."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from medseg.errors import DatabaseError


def newest_version() -> str:
    """The version that this program knows."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def version_of(connection: Connection) -> str | None:
    """The version of a database; None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def migrate(connection: Connection) -> None:
    """Bring a database to this program's version, in the transaction that the connection is in."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def require_known(connection: Connection) -> str:
    """Refuse a database whose version this program does not know.

    Returns:
        The version.

    Raises:
        DatabaseError: It is newer (reason ``newer``), or none of a study (``none``).
    """
    found = version_of(connection)
    if found is None:
        raise DatabaseError("the database holds no study", hint="restore it from a copy", reason="none")
    if found not in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}:
        raise DatabaseError(
            f"the study's database has version {found[:40]!a}, which this medseg does not know",
            hint="use a newer medseg",
            reason="newer",
        )
    return found


def require_current(connection: Connection) -> None:
    """Refuse a database of another version.

    Raises:
        DatabaseError: It is older (reason ``older``), newer (``newer``) or none of a study (``none``).
    """
    found, expected = require_known(connection), newest_version()
    if found != expected:
        raise DatabaseError(
            f"the study's database has version {found}, and this medseg works with {expected}",
            hint="make a copy of it, then: medseg study migrate",
            reason="older",
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    return config
