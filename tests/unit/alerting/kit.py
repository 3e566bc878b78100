"""Alerting over a real counter, a real control database and a real webhook; the clock is the test's."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import msgspec

from stellwerk import plugins
from stellwerk.admin.database import Database, open_database
from stellwerk.admin.outbox import Outbox
from stellwerk.alerting.channels import Channels
from stellwerk.alerting.courier import Courier
from stellwerk.alerting.watcher import Watcher
from stellwerk.core.accounts import account_of
from stellwerk.core.ledger import Return
from stellwerk.core.scope import BudgetSpec, Period, ScopeKind, ScopeRecord
from stellwerk.core.snapshot import KeySpec, NotifierSpec, Snapshot
from stellwerk.ports.counter import Counter
from stellwerk.supervisor.log import Log
from tests.hooks import Receiver
from tests.unit.admin.kit import SNAPSHOT

NOW_S = 1_700_000_000.0
DAY = BudgetSpec(1_000, Period.DAY, is_hard=False, alerts=(0.5, 0.8))
TEAM = ScopeRecord(ScopeKind.TEAM, "shop", budgets=(DAY,))
KEY = KeySpec("web", "env:KEY", "shop", budgets=(DAY,))


def configured(folder: Path, hook: Receiver | None, **parts: Any) -> Snapshot:
    """A configuration whose alerts go to the webhook, or to the log where there is none."""
    snapshot = msgspec.structs.replace(SNAPSHOT, scopes=(TEAM,), keys=(KEY,), **parts)
    if hook is None:
        return snapshot
    (folder / "url").write_text(hook.url)
    channel = NotifierSpec("ops", "webhook", {}, {"url": f"file:{folder / 'url'}"})
    told = msgspec.structs.replace(snapshot.alerts, notify=("ops",))
    return msgspec.structs.replace(snapshot, notifiers=(channel,), alerts=told)


@dataclass
class Host:
    """What one host has of it."""

    counter: Counter
    database: Database
    outbox: Outbox
    channels: Channels
    watcher: Watcher
    courier: Courier
    lines: io.StringIO
    log: Log
    now: list[float] = field(default_factory=lambda: [NOW_S])

    def wall(self) -> float:
        """The time."""
        return self.now[0]

    async def spend(self, scope: str, spent: int, spec: BudgetSpec = DAY, at_s: float | None = None) -> None:
        """So much was spent, now or at another moment."""
        now_s = self.now[0] if at_s is None else at_s
        await self.counter.give("worker", [Return(account_of(scope, spec, now_s), spent)], now_s)

    @property
    def logged(self) -> list[dict[str, Any]]:
        """The lines of the log."""
        return [json.loads(line) for line in self.lines.getvalue().splitlines()]

    @property
    def alerts(self) -> list[tuple[str, float]]:
        """Scope and threshold of the alerts in the log."""
        told = [line["alert"]["data"] for line in self.logged if line["event"] == "alert"]
        return [(said["scope"], said["threshold"]) for said in told]


@contextmanager
def host(folder: Path, snapshot: Snapshot, now: list[float] | None = None) -> Iterator[Host]:
    """One host; several of one folder share counter and database."""
    now = [NOW_S] if now is None else now
    lines = io.StringIO()
    log = Log(lines)
    counter = cast("Counter", plugins.build("counters", "sqlite", {"busy_timeout_s": 0.2}, directory=folder))
    database = open_database(folder)
    outbox = Outbox(database)
    channels = Channels(snapshot, lambda: now[0], log, timeout_s=5.0)
    watcher = Watcher(counter, outbox, channels, snapshot, lambda: now[0])
    courier = Courier(outbox, channels, lambda: now[0], lambda: 0.5, log, patience_s=20.0)
    yield Host(counter, database, outbox, channels, watcher, courier, lines, log, now)
    channels.close()
    counter.close()
    database.close()
