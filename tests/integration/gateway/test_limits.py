"""Limits of keys: never exceeded, told in the caller's words, and given back however a request ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.integration.gateway.clients import asking, chat, once, raw, whole
from tests.integration.gateway.foreign import PATHS
from tests.integration.gateway.kit import model, provider, serving
from tests.integration.gateway.scenes import scripted, simulated
from tests.integration.gateway.upstream import COMPLETION, completes, script
from tests.integration.http.loop import eventually, on_loop
from tests.integration.http.provider import reply

CLOSING = (b"Content-Type: application/json", b"Connection: close")
SOFT = "{ limit_usd = 1.0, hard = false }"
KEY = "limited-key-0123456789"


def keyed(**allowed: str) -> str:
    """A key with limits or a budget."""
    lines = "".join(f"{name} = {value}\n" for name, value in allowed.items())
    return f'[[keys]]\nname = "limited"\nkey = "{KEY}"\n{lines}'


def request(**members: Any) -> bytes:
    """A request under that key."""
    return chat(asking(**members), key=KEY)


@on_loop
async def test_no_more_requests_than_a_minute_has_and_later_as_many_as_have_come_back(tmp_path: Path) -> None:
    async with simulated(tmp_path, sections=keyed(limits="{ rpm = 3 }")) as (gateway, _):
        answers = await asyncio.gather(*[whole(gateway, request()) for _ in range(6)])
        assert sorted(answer.status for answer in answers) == [200, 200, 200, 429, 429, 429]
        refused = await once(gateway, request())
        assert refused.error["code"] == "limit_exceeded"
        assert "3 requests in 60 s" in refused.error["message"]
        assert 1 <= int(refused.fields[b"retry-after"]) <= 20
        gateway.advance(20)
        assert [(await whole(gateway, request())).status for _ in range(2)] == [200, 429]
        event = gateway.events[-1]
        assert (event.outcome, event.attempts, event.cost_nanos) == ("failed", 0, 0)


@pytest.mark.parametrize("end", ["answered", "refused", "left", "broken"])
@on_loop
async def test_a_place_is_free_again_however_its_request_ends(tmp_path: Path, end: str) -> None:
    sections = keyed(limits="{ concurrency = 1 }")
    async with scripted(tmp_path, None, completes(), sections=sections, retry="{ attempts = 1 }") as (
        gateway,
        upstream,
    ):
        async with raw(gateway) as caller:
            await caller.send(request())
            await eventually(lambda: upstream.held)
            assert (await once(gateway, request())).status == 429
            match end:
                case "answered":
                    await upstream.held[0].send(reply(COMPLETION, *CLOSING))
                    assert (await caller.told()).status == 200
                case "refused":
                    await upstream.held[0].send(reply(b"{}", *CLOSING, status=500))
                    assert (await caller.told()).status == 502
                case "broken":
                    await upstream.held[0].end(reset=True)
                    assert (await caller.told()).status == 502
                case _:
                    caller.reset()
                    await eventually(lambda: gateway.parts.account.in_flight == 0)
        assert (await once(gateway, request())).status == 200


@on_loop
async def test_tokens_are_held_back_for_what_may_come_and_given_back_for_what_did_not(tmp_path: Path) -> None:
    sections = keyed(limits="{ tpm = 1000 }")
    async with scripted(tmp_path, None, completes(), completes(), sections=sections) as (gateway, upstream):
        refused = await once(gateway, request(max_tokens=5_000))
        assert refused.status == 429
        assert "1000 tokens in 60 s" in refused.error["message"]
        async with raw(gateway) as caller:
            await caller.send(request(max_tokens=600))
            await eventually(lambda: upstream.held)
            assert (await once(gateway, request(max_tokens=600))).status == 429
            await upstream.held[0].send(reply(COMPLETION, *CLOSING))  # of 18 tokens
            assert (await caller.told()).status == 200
        assert [(await once(gateway, request(max_tokens=600))).status for _ in range(2)] == [200, 200]


@on_loop
async def test_an_answer_without_a_limit_holds_back_what_is_usual_and_stays_without_one(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=keyed(limits="{ tpm = 2000 }")) as (gateway, upstream):
        assert (await once(gateway, request())).status == 200
        assert b"max_" not in upstream.requests[0]
    async with script(completes()) as playing:
        sections = provider("one", playing.base_url), model("plain", "one/nobody-knows-me")
        async with serving(tmp_path, keyed(limits="{ rpm = 10 }", budget=SOFT), *sections) as gateway:
            assert (await once(gateway, request())).status == 200
            assert b"max_" not in playing.requests[0]


ASKS: dict[str, tuple[dict[str, Any], str]] = {
    "chat": ({"model": "plain", "messages": [{"role": "user", "content": "Hi"}]}, "rate_limit_error"),
    "responses": ({"model": "plain", "input": "Hi"}, "rate_limit_error"),
    "messages": (
        {"model": "plain", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]},
        "rate_limit_error",
    ),
    "gemini": ({"contents": [{"parts": [{"text": "Hi"}]}]}, "RESOURCE_EXHAUSTED"),
    "converse": ({"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}, "ThrottlingException"),
}


@pytest.mark.parametrize("dialect", PATHS)
@on_loop
async def test_every_dialect_has_its_word_for_it(tmp_path: Path, dialect: str) -> None:
    body, word = ASKS[dialect]
    async with simulated(tmp_path, sections=keyed(limits="{ rpm = 1 }")) as (gateway, _):
        assert (await once(gateway, request())).status == 200
        asked = chat(json.dumps(body).encode(), key=KEY, path=PATHS[dialect].encode())
        answer = await whole(gateway, asked)
        assert answer.status == 429
        assert word.encode() in answer.body + b"".join(value for _, value in answer.fields)
        assert answer.field(b"retry-after")


@on_loop
async def test_other_keys_are_not_counted(tmp_path: Path) -> None:
    other = '\n[[keys]]\nname = "other"\nkey = "other-key-0123456789"\n'
    async with simulated(tmp_path, sections=keyed(limits="{ rpm = 1 }") + other) as (gateway, _):
        for _ in range(3):
            assert (await once(gateway, chat(asking(), key="other-key-0123456789"))).status == 200
        assert [(await once(gateway, request())).status for _ in range(2)] == [200, 429]


def told(
    fields: Mapping[bytes, bytes] | Iterable[tuple[bytes, bytes]], word: str = "x-ratelimit-{}-requests"
) -> tuple[bytes, bytes, bytes]:
    """Limit, what remains, and when it is whole again."""
    limit, remaining, reset = (dict(fields)[word.format(name).encode()] for name in ("limit", "remaining", "reset"))
    return limit, remaining, reset


@pytest.mark.parametrize("is_stream", [False, True])
@on_loop
async def test_each_answer_tells_what_the_tightest_limit_leaves(tmp_path: Path, is_stream: bool) -> None:
    team = '[[teams]]\nname = "shop"\nlimits = { rpm = 3, tpm = 6000 }\n'
    sections = team + keyed(team='"shop"', limits="{ rpm = 60, rpd = 5000 }")
    async with simulated(tmp_path, sections=sections) as (gateway, _):
        first = (await whole(gateway, request(stream=is_stream))).fields
        assert told(first) == (b"3", b"2", b"20s")
        limit, left, _ = told(first, "x-ratelimit-{}-tokens")
        assert (limit, 4_000 < int(left) < 6_000) == (b"6000", True)
        gateway.advance(10)
        assert told((await whole(gateway, request())).fields) == (b"3", b"1", b"40s")
        assert told((await whole(gateway, request())).fields)[1] == b"0"
        refused = await once(gateway, request())
        assert (refused.status, told(refused.fields)) == (429, (b"3", b"0", b"1m0s"))
        assert dict(refused.fields)[b"retry-after"] == b"10"
        gateway.advance(60)
        assert told((await whole(gateway, request())).fields) == (b"3", b"2", b"20s")


@on_loop
async def test_callers_of_anthropics_dialect_are_told_in_its_words(tmp_path: Path) -> None:
    async with simulated(tmp_path, sections=keyed(limits="{ rpm = 4 }")) as (gateway, _):
        body = {"model": "plain", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}
        answer = await whole(gateway, chat(json.dumps(body).encode(), path=b"/v1/messages", key=KEY))
        limit, left, moment = told(answer.fields, "anthropic-ratelimit-requests-{}")
        assert (answer.status, limit, left) == (200, b"4", b"3")
        reset_s = datetime.fromisoformat(moment.decode()).timestamp() - gateway.clock.wall()
        assert 15 <= reset_s <= 16


@on_loop
async def test_whoever_has_no_limits_is_told_nothing(tmp_path: Path) -> None:
    async with simulated(tmp_path, sections=keyed(budget=SOFT, limits="{ concurrency = 5 }")) as (gateway, _):
        answer = await whole(gateway, request())
        assert (answer.status, [name for name, _ in answer.fields if b"ratelimit" in name]) == (200, [])
