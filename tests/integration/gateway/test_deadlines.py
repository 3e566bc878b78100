"""How long is waited, for whom, and what a caller can shorten. Time is pushed, never waited for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.gateway.clients import Told, Watcher, asking, raw
from tests.integration.gateway.kit import Gateway
from tests.integration.gateway.scenes import scripted, scripts
from tests.integration.gateway.upstream import COMPLETION, ROLE, STREAM_HEAD, Script, chunk, completes, streams
from tests.integration.http.loop import eventually, on_loop, settled


async def waits_until(gateway: Gateway, upstream: Script, caller: Watcher, seconds: float, number: int = 1) -> None:
    """The provider's n-th request stands for just so many more seconds."""
    await eventually(lambda: len(upstream.held) == number)
    gateway.advance(seconds - 0.5)
    await settled()
    assert len(upstream.departed) == number - 1
    assert caller.is_silent
    gateway.advance(1.0)
    await eventually(lambda: len(upstream.departed) == number)


async def timed_out(caller: Watcher) -> Told:
    """The answer after the last deadline."""
    told = await caller.told()
    assert (told.status, told.error["code"], told.error["type"]) == (504, "upstream_timeout", "server_error")
    return told


@on_loop
async def test_a_whole_reply_has_all_the_time_of_its_model(tmp_path: Path) -> None:
    async with scripted(tmp_path, None) as (gateway, upstream), raw(gateway) as caller:
        await caller.ask(asking())
        await waits_until(gateway, upstream, caller, 120)
        told = await timed_out(caller)
        assert told.fields[b"x-stellwerk-attempts"] == b"1"
        event = await gateway.event()
        assert (event.outcome, event.status, event.error) == ("failed", 504, "upstream_timeout")
        assert 120_000_000 <= event.latency_us < 122_000_000
        assert event.overhead_us < 1_000_000


@on_loop
async def test_a_stream_has_20_s_for_its_first_byte(tmp_path: Path) -> None:
    async with scripted(tmp_path, None) as (gateway, upstream), raw(gateway) as caller:
        await caller.ask(asking(stream=True))
        await waits_until(gateway, upstream, caller, 20)
        told = await timed_out(caller)
        assert "20 s" in told.error["message"]
        assert told.fields[b"x-stellwerk-attempts"] == b"1"


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@on_loop
async def test_the_models_own_times_hold(tmp_path: Path, is_stream: bool) -> None:
    times: dict[str, Any] = {"timeout_s": 9, "first_byte_timeout_s": 4}
    async with scripted(tmp_path, None, **times) as (gateway, upstream), raw(gateway) as caller:
        await caller.ask(asking(stream=is_stream))
        await waits_until(gateway, upstream, caller, 4 if is_stream else 9)
        await timed_out(caller)


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@on_loop
async def test_a_caller_can_shorten_the_time_and_not_lengthen_it(tmp_path: Path, is_stream: bool) -> None:
    async with scripted(tmp_path, None, timeout_s=9) as (gateway, upstream), raw(gateway) as caller:
        await caller.ask(asking(stream=is_stream), b"x-stellwerk-timeout: 2.5")
        await waits_until(gateway, upstream, caller, 2.5)
        await timed_out(caller)
        await caller.ask(asking(stream=is_stream), b"x-stellwerk-timeout: 500")
        await waits_until(gateway, upstream, caller, 9, number=2)
        await timed_out(caller)


@on_loop
async def test_a_time_that_is_over_before_it_began_is_504(tmp_path: Path) -> None:
    async with scripted(tmp_path, None) as (gateway, _), raw(gateway) as caller:
        await caller.ask(asking(), b"x-stellwerk-timeout: 0.000000001")
        await timed_out(caller)


@on_loop
async def test_while_another_target_remains_one_takes_half_of_what_is_left(tmp_path: Path) -> None:
    three_silent = scripts(tmp_path, (None,), (None,), (None,), timeout_s=80)
    async with three_silent as (gateway, (one, two, three)), raw(gateway) as caller:
        await caller.ask(asking())
        await waits_until(gateway, one, caller, 40)
        # Each wait runs over by half a second, of which the next target has its share less.
        await waits_until(gateway, two, caller, 19.75)
        await waits_until(gateway, three, caller, 19.25)
        told = await timed_out(caller)
        assert told.fields[b"x-stellwerk-attempts"] == b"3"


@on_loop
async def test_a_stream_moves_on_after_its_first_byte_timeout(tmp_path: Path) -> None:
    async with scripts(tmp_path, (None,), (streams(),)) as (gateway, (one, _)), raw(gateway) as caller:
        await caller.ask(asking(stream=True))
        await waits_until(gateway, one, caller, 20)
        answer = await caller.answer(to=b"POST")
        assert answer.status == 200
        assert answer.field(b"x-stellwerk-provider") == b"two"


@on_loop
async def test_a_stream_never_takes_more_than_half_while_another_target_remains(tmp_path: Path) -> None:
    async with scripts(tmp_path, (None,), (streams(),), timeout_s=10) as (gateway, (one, _)), raw(gateway) as caller:
        await caller.ask(asking(stream=True))
        await waits_until(gateway, one, caller, 5)
        assert (await caller.answer(to=b"POST")).status == 200


@on_loop
async def test_a_stream_that_begins_and_says_nothing_is_left_at_its_share(tmp_path: Path) -> None:
    async with scripts(tmp_path, (None,), (streams(),), timeout_s=8) as (gateway, (one, _)), raw(gateway) as caller:
        await caller.ask(asking(stream=True))
        await eventually(lambda: one.held)
        await one.held[0].send(STREAM_HEAD + chunk(ROLE))
        await settled()
        gateway.advance(3.5)
        await settled()
        assert caller.is_silent
        gateway.advance(1)
        assert (await caller.answer(to=b"POST")).field(b"x-stellwerk-provider") == b"two"


@on_loop
async def test_a_whole_reply_may_take_its_time_between_bytes(tmp_path: Path) -> None:
    async with scripted(tmp_path, None) as (gateway, upstream), raw(gateway) as caller:
        await caller.ask(asking())
        await eventually(lambda: upstream.held)
        await upstream.held[0].send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(COMPLETION))
        for begin in range(0, len(COMPLETION), 100):
            gateway.advance(20)
            await settled()
            await upstream.held[0].send(COMPLETION[begin : begin + 100])
            await settled()
        assert (await caller.told()).body == COMPLETION


@on_loop
async def test_a_whole_reply_that_drips_is_ended_by_the_deadline(tmp_path: Path) -> None:
    async with scripted(tmp_path, None, timeout_s=30) as (gateway, upstream), raw(gateway) as caller:
        await caller.ask(asking())
        await eventually(lambda: upstream.held)
        await upstream.held[0].send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(2):
            gateway.advance(14)
            await upstream.held[0].send(b" ")
            await settled()
        assert caller.is_silent
        gateway.advance(3)
        await timed_out(caller)


@on_loop
async def test_the_time_of_a_request_begins_when_it_has_arrived(tmp_path: Path) -> None:
    async with scripted(tmp_path, None, completes(), timeout_s=30) as (gateway, upstream), raw(gateway) as caller:
        request = asking()
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer web-key-0123456789\r\n"
        await caller.send(head + b"Content-Length: %d\r\n\r\n" % len(request))
        await eventually(lambda: gateway.awaits_a_body)
        gateway.advance(25)
        await caller.send(request)
        await waits_until(gateway, upstream, caller, 30)
        await timed_out(caller)


@on_loop
async def test_time_in_the_queue_for_a_connection_counts(tmp_path: Path) -> None:
    async with scripted(tmp_path, None, timeout_s=5) as (gateway, upstream), raw(gateway) as one, raw(gateway) as two:
        gateway.parts.pool.connections_per_origin = 1
        await one.ask(asking())
        await eventually(lambda: upstream.held)
        await two.ask(asking(), b"x-stellwerk-timeout: 2")
        await eventually(lambda: gateway.asked == 2)
        gateway.advance(2.5)
        assert "could not be reached" in (await timed_out(two)).error["message"]
        gateway.advance(3)
        await timed_out(one)
        assert len(upstream.requests) == 1
