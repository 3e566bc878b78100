"""Every official SDK against every kind of provider, through the gateway, over sockets.

Each cell is asked in one of the two ways, whole or streamed, by turns; the marker ``matrix`` asks it in the other too.
"""

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
EACH_CELL = pytest.mark.parametrize(("caller", "upstream"), CELLS, ids=[f"{one}-{other}" for one, other in CELLS])
SHOWN = {
    "chat": {"anthropic", "bedrock"},
    "responses": {"openai", "responses", "anthropic", "gemini", "bedrock"},
    "messages": {"anthropic", "bedrock", "gemini"},
    "gemini": {"responses", "anthropic", "bedrock", "gemini"},
    "converse": {"anthropic", "bedrock", "gemini"},
}
"""Whose thoughts a caller is shown who asks for thinking as its dialect does, by caller: an effort alone makes some
providers think without showing it, and OpenAI shows a summary to who asks for one."""
FORGETFUL = {("chat", "anthropic"), ("chat", "bedrock")}
"""Where the caller's dialect has no place for the signature: the turn that follows is answered without thinking."""


def by_turns(first: int) -> pytest.MarkDecorator:
    """Each cell in one way, ``first`` or the other by turns; in the remaining way for ``make matrix``."""
    rows = [
        pytest.param(
            caller,
            upstream,
            way,
            id=f"{way}-{caller}-{upstream}",
            marks=() if (row + column + number + first) % 2 == 0 else pytest.mark.matrix,
        )
        for row, caller in enumerate(SPEAKERS)
        for column, upstream in enumerate(PROVIDERS)
        for number, way in enumerate(("whole", "streamed"))
    ]
    return pytest.mark.parametrize(("caller", "upstream", "way"), rows)


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
@by_turns(0)
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
@by_turns(1)
async def test_a_tool_is_called_and_its_result_is_heard(tmp_path: Path, caller: str, upstream: str, way: str) -> None:
    async with between(tmp_path, caller, upstream) as (speaker, _, _simulated):
        ask = getattr(speaker, way)
        called = await ask(Ask("How is the weather in Bern?", tool=True))
        assert called.stop == "calls"
        ((identity, name, arguments),) = called.calls
        assert name == "get_weather"
        assert set(arguments) == {"city", "unit"}
        assert identity or caller == "gemini"
        answered = await ask(Ask("How is the weather in Bern? [[say=Mild.]]", turn=called))
        assert answered.text == "Mild."
        assert answered.stop == "end"


@on_loop
@by_turns(0)
async def test_two_calls_at_once_are_answered_together(tmp_path: Path, caller: str, upstream: str, way: str) -> None:
    async with between(tmp_path, caller, upstream) as (speaker, _, _simulated):
        ask = getattr(speaker, way)
        called = await ask(Ask("And in Chur, and in Sion? [[calls=2]]", tool=True))
        assert [name for _, name, _ in called.calls] == ["get_weather"] * 2
        assert all(set(arguments) == {"city", "unit"} for _, _, arguments in called.calls)
        answered = await ask(Ask("And in Chur, and in Sion? [[say=Mild in both.]]", turn=called))
        assert answered.text == "Mild in both."


@on_loop
@by_turns(1)
async def test_a_tool_without_arguments_is_called_with_none(
    tmp_path: Path, caller: str, upstream: str, way: str
) -> None:
    async with between(tmp_path, caller, upstream) as (speaker, _, _simulated):
        ask = getattr(speaker, way)
        called = await ask(Ask("How is the weather?", tool=True, bare=True))
        assert called.stop == "calls"
        assert [arguments for _, _, arguments in called.calls] == [{}]
        answered = await ask(Ask("How is the weather? [[say=Mild.]]", bare=True, turn=called))
        assert (answered.text, answered.stop) == ("Mild.", "end")


@on_loop
@by_turns(0)
async def test_arguments_that_are_cut_off_are_never_a_call(
    tmp_path: Path, caller: str, upstream: str, way: str
) -> None:
    """The stop reason says so, and what has come of them is no other call: a part of it, or nothing."""
    async with between(tmp_path, caller, upstream) as (speaker, _, _simulated):
        heard = await getattr(speaker, way)(Ask("How is the weather? [[reasoning_tokens=0]]", tool=True, cap=16))
        assert heard.stop == "length"
        for _, name, arguments in heard.calls:
            assert name == "get_weather"
            assert set(arguments) < {"city", "unit"} if isinstance(arguments, dict) else arguments.startswith('{"city')


@on_loop
@by_turns(1)
async def test_thinking_comes_back_in_the_turn_that_follows(
    tmp_path: Path, caller: str, upstream: str, way: str
) -> None:
    """Providers that sign their thoughts refuse a turn without them, or with others."""
    async with between(tmp_path, caller, upstream) as (speaker, gateway, _):
        ask = getattr(speaker, way)
        called = await ask(Ask("How is the weather in Bern?", tool=True, think=True))
        assert called.stop == "calls"
        assert bool(called.thoughts) == (upstream in SHOWN[caller])
        answered = await ask(Ask("How is the weather in Bern? [[say=Mild.]]", think=True, turn=called))
        assert (answered.text, answered.stop) == ("Mild.", "end")
        assert bool(answered.thoughts) == (bool(called.thoughts) and (caller, upstream) not in FORGETFUL)
        assert (await gateway.event(2)).outcome == "complete"


@on_loop
@by_turns(0)
async def test_an_answer_after_a_schema_is_one(tmp_path: Path, caller: str, upstream: str, way: str) -> None:
    async with between(tmp_path, caller, upstream) as (speaker, _, _simulated):
        heard = await getattr(speaker, way)(Ask("A place.", schema=True))
        assert set(json.loads(heard.text)) == {"city", "unit"}
        assert heard.stop == "end"


@on_loop
@EACH_CELL
async def test_an_image_arrives(tmp_path: Path, caller: str, upstream: str) -> None:
    async with between(tmp_path, caller, upstream) as (speaker, gateway, _):
        plain = await speaker.whole(Ask("What is this? [[say=A dot.]]"))
        seen = await speaker.whole(Ask("What is this? [[say=A dot.]]", image=True))
        assert seen.text == "A dot."
        assert seen.input_tokens > plain.input_tokens
        assert (await gateway.event(2)).outcome == "complete"


@on_loop
@by_turns(1)
async def test_an_answer_that_is_cut_says_so(tmp_path: Path, caller: str, upstream: str, way: str) -> None:
    async with between(tmp_path, caller, upstream) as (speaker, _, _simulated):
        heard = await getattr(speaker, way)(Ask("A long story. [[tokens=400; reasoning_tokens=0]]", cap=30))
        assert heard.stop == "length"
        assert heard.text


@on_loop
@by_turns(0)
async def test_a_stop_sequence_ends_the_answer_or_is_refused_by_name(
    tmp_path: Path, caller: str, upstream: str, way: str
) -> None:
    """Responses have none: their callers cannot ask for one, and their provider cannot be."""
    async with between(tmp_path, caller, upstream) as (speaker, _, _simulated):
        asking = getattr(speaker, way)(Ask("Say it. [[say=One. Two. Three.; reasoning_tokens=0]]", stop="Two"))
        if caller == "responses":
            assert (await asking).text == "One. Two. Three."
        elif upstream == "responses":
            with pytest.raises(RefusedError, match="cannot take 'stop'") as refused:
                await asking
            assert refused.value.status == 400
        else:
            heard = await asking
            is_told = caller in {"messages", "converse"} and upstream in {"anthropic", "bedrock"}
            assert (heard.text.rstrip(), heard.stop) == ("One.", "stop_sequence" if is_told else "end")


@on_loop
@by_turns(1)
async def test_an_answer_that_a_filter_stops_is_no_whole_one(
    tmp_path: Path, caller: str, upstream: str, way: str
) -> None:
    async with between(tmp_path, caller, upstream) as (speaker, _, _simulated):
        heard = await getattr(speaker, way)(Ask("Say it. [[finish=content_filter; tokens=5]]"))
        assert heard.stop == "filter"


@on_loop
@by_turns(0)
async def test_a_model_that_declines_is_heard(tmp_path: Path, caller: str, upstream: str, way: str) -> None:
    """In its words where it has any, and by the stop reason where its dialect and the caller's have one."""
    async with between(tmp_path, caller, upstream) as (speaker, _, _simulated):
        heard = await getattr(speaker, way)(Ask("Say it. [[refusal]]"))
        assert ("sorry" in heard.text) == (upstream != "gemini")
        is_told = upstream in {"anthropic", "gemini", "bedrock"} or caller == "messages"
        assert heard.stop == ("filter" if is_told else "end")


@on_loop
@by_turns(1)
async def test_a_refusal_keeps_its_status(tmp_path: Path, caller: str, upstream: str, way: str) -> None:
    async with between(tmp_path, caller, upstream) as (speaker, _, _simulated):
        with pytest.raises(RefusedError) as refused:
            await getattr(speaker, way)(Ask("No. [[fault=400]]"))
        assert refused.value.status == 400


@on_loop
@EACH_CELL
async def test_a_stream_that_breaks_off_is_never_taken_for_whole(tmp_path: Path, caller: str, upstream: str) -> None:
    async with between(tmp_path, caller, upstream) as (speaker, gateway, _):
        with pytest.raises(BrokenError):
            await speaker.streamed(Ask("A story. [[fault=cut; after_events=6; tokens=60; reasoning_tokens=0]]"))
        assert (await gateway.event()).outcome == "truncated"
