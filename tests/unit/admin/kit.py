"""The admin API over a real database and audit log; only the workers' directory is a file of our own."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from fastapi.testclient import TestClient
from starlette.types import ASGIApp

from stellwerk.admin.access import Guard
from stellwerk.admin.app import application
from stellwerk.admin.changes import Changes
from stellwerk.admin.database import Database, open_database
from stellwerk.admin.problems import Place, Problem
from stellwerk.admin.publishing import Publishing
from stellwerk.alerting.channels import Channels
from stellwerk.audit.log import ChainedLog
from stellwerk.audit.verify import entries, verify
from stellwerk.config.caching import open_cache
from stellwerk.core.scope import DirectoryDelta, KeyRecord, ScopeRecord
from stellwerk.core.snapshot import FORMAT, AdminSpec, ServerSpec, Snapshot, StateSpec
from stellwerk.supervisor.log import Log

TOKEN = "never-tell-admin-token"
PEPPER = bytes(range(32))
NOW_S = 1_700_000_000.0
SNAPSHOT = Snapshot(
    format=FORMAT,
    version=1,
    source="stellwerk.toml",
    server=ServerSpec("127.0.0.1", 8080, 1),
    admin=AdminSpec("127.0.0.1", 8081),
    state=StateSpec("state"),
    providers=(),
    models=(),
    keys=(),
)


class DirectoryFile:
    """A directory for workers in plain lines: a base, and deltas after it. ``is_broken`` makes its disk fail."""

    def __init__(self) -> None:
        self.is_broken = False

    def draft_base(
        self, path: Path, version: int, keys: Iterable[KeyRecord], scopes: Iterable[ScopeRecord]
    ) -> DirectoryDraft:
        """Everything anew."""
        return DirectoryDraft(self, path, DirectoryDelta(version, keys=tuple(keys), scopes=tuple(scopes)))

    def append_delta(self, path: Path, delta: DirectoryDelta, mode: str = "ab") -> None:
        """One line more."""
        if self.is_broken:
            raise OSError("disk full")
        with (path / "lines").open(mode) as file:
            file.write(msgspec.json.encode(delta) + b"\n")


@dataclass
class DirectoryDraft:
    """A base that is not written yet."""

    file: DirectoryFile
    path: Path
    base: DirectoryDelta

    def commit(self, deltas: Iterable[DirectoryDelta]) -> None:
        """Line by line."""
        self.file.append_delta(self.path, self.base, mode="wb")
        for delta in deltas:
            self.file.append_delta(self.path, delta)

    def discard(self) -> None:
        """Nothing has been written."""


@dataclass
class Around:
    """What is around the API: the supervisor's part."""

    version: int = 1
    key_names: frozenset[str] = frozenset({"web"})
    fault: str = ""
    is_adopted: bool = True
    events: Path = Path("events")

    async def reload(self) -> bool:
        """Takes it, or says what is wrong."""
        if self.fault:
            raise Problem(422, "the configuration is refused", errors=[Place(pointer="#/file", detail=self.fault)])
        self.version += self.is_adopted
        return self.is_adopted


@dataclass
class Admin:
    """The API in this process."""

    state: Path
    database: Database
    app: ASGIApp
    changes: Changes
    directory: DirectoryFile
    around: Around
    now: list[float]
    lines: io.StringIO

    def client(self, token: str = TOKEN) -> TestClient:
        """A client with a token."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return TestClient(self.app, headers=headers, raise_server_exceptions=False)

    def token(self, role: str, *teams: str) -> TestClient:
        """A client with a new token."""
        body = {"name": f"{role}-{'-'.join(teams)}"[:100], "role": role, "teams": list(teams)}
        return self.client(made(self.client().post("/admin/v1/tokens", json=body))["token"])

    @property
    def deltas(self) -> list[DirectoryDelta]:
        """What workers were told: a base first."""
        lines = (self.state / "directory" / "lines").read_bytes().splitlines()
        return [msgspec.json.decode(line, type=DirectoryDelta) for line in lines]

    def known(self) -> tuple[dict[str, KeyRecord], dict[str, ScopeRecord]]:
        """What workers know after all of it."""
        keys: dict[str, KeyRecord] = {}
        scopes: dict[str, ScopeRecord] = {}
        for delta in self.deltas:
            keys.update((key.id, key) for key in delta.keys)
            scopes.update((scope.id, scope) for scope in delta.scopes)
            for key in delta.removed_keys:
                keys.pop(key, None)
            for scope in delta.removed_scopes:
                scopes.pop(scope, None)
        return keys, scopes

    @property
    def audited(self) -> list[tuple[str, str]]:
        """What was done to what, by the audit log, whose chain holds."""
        assert not verify(self.state / "audit").findings
        return [(entry["what"], entry["target"]) for entry in entries(self.state / "audit")]


def open_admin(state: Path, url: str | None = None) -> Admin:
    """The API on the state in a folder."""
    database = open_database(state, url)
    now = [NOW_S]
    guard = Guard(database, PEPPER, lambda: now[0])
    guard.configure(TOKEN)
    directory, around = DirectoryFile(), Around(events=state / "events")
    publishing = Publishing(database, directory, state)
    lines = io.StringIO()
    changes = Changes(database, ChainedLog(state / "audit"), publishing, guard, PEPPER, lambda: now[0], Log(lines))
    changes.publish()
    channels = Channels(SNAPSHOT, lambda: now[0], Log(lines))
    opening = partial(open_cache, StateSpec(str(state)), workers=2)
    app = application(changes, around, channels, "sqlite", opening)
    return Admin(state, database, app, changes, directory, around, now, lines)


def made(response: Any) -> dict[str, Any]:
    """The body of what was made, or changed."""
    assert response.status_code in {200, 201}, response.text
    body: dict[str, Any] = response.json()
    return body


def refused(response: Any, status: int) -> str:
    """Why not: everything a problem says."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert body["title"]
    return json.dumps(body)


def tag(body: dict[str, Any]) -> dict[str, str]:
    """The header that names a version."""
    return {"if-match": f'"{body["version"]}"'}
