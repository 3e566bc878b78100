"""Whatever the traffic, marks lose nothing on single calls, and no more than a few surcharges where they guess wrong.

Time is simulated, the provider's bill is the simulator's.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple, cast

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from stellwerk.core.catalog import ModelCard
from stellwerk.core.identity import Principal
from stellwerk.core.price import Price, Rates, Row
from stellwerk.core.prompt_memory import OwnMemory
from stellwerk.core.route import Target
from stellwerk.core.usage import Usage
from stellwerk.core.wire import WireRequest
from stellwerk.gateway.configuration import Route
from stellwerk.gateway.prompt_caching import PromptCaching
from stellwerk.gateway.standing import Standing
from stellwerk.simulator.anthropic.request import read_messages
from stellwerk.simulator.prompt_cache import PromptCache

USD = 10**9
MODEL = "claude-sonnet-4-5"
CARD = ModelCard(
    "anthropic", MODEL, price=Price((Row(Rates(3 * USD, 15 * USD, 3 * USD // 10, 15 * USD // 4, 6 * USD)),))
)
SURCHARGE = 3_000
"""Nano-dollars for a token that is kept for an hour for nothing."""
WORDS = "train " * 1_500
OWNER = Principal("web", "shop", None)


class Call(NamedTuple):
    """A request: how long after the last one, of which application, and how many turns it has."""

    gap_s: float
    application: int
    conversation: int
    turns: int


class World:
    """A gateway's worker and a provider, on one clock."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.caching = PromptCaching(lambda: b"s" * 32, lambda: self.now, OwnMemory())
        self.provider = PromptCache(lambda: self.now)
        target = Target(f"claude/{MODEL}", "claude", MODEL, card=CARD)
        standing = Standing(None, lambda _: None)
        unused = cast("Any", None)  # nothing is sent
        self.route = Route(target, unused, "", unused, b"", b"", unused, standing, kind="anthropic")

    def ask(self, call: Call) -> tuple[int, int]:
        """What a call's marks have saved, in nano-dollars, and the length of its prompt."""
        self.now += call.gap_s
        messages = []
        for turn in range(call.turns):
            messages.append({"role": "user", "content": f"{call.conversation}.{turn} {WORDS[:600]}"})
            messages.append({"role": "assistant", "content": f"Answer {turn}"})
        system = f"{call.application} {WORDS}"
        body: dict[str, Any] = {"model": MODEL, "max_tokens": 5, "system": system, "messages": messages[:-1]}
        marking = self.caching.begin(OWNER, is_session=False)
        wire = marking.mark(WireRequest(b"/", b"", json.dumps(body).encode()), self.route, "anthropic_messages")
        asked = read_messages(wire.body, "")
        read, written, long = self.provider.tokens(asked)
        usage = Usage(asked.prompt_tokens, 5, cache_read_tokens=read, cache_write_tokens=written)
        usage = msgspec.structs.replace(usage, cache_write_1h_tokens=long)
        self.route.standing.factors.learn(wire.body, usage.input_tokens)
        saved = marking.settle(self.route, usage, 0)
        marking.close(self.route)
        return saved, usage.input_tokens


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 4_000), min_size=1, max_size=25))
def test_single_calls_never_cost_more(gaps: list[float]) -> None:
    world = World()
    for number, gap_s in enumerate(gaps):
        saved, _ = world.ask(Call(gap_s, application=number, conversation=number, turns=1))
        assert saved == 0


CALLS = st.builds(
    Call,
    gap_s=st.sampled_from([0.5, 20.0, 90.0, 400.0, 2_000.0, 5_000.0]),
    application=st.integers(0, 3),
    conversation=st.integers(0, 5),
    turns=st.integers(1, 4),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(CALLS, max_size=40))
def test_what_is_lost_at_any_time_is_bounded(calls: list[Call]) -> None:
    world, total, longest = World(), 0, 0
    for call in calls:
        saved, tokens = world.ask(call)
        total, longest = total + saved, max(longest, tokens)
        assert total >= -5 * SURCHARGE * longest


def test_conversations_with_pauses_of_a_minute_pay() -> None:
    world, total, whole = World(), 0, 0
    for conversation in range(12):
        for turns in range(1, 6):
            saved, tokens = world.ask(Call(70.0, conversation, conversation, turns))
            total, whole = total + saved, whole + tokens * 3_000
    assert total > 0.5 * whole


def test_conversations_with_pauses_of_ten_minutes_are_kept_for_an_hour_and_pay() -> None:
    world, total = World(), 0
    for conversation in range(12):
        for turns in range(1, 9):
            saved, _ = world.ask(Call(600.0, conversation, conversation, turns))
            total += saved
    assert total > 0


def test_when_conversations_become_single_calls_little_of_what_was_saved_is_lost() -> None:
    world = World()
    before = sum(world.ask(Call(5.0, number, number, turns))[0] for number in range(10) for turns in range(1, 6))
    after = [world.ask(Call(30.0, number, number, 1))[0] for number in range(100, 200)]
    assert before > 0
    assert -sum(after) < before / 5
    assert not any(after[-50:])
