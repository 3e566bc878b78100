"""What users of other caches complain of: answers to the wrong person or question, and hits that never come."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.gateway.clients import ask, raw
from tests.integration.gateway.kit import KEY
from tests.integration.gateway.scenes import scripted
from tests.integration.gateway.test_cache import (
    COLLEAGUE,
    EVERYONE,
    MORE_KEYS,
    STRANGER,
    asks,
    heard,
    kept,
    told,
)
from tests.integration.gateway.test_optimize import Compute, computed
from tests.integration.gateway.test_semantic_cache import LIKE, RESET, SAME, SEMANTIC, fresh, remembered
from tests.integration.gateway.upstream import COMPLETION, DONE, FINISH, ROLE, USAGE, completes, said, streams
from tests.integration.http.loop import on_loop

__all__ = ["fresh"]

SYSTEM: list[Any] = [{"role": "system", "content": "You are the bank's assistant."}]


@on_loop
async def test_complaint_39_meanings_never_cross_users_keys_or_system_prompts(tmp_path: Path) -> None:
    """vllm-project/semantic-router#2134, #1448, #3423; OmniRoute#3740; octopus#235; headroom#3346."""
    async with scripted(tmp_path, completes(), sections=SEMANTIC + MORE_KEYS) as (gateway, _):
        computed(gateway, compute := Compute())
        assert await asks(gateway, messages=RESET) == "miss"
        await remembered(gateway, compute)
        assert await asks(gateway, STRANGER, messages=SAME) == "miss"
        assert await asks(gateway, messages=SYSTEM + SAME) == "miss"
        assert (
            await asks(gateway, messages=[*ask("I am Ann."), {"role": "assistant", "content": "Hi."}, *SAME]) == "miss"
        )
        assert await asks(gateway, COLLEAGUE, messages=SAME) == "semantic"


@on_loop
async def test_complaint_39_somebodys_balance_is_told_to_nobody_else(tmp_path: Path) -> None:
    """wso2/api-manager#733."""
    act = completes(
        COMPLETION.replace(b"Hello.", b"Dear Erika Mustermann, on DE89 3704 0044 0532 0130 00 are 12 euros.")
    )
    async with scripted(tmp_path, act, sections=SEMANTIC + 'scope = "everyone"\n' + MORE_KEYS) as (gateway, _):
        computed(gateway, compute := Compute())
        asked: dict[str, Any] = {"messages": ask("What is the balance of my account?")}
        assert await asks(gateway, KEY, b"x-stellwerk-user: erika", **asked) == "miss"
        await remembered(gateway, compute)
        assert await asks(gateway, KEY, b"x-stellwerk-user: max", **asked) == "miss"
        assert await asks(gateway, COLLEAGUE, **asked) == "miss"
        assert await asks(gateway, KEY, b"x-stellwerk-user: erika", **asked) == "exact"


OPPOSITES = [
    ("How do I turn on the lights in the kitchen?", "How do I turn off the lights in the kitchen?"),
    ("Is it safe to take this medicine with milk?", "Is it not safe to take this medicine with milk?"),
    ("How do I increase the limit of my card?", "How do I decrease the limit of my card?"),
    ("How long may I keep 3 books from the library?", "How long may I keep 5 books from the library?"),
    ("How do I get from Berlin to Hamburg by train?", "How do I get from Hamburg to Berlin by train?"),
    ("Was kostet der Versand nach Bremen?", "Was kostet der Versand nach Dresden?"),
    ("Wie kann ich das Abo verlängern?", "Wie kann ich das Abo kündigen?"),
]


@pytest.mark.parametrize(("one", "other"), OPPOSITES, ids=range(len(OPPOSITES)))
@on_loop
async def test_opposite_questions_are_not_the_same(tmp_path: Path, one: str, other: str) -> None:
    """zilliztech/GPTCache#694; vllm-project/semantic-router#2691."""
    async with scripted(tmp_path, completes(), sections=SEMANTIC) as (gateway, _):
        computed(gateway, compute := Compute())
        assert await asks(gateway, messages=ask(one)) == "miss"
        await remembered(gateway, compute)
        assert await asks(gateway, messages=ask(other)) == "miss"


@on_loop
async def test_hits_by_meaning_do_happen_and_not_every_question_gets_the_same_answer(tmp_path: Path) -> None:
    """BerriAI/litellm#29086 (the scope held the question), #12234 (everything was the same)."""
    async with scripted(tmp_path, completes(), sections=SEMANTIC) as (gateway, _):
        computed(gateway, compute := Compute())
        assert await asks(gateway, messages=RESET) == "miss"
        await remembered(gateway, compute)
        assert await asks(gateway, messages=SAME) == "semantic"
        assert await asks(gateway, messages=LIKE) == "miss"
        assert await asks(gateway, messages=ask("Where do trains to Bremen leave?")) == "miss"


@on_loop
async def test_teams_share_nothing(tmp_path: Path) -> None:
    """BerriAI/litellm#29955."""
    async with scripted(tmp_path, completes(), sections="[cache]\nexact = true\n" + MORE_KEYS) as (gateway, _):
        assert await asks(gateway) == "miss"
        await kept(gateway)
        assert await asks(gateway, STRANGER) == "miss"


@on_loop
async def test_a_stream_that_was_cut_is_not_played_again(tmp_path: Path) -> None:
    """A stream is kept once its closing event has come, and not before."""
    cut = streams(ROLE, said("Hel"))
    whole = streams(ROLE, said("Hel"), said("lo."), FINISH, USAGE, DONE)
    async with scripted(tmp_path, cut, whole, sections=EVERYONE) as (gateway, playing):
        async with raw(gateway) as caller:
            await caller.ask(json.dumps({"model": "plain", "messages": ask("Hi"), "stream": True}).encode())
            assert b"error" in (await caller.answer()).body
        text, _ = await heard(gateway)
        assert text == "Hello."
        assert len(playing.requests) == 2


@on_loop
async def test_calls_of_tools_are_not_played_again(tmp_path: Path) -> None:
    calls = COMPLETION.replace(
        b'"content":"Hello."',
        b'"content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"pay","arguments":"{}"}}]',
    ).replace(b'"finish_reason":"stop"', b'"finish_reason":"tool_calls"')
    tools = [{"type": "function", "function": {"name": "pay", "parameters": {"type": "object"}}}]
    async with scripted(tmp_path, completes(calls), sections=EVERYONE) as (gateway, playing):
        for _ in range(2):
            assert (await told(gateway, tools=tools)).json["choices"][0]["finish_reason"] == "tool_calls"
        assert len(playing.requests) == 2
