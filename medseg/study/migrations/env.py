"""Alembic runs this; the connection comes from :mod:`medseg.study.migration`."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
# The transaction is the caller's.
context.run_migrations()
