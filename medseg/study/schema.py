"""The tables of a study's database. Migrations make them; a test compares the two."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

SHA256 = String(64)
ID = String(64)
TIME = String(40)
"""ISO 8601 with zone: SQLite knows no times with zones, and what was signed must come back as it was."""

study = Table(
    "study", metadata, Column("id", String(36), primary_key=True), Column("created", TIME, nullable=False)
)

ledger = Table(
    "ledger",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    # A second entry after the same one would fork the chain.
    Column("previous", SHA256, nullable=False, unique=True),
    Column("sha256", SHA256, nullable=False, unique=True),
    Column("text", Text, nullable=False),
    Column("action", String(32), nullable=False),
    Column("case_id", ID),
    Index("ledger_case", "case_id"),
    Index("ledger_action", "action", "number"),
)

cases = Table(
    "cases",
    metadata,
    Column("id", ID, primary_key=True),
    Column("state", String(32), nullable=False),
    Column("image", Text, nullable=False),
    Column("image_sha256", SHA256, nullable=False),
    Column("structures", Text, nullable=False),
    Column("reads", Integer, nullable=False),
    Column("adjudicator", ID),
    Column("due", Date),
    Column("leading", Integer),
    Column("in_force", SHA256),
    Column("version", Integer, nullable=False),
    Column("updated", TIME, nullable=False),
    Index("cases_state", "state"),
    Index("cases_due", "due"),
    Index("cases_adjudicator", "adjudicator"),
)

reads = Table(
    "reads",
    metadata,
    Column("case_id", ID, ForeignKey("cases.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("reader", ID),
    Column("state", String(32), nullable=False),
    Column("head", SHA256),
    Column("base", SHA256),
    Column("amendment", SHA256),
    Index("reads_reader", "reader"),
)

revisions = Table(
    "revisions",
    metadata,
    Column("case_id", ID, ForeignKey("cases.id"), primary_key=True),
    Column("digest", SHA256, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("read", Integer, nullable=False),
    Column("parent", SHA256),
    Column("author", ID, nullable=False),
    Column("saved_at", TIME, nullable=False),
    Column("folder", Text, nullable=False),
    Column("files", Text, nullable=False),
    UniqueConstraint("case_id", "number", name="revisions_number"),
)

statements = Table(
    "statements",
    metadata,
    # No statement counts twice, in this case or in another one.
    Column("sha256", SHA256, primary_key=True),
    Column("case_id", ID, ForeignKey("cases.id"), nullable=False),
    Column("digest", SHA256, nullable=False),
    Column("line", LargeBinary, nullable=False),
    Column("meaning", String(32), nullable=False),
    Column("person_id", ID, nullable=False),
    Column("signed_at", TIME, nullable=False),
    Index("statements_case", "case_id"),
)

bundle_lines = Table(
    "bundle_lines",
    metadata,
    Column("case_id", ID, primary_key=True),
    Column("digest", SHA256, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("sha256", SHA256, ForeignKey("statements.sha256"), nullable=False),
    ForeignKeyConstraint(["case_id", "digest"], ["revisions.case_id", "revisions.digest"]),
)

comments = Table(
    "comments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("case_id", ID, ForeignKey("cases.id"), nullable=False),
    Column("revision", SHA256),
    Column("structure", String(200)),
    Column("x_lps_mm", Float),
    Column("y_lps_mm", Float),
    Column("z_lps_mm", Float),
    Column("text", Text, nullable=False),
    Column("author", ID, nullable=False),
    Column("created", TIME, nullable=False),
    Column("resolved_by", ID),
    Column("resolved_at", TIME),
    Index("comments_case", "case_id", "resolved_by"),
)

rankings = Table(
    "rankings",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("bundle_sha256", SHA256, nullable=False),
    Column("bundle_name", String(80), nullable=False),
    Column("bundle_version", String(80), nullable=False),
    Column("samples", Integer, nullable=False),
    Column("seed", Integer, nullable=False),
    Column("mirrored", Boolean, nullable=False),
    # The one that was run last has the highest: its values are shown.
    Column("turn", Integer, nullable=False),
    UniqueConstraint("bundle_sha256", "samples", "seed", "mirrored", name="rankings_model"),
)

uncertainties = Table(
    "uncertainties",
    metadata,
    Column("ranking", Integer, ForeignKey("rankings.number"), primary_key=True),
    Column("case_id", ID, ForeignKey("cases.id"), primary_key=True),
    Column("image_sha256", SHA256, nullable=False),
    Column("value", Float),
    Column("structures", Text, nullable=False),
    Column("estimated", TIME, nullable=False),
)

APPEND_ONLY = ("ledger", "revisions", "statements", "bundle_lines", "study")
"""Rows of these are never changed and never deleted."""

NEVER_DELETED = ("cases", "reads", "comments")
"""Rows of these change, and stay. What a model thinks of a case (``rankings``, ``uncertainties``) is neither:
it can be worked out again, and nothing that is signed depends on it."""
