"""The tables of the control database. Time is Unix seconds; lists are JSON, with dollars as decimal text."""

from __future__ import annotations

import sqlalchemy as sa

LONGEST_NAME = 256

METADATA = sa.MetaData()

NAME = sa.String(LONGEST_NAME).with_variant(sa.String(LONGEST_NAME, collation="C"), "postgresql")
"""Compared byte by byte on every database: pages are cut by it."""

facts = sa.Table(
    "facts",
    METADATA,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("text", sa.String(64), nullable=False),
)
"""``directory``: the number of its last version, and an id that tells this database from any other."""

scopes = sa.Table(
    "scopes",
    METADATA,
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("name", NAME, primary_key=True),
    sa.Column("parent", NAME, nullable=False),
    sa.Column("limits", sa.JSON, nullable=False),
    sa.Column("budgets", sa.JSON, nullable=False),
    sa.Column("has_limits", sa.Boolean, nullable=False),
    sa.Column("has_budgets", sa.Boolean, nullable=False),
    sa.Column("is_enabled", sa.Boolean, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_s", sa.Float, nullable=False),
    sa.Column("updated_s", sa.Float, nullable=False),
    sa.Index("scopes_by_parent", "kind", "parent", "name"),
    sa.Index("scopes_by_limits", "has_limits", "kind", "name"),
    sa.Index("scopes_by_budgets", "has_budgets", "kind", "name"),
)
"""``parent``: a team's organization; the team of a user and of a key's name."""

keys = sa.Table(
    "keys",
    METADATA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("name", NAME, nullable=False),
    sa.Column("digest", sa.LargeBinary(16), nullable=False, unique=True),
    sa.Column("team", NAME, nullable=False),
    sa.Column("organization", NAME, nullable=False),
    sa.Column("user", NAME, nullable=False),
    sa.Column("models", sa.JSON, nullable=False),
    sa.Column("dialects", sa.JSON, nullable=False),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("networks", sa.JSON, nullable=False),
    sa.Column("expires_s", sa.Float),
    sa.Column("is_enabled", sa.Boolean, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_s", sa.Float, nullable=False),
    sa.Column("updated_s", sa.Float, nullable=False),
    sa.Index("keys_by_name", "name", "id"),
    sa.Index("keys_by_team", "team", "name", "id"),
    sa.Index("keys_by_user", "user", "name", "id"),
    sa.Index("keys_by_state", "is_enabled", "name", "id"),
)

tokens = sa.Table(
    "tokens",
    METADATA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("name", NAME, nullable=False, unique=True),
    sa.Column("digest", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("teams", sa.JSON, nullable=False),
    sa.Column("expires_s", sa.Float),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_s", sa.Float, nullable=False),
    sa.Column("updated_s", sa.Float, nullable=False),
)
"""``teams``: empty where it reaches every one."""

sessions = sa.Table(
    "sessions",
    METADATA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("digest", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("person", sa.String(32), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("teams", sa.JSON(none_as_null=True)),
    sa.Column("rules", sa.String(64), nullable=False),
    sa.Column("created_s", sa.Float, nullable=False),
    sa.Column("expires_s", sa.Float, nullable=False),
    sa.Index("sessions_by_person", "person", "created_s"),
    sa.Index("sessions_by_end", "expires_s"),
)
"""Of people who have logged in. ``teams``: null for every one; ``rules``: what their role followed from."""

changes = sa.Table(
    "changes",
    METADATA,
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("time_s", sa.Float, nullable=False),
    sa.Column("delta", sa.LargeBinary, nullable=False),
)
"""What each version of the directory changed, until every host has taken it."""

replies = sa.Table(
    "replies",
    METADATA,
    sa.Column("token", sa.String(32), primary_key=True),
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("time_s", sa.Float, nullable=False, index=True),
)
"""What was answered under an idempotency key (its digest), without secrets."""

alerts = sa.Table(
    "alerts",
    METADATA,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("id", sa.String(32), nullable=False, unique=True),
    sa.Column("account", sa.String(512), nullable=False),
    sa.Column("share", sa.Float, nullable=False),
    sa.Column("limit_nanos", sa.BigInteger, nullable=False),
    sa.Column("scope", sa.String(320), nullable=False),
    sa.Column("team", NAME, nullable=False),
    sa.Column("ends_s", sa.BigInteger, nullable=False),
    sa.Column("time_s", sa.Float, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("account", "share", "limit_nanos"),
    sa.Index("alerts_by_team", "team", "number"),
    sa.Index("alerts_by_end", "ends_s"),
)
"""What somebody is told. ``account`` is a budget's in one period, of which a threshold of a limit is told once."""

deliveries = sa.Table(
    "deliveries",
    METADATA,
    sa.Column("alert", sa.BigInteger, sa.ForeignKey("alerts.number", ondelete="CASCADE"), primary_key=True),
    sa.Column("channel", sa.String(64), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_s", sa.Float, nullable=False),
    sa.Column("done_s", sa.Float),
    sa.Column("error", sa.String(256), nullable=False),
    sa.Index("deliveries_by_state", "state", "channel", "next_s"),
)
"""Where each alert has to go. Who claims one moves ``next_s`` ahead and counts an attempt."""
