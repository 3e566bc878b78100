"""When providers are asked to refresh: at once, as they say, at least once a minute, and never after they are gone."""

from __future__ import annotations

import asyncio
import io
import math
from collections.abc import Callable
from typing import Any, cast

import msgspec

from stellwerk.core.wire import Origin
from stellwerk.gateway.renewals import LOOK_AGAIN_S, RETRY_S, SOONEST_S, Renewals
from stellwerk.ports.credential import Fetch
from stellwerk.ports.provider import Provider
from stellwerk.supervisor.log import Log
from tests.integration.http.loop import Clock, on_loop, settled


class Plugin:
    """A third party's provider, as far as its credentials go."""

    def __init__(self, due_s: Callable[[float], float]) -> None:
        self.due_s = due_s
        self.refreshed: list[float] = []
        self.inherited: list[object] = []
        self.failure: str | None = None
        self.origins: tuple[Origin, ...] = ()
        self.was_cancelled = False

    def inherit(self, former: object) -> None:
        """Keeps whom it replaces."""
        self.inherited.append(former)

    async def refresh(self, fetch: Fetch, now: float) -> float:
        """Keeps when it was called."""
        del fetch
        self.refreshed.append(now)
        return self.due_s(now)


class Hanging(Plugin):
    """A provider whose source never answers."""

    async def refresh(self, fetch: Fetch, now: float) -> float:
        """Waits until it is broken off."""
        await super().refresh(fetch, now)
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        return now


async def nowhere(*_: Any) -> tuple[int, bytes]:
    """A network without anybody."""
    raise AssertionError


class Renewing:
    """Renewals on a clock that stands still."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.log = io.StringIO()
        self.renewals = Renewals(nowhere, self.clock.deadlines, Log(self.log), self.clock)

    async def adopt(self, **plugins: object) -> None:
        """Serves these providers."""
        self.renewals.adopt({name: cast("Provider", plugin) for name, plugin in plugins.items()})
        await settled()

    async def advance(self, seconds: float) -> None:
        """Lets time go by."""
        self.clock.advance(seconds)
        await settled()

    @property
    def logged(self) -> list[tuple[str, str]]:
        """Levels and events."""
        lines = [msgspec.json.decode(line) for line in self.log.getvalue().splitlines()]
        return [(line["level"], line["event"]) for line in lines]


@on_loop
async def test_a_provider_is_asked_at_once_and_then_as_it_says() -> None:
    made, plugin = Renewing(), Plugin(lambda now: now + 30)
    await made.adopt(one=plugin, other=object())
    assert plugin.refreshed == [1_000]
    await made.advance(29)
    assert len(plugin.refreshed) == 1
    await made.advance(1)
    assert plugin.refreshed == [1_000, 1_030]
    made.renewals.stop()


@on_loop
async def test_one_that_is_never_due_is_left_alone() -> None:
    made, plugin = Renewing(), Plugin(lambda _: math.inf)
    await made.adopt(one=plugin)
    await made.advance(1e9)
    assert len(plugin.refreshed) == 1
    assert not made.clock.deadlines._members


@on_loop
async def test_a_far_moment_is_looked_for_every_minute_and_a_past_one_not_at_once() -> None:
    made, far, past = Renewing(), Plugin(lambda now: now + 1e6), Plugin(lambda now: now - 1)
    await made.adopt(far=far, past=past)
    await made.advance(SOONEST_S)
    assert (len(far.refreshed), len(past.refreshed)) == (1, 2)
    await made.advance(LOOK_AGAIN_S)
    assert len(far.refreshed) == 2
    made.renewals.stop()


@on_loop
async def test_a_defect_costs_nobody_else_and_is_told_once() -> None:
    def break_down(_: float) -> float:
        raise KeyError("s3cr3t")

    made, plugin, sound = Renewing(), Plugin(break_down), Plugin(lambda now: now + 30)
    await made.adopt(one=plugin, two=sound)
    await made.advance(RETRY_S)
    assert len(plugin.refreshed) == len(sound.refreshed) == 2
    assert made.logged == [("warning", "credentials_not_refreshed")]
    assert "s3cr3t" not in made.log.getvalue()
    plugin.due_s = lambda now: now + 30
    await made.advance(RETRY_S)
    assert made.logged[1:] == [("info", "credentials_refreshed")]
    made.renewals.stop()


@on_loop
async def test_a_reload_breaks_off_what_is_under_way_and_hands_the_old_over() -> None:
    made, hanging, ticking = Renewing(), Hanging(lambda _: 0), Plugin(lambda now: now + 30)
    await made.adopt(one=hanging, two=ticking)
    heir, stranger = Plugin(lambda now: now + 30), Plugin(lambda now: now + 30)
    await made.adopt(one=heir, three=stranger)
    assert hanging.was_cancelled
    assert (heir.inherited, stranger.inherited) == ([hanging], [])
    await made.advance(40)
    assert (len(ticking.refreshed), len(heir.refreshed), len(stranger.refreshed)) == (1, 2, 2)
    made.renewals.stop()
    await made.advance(100)
    assert len(heir.refreshed) == 2
    assert not made.clock.deadlines._members


@on_loop
async def test_a_failure_that_was_inherited_is_not_told_again() -> None:
    made, plugin, heir = Renewing(), Plugin(lambda now: now + 30), Plugin(lambda now: now + 30)
    plugin.failure = heir.failure = "away"
    await made.adopt(one=plugin)
    plugin.failure = "still away"
    await made.advance(30)
    heir.failure = plugin.failure
    await made.adopt(one=heir)
    assert made.logged == [("warning", "credentials_not_refreshed")]
    made.renewals.stop()
