"""How alerts get to a webhook that fails: again after a while that grows, and the log says so once."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from stellwerk.admin.outbox import CLAIM_S
from stellwerk.alerting.alerting import Alerting
from stellwerk.alerting.courier import FIRST_S, LONGEST_S, Courier
from stellwerk.errors import StoreUnavailable
from tests.hooks import HANG, receiver
from tests.integration.http.loop import eventually
from tests.unit.alerting.kit import Host, configured, host


def test_an_alert_is_sent_again_until_it_is_taken(tmp_path: Path) -> None:
    async def run(one: Host) -> None:
        await one.spend("team:shop", 600)
        await one.watcher.round()
        for failures in range(1, 15):
            await one.courier.round()
            assert len(hook.requests) == failures
            await one.courier.round()
            pause_s = min(LONGEST_S, FIRST_S * 2.0 ** (failures - 1)) * 0.75
            one.now[0] += pause_s - 0.001
            await one.courier.round()
            assert len(hook.requests) == failures
            one.now[0] += 0.001
        await one.courier.round()
        await one.courier.round()
        assert len(hook.requests) == 15
        assert len({request.body for request in hook.requests}) == 1
        assert [line["event"] for line in one.logged] == ["channel_fails", "channel_works_again"]

    with receiver(*[503] * 14) as hook, host(tmp_path, configured(tmp_path, hook)) as one:
        asyncio.run(run(one))


def test_a_channel_that_fails_is_left_until_the_next_round_and_one_that_is_gone_is_noted(tmp_path: Path) -> None:
    async def run(one: Host) -> None:
        for scope in ("team:shop", "key:web"):
            await one.spend(scope, 600)
        await one.watcher.round()
        await one.courier.round()
        assert len(hook.requests) == 1
        await one.courier.round()
        one.now[0] += 60
        await one.courier.round()
        assert [request.said["data"]["scope"] for request in hook.requests].count("team:shop") == 1
        assert [line.get("reason") for line in one.logged] == ["status 410", None]

    with receiver(410) as hook, host(tmp_path, configured(tmp_path, hook)) as one:
        asyncio.run(run(one))


def test_who_is_cancelled_in_between_leaves_the_alert_to_others(tmp_path: Path) -> None:
    async def run(one: Host, other: Host) -> None:
        await one.spend("team:shop", 600)
        await one.watcher.round()
        task = asyncio.create_task(one.courier.round())
        await eventually(lambda: hook.requests)
        await one.courier.stop(0.0)
        await task
        await other.courier.round()
        assert len(hook.requests) == 1
        other.now[0] += CLAIM_S
        await other.courier.round()
        first, second = hook.requests
        assert first.body == second.body

    with receiver(HANG) as hook:
        config = configured(tmp_path, hook)
        with host(tmp_path, config) as one, host(tmp_path, config) as other:
            asyncio.run(run(one, other))


def test_a_channel_that_hangs_holds_no_other_one_up(tmp_path: Path) -> None:
    async def run(one: Host) -> None:
        hasty = Courier(one.outbox, one.channels, one.wall, lambda: 0.5, one.log, patience_s=0.2)
        await one.spend("team:shop", 600)
        await one.watcher.round()
        await hasty.round()
        assert len(hook.requests) == 1
        one.channels.told = ("ops", "log")
        await one.spend("key:web", 600)
        await one.watcher.round()
        while not one.alerts:
            await hasty.round()
        assert len(hook.requests) == 1
        await hasty.stop(0.0)

    with receiver(HANG) as hook, host(tmp_path, configured(tmp_path, hook)) as one:
        asyncio.run(run(one))


def test_an_outbox_that_is_away_is_asked_again(tmp_path: Path) -> None:
    async def run(one: Host) -> None:
        await one.spend("team:shop", 600)
        await one.watcher.round()
        with closing(sqlite3.connect(tmp_path / "control.db", isolation_level=None)) as somebody:
            somebody.execute("ALTER TABLE deliveries RENAME TO elsewhere")
            with pytest.raises(StoreUnavailable):
                await one.courier.round()
            somebody.execute("ALTER TABLE elsewhere RENAME TO deliveries")
        await one.courier.round()
        assert len(hook.requests) == 1

    with receiver() as hook, host(tmp_path, configured(tmp_path, hook)) as one:
        asyncio.run(run(one))


class Failing:
    """A part whose rounds go as they are told."""

    def __init__(self, *results: Exception | None) -> None:
        self.results = list(results)

    async def round(self) -> None:
        """The next one."""
        result = self.results.pop(0) if self.results else None
        if result is not None:
            raise result


def test_what_is_away_is_said_once_and_so_is_its_return(tmp_path: Path) -> None:
    async def run(one: Host) -> None:
        alerting = Alerting(one.watcher, one.courier, one.outbox, one.wall, one.log)
        parts = Failing(StoreUnavailable("gone"), StoreUnavailable("gone"), None, ValueError("a defect"), None)
        alerting._tasks = [asyncio.create_task(alerting._repeat("watching", parts.round, 0.0))]
        await eventually(lambda: not parts.results)
        await alerting.stop()
        assert [(line["level"], line["event"]) for line in one.logged] == [
            ("warning", "alerts_wait"),
            ("info", "alerts_go_on"),
            ("error", "alerts_defect"),
        ]

    with host(tmp_path, configured(tmp_path, None)) as one:
        asyncio.run(run(one))


def test_it_runs_by_itself_until_it_is_stopped(tmp_path: Path) -> None:
    async def run(one: Host) -> None:
        await one.spend("team:shop", 600)
        alerting = Alerting(one.watcher, one.courier, one.outbox, one.wall, one.log)
        alerting.start()
        await eventually(lambda: hook.requests)
        await alerting.stop()
        assert all(task.done() for task in alerting._tasks)
        assert one.outbox.claim("ops", one.now[0] + 10 * CLAIM_S) is None

    with receiver() as hook, host(tmp_path, configured(tmp_path, hook)) as one:
        asyncio.run(run(one))


def test_an_alert_that_nobody_could_deliver_for_days_is_dropped_and_that_is_said(tmp_path: Path) -> None:
    async def run(one: Host) -> None:
        await one.spend("team:shop", 600)
        await one.watcher.round()
        one.now[0] += 4 * 86_400
        alerting = Alerting(one.watcher, one.courier, one.outbox, one.wall, one.log)
        await alerting._tidy()
        await alerting._tidy()
        assert [(line["event"], line["count"]) for line in one.logged] == [("alerts_dropped", 1)]

    with receiver() as hook, host(tmp_path, configured(tmp_path, hook)) as one:
        asyncio.run(run(one))
        assert hook.requests == []
