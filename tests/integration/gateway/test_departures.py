"""Callers that leave: the provider stops working for them at once, and it is on record."""

from __future__ import annotations

import asyncio
import statistics
from pathlib import Path

import pytest

from tests.integration.gateway.clients import QUESTION, Watcher, asking, chat, raw, sdk
from tests.integration.gateway.scenes import scripted
from tests.integration.gateway.upstream import COMPLETION, ROLE, STREAM_HEAD, USAGE, chunk, refuses, said
from tests.integration.http.loop import eventually, on_loop, settled
from tests.integration.http.provider import reply

TRIES = 7
AT_ONCE_S = 0.1


def leave(caller: Watcher, how: str) -> None:
    """Ends a raw connection in one of three ways."""
    match how:
        case "FIN":
            caller.close()
        case "half-close":
            caller.end()
        case "RST":
            caller.reset()


@pytest.mark.parametrize("how", ["FIN", "half-close", "RST"])
@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@on_loop
async def test_work_upstream_ends_at_once_before_any_answer(tmp_path: Path, is_stream: bool, how: str) -> None:
    delays: list[float] = []
    loop = asyncio.get_running_loop()
    async with scripted(tmp_path, None) as (gateway, upstream):
        for number in range(1, TRIES + 1):
            async with raw(gateway) as caller:
                await caller.ask(asking(stream=is_stream))
                await eventually(lambda: len(upstream.held) == number)  # noqa: B023  # awaited in the loop
                left = loop.time()
                leave(caller, how)
                await eventually(lambda: len(upstream.departed) == number)  # noqa: B023
                delays.append(loop.time() - left)
            event = await gateway.event(number)
            assert (event.outcome, event.status, event.error) == ("cancelled", 499, "cancelled")
            assert (event.attempts, event.first_byte_us, event.reply_bytes) == (1, 0, 0)
            assert event.overhead_us <= event.latency_us
        assert gateway.upstream_connections == 0
    assert statistics.median(delays) < AT_ONCE_S


@pytest.mark.parametrize("how", ["FIN", "half-close", "RST"])
@on_loop
async def test_work_upstream_ends_at_once_in_the_middle_of_a_stream(tmp_path: Path, how: str) -> None:
    delays: list[float] = []
    loop = asyncio.get_running_loop()
    async with scripted(tmp_path, None) as (gateway, upstream):
        for number in range(1, TRIES + 1):
            async with raw(gateway) as caller:
                await caller.ask(asking(stream=True))
                await eventually(lambda: len(upstream.held) == number)  # noqa: B023
                await upstream.held[-1].send(STREAM_HEAD + chunk(ROLE) + chunk(said("Hello.")))
                assert b"Hello." in await caller.at_least(200)
                left = loop.time()
                leave(caller, how)
                await eventually(lambda: len(upstream.departed) == number)  # noqa: B023
                delays.append(loop.time() - left)
            event = await gateway.event(number)
            assert (event.outcome, event.status, event.error) == ("cancelled", 200, "cancelled")
            assert event.reply_bytes == len(ROLE + said("Hello."))
            assert event.first_byte_us > 0
    assert statistics.median(delays) < AT_ONCE_S


@on_loop
async def test_closing_the_sdks_stream_in_the_middle_ends_the_work(tmp_path: Path) -> None:
    async with scripted(tmp_path, None) as (gateway, upstream), sdk(gateway) as client:
        opening = asyncio.ensure_future(client.chat.completions.create(model="plain", messages=QUESTION, stream=True))
        await eventually(lambda: upstream.held)
        await upstream.held[0].send(STREAM_HEAD + chunk(ROLE) + chunk(said("One.")))
        stream = await opening
        assert (await anext(stream)).choices[0].delta.role == "assistant"
        await stream.close()
        await eventually(lambda: upstream.departed)
        assert (await gateway.event()).outcome == "cancelled"


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@on_loop
async def test_cancelling_the_sdks_task_ends_the_work(tmp_path: Path, is_stream: bool) -> None:
    async with scripted(tmp_path, None) as (gateway, upstream), sdk(gateway) as client:
        asking_task = asyncio.ensure_future(
            client.chat.completions.create(model="plain", messages=QUESTION, stream=is_stream)
        )
        await eventually(lambda: upstream.held)
        asking_task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking_task
        await eventually(lambda: upstream.departed)
        assert (await gateway.event()).outcome == "cancelled"


@on_loop
async def test_usage_that_came_before_the_caller_left_is_on_record(tmp_path: Path) -> None:
    async with scripted(tmp_path, None) as (gateway, upstream), raw(gateway) as caller:
        await caller.ask(asking(stream=True, stream_options={"include_usage": True}))
        await eventually(lambda: upstream.held)
        await upstream.held[0].send(STREAM_HEAD + chunk(ROLE) + chunk(said("Hi.")) + chunk(USAGE))
        await caller.at_least(len(USAGE) * 2)
        caller.reset()
        event = await gateway.event()
        assert (event.outcome, event.input_tokens, event.output_tokens) == ("cancelled", 11, 7)


@on_loop
async def test_a_caller_that_leaves_during_a_pause_is_not_asked_for_again(tmp_path: Path) -> None:
    async with scripted(tmp_path, refuses(503)) as (gateway, upstream), raw(gateway) as caller:
        gateway.clock.holds_pauses = True
        await caller.ask(asking())
        await eventually(lambda: gateway.clock.held_pauses)
        gateway.advance(2)
        caller.reset()
        event = await gateway.event()
        assert (event.outcome, event.attempts) == ("cancelled", 1)
        assert event.overhead_us < 1_000_000
        gateway.clock.end_pauses()
        await settled()
        assert len(upstream.requests) == 1


@on_loop
async def test_a_caller_that_leaves_while_its_stream_is_held_back_gets_nothing(tmp_path: Path) -> None:
    async with scripted(tmp_path, None) as (gateway, upstream), raw(gateway) as caller:
        await caller.ask(asking(stream=True))
        await eventually(lambda: upstream.held)
        await upstream.held[0].send(STREAM_HEAD + chunk(ROLE))
        await settled()
        assert caller.is_silent
        caller.reset()
        await eventually(lambda: upstream.departed)
        event = await gateway.event()
        assert (event.outcome, event.status, event.reply_bytes) == ("cancelled", 499, 0)


@on_loop
async def test_a_request_behind_the_one_under_way_leaves_with_its_caller(tmp_path: Path) -> None:
    async with scripted(tmp_path, None) as (gateway, upstream), raw(gateway) as caller:
        await caller.send(chat(asking("One?")) + chat(asking("Two?")))
        await eventually(lambda: upstream.held)
        caller.close()
        await eventually(lambda: upstream.departed)
        await settled()
        assert [event.outcome for event in gateway.events] == ["cancelled"]
        assert len(upstream.requests) == 1


@on_loop
async def test_a_caller_that_leaves_while_waiting_for_a_connection_is_forgotten(tmp_path: Path) -> None:
    async with scripted(tmp_path, None) as (gateway, upstream), raw(gateway) as first, raw(gateway) as second:
        gateway.parts.pool.connections_per_origin = 1
        await first.ask(asking("One?"))
        await eventually(lambda: upstream.held)
        await second.ask(asking("Two?"))
        await eventually(lambda: gateway.asked == 2)
        second.reset()
        assert (await gateway.event()).outcome == "cancelled"
        await upstream.held[0].send(reply(COMPLETION))
        assert (await first.told()).status == 200
        assert len(upstream.requests) == 1
