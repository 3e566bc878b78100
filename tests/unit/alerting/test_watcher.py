"""What the watcher finds: budgets of the file and of the database, in their periods, each threshold once."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from stellwerk.admin.tables import scopes
from stellwerk.alerting import watcher
from stellwerk.core.accounts import account_of
from stellwerk.core.ledger import Take
from stellwerk.core.scope import BudgetSpec, Period
from stellwerk.errors import StoreUnavailable
from tests.unit.alerting.kit import DAY, KEY, NOW_S, TEAM, Host, configured, host


async def rounds(host: Host) -> list[tuple[str, float]]:
    """One round of both; every alert so far."""
    await host.watcher.round()
    await host.courier.round()
    return host.alerts


def put(host: Host, kind: str, name: str, *budgets: dict[str, object]) -> None:
    """A scope of the control database."""
    row = {"parent": "", "limits": [], "has_limits": False, "is_enabled": True, "version": 1}
    times = {"created_s": NOW_S, "updated_s": NOW_S}
    with host.database.writing() as connection:
        new = {"kind": kind, "name": name, "budgets": list(budgets), "has_budgets": bool(budgets)}
        connection.execute(scopes.insert().values(**row, **times, **new))


def test_thresholds_are_told_as_they_are_passed(tmp_path: Path) -> None:
    async def run(one: Host) -> None:
        assert await rounds(one) == []
        await one.spend("team:shop", 499)
        await one.spend("key:web", 900)
        assert await rounds(one) == [("key:web", 0.8)]
        await one.spend("team:shop", 1)
        assert await rounds(one) == [("key:web", 0.8), ("team:shop", 0.5)]
        await one.spend("team:shop", 5_000)
        await one.spend("key:web", 5_000)
        assert await rounds(one) == [("key:web", 0.8), ("team:shop", 0.5), ("team:shop", 0.8)]
        assert await rounds(one) == one.alerts
        assert len(one.alerts) == 3

    with host(tmp_path, configured(tmp_path, None)) as one:
        asyncio.run(run(one))


def test_each_period_begins_anew_and_what_is_told_late_of_one_is_heard(tmp_path: Path) -> None:
    async def run(one: Host) -> None:
        await one.spend("team:shop", 600)
        await rounds(one)
        before_s = one.now[0]
        one.now[0] = (before_s // 86_400 + 1) * 86_400 + watcher.LATE_S - 1
        await one.spend("team:shop", 300, at_s=before_s)
        await one.spend("team:shop", 500)
        assert sorted(await rounds(one)) == [("team:shop", 0.5), ("team:shop", 0.5), ("team:shop", 0.8)]
        one.now[0] += 2
        await one.spend("key:web", 900, at_s=before_s)
        assert len(await rounds(one)) == 3

    with host(tmp_path, configured(tmp_path, None)) as one:
        asyncio.run(run(one))


def test_the_files_word_on_a_scope_goes_before_the_databases(tmp_path: Path) -> None:
    async def run(one: Host) -> None:
        soft = {"limit_usd": "0.000001", "period": "day", "hard": False, "alerts": [0.1]}
        for kind, name in (("team", "shop"), ("key", "web"), ("team", "lab"), ("key", "till")):
            put(one, kind, name, soft)
        for scope in ("team:shop", "key:web", "team:lab", "key:till"):
            await one.spend(scope, 100)
        assert sorted(await rounds(one)) == [("key:till", 0.1), ("team:lab", 0.1)]
        nothing = msgspec.structs.replace(configured(tmp_path, None), scopes=(), keys=())
        one.watcher.adopt(nothing)
        assert len(await rounds(one)) == 4

    with host(tmp_path, configured(tmp_path, None)) as one:
        asyncio.run(run(one))


def test_all_budgets_are_looked_at_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "PAGE", 2)
    monkeypatch.setattr(watcher, "MOST_TOLD", 1)
    monkeypatch.setattr("stellwerk.admin.outbox.PAGE", 2)
    teams = tuple(msgspec.structs.replace(TEAM, name=f"t{number}") for number in range(5))
    keys = (msgspec.structs.replace(KEY, budgets=(DAY, BudgetSpec(5, Period.NEVER, alerts=()))),)

    async def run(one: Host) -> None:
        for number in range(3):
            put(one, "model", f"m{number}", {"limit_usd": "0.000001", "period": "day", "alerts": [0.5]})
        hard = msgspec.structs.replace(DAY, is_hard=True)
        for scope, spec in ((f"team:t{n}", DAY) for n in range(5)):
            await one.spend(scope, 600, spec)
        for number in range(3):
            await one.spend(f"model:m{number}", 600, hard)
        found = await rounds(one)
        assert len(found) == len(set(found)) == 8
        assert len(await rounds(one)) == 8

    with host(tmp_path, msgspec.structs.replace(configured(tmp_path, None), scopes=teams, keys=keys)) as one:
        asyncio.run(run(one))


def test_two_hosts_at_once_tell_once(tmp_path: Path) -> None:
    async def run(one: Host, other: Host) -> None:
        for step in range(6):
            await one.spend("team:shop", 180)
            await asyncio.gather(one.watcher.round(), other.watcher.round())
            await asyncio.gather(one.courier.round(), other.courier.round())
            assert len(one.alerts + other.alerts) == (step >= 2) + (step >= 4)

    config = configured(tmp_path, None)
    with host(tmp_path, config) as one, host(tmp_path, config) as other:
        asyncio.run(run(one, other))


def test_what_is_estimated_is_said(tmp_path: Path) -> None:
    async def run(one: Host) -> None:
        account = account_of("team:shop", DAY, NOW_S)
        await one.counter.take("dead", [Take(account, 700, 700)], NOW_S)
        assert await rounds(one) == []
        await one.counter.forfeit("dead", NOW_S)
        assert await rounds(one) == [("team:shop", 0.5)]
        (line,) = one.logged
        assert (line["alert"]["data"]["spent_usd"], line["alert"]["data"]["estimated_usd"]) == ("0.0000007",) * 2
        assert "nothing is refused" in line["alert"]["summary"]

    with host(tmp_path, configured(tmp_path, None)) as one:
        asyncio.run(run(one))


def test_a_counter_that_is_away_loses_nothing(tmp_path: Path) -> None:
    async def run(one: Host) -> None:
        await one.spend("team:shop", 600)
        with closing(sqlite3.connect(tmp_path / "counters.db", isolation_level=None)) as somebody:
            somebody.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailable):
                await one.watcher.round()
            somebody.execute("ROLLBACK")
        assert await rounds(one) == [("team:shop", 0.5)]

    with host(tmp_path, configured(tmp_path, None)) as one:
        asyncio.run(run(one))


def test_an_outbox_that_is_away_loses_nothing(tmp_path: Path) -> None:
    async def run(one: Host) -> None:
        await one.spend("team:shop", 600)
        with closing(sqlite3.connect(tmp_path / "control.db", isolation_level=None)) as somebody:
            somebody.execute("ALTER TABLE alerts RENAME TO elsewhere")
            with pytest.raises(StoreUnavailable):
                await one.watcher.round()
            somebody.execute("ALTER TABLE elsewhere RENAME TO alerts")
        assert await rounds(one) == [("team:shop", 0.5)]

    with host(tmp_path, configured(tmp_path, None)) as one:
        asyncio.run(run(one))
