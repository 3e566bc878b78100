"""Runs the steps on the connection that ``database.open_database`` hands over, in its transaction."""

from __future__ import annotations

from alembic import context

from stellwerk.admin.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA)
context.run_migrations()
