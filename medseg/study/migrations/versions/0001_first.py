"""The first version: cases, reads, revisions, statements, comments and the ledger, with their guards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SHA256 = sa.String(64)
ID = sa.String(64)
TIME = sa.String(40)

APPEND_ONLY = ("ledger", "revisions", "statements", "bundle_lines", "study")
NEVER_DELETED = ("cases", "reads", "comments")


def upgrade() -> None:
    """Make the tables and the triggers."""
    op.create_table(
        "study", sa.Column("id", sa.String(36), primary_key=True), sa.Column("created", TIME, nullable=False)
    )
    op.create_table(
        "ledger",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("previous", SHA256, nullable=False, unique=True),
        sa.Column("sha256", SHA256, nullable=False, unique=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("case_id", ID),
    )
    op.create_index("ledger_case", "ledger", ["case_id"])
    op.create_index("ledger_action", "ledger", ["action", "number"])
    _cases()
    _revisions()
    op.create_table(
        "comments",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("case_id", ID, sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("revision", SHA256),
        sa.Column("structure", sa.String(200)),
        sa.Column("x_lps_mm", sa.Float),
        sa.Column("y_lps_mm", sa.Float),
        sa.Column("z_lps_mm", sa.Float),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("author", ID, nullable=False),
        sa.Column("created", TIME, nullable=False),
        sa.Column("resolved_by", ID),
        sa.Column("resolved_at", TIME),
    )
    op.create_index("comments_case", "comments", ["case_id", "resolved_by"])
    guard = {"sqlite": _guard_sqlite, "postgresql": _guard_postgresql}[op.get_context().dialect.name]
    guard()


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", ID, primary_key=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("image", sa.Text, nullable=False),
        sa.Column("image_sha256", SHA256, nullable=False),
        sa.Column("structures", sa.Text, nullable=False),
        sa.Column("reads", sa.Integer, nullable=False),
        sa.Column("adjudicator", ID),
        sa.Column("due", sa.Date),
        sa.Column("leading", sa.Integer),
        sa.Column("in_force", SHA256),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("updated", TIME, nullable=False),
    )
    op.create_index("cases_state", "cases", ["state"])
    op.create_index("cases_due", "cases", ["due"])
    op.create_index("cases_adjudicator", "cases", ["adjudicator"])
    op.create_table(
        "reads",
        sa.Column("case_id", ID, sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("reader", ID),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("head", SHA256),
        sa.Column("base", SHA256),
        sa.Column("amendment", SHA256),
    )
    op.create_index("reads_reader", "reads", ["reader"])


def _revisions() -> None:
    op.create_table(
        "revisions",
        sa.Column("case_id", ID, sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("digest", SHA256, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("read", sa.Integer, nullable=False),
        sa.Column("parent", SHA256),
        sa.Column("author", ID, nullable=False),
        sa.Column("saved_at", TIME, nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("files", sa.Text, nullable=False),
        sa.UniqueConstraint("case_id", "number", name="revisions_number"),
    )
    op.create_table(
        "statements",
        sa.Column("sha256", SHA256, primary_key=True),
        sa.Column("case_id", ID, sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("digest", SHA256, nullable=False),
        sa.Column("line", sa.LargeBinary, nullable=False),
        sa.Column("meaning", sa.String(32), nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("signed_at", TIME, nullable=False),
    )
    op.create_index("statements_case", "statements", ["case_id"])
    op.create_table(
        "bundle_lines",
        sa.Column("case_id", ID, primary_key=True),
        sa.Column("digest", SHA256, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("sha256", SHA256, sa.ForeignKey("statements.sha256"), nullable=False),
        sa.ForeignKeyConstraint(["case_id", "digest"], ["revisions.case_id", "revisions.digest"]),
    )


def _guard_sqlite() -> None:
    events = [(t, e) for t in APPEND_ONLY for e in ("UPDATE", "DELETE")]
    for table, event in (*events, *((t, "DELETE") for t in NEVER_DELETED)):
        op.execute(
            f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'medseg: rows of {table} are kept as they are'); END"
        )
    # REPLACE deletes without firing the trigger above, unless recursive triggers are on: refuse it by number.
    op.execute(
        "CREATE TRIGGER ledger_next BEFORE INSERT ON ledger "
        "WHEN NEW.number <> (SELECT COALESCE(MAX(number), 0) + 1 FROM ledger) "
        "BEGIN SELECT RAISE(ABORT, 'medseg: an entry goes to the end of the ledger'); END"
    )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION medseg_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'medseg: rows of % are kept as they are', TG_TABLE_NAME; END $$"
    )
    op.execute(
        "CREATE FUNCTION medseg_next() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.number <> (SELECT COALESCE(MAX(number), 0) + 1 FROM ledger) THEN "
        "RAISE EXCEPTION 'medseg: an entry goes to the end of the ledger'; END IF; RETURN NEW; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION medseg_refuse()"
        )
    for table in NEVER_DELETED:
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION medseg_refuse()"
        )
    for table in (*APPEND_ONLY, *NEVER_DELETED):
        op.execute(
            f"CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION medseg_refuse()"
        )
    op.execute(
        "CREATE TRIGGER ledger_next BEFORE INSERT ON ledger FOR EACH ROW EXECUTE FUNCTION medseg_next()"
    )
