"""How sure a model is of each case: for the order of the worklist, and for nothing that is signed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SHA256 = sa.String(64)
ID = sa.String(64)
TIME = sa.String(40)


def upgrade() -> None:
    """Make the two tables; none of the others is touched."""
    op.create_table(
        "rankings",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("bundle_sha256", SHA256, nullable=False),
        sa.Column("bundle_name", sa.String(80), nullable=False),
        sa.Column("bundle_version", sa.String(80), nullable=False),
        sa.Column("samples", sa.Integer, nullable=False),
        sa.Column("seed", sa.Integer, nullable=False),
        sa.Column("mirrored", sa.Boolean, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.UniqueConstraint("bundle_sha256", "samples", "seed", "mirrored", name="rankings_model"),
    )
    op.create_table(
        "uncertainties",
        sa.Column("ranking", sa.Integer, sa.ForeignKey("rankings.number"), primary_key=True),
        sa.Column("case_id", ID, sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("image_sha256", SHA256, nullable=False),
        sa.Column("value", sa.Float),
        sa.Column("structures", sa.Text, nullable=False),
        sa.Column("estimated", TIME, nullable=False),
    )
