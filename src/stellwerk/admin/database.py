"""The control database: SQLite in the state directory, or PostgreSQL; opened, migrated, read and written.

When it is away, SQLAlchemy's ``OperationalError`` or ``InterfaceError`` comes out; the API answers 503, and workers go
on with the directory that they have. SQLite waits 10 s for another writer.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.engine import make_url

from stellwerk.errors import ConfigurationError

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_S = 10.0
_MIGRATION_LOCK = 7_215_339_021_870_422_291
"""Of PostgreSQL's advisory locks: hosts that start together migrate one after the other."""


class Database:
    """Connections to the control database, from any thread."""

    __slots__ = ("engine",)

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction in which nothing changes underneath."""
        options = {"isolation_level": "REPEATABLE READ"} if self.engine.dialect.name == "postgresql" else {}
        with self.engine.connect().execution_options(**options) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that is committed at its end, and undone when an exception comes out."""
        with self.engine.connect().execution_options(stellwerk_writes=True) as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Closes every connection."""
        self.engine.dispose()


def open_database(state: Path, url: str | None = None) -> Database:
    """The database at a ``postgresql://`` URL, or ``control.db`` in the state directory, on the newest schema.

    Raises ``ConfigurationError`` when the driver is missing, and what SQLAlchemy raises.
    """
    engine = _sqlite(state / "control.db") if url is None else _postgresql(url)
    with engine.connect().execution_options(stellwerk_writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return Database(engine)


def _sqlite(path: Path) -> sa.Engine:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # before SQLite, which would ask the umask
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        # Transactions are begun by us, not by the driver, which would do it late.
        connect_args={"timeout": BUSY_TIMEOUT_S, "isolation_level": None},
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # a key that was handed out must not be forgotten
        connection.execute("PRAGMA foreign_keys = ON")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        # Who reads first and writes later could be refused in the middle: writers say so at once.
        writes = connection.get_execution_options().get("stellwerk_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: str) -> sa.Engine:
    if importlib.util.find_spec("pg8000") is None:
        raise ConfigurationError(("state.database: the driver is missing: pip install 'stellwerk[postgres]'",))
    return sa.create_engine(make_url(url).set(drivername="postgresql+pg8000"), pool_pre_ping=True)
