"""Ways to hang, be charged, or get somebody else's answer by the cache that were tried: none of them leads anywhere."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.integration.gateway.clients import QUESTION, ask, asking, raw
from tests.integration.gateway.kit import KEY, Gateway, model, provider, serving
from tests.integration.gateway.scenes import provider_of, scripted, scripts
from tests.integration.gateway.test_cache import (
    CACHE,
    COLLEAGUE,
    EVERYONE,
    MORE_KEYS,
    SOUND_REPLY,
    asks,
    found,
    kept,
    told,
)
from tests.integration.gateway.test_cascade import CASCADE, saying
from tests.integration.gateway.test_guardrail_faults import SERVICE, says, verdict
from tests.integration.gateway.upstream import (
    COMPLETION,
    DONE,
    FINISH,
    ROLE,
    STREAM_HEAD,
    USAGE,
    chunk,
    completes,
    said,
    script,
)
from tests.integration.http.loop import eventually, on_loop
from tests.integration.http.provider import Upstream, reply

STREAM = json.dumps({"model": "plain", "messages": QUESTION, "stream": True}).encode()
STALE = CACHE + "ttl_s = 0\nstale_s = 60\n"


def without_asides(gateway: Gateway) -> int:
    """Takes out of the events what was nobody's request; how many there were."""
    asides = [event for event in gateway.events if event.request_id.endswith("-refresh")]
    for event in asides:
        gateway.events.remove(event)
    return len(asides)


@on_loop
async def test_what_is_personal_to_a_key_is_not_told_to_its_users(tmp_path: Path) -> None:
    act = completes(COMPLETION.replace(b"Hello.", b"Her number is +49 30 901820, mail erika@example.com"))
    async with scripted(tmp_path, act, sections=CACHE + 'scope = "key"\n' + MORE_KEYS) as (gateway, _):
        assert await asks(gateway) == "miss"
        await kept(gateway)
        assert await asks(gateway, KEY, b"x-stellwerk-user: ann") == "miss"


@on_loop
async def test_what_is_personal_in_a_source_is_personal(tmp_path: Path) -> None:
    body = COMPLETION.replace(
        b'"content":"Hello."',
        b'"content":"Hello.","annotations":[{"type":"url_citation","url_citation":{"url":"https://a/x","title":'
        b'"mail erika@example.com, +49 30 901820","start_index":0,"end_index":3}}]',
    )
    async with scripted(tmp_path, completes(body), sections=EVERYONE + MORE_KEYS) as (gateway, _):
        assert await asks(gateway) == "miss"
        await kept(gateway)
        assert await asks(gateway, COLLEAGUE) == "miss"


def gemini(text: str, *, is_last: bool = False) -> bytes:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
    if is_last:
        candidate["finishReason"] = "STOP"
    usage = {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}
    return b"data: %b\r\n\r\n" % json.dumps({"candidates": [candidate], "usageMetadata": usage}).encode()


@on_loop
async def test_who_follows_a_stream_without_a_closing_event_sees_its_end(tmp_path: Path) -> None:
    async with script(None) as playing:
        base_url = f"http://127.0.0.1:{playing.port}"
        parts = (provider_of("gemini", base_url), model("plain", "gemini/gemini-2.5-flash"))
        async with serving(tmp_path, CACHE, *parts) as gateway, raw(gateway) as leader, raw(gateway) as follower:
            await leader.ask(asking(stream=True))
            await eventually(lambda: bool(playing.held))
            await follower.ask(asking(stream=True))
            await eventually(lambda: gateway.asked == 2)
            await playing.held[0].send(STREAM_HEAD, chunk(gemini("Hel")))
            await follower.passes(b"Hel")
            await playing.held[0].send(chunk(gemini("lo.", is_last=True)), b"0\r\n\r\n")
            for caller in (leader, follower):
                assert b"[DONE]" in (await caller.answer(to=b"POST")).body


@on_loop
async def test_a_leader_that_reads_slowly_and_leaves_holds_nobody_up(tmp_path: Path) -> None:
    gate, pad = asyncio.Event(), said("x" * 3000)

    async def act(upstream: Upstream) -> None:
        await upstream.send(STREAM_HEAD + chunk(ROLE) + chunk(said("Hel")))
        await gate.wait()
        for _ in range(250):
            await upstream.send(chunk(pad))
        await upstream.send(chunk(FINISH) + chunk(USAGE) + chunk(DONE) + b"0\r\n\r\n")

    async with scripted(tmp_path, act, sections=CACHE) as (gateway, playing):
        async with raw(gateway, receive_buffer=4096) as slow, raw(gateway) as quick:
            await slow.ask(asking(stream=True))
            await slow.passes(b"Hel")
            for connection in gateway.parts.front._connections:
                connection.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32_768)
            gate.set()
            await quick.ask(asking(stream=True))
            assert b"[DONE]" in (await quick.answer(to=b"POST")).body
            slow.reset()
        assert len(playing.requests) == 1


@on_loop
async def test_a_call_that_nobody_waits_for_any_more_ends(tmp_path: Path) -> None:
    async with scripted(tmp_path, None, sections=CACHE) as (gateway, playing):
        async with raw(gateway) as leader:
            await leader.ask(STREAM)
            await eventually(lambda: bool(playing.held))
            await playing.held[0].send(STREAM_HEAD, chunk(ROLE), chunk(said("Hel")))
            await leader.passes(b"Hel")
            async with raw(gateway) as follower:
                await follower.ask(STREAM)
                await follower.passes(b"Hel")
            await eventually(lambda: len(gateway.events) == 1)
        await eventually(lambda: len(gateway.events) == 2 and bool(playing.departed))


@on_loop
async def test_it_ends_as_well_when_the_first_to_leave_was_who_asked(tmp_path: Path) -> None:
    body = json.dumps({"model": "plain", "messages": QUESTION}).encode()
    async with scripted(tmp_path, None, sections=CACHE) as (gateway, playing), raw(gateway) as follower:
        async with raw(gateway) as leader:
            await leader.ask(body)
            await eventually(lambda: bool(playing.held))
            await follower.ask(body)
            await eventually(lambda: gateway.asked == 2)
        follower.close()
        await eventually(lambda: len(gateway.events) == 2 and bool(playing.departed))


@on_loop
async def test_a_hit_that_is_blocked_costs_nothing(tmp_path: Path) -> None:
    async with script(says(False), says(True)) as judge, script(completes()) as upstream:
        sections = CACHE + SERVICE.format(judge.base_url, "block", "closed") + 'on = ["output"]\n'
        parts = (provider("one", upstream.base_url), model("plain", "one"))
        async with serving(tmp_path, sections, *parts) as gateway:
            assert (await told(gateway)).status == 200
            await kept(gateway)
            assert (await told(gateway)).status == 400
            event = await gateway.event(2)
            assert (event.cost_nanos, event.extra_cost_nanos) == (0, 0)
            assert len(upstream.requests) == 1


@on_loop
async def test_who_was_refused_while_it_waited_asks_nobody(tmp_path: Path) -> None:
    async with script(says(False), None) as judge, script(None, completes()) as upstream:
        sections = CACHE + SERVICE.format(judge.base_url, "block", "closed") + 'on = ["input"]\n'
        parts = (provider("one", upstream.base_url), model("plain", "one", retry="{ same_target = 0 }"))
        async with serving(tmp_path, sections, *parts) as gateway:
            leader = asyncio.ensure_future(told(gateway))
            await eventually(lambda: bool(upstream.held))
            follower = asyncio.ensure_future(told(gateway))
            await eventually(lambda: bool(judge.held))
            await judge.held[0].send(verdict(True))
            assert (await follower).status == 400
            broken = reply(b"{}", b"Content-Type: application/json", b"Connection: close", status=500)
            await upstream.held[0].send(broken)
            assert (await leader).status == 502
            await eventually(lambda: not gateway.parts.pipeline.recollection.flights)  # type: ignore[union-attr]
            assert len(upstream.requests) == 1


@on_loop
async def test_a_refresh_is_judged_like_any_answer_of_a_cascade(tmp_path: Path) -> None:
    weak = completes(saying("I'm sorry, but I can't help with that."))
    acts = (completes(saying("Signals keep trains apart.")), weak), (completes(saying("Strong answer here.")),)
    async with scripts(tmp_path, *acts, sections=STALE, **CASCADE) as (gateway, (one, _)):
        assert b"Signals" in (await told(gateway)).body
        await kept(gateway)
        assert b"Signals" in (await told(gateway)).body
        await eventually(lambda: len(one.requests) == 2 and gateway.parts.account.in_flight == 0)
        assert b"sorry" not in (await told(gateway)).body
        await eventually(lambda: without_asides(gateway) > 0)


@on_loop
async def test_a_refresh_asks_what_was_asked(tmp_path: Path) -> None:
    stands_in = '[[guardrails]]\nuse = "pii"\naction = "pseudonymize"\ntypes = ["EMAIL_ADDRESS"]\n'
    async with scripted(tmp_path, completes(), sections=STALE + stands_in) as (gateway, playing):
        asked: dict[str, Any] = {"messages": ask("Write to erika@example.com please")}
        assert await asks(gateway, **asked) == "miss"
        await kept(gateway)
        assert await asks(gateway, **asked) == "exact"
        await eventually(lambda: len(playing.requests) == 2)
        first, again = (json.loads(body)["messages"][0]["content"] for body in playing.bodies)
        assert first == again
        await eventually(lambda: without_asides(gateway) > 0)


@on_loop
async def test_an_old_answer_is_not_asked_for_over_and_over(tmp_path: Path) -> None:
    cut = completes(COMPLETION.replace(b'"finish_reason":"stop"', b'"finish_reason":"length"'))
    async with scripted(tmp_path, completes(), cut, sections=STALE) as (gateway, playing):
        assert await asks(gateway) == "miss"
        await kept(gateway)
        for _ in range(5):
            assert await asks(gateway) == "exact"
            await eventually(lambda: len(playing.requests) == 2)
        await eventually(lambda: without_asides(gateway) > 0)
        assert len(playing.requests) == 2


@pytest.mark.parametrize(
    ("before", "after", "members", "key", "expected"),
    [
        ('scope = "everyone"', 'scope = "key"', {}, COLLEAGUE, "miss"),
        ("max_temperature = 0.5", "max_temperature = 0.1", {"temperature": 0.3}, KEY, "bypass"),
        ("normalized = true", "normalized = false", {"messages": ask("what is a signal box")}, KEY, "miss"),
        ("[cache]", '[optimize]\nlevel = "safe"\n[cache]', {}, KEY, "miss"),
    ],
    ids=["scope", "temperature", "normalized", "optimize"],
)
@on_loop
async def test_new_rules_hold_for_old_requests(
    tmp_path: Path, before: str, after: str, members: dict[str, Any], key: str, expected: str
) -> None:
    sections = f"{CACHE}{before if before != '[cache]' else ''}\n{MORE_KEYS}"
    async with scripted(tmp_path, completes(), sections=sections) as (gateway, _):
        assert await asks(gateway, **({} if "messages" in members else members)) == "miss"
        await kept(gateway)
        if "messages" in members:
            assert [await asks(gateway, **members) for _ in range(2)] == ["normalized", "normalized"]
        gateway.adopt(gateway.compile(gateway.source.replace(before, after)))
        assert await asks(gateway, key, **members) == expected


@on_loop
async def test_completions_are_no_chat(tmp_path: Path) -> None:
    text = {"id": "c", "object": "text_completion", "created": 1, "model": "m"}
    choices = [{"index": 0, "text": " world", "logprobs": None, "finish_reason": "stop"}]
    completion = completes(json.dumps({**text, "choices": choices}).encode())
    async with scripted(tmp_path, completes(), completion, sections=CACHE) as (gateway, _):
        assert await asks(gateway, messages=ask("Hello")) == "miss"
        await kept(gateway)
        for expected in ("miss", "exact"):
            async with raw(gateway) as caller:
                await caller.ask(b'{"model":"plain","prompt":"Hello"}', path=b"/v1/completions")
                answer = await caller.told()
            assert (found(answer), answer.json["choices"][0]["text"]) == (expected, " world")
            await kept(gateway, 2)


@on_loop
async def test_a_request_that_says_something_twice_is_left_alone(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=CACHE) as (gateway, _), raw(gateway) as caller:
        turn = b'{"role":"user","content":"one","content":"other"}'
        await caller.ask(b'{"model":"plain","messages":[%b]}' % turn)
        answer = await caller.told()
        assert (found(answer), answer.fields[b"x-stellwerk-cache-reason"]) == ("bypass", b"unread")


@on_loop
async def test_what_is_wrong_with_a_request_is_told_to_all_who_wait_at_once(tmp_path: Path) -> None:
    async with scripted(tmp_path, None, completes(), sections=CACHE) as (gateway, playing):
        tasks = [asyncio.ensure_future(told(gateway)) for _ in range(3)]
        await eventually(lambda: gateway.asked == 3 and bool(playing.held))
        wrong = reply(
            b'{"error":{"message":"No."}}', b"Content-Type: application/json", b"Connection: close", status=400
        )
        await playing.held[0].send(wrong)
        assert sorted([answer.status for answer in await asyncio.gather(*tasks)]) == [200, 200, 400]
        assert len(playing.requests) == 3  # each asked by itself


@on_loop
async def test_followers_of_a_leader_who_is_served_from_the_cache_are_served_too(tmp_path: Path) -> None:
    sections = CACHE + 'backend = "sqlite"\n'
    async with scripted(tmp_path, None, sections=sections) as (gateway, playing):
        first = asyncio.ensure_future(told(gateway))
        await eventually(lambda: bool(playing.held))
        await playing.held[0].send(SOUND_REPLY)
        assert (await first).status == 200
        await kept(gateway)
        answers = await asyncio.gather(*(told(gateway) for _ in range(8)))
        assert {found(answer) for answer in answers} == {"exact"}
        assert len(playing.requests) == 1
