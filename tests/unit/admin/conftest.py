"""The admin API on each of its databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from stellwerk.admin.database import Database
from tests.issuer import Issuer, issuing
from tests.postgres import postgres
from tests.unit.admin.kit import NOW_S, Admin, open_admin
from tests.unit.admin.people import Trust, trusting


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL database."""
    with postgres() as url:
        yield url


@pytest.fixture
def admin(tmp_path: Path) -> Iterator[Admin]:
    """The API on SQLite."""
    found = open_admin(tmp_path)
    yield found
    found.database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def everywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Admin]:
    """The API on either database, empty."""
    if request.param == "sqlite":
        found = open_admin(tmp_path)
    else:
        url = request.getfixturevalue("postgresql")
        _empty(url)
        found = open_admin(tmp_path, url)
    yield found
    found.database.close()


def _empty(url: str) -> None:
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+pg8000"))
    with Database(engine).writing() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """An issuer that runs, on the clock of the admin side."""
    with issuing() as running:
        running.clock = lambda: NOW_S
        yield running


@pytest.fixture
def trust(admin: Admin, issuer: Issuer) -> Trust:
    """Has the admin side know the issuer's people."""
    return trusting(admin, issuer)
