"""Marks for providers' prompt caches, judged by what simulated providers charge for what they keep."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anthropic
import pytest

from stellwerk.core import savings
from stellwerk.core.bill import usage_of
from stellwerk.core.catalog import ModelCard
from stellwerk.core.cost import cost_of
from stellwerk.core.event import RequestEvent
from stellwerk.simulator import Scenario, Simulator, running
from tests.integration.gateway.foreign import MODELS
from tests.integration.gateway.kit import KEY, Gateway, model, serving
from tests.integration.gateway.scenes import provider_of, simulator
from tests.integration.http.loop import on_loop

ON = "\n[optimize]\nprompt_cache = true\n"
SYSTEM = "You answer questions about the timetable of a railway. " * 270
"""Some 3,000 tokens."""
MORE = "The train from platform seven was late again, and nobody had said why. " * 33
"""Some 500 tokens."""


@asynccontextmanager
async def caching(
    folder: Path, kind: str = "anthropic", sections: str = ON, target: str = ""
) -> AsyncIterator[tuple[Gateway, Simulator]]:
    """A gateway with one simulated provider, which charges for what it keeps."""
    async with running(Scenario(providers=(simulator(kind, dialect=kind, prompt_cache=True),))) as (simulated,):
        parts = (sections, provider_of(kind, simulated.base_url), model("plain", f"{kind}/{target or MODELS[kind]}"))
        async with serving(folder, *parts) as gateway:
            yield gateway, simulated


@asynccontextmanager
async def claude(gateway: Gateway) -> AsyncIterator[anthropic.AsyncAnthropic]:
    """Anthropic's own client, which tries once."""
    async with anthropic.AsyncAnthropic(base_url=gateway.url, api_key=KEY, max_retries=0) as client:
        yield client


async def converse(
    client: anthropic.AsyncAnthropic,
    system: str,
    turns: int,
    gateway: Gateway | None = None,
    pause_s: float = 0.0,
    session: str = "",
) -> None:
    """A conversation of so many turns."""
    messages: list[Any] = []
    headers = {"x-stellwerk-session": session} if session else {}
    for turn in range(turns):
        messages.append({"role": "user", "content": f"{turn}: {MORE}"})
        made = await client.messages.create(
            model="plain", max_tokens=40, system=system, messages=messages, extra_headers=headers
        )
        said = [block.model_dump(exclude_none=True) for block in made.content]
        messages.append({"role": "assistant", "content": said})
        if gateway is not None:
            gateway.advance(pause_s)


def input_nanos(events: list[RequestEvent], card: ModelCard | None) -> tuple[int, int]:
    """What the prompts of some requests have cost, and would have cost without a cache: the provider's own counts."""
    paid = whole = 0
    for event in events:
        usage = usage_of(event)
        bare = type(usage)(usage.input_tokens)
        reading = type(usage)(
            usage.input_tokens,
            cache_read_tokens=usage.cache_read_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            cache_write_1h_tokens=usage.cache_write_1h_tokens,
        )
        paid += cost_of(reading, card, event.started_ms).nanos or 0
        whole += cost_of(bare, card, event.started_ms).nanos or 0
    return paid, whole


def card_of(gateway: Gateway) -> ModelCard | None:
    """What the catalogue knows of the model's first target."""
    return gateway.snapshot.models[0].targets[0].card


@on_loop
async def test_five_turns_save_sixty_percent_of_the_input_once_conversations_are_known(
    tmp_path: Path,
) -> None:
    async with caching(tmp_path) as (gateway, _), claude(gateway) as client:
        for number in range(8):
            await converse(client, f"Railway {number}. {SYSTEM}", 5)
        card = card_of(gateway)
        shares = []
        for first in range(0, 40, 5):
            paid, whole = input_nanos(gateway.events[first : first + 5], card)
            shares.append(1 - paid / whole)
        assert shares[0] > 0.4  # from the second turn on
        assert min(shares[4:]) >= 0.6
        told = sum(savings.read(event.savings).get(savings.PROMPT_CACHE, 0) for event in gateway.events)
        paid, whole = input_nanos(gateway.events, card)
        assert told == whole - paid


@on_loop
async def test_a_session_that_the_caller_names_is_kept_from_its_first_turn_on(tmp_path: Path) -> None:
    async with caching(tmp_path) as (gateway, _), claude(gateway) as client:
        await converse(client, SYSTEM, 5, session="one")
        paid, whole = input_nanos(gateway.events, card_of(gateway))
        assert 1 - paid / whole >= 0.6


@on_loop
async def test_of_sessions_with_one_turn_only_the_first_costs_more(tmp_path: Path) -> None:
    async with caching(tmp_path) as (gateway, _), claude(gateway) as client:
        for number in range(6):
            await converse(client, f"Railway {number}. {SYSTEM}", 1, session=f"{number}")
        assert [event.cache_write_tokens > 0 for event in gateway.events] == [True, *[False] * 5]


@on_loop
async def test_single_calls_are_never_dearer(tmp_path: Path) -> None:
    async with caching(tmp_path) as (gateway, simulated), claude(gateway) as client:
        for number in range(12):
            await converse(client, f"Railway {number}. {SYSTEM}", 1)
            gateway.advance(10)
        assert not any(event.cache_write_tokens or event.savings for event in gateway.events)
        assert all(event.prompt_cache.startswith("the conversation goes on with") for event in gateway.events)
        assert all("cache_control" not in each["body"] for each in simulated.report()["last_requests"])


@on_loop
async def test_a_system_prompt_that_others_share_is_kept_from_its_second_sight_on(tmp_path: Path) -> None:
    async with caching(tmp_path) as (gateway, _), claude(gateway) as client:
        for _ in range(6):
            await converse(client, SYSTEM, 1, gateway, 20)
        written = [event.cache_write_tokens > 0 for event in gateway.events]
        reading = [event.cache_read_tokens > 0 for event in gateway.events]
        assert written == [False, True, False, False, False, False]
        assert reading == [False, False, True, True, True, True]


@pytest.mark.parametrize("mark", ["tools", "system", "messages", "top"])
@on_loop
async def test_callers_marks_win(tmp_path: Path, mark: str) -> None:
    async with caching(tmp_path) as (gateway, simulated), claude(gateway) as client:
        control: Any = {"type": "ephemeral"}
        block: Any = {"type": "text", "text": SYSTEM}
        tool: Any = {"name": "look", "input_schema": {"type": "object"}}
        words: Any = {"type": "text", "text": "Hello"}
        extra: Any = {}
        match mark:
            case "tools":
                tool["cache_control"] = control
            case "system":
                block["cache_control"] = control
            case "messages":
                words["cache_control"] = control
            case _:
                extra = {"extra_body": {"cache_control": control}}
        for _ in range(3):
            await client.messages.create(
                model="plain",
                max_tokens=5,
                system=[block],
                tools=[tool],
                messages=[{"role": "user", "content": [words]}],
                **extra,
            )
        bodies = [json.loads(each["body"]) for each in simulated.report()["last_requests"]]
        assert all(json.dumps(body).count("cache_control") == 1 for body in bodies)
        assert {event.prompt_cache for event in gateway.events} == {"the caller has marks of its own"}
        assert not any(event.savings for event in gateway.events)
