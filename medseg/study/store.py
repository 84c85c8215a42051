"""The store of a study: its folder and its database, opened."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from medseg.errors import DamagedStudyError, DatabaseError, OutputExistsError
from medseg.study.folder import Description, StudyFolder, read_description, write_description

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from medseg.study.reading import Reader
    from medseg.study.transaction import Transaction


class Store:
    """An open study.

    Attributes:
        folder: Where things lie.
        id: Id of the study.
        database: URL of the database where it is on a server.
    """

    def __init__(self, folder: StudyFolder, description: Description, engine: Engine) -> None:
        self.folder = folder
        self.id = description.id
        self.database = description.database
        self._engine = engine

    @classmethod
    def create(cls, path: Path, *, url: str | None = None) -> Store:
        """Make the store of a new study.

        Args:
            path: Its folder, which is there. ``study.json`` is written last: there is a study or none.
            url: A PostgreSQL database without tables, or with none of a study in its schema; by default
                SQLite.

        Raises:
            OutputExistsError: There is a study in the folder.
            DatabaseError: The database can't be used, or holds a study already.
            OutputError: The folder can't be written.
        """
        from medseg.study.database import server_engine, sqlite_engine

        folder = StudyFolder(path)
        if folder.description.exists() or folder.sqlite.exists():
            raise OutputExistsError(f"there is a study in {path} already", path=str(path))
        created = datetime.now().astimezone().isoformat()
        description = Description(str(uuid.uuid4()), created, url)
        engine = server_engine(url) if url else sqlite_engine(folder.sqlite, create=True)
        try:
            _make_tables(engine, description)
            write_description(folder, description)
        except BaseException:
            engine.dispose()
            if url is None:
                folder.sqlite.unlink(missing_ok=True)
            raise
        return cls(folder, description, engine)

    @classmethod
    def open(cls, path: Path) -> Store:
        """Open the store of a study.

        Raises:
            UnknownCaseError: There is no study in the folder.
            DamagedStudyError: ``study.json`` is damaged, or the database belongs to another study.
            DatabaseError: The database is missing, can't be reached, or is of another version.
        """
        from medseg.study.database import reading
        from medseg.study.migration import require_current
        from medseg.study.reading import Reader

        folder = StudyFolder(path)
        description = read_description(folder)
        engine = _engine(folder, description)
        with reading(engine) as connection:
            require_current(connection)
            found = Reader(connection).study_id()
        if found != description.id:
            raise DamagedStudyError(
                f"the database belongs to another study ({found}), not to this one ({description.id})",
                hint="restore folder and database from copies of one time",
            )
        return cls(folder, description, engine)

    @staticmethod
    def migrate(path: Path) -> str:
        """Bring the database of a study to this program's version; make a copy of it first.

        Returns:
            The version.

        Raises:
            DatabaseError: It can't be reached, or is newer than this program.
        """
        from medseg.study.database import writing
        from medseg.study.migration import migrate, newest_version, require_known

        folder = StudyFolder(path)
        with writing(_engine(folder, read_description(folder))) as connection:
            require_known(connection)
            migrate(connection)
        return newest_version()

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """Look into the database, as of one moment.

        Raises:
            DatabaseError: It can't be reached.
        """
        from medseg.study.database import reading
        from medseg.study.reading import Reader

        with reading(self._engine) as connection:
            yield Reader(connection)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Change the study: all or nothing. Others who write wait until it is done.

        Raises:
            ConflictError: Somebody else wrote what this would write, or writes for too long.
            OutputError: The disk is full or read-only.
            DatabaseError: The database can't be reached.
        """
        from medseg.study.database import writing
        from medseg.study.transaction import Transaction

        with writing(self._engine) as connection:
            yield Transaction(connection, self.id)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()


def _engine(folder: StudyFolder, description: Description) -> Engine:
    from medseg.study.database import server_engine, sqlite_engine

    return server_engine(description.database) if description.database else sqlite_engine(folder.sqlite)


def _make_tables(engine: Engine, description: Description) -> None:
    from sqlalchemy import insert

    from medseg.study import schema
    from medseg.study.database import writing
    from medseg.study.migration import migrate, version_of

    with writing(engine) as connection:
        if version_of(connection) is not None:
            raise DatabaseError(
                "the database holds a study already", hint="name an empty one", reason="holds-study"
            )
        migrate(connection)
        connection.execute(insert(schema.study), {"id": description.id, "created": description.created})
