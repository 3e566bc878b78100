"""The first tables."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NAME = sa.String(256).with_variant(sa.String(256, collation="C"), "postgresql")


def upgrade() -> None:
    """Makes them, and names this database."""
    op.create_table(
        "changes",
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("time_s", sa.Float(), nullable=False),
        sa.Column("delta", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_table(
        "facts",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "keys",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("team", NAME, nullable=False),
        sa.Column("organization", NAME, nullable=False),
        sa.Column("user", NAME, nullable=False),
        sa.Column("models", sa.JSON(), nullable=False),
        sa.Column("dialects", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("networks", sa.JSON(), nullable=False),
        sa.Column("expires_s", sa.Float(), nullable=True),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_s", sa.Float(), nullable=False),
        sa.Column("updated_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("keys_by_name", "keys", ["name", "id"], unique=False)
    op.create_index("keys_by_state", "keys", ["is_enabled", "name", "id"], unique=False)
    op.create_index("keys_by_team", "keys", ["team", "name", "id"], unique=False)
    op.create_index("keys_by_user", "keys", ["user", "name", "id"], unique=False)
    op.create_table(
        "replies",
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("time_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("token", "key"),
    )
    op.create_index("ix_replies_time_s", "replies", ["time_s"], unique=False)
    op.create_table(
        "scopes",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("parent", NAME, nullable=False),
        sa.Column("limits", sa.JSON(), nullable=False),
        sa.Column("budgets", sa.JSON(), nullable=False),
        sa.Column("has_limits", sa.Boolean(), nullable=False),
        sa.Column("has_budgets", sa.Boolean(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_s", sa.Float(), nullable=False),
        sa.Column("updated_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name"),
    )
    op.create_index("scopes_by_budgets", "scopes", ["has_budgets", "kind", "name"], unique=False)
    op.create_index("scopes_by_limits", "scopes", ["has_limits", "kind", "name"], unique=False)
    op.create_index("scopes_by_parent", "scopes", ["kind", "parent", "name"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", NAME, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("teams", sa.JSON(), nullable=False),
        sa.Column("expires_s", sa.Float(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_s", sa.Float(), nullable=False),
        sa.Column("updated_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
        sa.UniqueConstraint("name"),
    )
    facts = sa.table("facts", sa.column("name"), sa.column("number"), sa.column("text"))
    op.execute(facts.insert().values(name="directory", number=0, text=secrets.token_hex(16)))
