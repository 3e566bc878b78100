"""What users of other gateways complain of, over sockets: callers who left, retries, limits and cold prompt caches."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.gateway.clients import asking, chat, once, raw, whole
from tests.integration.gateway.kit import model, serving
from tests.integration.gateway.scenes import provider_of, scripted, scripts
from tests.integration.gateway.test_hedging import hedging
from tests.integration.gateway.upstream import (
    COMPLETION,
    ROLE,
    STREAM_HEAD,
    USAGE,
    chunk,
    completes,
    refuses,
    said,
    script,
)
from tests.integration.http.loop import eventually, on_loop

AT_ONCE_S = 0.1
OTHER = COMPLETION.replace(b"Hello.", b"Another.")


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@on_loop
async def test_complaint_17_nobody_generates_for_a_caller_who_has_left_not_even_beside_another(
    tmp_path: Path, is_stream: bool
) -> None:
    loop = asyncio.get_running_loop()
    async with hedging(tmp_path, is_stream=is_stream) as (gateway, one, two):
        two.play(None)
        async with raw(gateway) as caller:
            await caller.ask(asking(stream=is_stream))
            await eventually(lambda: one.held and gateway.clock.held_pauses)
            gateway.clock.end_pauses()
            await eventually(lambda: two.held)
            left = loop.time()
            caller.reset()
            await eventually(lambda: one.departed and two.departed)
            assert loop.time() - left < AT_ONCE_S
        await eventually(lambda: gateway.events[-1].outcome == "cancelled")
        assert gateway.events[-1].attempts == 2


@on_loop
async def test_complaint_18_usage_that_was_told_before_the_caller_left_is_on_record_and_charged(tmp_path: Path) -> None:
    async with scripted(tmp_path, None) as (gateway, upstream), raw(gateway) as caller:
        await caller.ask(asking(stream=True, stream_options={"include_usage": True}))
        await eventually(lambda: upstream.held)
        await upstream.held[0].send(STREAM_HEAD + chunk(ROLE) + chunk(said("Hi.")) + chunk(USAGE))
        await caller.at_least(len(USAGE) * 2)
        caller.reset()
        event = await gateway.event()
        assert (event.outcome, event.input_tokens, event.output_tokens) == ("cancelled", 11, 7)
        assert event.cost_nanos


@on_loop
async def test_complaint_32_another_target_is_asked_without_a_pause(tmp_path: Path) -> None:
    async with scripts(tmp_path, (refuses(503),), (refuses(429),), (completes(OTHER),)) as (gateway, _):
        assert (await once(gateway, chat(asking()))).body == OTHER
        assert not gateway.clock.pauses_s


@on_loop
async def test_complaint_32_a_wait_that_stands_in_the_body_is_heeded_and_told_to_the_caller(tmp_path: Path) -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}]
    body = json.dumps({"error": {"code": 429, "message": "Quota.", "status": "RESOURCE_EXHAUSTED", "details": details}})
    async with script(refuses(429, body.encode())) as upstream:
        parts = provider_of("gemini", upstream.base_url.removesuffix("/v1")), model("plain", "gemini/gemini-2.5-flash")
        async with serving(tmp_path, *parts) as gateway:
            for _ in range(2):
                told = await once(gateway, chat(asking()))
                assert told.status == 429
                assert 33 <= int(told.fields[b"retry-after"]) <= 35
            assert len(upstream.requests) == 1  # within that time it is not asked again


@pytest.mark.parametrize("strategy", ["priority", "weighted", "cheapest", "fastest", "least_busy", "sticky"])
@on_loop
async def test_complaint_32_a_limited_target_is_left_alone_under_every_strategy(tmp_path: Path, strategy: str) -> None:
    first = (refuses(429, b"{}", b"Retry-After: 60"),)
    async with scripts(tmp_path, first, (completes(OTHER),), strategy=f'"{strategy}"') as (gateway, (one, _)):
        for _ in range(12):
            assert (await once(gateway, chat(asking()))).body == OTHER
        assert len(one.requests) <= 1


@on_loop
async def test_complaint_33_a_429_goes_to_the_next_target_and_where_there_is_none_to_the_same_after_its_wait(
    tmp_path: Path,
) -> None:
    limited = refuses(429, b"{}", b"Retry-After: 2")
    async with scripts(tmp_path, (limited,), (completes(OTHER),)) as (gateway, _):
        assert (await once(gateway, chat(asking()))).body == OTHER
    async with scripted(tmp_path, limited, completes()) as (gateway, upstream):
        assert (await once(gateway, chat(asking()))).body == COMPLETION
        assert len(upstream.requests) == 2
        assert 1.9 <= gateway.clock.pauses_s[0] <= 4.0


@on_loop
async def test_complaint_33_a_limited_target_does_not_burn_the_one_that_stands_by(tmp_path: Path) -> None:
    """Whoever has learned of the limit does not ask twice: each request costs the target that stands by one call."""
    async with scripts(tmp_path, (refuses(429, b"{}", b"Retry-After: 9"), completes()), (completes(OTHER),)) as scene:
        gateway, (one, two) = scene
        for _ in range(5):
            assert (await once(gateway, chat(asking()))).body == OTHER
        assert (len(one.requests), len(two.requests)) == (1, 5)
        gateway.advance(9)
        assert (await once(gateway, chat(asking()))).body == COMPLETION


def turns(count: int) -> list[dict[str, Any]]:
    """A conversation up to its n-th question."""
    said_so_far: list[dict[str, Any]] = [{"role": "system", "content": "Be brief."}]
    for number in range(count):
        said_so_far += [{"role": "user", "content": f"Question {number}?"}, {"role": "assistant", "content": "Yes."}]
    return said_so_far[:-1]


@pytest.mark.parametrize("otherwise", ["weighted", "least_busy", "cheapest"])
@on_loop
async def test_complaint_34_a_conversation_stays_where_its_prompt_is_cached_from_its_first_turn_on(
    tmp_path: Path, otherwise: str
) -> None:
    options = {"strategy": '"sticky"', "strategy_options": f'{{ otherwise = "{otherwise}" }}'}
    async with scripts(tmp_path, *[(completes(),)] * 4, **options) as (gateway, _):
        for caller in range(6):
            providers = set()
            for count in range(1, 6):
                messages = turns(count)
                messages[0]["content"] = f"Be brief, number {caller}."
                body = json.dumps({"model": "plain", "messages": messages}).encode()
                providers.add((await whole(gateway, chat(body))).field(b"x-stellwerk-provider"))
            assert len(providers) == 1


@on_loop
async def test_complaint_34_it_moves_while_its_target_fails_and_stays_where_it_has_moved_to(tmp_path: Path) -> None:
    options = {"strategy": '"sticky"', "strategy_options": '{ otherwise = "priority" }'}
    first = (completes(), refuses(500), completes())
    async with scripts(tmp_path, first, (completes(OTHER),), **options) as (gateway, _):
        bodies = [json.dumps({"model": "plain", "messages": turns(count)}).encode() for count in (1, 2, 3, 4)]
        told = [(await once(gateway, chat(body))).body for body in bodies]
        assert told == [COMPLETION, OTHER, OTHER, OTHER]
