"""Alerts, and where they have to go."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_alerts"
down_revision = "0001"

NAME = sa.String(256).with_variant(sa.String(256, collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the tables, and the row that numbers alerts."""
    op.create_table(
        "alerts",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=512), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("limit_nanos", sa.BigInteger(), nullable=False),
        sa.Column("scope", sa.String(length=320), nullable=False),
        sa.Column("team", NAME, nullable=False),
        sa.Column("ends_s", sa.BigInteger(), nullable=False),
        sa.Column("time_s", sa.Float(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
        sa.UniqueConstraint("account", "share", "limit_nanos"),
    )
    op.create_index("alerts_by_team", "alerts", ["team", "number"], unique=False)
    op.create_index("alerts_by_end", "alerts", ["ends_s"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("alert", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_s", sa.Float(), nullable=False),
        sa.Column("done_s", sa.Float(), nullable=True),
        sa.Column("error", sa.String(length=256), nullable=False),
        sa.ForeignKeyConstraint(["alert"], ["alerts.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("alert", "channel"),
    )
    op.create_index("deliveries_by_state", "deliveries", ["state", "channel", "next_s"], unique=False)
    facts = sa.table("facts", sa.column("name"), sa.column("number"), sa.column("text"))
    op.execute(facts.insert().values(name="alerts", number=0, text=""))
