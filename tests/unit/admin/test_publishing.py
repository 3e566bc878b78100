"""A new base is written while deltas go on: workers see every change at once, and never an older state."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from stellwerk.admin import publishing
from stellwerk.admin.publishing import Publishing
from stellwerk.admin.tables import changes
from stellwerk.config import directory_file
from stellwerk.config.directory_file import BaseDraft
from stellwerk.config.register import Register
from stellwerk.core.scope import DirectoryDelta, KeyRecord, ScopeRecord
from tests.unit.admin.kit import Admin, made, open_admin

PATIENCE_S = 30.0
MOST = 5


class Slow:
    """Writes the real files; a base is ready only when it may be, or not at all."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.may_end = threading.Event()
        self.may_end.set()
        self.is_full = False

    def draft_base(
        self, path: Path, version: int, keys: Iterable[KeyRecord], scopes: Iterable[ScopeRecord]
    ) -> BaseDraft:
        """As usual, when it may."""
        if self.is_full:
            raise OSError("disk full")
        draft = directory_file.draft_base(path, version, keys, scopes)
        self.begun.set()
        assert self.may_end.wait(PATIENCE_S)
        return draft

    def append_delta(self, path: Path, delta: DirectoryDelta) -> None:
        """As usual."""
        directory_file.append_delta(path, delta)


class Host:
    """The API with real files, and a worker that follows them."""

    def __init__(self, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.slow = Slow()
        monkeypatch.setattr(publishing, "MOST_DELTAS", MOST)
        monkeypatch.setattr(publishing, "AGAIN", 1)
        self.admin: Admin = open_admin(state)
        shutil.rmtree(state / "directory")
        self.publishing = self.admin.changes.publishing = Publishing(self.admin.database, self.slow, state)
        self.admin.changes.publish()
        self.register = Register(state)
        self.seen: list[int] = []
        self.follow()

    def follow(self) -> int:
        """The version that the worker has, which never goes back."""
        self.register.follow()
        while self.register.is_behind:
            self.register.follow()
        assert not self.register.problem
        self.seen.append(self.register.version)
        assert self.seen == sorted(self.seen)
        return self.register.version

    def team(self, name: str) -> None:
        """One change."""
        made(self.admin.client().post("/admin/v1/teams", json={"name": name}))

    def knows(self, *names: str) -> bool:
        """Whether the worker knows these teams."""
        self.follow()
        return all(self.register.scope(f"team:{name}") is not None for name in names)


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    made_host = Host(tmp_path, monkeypatch)
    yield made_host
    made_host.slow.may_end.set()
    made_host.publishing.finish()
    made_host.admin.database.close()


def marked(host: Host) -> str:
    """What the mark of the next process says."""
    return (host.admin.state / "directory" / "published").read_text()


def test_changes_are_told_at_once_while_a_new_base_is_being_written(host: Host) -> None:
    host.slow.may_end.clear()
    host.slow.begun.clear()
    for number in range(MOST + 1):
        host.team(f"team{number}")
    assert host.slow.begun.wait(PATIENCE_S)
    host.team("meanwhile")
    assert host.knows("team0", "meanwhile")
    team = made(host.admin.client().get("/admin/v1/teams/team0"))
    host.admin.client().delete("/admin/v1/teams/team0", headers={"if-match": f'"{team["version"]}"'})
    assert not host.knows("team0")
    host.slow.may_end.set()
    host.publishing.finish()
    assert '"base":6' in marked(host)
    assert host.follow() == MOST + 3
    assert host.knows("team1", "meanwhile")
    assert not host.knows("team0")
    host.team("afterwards")
    assert host.knows("afterwards", "meanwhile", "team1")


def test_a_worker_that_starts_anew_reads_the_same(host: Host) -> None:
    for number in range(3 * MOST):
        host.team(f"team{number}")
        host.follow()
        host.publishing.finish()
    fresh = Register(host.admin.state)
    while fresh.follow() or fresh.is_behind:
        pass
    assert fresh.version == host.follow() == 3 * MOST
    assert all(fresh.scope(f"team:team{number}") for number in range(3 * MOST))


def test_a_base_that_cannot_be_written_is_told_and_tried_again(host: Host) -> None:
    host.slow.is_full = True
    for number in range(MOST + 1):
        host.team(f"team{number}")
    host.publishing.finish()
    host.admin.changes.publish()
    assert "disk full" in host.admin.lines.getvalue()
    assert host.knows("team0", f"team{MOST}")
    host.slow.is_full = False
    for number in range(MOST + 1):
        host.team(f"more{number}")
    host.publishing.finish()
    assert '"base":0' not in marked(host)
    assert host.knows("team0", f"more{MOST}")


def test_a_process_that_dies_while_it_exchanges_the_files_has_a_successor_with_a_new_base(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise OSError("killed")

    for number in range(MOST):
        host.team(f"team{number}")
    host.slow.may_end.clear()
    host.slow.begun.clear()
    host.team("last")
    assert host.slow.begun.wait(PATIENCE_S)
    with monkeypatch.context() as patch:
        patch.setattr(Publishing, "_write_mark", die)
        host.slow.may_end.set()
        host.publishing.finish()
    assert not (host.admin.state / "directory" / "published").exists()
    successor = Publishing(host.admin.database, directory_file, host.admin.state)
    successor.catch_up()
    host.admin.changes.publishing = successor
    host.team("new")
    assert host.knows("team0", "last", "new")


def test_a_base_of_a_database_that_was_exchanged_meanwhile_is_not_taken(host: Host) -> None:
    host.slow.may_end.clear()
    host.slow.begun.clear()
    for number in range(MOST + 1):
        host.team(f"team{number}")
    assert host.slow.begun.wait(PATIENCE_S)
    with host.admin.database.writing() as connection:  # the deltas that would follow the base are gone
        connection.execute(sa.delete(changes))
    host.publishing._mark = publishing._Mark("another", 1, 1)
    host.slow.may_end.set()
    host.publishing.finish()
    assert not list((host.admin.state / "directory").glob(".base*"))
