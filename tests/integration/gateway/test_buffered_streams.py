"""Streams that go out as a whole: long ones are looked at elsewhere, or in slices, before they go on."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from stellwerk.core.inspection import ANSWER_JOB
from stellwerk.ports.compute import JobFailure, Outcome
from tests.integration.gateway.clients import ask, raw
from tests.integration.gateway.foreign import MODELS, events
from tests.integration.gateway.kit import Gateway, model, serving
from tests.integration.gateway.scenes import provider_of, scripted
from tests.integration.gateway.test_guardrails import streamed
from tests.integration.gateway.test_long_answers import BLOCKS, LETTER, MASKED, MASKS, elsewhere
from tests.integration.gateway.upstream import (
    DONE,
    FINISH,
    ROLE,
    STREAM_HEAD,
    USAGE,
    Act,
    chunk,
    ends_after,
    said,
    script,
    streams,
)
from tests.integration.http.loop import eventually, on_loop

BUFFER = '[screening]\nstream = "buffer"\n'
PIECES = tuple(said(LETTER[start : start + 700]) for start in range(0, len(LETTER), 700))
WHOLE = (ROLE, *PIECES, FINISH, USAGE, DONE)


def breaks_off(*events: bytes) -> Act:
    """A stream whose connection ends behind these events."""
    return ends_after(STREAM_HEAD + b"".join(map(chunk, events)))


async def text_of(gateway: Gateway) -> str:
    """The bytes of a streamed answer."""
    async with raw(gateway) as caller:
        await caller.ask(json.dumps({"model": "plain", "stream": True, "messages": ask("Hi")}).encode())
        return (await caller.answer()).body.decode()


@on_loop
async def test_a_long_stream_is_judged_elsewhere_before_any_of_it_goes_out(tmp_path: Path) -> None:
    async with scripted(tmp_path, streams(*WHOLE), sections=MASKS + BUFFER) as (gateway, _):
        there = elsewhere(gateway)
        asking = asyncio.create_task(streamed(gateway))
        await eventually(lambda: bool(there.asked))
        there.do()
        assert await asking == (MASKED, "stop")
        assert [job for job, _, _ in there.asked] == [ANSWER_JOB]
        event = await gateway.event()
        assert (event.outcome, event.output_tokens) == ("complete", 7)
        assert event.guardrails == "rewrite; output pii=mask; EMAIL_ADDRESS:1"


@on_loop
async def test_a_short_stream_is_judged_at_once(tmp_path: Path) -> None:
    told = (ROLE, said("Mail a.b@example.com."), FINISH, DONE)
    async with scripted(tmp_path, streams(*told), sections=MASKS + BUFFER) as (gateway, _):
        there = elsewhere(gateway)
        assert await streamed(gateway) == ("Mail [EMAIL_ADDRESS].", "stop")
        assert not there.asked


@pytest.mark.parametrize("outcome", [JobFailure("late", "it was not done in time"), b"\xc1", None])
@on_loop
async def test_what_is_not_judged_there_is_judged_here(tmp_path: Path, outcome: Outcome | None) -> None:
    """The process is lost, says what cannot be read, or is away from the start."""
    async with scripted(tmp_path, streams(*WHOLE), sections=MASKS + BUFFER) as (gateway, _):
        there = elsewhere(gateway)
        there.is_away = outcome is None
        asking = asyncio.create_task(streamed(gateway))
        if outcome is not None:
            await eventually(lambda: bool(there.asked))
            there.asked[-1][2](outcome)
        assert await asking == (MASKED, "stop")


@on_loop
async def test_of_a_long_stream_that_is_blocked_nothing_goes_out(tmp_path: Path) -> None:
    async with scripted(tmp_path, streams(*WHOLE), sections=BLOCKS + BUFFER) as (gateway, _):
        there = elsewhere(gateway)
        asking = asyncio.create_task(streamed(gateway))
        await eventually(lambda: bool(there.asked))
        there.do()
        text, finish = await asking
        assert finish == "content_filter"
        assert text == "The answer was stopped by a guardrail (EMAIL_ADDRESS)."


@on_loop
async def test_who_leaves_while_a_stream_is_judged_pays_for_it(tmp_path: Path) -> None:
    async with scripted(tmp_path, streams(*WHOLE), sections=MASKS + BUFFER) as (gateway, _):
        there = elsewhere(gateway)
        async with raw(gateway) as caller:
            await caller.ask(json.dumps({"model": "plain", "stream": True, "messages": ask("Hi")}).encode())
            await eventually(lambda: bool(there.asked))
            for _ in range(5):
                await asyncio.sleep(0)
        event = await gateway.event()
        assert (event.outcome, event.output_tokens, there.withdrawn) == ("cancelled", 7, 1)


@on_loop
async def test_a_connection_that_ends_meanwhile_takes_nothing_away(tmp_path: Path) -> None:
    async with scripted(tmp_path, breaks_off(*WHOLE), sections=MASKS + BUFFER) as (gateway, script):
        there = elsewhere(gateway)
        asking = asyncio.create_task(streamed(gateway))
        await eventually(lambda: bool(there.asked))
        await asyncio.sleep(0)
        there.do()
        assert await asking == (MASKED, "stop")
        assert len(script.requests) == 1
        assert (await gateway.event()).outcome == "complete"


@on_loop
async def test_of_a_stream_that_breaks_off_before_it_was_judged_nothing_goes_out(tmp_path: Path) -> None:
    once = {"retry": "{ attempts = 1 }"}
    async with scripted(tmp_path, breaks_off(ROLE, *PIECES), sections=MASKS + BUFFER, **once) as (gateway, _):
        there = elsewhere(gateway)
        asking = asyncio.create_task(text_of(gateway))
        await eventually(lambda: bool(there.asked))
        there.do()
        body = await asking
        assert "error" in body
        assert "at some length" not in body
        assert len(there.asked) == 1


@on_loop
async def test_a_stream_whose_end_is_all_that_closes_it_is_judged_elsewhere_too(tmp_path: Path) -> None:
    parts = [{"content": {"role": "model", "parts": [{"text": LETTER[:900]}]}}]
    last = [{"content": {"role": "model", "parts": [{"text": LETTER[900:]}]}, "finishReason": "STOP"}]
    acts = events({"candidates": parts}, {"candidates": last, "usageMetadata": {"candidatesTokenCount": 7}})
    async with script(acts) as playing:
        target = provider_of("gemini", playing.base_url.removesuffix("/v1"))
        sections = MASKS + BUFFER, target, model("plain", f"gemini/{MODELS['gemini']}")
        async with serving(tmp_path, *sections) as gateway:
            there = elsewhere(gateway)
            asking = asyncio.create_task(streamed(gateway))
            await eventually(lambda: bool(there.asked))
            there.do()
            assert await asking == (MASKED, "stop")
            assert (await gateway.event()).outcome == "complete"


@on_loop
async def test_each_candidate_is_judged_when_it_has_finished(tmp_path: Path) -> None:
    def second(event: bytes) -> bytes:
        return event.replace(b'"index":0', b'"index":1')

    both = (ROLE, second(ROLE), *PIECES, FINISH, *map(second, PIECES), second(FINISH), DONE)
    async with scripted(tmp_path, streams(*both), sections=MASKS + BUFFER) as (gateway, _):
        there = elsewhere(gateway)
        asking = asyncio.create_task(streamed(gateway))
        for number in (1, 2):
            await eventually(lambda number=number: len(there.asked) == number)  # type: ignore[misc]
            there.do()
        assert await asking == (MASKED * 2, "stop")


@on_loop
async def test_arguments_of_a_call_are_judged_elsewhere(tmp_path: Path) -> None:
    arguments = json.dumps({"to": LETTER})
    call = {"index": 0, "id": "1", "type": "function", "function": {"name": "send", "arguments": arguments}}
    choice = {"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": None}
    event = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    told = (ROLE, b"data: %b\n\n" % json.dumps(event).encode(), FINISH.replace(b'"stop"', b'"tool_calls"'), DONE)
    async with scripted(tmp_path, streams(*told), sections=MASKS + BUFFER) as (gateway, _):
        there = elsewhere(gateway)
        asking = asyncio.create_task(text_of(gateway))
        await eventually(lambda: bool(there.asked))
        there.do()
        body = await asking
        assert "a.b@example.com" not in body
        assert "[EMAIL_ADDRESS]" in body
