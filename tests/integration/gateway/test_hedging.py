"""A second target beside one that is slow to begin: whoever begins first answers, and the other's work ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.integration.gateway.clients import asking, chat, raw, whole
from tests.integration.gateway.kit import Gateway
from tests.integration.gateway.scenes import scripts
from tests.integration.gateway.upstream import COMPLETION, Act, Script, completes, refuses, streams
from tests.integration.http.loop import eventually, on_loop, settled
from tests.integration.http.provider import reply

KNOWN = 20
"""So many calls make a target's times known."""
OTHER = COMPLETION.replace(b"Hello.", b"Another.")
HEDGED = {"hedge": "{ enabled = true }"}


@asynccontextmanager
async def hedging(
    folder: Path, *, is_stream: bool = False, second: Act | None = None, **options: str
) -> AsyncIterator[tuple[Gateway, Script, Script]]:
    """A gateway that knows its first target's times, which now lets a request wait; pauses are held."""
    sound = streams() if is_stream else completes()
    acts = (*[sound] * KNOWN, None, sound)
    async with scripts(folder, acts, (second or sound,), sections="", **(HEDGED | options)) as (gateway, (one, two)):
        for _ in range(KNOWN):
            assert (await whole(gateway, chat(asking(stream=is_stream)))).status == 200
        gateway.clock.holds_pauses = True
        yield gateway, one, two
        gateway.clock.end_pauses()


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@on_loop
async def test_the_second_target_answers_where_the_first_is_slow(tmp_path: Path, is_stream: bool) -> None:
    async with hedging(tmp_path, is_stream=is_stream) as (gateway, one, two), raw(gateway) as caller:
        await caller.ask(asking(stream=is_stream))
        await eventually(lambda: one.held and gateway.clock.held_pauses)
        assert 0 < gateway.clock.pauses_s[-1] < 1
        assert not two.requests
        gateway.clock.end_pauses()
        told = await caller.answer()
        assert (told.status, told.field(b"x-stellwerk-provider")) == (200, b"two")
        assert told.field(b"x-stellwerk-attempts") == b"2"
        await eventually(lambda: one.departed)  # its work ends
        assert gateway.parts.standings.of("one/gpt-5-mini").latencies.count == KNOWN + 1  # and its time counts
        event = await gateway.event(KNOWN + 1)
        assert (event.outcome, event.provider) == ("complete", "two")
        assert "; one/gpt-5-mini: slow to begin" in event.route
        assert "; one/gpt-5-mini: another one was faster" in event.route
        assert event.extra_cost_nanos > 0
        assert event.cost_nanos is not None
        assert event.cost_nanos > event.extra_cost_nanos


@on_loop
async def test_the_first_target_answers_where_it_is_faster_after_all(tmp_path: Path) -> None:
    async with hedging(tmp_path) as (gateway, one, two), raw(gateway) as caller:
        two._acts.appendleft(None)
        await caller.ask(asking())
        await eventually(lambda: one.held and gateway.clock.held_pauses)
        gateway.clock.end_pauses()
        await eventually(lambda: two.held)
        await one.held[0].send(reply(COMPLETION, b"Content-Type: application/json"))
        told = await caller.told()
        assert (told.body, told.fields[b"x-stellwerk-provider"]) == (COMPLETION, b"one")
        await eventually(lambda: two.departed)


@on_loop
async def test_a_second_target_that_fails_leaves_the_first_to_answer(tmp_path: Path) -> None:
    async with hedging(tmp_path, second=refuses(500)) as (gateway, one, two), raw(gateway) as caller:
        await caller.ask(asking())
        await eventually(lambda: one.held and gateway.clock.held_pauses)
        gateway.clock.end_pauses()
        await eventually(lambda: len(two.requests) == 1)
        await settled()
        assert caller.is_silent
        await one.held[0].send(reply(COMPLETION, b"Content-Type: application/json"))
        assert (await caller.told()).body == COMPLETION


@on_loop
async def test_a_first_target_that_fails_leaves_the_second_to_answer(tmp_path: Path) -> None:
    async with hedging(tmp_path) as (gateway, one, two), raw(gateway) as caller:
        two._acts.appendleft(None)
        await caller.ask(asking())
        await eventually(lambda: one.held and gateway.clock.held_pauses)
        gateway.clock.end_pauses()
        await eventually(lambda: two.held)
        await one.held[0].send(reply(b"{}", b"Content-Type: application/json", status=500))
        await settled()
        assert caller.is_silent
        await two.held[0].send(reply(OTHER, b"Content-Type: application/json"))
        assert (await caller.told()).body == OTHER


@on_loop
async def test_a_caller_who_leaves_ends_the_work_of_both(tmp_path: Path) -> None:
    async with hedging(tmp_path) as (gateway, one, two):
        two._acts.appendleft(None)
        async with raw(gateway) as caller:
            await caller.ask(asking())
            await eventually(lambda: one.held and gateway.clock.held_pauses)
            gateway.clock.end_pauses()
            await eventually(lambda: two.held)
        await eventually(lambda: one.departed and two.departed)
        assert (await gateway.event(KNOWN + 1)).outcome == "cancelled"


@on_loop
async def test_no_more_than_the_share_is_asked_twice(tmp_path: Path) -> None:
    async with (
        hedging(tmp_path, hedge="{ enabled = true, max_share = 0.001 }") as (gateway, one, two),
        raw(gateway) as caller,
    ):
        one._acts.extendleft([None, None])
        for number in range(1, 3):
            await caller.ask(asking())
            await eventually(lambda number=number: len(one.held) == number)  # type: ignore[misc]
            gateway.clock.end_pauses()
            await settled()
            if number == 2:
                await one.held[1].send(reply(COMPLETION, b"Content-Type: application/json"))
            assert (await caller.told()).status == 200
        assert len(two.requests) == 1


@on_loop
async def test_it_is_off_unless_switched_on(tmp_path: Path) -> None:
    async with hedging(tmp_path, hedge="{}") as (gateway, one, _), raw(gateway) as caller:
        await caller.ask(asking())
        await eventually(lambda: one.held)
        assert not gateway.clock.held_pauses
        await one.held[0].send(reply(COMPLETION, b"Content-Type: application/json"))
        assert (await caller.told()).status == 200
