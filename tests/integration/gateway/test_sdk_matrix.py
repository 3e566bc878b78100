"""Every official SDK against every kind of provider, through the gateway, over sockets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path

import pytest

from stellwerk.simulator import Scenario, Simulator, running
from tests.integration.gateway.kit import Gateway, model, serving
from tests.integration.gateway.scenes import provider_of, simulator
from tests.integration.gateway.speakers import SPEAKERS, Ask, BrokenError, RefusedError, Speaker, speaking
from tests.integration.http.loop import on_loop

PROVIDERS = {
    "openai": "gpt-5.2",
    "responses": "gpt-5.2",
    "anthropic": "claude-sonnet-4-5",
    "gemini": "gemini-3-pro-preview",
    "bedrock": "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
}
"""Kinds of providers, each with a model that minds its signatures where there are any."""
CELLS = list(product(SPEAKERS, PROVIDERS))

pytestmark = pytest.mark.parametrize(("caller", "upstream"), CELLS, ids=[f"{one}-{other}" for one, other in CELLS])


@asynccontextmanager
async def between(folder: Path, caller: str, upstream: str) -> AsyncIterator[tuple[Speaker, Gateway, Simulator]]:
    """A caller, a gateway whose model ``plain`` has one target, and the simulated provider of that target."""
    async with running(
        Scenario(providers=(simulator(upstream, dialect="openai" if upstream == "responses" else upstream),))
    ) as (simulated,):
        sections = provider_of(upstream, simulated.base_url), model("plain", f"{upstream}/{PROVIDERS[upstream]}")
        async with serving(folder, *sections) as gateway, speaking(caller, gateway) as speaker:
            yield speaker, gateway, simulated


@on_loop
@pytest.mark.parametrize("way", ["whole", "streamed"])
async def test_a_question_is_answered_and_counted(tmp_path: Path, caller: str, upstream: str, way: str) -> None:
    async with between(tmp_path, caller, upstream) as (speaker, gateway, _):
        heard = await getattr(speaker, way)(Ask("Say it. [[say=Hello over there.; tokens=4]]"))
        assert heard.text == "Hello over there."
        assert heard.stop == "end"
        event = await gateway.event()
        assert (event.outcome, event.status, event.is_stream) == ("complete", 200, way == "streamed")
        assert (heard.input_tokens, heard.output_tokens) == (event.input_tokens, event.output_tokens)
        assert event.input_tokens > 0
        assert event.output_tokens > 0


@on_loop
@pytest.mark.parametrize("way", ["whole", "streamed"])
async def test_a_tool_is_called_and_its_result_is_heard(tmp_path: Path, caller: str, upstream: str, way: str) -> None:
    async with between(tmp_path, caller, upstream) as (speaker, _, _simulated):
        ask = getattr(speaker, way)
        called = await ask(Ask("How is the weather in Bern?", tool=True))
        assert called.stop == "calls"
        ((identity, name, arguments),) = called.calls
        assert name == "get_weather"
        assert set(arguments) == {"city", "unit"}
        assert identity or caller == "gemini"
        if way == "whole":
            answered = await ask(Ask("How is the weather in Bern? [[say=Mild.]]", turn=called))
            assert answered.text == "Mild."
            assert answered.stop == "end"


@on_loop
@pytest.mark.parametrize("way", ["whole", "streamed"])
async def test_two_calls_at_once_are_answered_together(tmp_path: Path, caller: str, upstream: str, way: str) -> None:
    async with between(tmp_path, caller, upstream) as (speaker, _, _simulated):
        ask = getattr(speaker, way)
        called = await ask(Ask("And in Chur, and in Sion? [[calls=2]]", tool=True))
        assert [name for _, name, _ in called.calls] == ["get_weather"] * 2
        assert all(set(arguments) == {"city", "unit"} for _, _, arguments in called.calls)
        if way == "whole":
            answered = await ask(Ask("And in Chur, and in Sion? [[say=Mild in both.]]", turn=called))
            assert answered.text == "Mild in both."


@on_loop
async def test_an_answer_after_a_schema_is_one(tmp_path: Path, caller: str, upstream: str) -> None:
    async with between(tmp_path, caller, upstream) as (speaker, _, _simulated):
        heard = await speaker.whole(Ask("A place.", schema=True))
        assert set(json.loads(heard.text)) == {"city", "unit"}


@on_loop
async def test_an_image_arrives(tmp_path: Path, caller: str, upstream: str) -> None:
    async with between(tmp_path, caller, upstream) as (speaker, gateway, _):
        plain = await speaker.whole(Ask("What is this? [[say=A dot.]]"))
        seen = await speaker.whole(Ask("What is this? [[say=A dot.]]", image=True))
        assert seen.text == "A dot."
        assert seen.input_tokens > plain.input_tokens
        assert (await gateway.event(2)).outcome == "complete"


@on_loop
@pytest.mark.parametrize("way", ["whole", "streamed"])
async def test_an_answer_that_is_cut_says_so(tmp_path: Path, caller: str, upstream: str, way: str) -> None:
    async with between(tmp_path, caller, upstream) as (speaker, _, _simulated):
        heard = await getattr(speaker, way)(Ask("A long story. [[tokens=400; reasoning_tokens=0]]", cap=30))
        assert heard.stop == "length"
        assert heard.text


@on_loop
@pytest.mark.parametrize("way", ["whole", "streamed"])
async def test_a_refusal_keeps_its_status(tmp_path: Path, caller: str, upstream: str, way: str) -> None:
    async with between(tmp_path, caller, upstream) as (speaker, _, _simulated):
        with pytest.raises(RefusedError) as refused:
            await getattr(speaker, way)(Ask("No. [[fault=400]]"))
        assert refused.value.status == 400


@on_loop
async def test_a_stream_that_breaks_off_is_never_taken_for_whole(tmp_path: Path, caller: str, upstream: str) -> None:
    async with between(tmp_path, caller, upstream) as (speaker, gateway, _):
        with pytest.raises(BrokenError):
            await speaker.streamed(Ask("A story. [[fault=cut; after_events=6; tokens=60; reasoning_tokens=0]]"))
        assert (await gateway.event()).outcome == "truncated"
