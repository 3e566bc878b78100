"""What callers try so as to pay less than their requests cost, or nothing; and what is not to be had that way."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stellwerk.config.directory_file import write_base
from stellwerk.config.register import FOLDER, Register
from stellwerk.core.scope import LimitSpec, Metric, ScopeKind, ScopeRecord
from tests.integration.gateway.clients import asking, chat, once, raw, whole
from tests.integration.gateway.kit import Gateway, model, provider, serving
from tests.integration.gateway.scenes import scripted, scripts
from tests.integration.gateway.test_backpressure import Flood
from tests.integration.gateway.test_budgets import COST, NANOS, OUTPUT, budget
from tests.integration.gateway.test_cascade import CASCADE, TWICE, saying
from tests.integration.gateway.test_limits import KEY, keyed, request
from tests.integration.gateway.upstream import (
    COMPLETION,
    DONE,
    FINISH,
    ROLE,
    STREAM_HEAD,
    USAGE,
    Act,
    Script,
    chunk,
    completes,
    refuses,
    said,
    script,
    streams,
)
from tests.integration.http.loop import eventually, on_loop


async def told(gateway: Gateway, scope: str = "key:limited") -> int:
    """Nano-dollars that the counter knows to be spent by a scope, when nothing runs any more."""
    await eventually(lambda: gateway.parts.account.in_flight == 0)
    await gateway.purses.leave()
    found = await gateway.counter.read(gateway.counter._states)
    assert not any(state.held for state in found.values())
    return sum(state.spent for id_, state in found.items() if id_.startswith(f"{scope}/"))


@on_loop
async def test_a_budget_that_is_lowered_is_lower_at_once(tmp_path: Path) -> None:
    """Whatever share of it a worker holds."""
    much, little = (f"{count * COST / NANOS:.9f}" for count in (100, 5))
    async with scripted(tmp_path, *[completes()] * 30, sections=budget(100 * COST / NANOS)) as (gateway, upstream):
        assert (await once(gateway, request(max_tokens=7))).status == 200
        gateway.adopt(gateway.compile(gateway.source.replace(much, little)))
        for _ in range(29):
            await once(gateway, request(max_tokens=7))
        assert len(upstream.requests) >= 2
        assert await told(gateway) <= 5 * COST


@on_loop
async def test_tags_that_nobody_has_limited_are_not_remembered(tmp_path: Path) -> None:
    """Where tags can be given limits while the gateway runs, any of them is looked for."""
    register = Register(tmp_path)
    limits = (LimitSpec(Metric.REQUESTS, 9),)
    write_base(tmp_path / FOLDER, 1, [], [ScopeRecord(ScopeKind.TAG, "env=prod", limits=limits)])
    register.follow()
    async with scripted(tmp_path, *[completes()] * 9, sections=keyed(limits="{ rpm = 9 }")) as (gateway, _):
        pipeline = gateway.parts.pipeline
        pipeline.configuration = replace(pipeline.configuration, is_metered=True)
        pipeline.configuration.directory.register = register
        for number in range(9):
            tags = b"x-stellwerk-tags: mine=%d,env=prod" % number
            assert (await once(gateway, chat(asking(), tags, key=KEY))).status == 200
        assert pipeline.meters is not None
        assert list(pipeline.meters._found) == [("key:limited", "tag:env=prod")]


@pytest.mark.parametrize(
    "usage", [b"null", b"{}", b'{"prompt_tokens":0,"completion_tokens":0}', b'{"prompt_tokens":1e30}'], ids=str
)
@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@on_loop
async def test_an_answer_that_is_said_to_have_taken_nothing_has_taken_what_nobody_knows(
    tmp_path: Path, usage: bytes, *, is_stream: bool
) -> None:
    at_once = COMPLETION.partition(b',"usage"')[0] + b',"usage":' + usage + b"}"
    last = USAGE.partition(b',"usage"')[0] + b',"usage":' + usage + b"}\n\n"
    act = streams(ROLE, said("Hello."), FINISH, last, DONE) if is_stream else completes(at_once)
    async with scripted(tmp_path, act, sections=budget(0.5)) as (gateway, _):
        assert (await whole(gateway, request(max_tokens=1_000, stream=is_stream))).status == 200
        assert await told(gateway) >= 1_000 * OUTPUT


@pytest.mark.parametrize("name", [b'"prompt_tokens":11', b'"completion_tokens":7', b'"reasoning_tokens":3'], ids=str)
@on_loop
async def test_counts_that_no_call_can_have_break_nothing(tmp_path: Path, name: bytes) -> None:
    absurd = completes(COMPLETION.replace(name, name + b"0" * 25))
    async with scripted(tmp_path, absurd, completes(), sections=budget(0.5)) as (gateway, _):
        assert [(await once(gateway, request(max_tokens=100))).status for _ in range(2)] == [200, 200]
        assert COST < await told(gateway) < 0.5 * NANOS


SORRY = saying("I'm sorry, but I can't help with that.")
"""An answer that does not do."""
PAID = 15_850
"""Nano-dollars of what scripts play, to the nano-dollar."""
PAYING = "budget = { limit_usd = 1.0 }\nlimits = { rpd = 9, tpd = 90000 }\n"


@asynccontextmanager
async def two_who_are_paid(folder: Path, one: Act, two: Act, **options: object) -> AsyncIterator[Gateway]:
    """A gateway with two providers that have budgets and limits of their own."""
    async with script(one) as first, script(two) as second:
        providers = provider("one", first.base_url) + PAYING, provider("two", second.base_url) + PAYING
        async with serving(folder, keyed(), *providers, model("plain", "one", "two", **options)) as gateway:
            yield gateway


async def levels(gateway: Gateway, name: str) -> tuple[int, ...]:
    """What was used of the limits on requests and on tokens of each of these providers."""
    found = await gateway.counter.read(gateway.counter._states)
    return tuple(math.ceil(found[f"provider:{one}/{name}/86400"].level) for one in ("one", "two"))


@on_loop
async def test_each_provider_that_was_paid_is_paid_from_its_own_budget(tmp_path: Path) -> None:
    async with two_who_are_paid(tmp_path, completes(SORRY), completes(), **CASCADE) as gateway:
        assert (await once(gateway, request(max_tokens=7))).fields[b"x-stellwerk-provider"] == b"two"
        cost = gateway.events[0].cost_nanos
        assert [await told(gateway, f"provider:{name}") for name in ("one", "two")] == [PAID, PAID]
        assert cost == 2 * PAID
        assert await levels(gateway, "tokens") == (18, 18)


@on_loop
async def test_an_answer_that_was_turned_down_and_taken_after_all_is_paid_once(tmp_path: Path) -> None:
    async with two_who_are_paid(tmp_path, completes(SORRY), refuses(400), **CASCADE) as gateway:
        assert (await once(gateway, request(max_tokens=7))).fields[b"x-stellwerk-provider"] == b"one"
        assert [await told(gateway, f"provider:{name}") for name in ("one", "two")] == [PAID, 0]
        assert await levels(gateway, "tokens") == (18, 0)


@on_loop
async def test_a_provider_that_was_asked_has_been_asked_whoever_answers(tmp_path: Path) -> None:
    async with two_who_are_paid(tmp_path, refuses(500), completes()) as gateway:
        assert (await once(gateway, request(max_tokens=7))).fields[b"x-stellwerk-provider"] == b"two"
        assert [await told(gateway, f"provider:{name}") for name in ("one", "two")] == [0, PAID]
        assert await levels(gateway, "requests") == (1, 1)


@on_loop
async def test_an_answer_that_was_turned_down_and_not_counted_is_not_free(tmp_path: Path) -> None:
    weak = completes(SORRY.partition(b',"usage"')[0] + b"}")
    async with scripts(tmp_path, (weak,), (completes(),), sections=budget(0.5), **CASCADE) as (gateway, _):
        assert (await once(gateway, request(max_tokens=1_000))).status == 200
        assert await told(gateway) >= 1_000 * OUTPUT + PAID


@on_loop
async def test_two_samples_that_do_not_agree_and_a_third_answer_are_three_to_pay(tmp_path: Path) -> None:
    weak = completes(saying("Yes, it is so.")), completes(saying("Never heard of any such thing before."))
    async with scripts(tmp_path, weak, (completes(),), sections=budget(0.0045), **TWICE) as (gateway, asked):
        assert (await once(gateway, request(max_tokens=1_000))).fields[b"x-stellwerk-provider"] == b"two"
        sent = [json.loads(one.partition(b"\r\n\r\n")[2]) for script in asked for one in script.requests]
        assert len(sent) == 3
        assert sum(one["max_tokens"] for one in sent) * OUTPUT <= 0.0045 * NANOS


@pytest.mark.parametrize(
    "members",
    [{"prompt": ["Go."] * 50}, {"prompt": "Go.", "best_of": 50}, {"prompt": [[1, 2]] * 25, "n": 2}],
    ids=["prompts", "the best", "tokens"],
)
@on_loop
async def test_all_answers_are_held_back_for_that_are_made(tmp_path: Path, members: dict[str, Any]) -> None:
    async with scripted(tmp_path, completes(), sections=budget(0.05)) as (gateway, upstream):
        body = json.dumps({"model": "plain", "max_tokens": 1_000, **members}).encode()
        await once(gateway, chat(body, key=KEY, path=b"/v1/completions"))
        (sent,) = (json.loads(one.partition(b"\r\n\r\n")[2]) for one in upstream.requests)
        assert 100 < sent["max_tokens"] < 0.05 * NANOS / OUTPUT / 50


HONEST = "gpt-4.1-nano"
"""A model that does not think: whatever it says can be seen."""
HONEST_OUTPUT = 800
"""Nano-dollars of one of its tokens, if they are wanted soon."""


@asynccontextmanager
async def playing(folder: Path, name: str, act: Act | None = None) -> AsyncIterator[tuple[Gateway, Script]]:
    """A gateway whose model ``plain`` is this one."""
    async with script(act) as one:
        parts = provider("one", one.base_url), model("plain", f"one/{name}")
        async with serving(folder, budget(0.5), *parts) as gateway:
            yield gateway, one


@pytest.mark.parametrize(("name", "is_known"), [("gpt-5-mini", False), (HONEST, True)], ids=["thinking", "honest"])
@on_loop
async def test_who_leaves_a_model_that_may_think_pays_for_what_nobody_can_see(
    tmp_path: Path, name: str, *, is_known: bool
) -> None:
    async with playing(tmp_path, name) as (gateway, upstream):
        async with raw(gateway) as caller:
            await caller.send(request(stream=True, max_tokens=10_000))
            await eventually(lambda: upstream.held)
            await upstream.held[0].send(STREAM_HEAD, chunk(ROLE), chunk(said("So")))
            await caller.at_least(300)
            caller.reset()
        spent = await told(gateway)
        assert 0 < spent < 1_000 * HONEST_OUTPUT if is_known else spent >= 10_000 * OUTPUT


@on_loop
async def test_who_leaves_the_stream_of_a_background_answer_pays_for_all_of_it(tmp_path: Path) -> None:
    body = {"model": "plain", "input": "Go.", "stream": True, "background": True, "max_output_tokens": 10_000}
    said_so = (
        b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":1,'
        b'"item_id":"m","output_index":0,"content_index":0,"delta":"So"}\n\n'
    )
    async with playing(tmp_path, HONEST) as (gateway, upstream):
        async with raw(gateway) as caller:
            await caller.send(chat(json.dumps(body).encode(), key=KEY, path=b"/v1/responses"))
            await eventually(lambda: upstream.held)
            await upstream.held[0].send(STREAM_HEAD, chunk(said_so))
            await caller.at_least(100)
            caller.reset()
        assert await told(gateway) >= 10_000 * HONEST_OUTPUT


@on_loop
async def test_who_leaves_without_having_listened_pays_for_what_was_said_meanwhile(tmp_path: Path) -> None:
    flood = Flood(said("So"))
    async with playing(tmp_path, HONEST, flood) as (gateway, _):
        async with raw(gateway, receive_buffer=4_096) as caller:
            await caller.send(request(stream=True, max_tokens=200_000))
            await caller.at_least(300)
            await flood.stalls()
            assert not flood.is_done
            caller.reset()
        assert await told(gateway) >= 200_000 * HONEST_OUTPUT


@pytest.mark.parametrize(
    "part",
    [
        b'{"type":"image_url","image_url":{"url":"https://example.com/a.png"}}',
        b'{"type":"\\u0069mage_url","\\u0069mage_url":{"url":"https://example.com/a.png"}}',
    ],
    ids=["plain", "spelled"],
)
@on_loop
async def test_a_picture_is_held_back_for_at_its_largest(tmp_path: Path, part: bytes) -> None:
    """gpt-4o-mini counts 2,833 tokens for one, and 5,667 for each of up to eight tiles."""
    answer = COMPLETION.replace(b'"prompt_tokens":11', b'"prompt_tokens":96338')
    body = b'{"model":"plain","max_tokens":16,"messages":[{"role":"user","content":[%b,%b]}]}' % (part, part)
    async with script(*[completes(answer)] * 5) as upstream:
        parts = provider("one", upstream.base_url), model("plain", "one/gpt-4o-mini")
        async with serving(tmp_path, budget(0.06), *parts) as gateway:
            statuses = [(await once(gateway, chat(body, key=KEY))).status for _ in range(5)]
            assert (statuses[0], statuses[-1]) == (200, 402)
            assert await told(gateway) <= 0.06 * NANOS


@on_loop
async def test_a_limit_of_nothing_may_be_none(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), completes(), sections=budget(0.05)) as (gateway, upstream):
        assert (await once(gateway, request(max_completion_tokens=0))).status == 200
        (sent,) = (json.loads(one.partition(b"\r\n\r\n")[2]) for one in upstream.requests)
        assert 0 < sent["max_completion_tokens"] * OUTPUT <= 0.05 * NANOS
        body = json.dumps({"model": "plain", "prompt": "Go.", "max_tokens": 0, "echo": True}).encode()
        await once(gateway, chat(body, key=KEY, path=b"/v1/completions"))
        assert json.loads(upstream.requests[1].partition(b"\r\n\r\n")[2])["max_tokens"] == 0
