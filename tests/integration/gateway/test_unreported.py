"""Streams that are broken off: what they used is estimated from what was asked and what had come, in every dialect."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stellwerk.simulator import PlannedFault, Scenario, running
from tests.integration.gateway.clients import asking, raw
from tests.integration.gateway.foreign import MODELS, PATHS, STREAMED
from tests.integration.gateway.kit import model, serving
from tests.integration.gateway.scenes import provider_of, scripted, simulated, simulator
from tests.integration.gateway.upstream import STREAM_HEAD, chunk, completes
from tests.integration.http.loop import eventually, on_loop

TEXT = "Tell me at length how a signal box works, who sits in it, and what he does there all day long. " * 4
USER = {"role": "user"}
BODIES: dict[str, dict[str, Any]] = {
    "chat": {"model": "plain", "stream": True, "messages": [{**USER, "content": TEXT}]},
    "responses": {"model": "plain", "stream": True, "input": TEXT},
    "messages": {"model": "plain", "stream": True, "max_tokens": 4_000, "messages": [{**USER, "content": TEXT}]},
    "gemini": {"contents": [{**USER, "parts": [{"text": TEXT}]}]},
    "converse": {"messages": [{**USER, "content": [{"text": TEXT}]}]},
}
OWN = {"chat": "openai", "messages": "anthropic", "gemini": "gemini", "converse": "bedrock", "responses": "openai"}
SPEAKS = {"openai": "openai", "anthropic": "anthropic", "gemini": "gemini", "bedrock": "bedrock"}
CASES = [*OWN.items(), ("chat", "anthropic"), ("messages", "openai"), ("gemini", "bedrock"), ("converse", "gemini")]
READ_BYTES = 15_000
SENT_AHEAD = 12
"""Tokens that a provider may have sent and nobody read."""


@pytest.mark.parametrize(("dialect", "kind"), CASES)
@on_loop
async def test_a_caller_who_leaves_midway_is_charged_for_about_what_was_made(
    tmp_path: Path, dialect: str, kind: str
) -> None:
    spec = simulator(kind, dialect=SPEAKS[kind], answer_tokens=3_000, token_ms=2.0, language="en")
    async with running(Scenario(providers=(spec,))) as (provider,):
        base = provider.base_url
        sections = provider_of(kind, base), model("plain", f"{kind}/{MODELS[kind]}")
        async with serving(tmp_path, *sections) as gateway, raw(gateway) as caller:
            path = STREAMED.get(dialect, PATHS[dialect])
            await caller.ask(json.dumps(BODIES[dialect]).encode(), path=path.encode())
            await caller.at_least(READ_BYTES)
            caller.reset()
            event = await gateway.event()
            await eventually(lambda: not provider.report()["in_flight"])
            (told,) = provider.report()["last_requests"]
            assert (event.outcome, event.is_estimated) == ("cancelled", True)
            assert event.input_tokens == pytest.approx(told["prompt_tokens"], rel=0.3)
            # The simulator sends a token an event.
            assert event.output_tokens == pytest.approx(told["events"], rel=0.3, abs=SENT_AHEAD)
            assert event.cost_nanos


@on_loop
async def test_a_stream_that_its_provider_broke_off_is_charged_for_what_came(tmp_path: Path) -> None:
    cut = PlannedFault(kind="cut", after_events=50)
    async with simulated(tmp_path, simulator("one", cut, answer_tokens=200)) as (gateway, _), raw(gateway) as caller:
        await caller.ask(asking(stream=True))
        await caller.answer(to=b"POST")
        event = await gateway.event()
        assert (event.outcome, event.is_estimated) == ("truncated", True)
        assert event.output_tokens == pytest.approx(50, abs=5)
        assert event.cost_nanos


@on_loop
async def test_a_caller_who_leaves_before_a_whole_answer_is_charged_for_its_prompt(tmp_path: Path) -> None:
    async with scripted(tmp_path, None) as (gateway, upstream), raw(gateway) as caller:
        await caller.ask(asking(TEXT))
        await eventually(lambda: upstream.held)
        caller.reset()
        event = await gateway.event()
        assert (event.outcome, event.status, event.is_estimated) == ("cancelled", 499, True)
        assert event.input_tokens == pytest.approx(len(TEXT) / 4, rel=0.2)
        assert event.output_tokens == 0
        assert event.cost_nanos


@on_loop
async def test_an_answer_that_came_whole_is_never_estimated(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes()) as (gateway, _), raw(gateway) as caller:
        await caller.ask(asking())
        await caller.told()
        assert not (await gateway.event()).is_estimated


@on_loop
async def test_events_that_the_provider_sends_many_to_a_read_are_each_counted(tmp_path: Path) -> None:
    events = [
        b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"%d"},"finish_reason":null}]}\n\n' % number
        for number in range(10, 40)
    ]
    async with scripted(tmp_path, None) as (gateway, upstream), raw(gateway) as caller:
        await caller.ask(asking(stream=True))
        await eventually(lambda: upstream.held)
        await upstream.held[0].send(STREAM_HEAD + b"".join(chunk(event) for event in events[:15]))
        await caller.at_least(15 * len(events[0]))
        await upstream.held[0].send(chunk(b"".join(events[15:])))
        await caller.at_least(15 * len(events[0]))
        caller.reset()
        assert (await gateway.event()).output_tokens == 30
