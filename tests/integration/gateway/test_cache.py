"""Answers that are kept: found by equal requests of those who may have them, in every form, and by nobody else."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from anthropic import AsyncAnthropic

from tests.integration.gateway.clients import QUESTION, Told, ask, raw, sdk
from tests.integration.gateway.kit import KEY, KEYS, LIMITED_KEY, Gateway, model, provider, serving
from tests.integration.gateway.scenes import scripted
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
from tests.integration.http.provider import reply

CACHE = "[cache]\nexact = true\n"
EVERYONE = CACHE + 'scope = "everyone"\n'
COLLEAGUE = "till-key-0123456789"
STRANGER = "bank-key-0123456789"
MORE_KEYS = f"""{KEYS}
[[keys]]
name = "till"
team = "shop"
key = "{COLLEAGUE}"

[[keys]]
name = "teller"
team = "bank"
key = "{STRANGER}"
"""
SOUND_REPLY = reply(COMPLETION, b"Content-Type: application/json")
NO_MORE = refuses(500, b'{"error":{"message":"Asked once more."}}')


async def told(gateway: Gateway, *fields: bytes, key: str = KEY, **members: Any) -> Told:
    body = {"model": "plain", "messages": QUESTION, **members}
    async with raw(gateway) as caller:
        await caller.ask(json.dumps(body).encode(), *fields, key=key)
        return await caller.told()


async def heard(gateway: Gateway, key: str = KEY, **members: Any) -> tuple[str, Any]:
    """What a stream has said, and the usage that it told of."""
    async with sdk(gateway, key) as client:
        stream = await client.chat.completions.create(model="plain", messages=QUESTION, stream=True, **members)
        chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    return text, chunks[-1].usage


def found(answer: Told) -> str:
    return answer.fields[b"x-stellwerk-cache"].decode()


async def kept(gateway: Gateway, entries: int = 1) -> None:
    """Waits until so many answers are in the cache."""
    recollection = gateway.parts.pipeline.recollection
    assert recollection is not None
    await eventually(lambda: recollection.cache.figures().entries == entries)


@on_loop
async def test_an_equal_request_gets_the_answer_that_is_there(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), NO_MORE, sections=CACHE) as (gateway, playing):
        first = await told(gateway)
        assert (first.status, found(first)) == (200, "miss")
        await kept(gateway)
        again = await told(gateway)
        assert (again.status, found(again), again.body) == (200, "exact", first.body)
        assert again.fields[b"x-stellwerk-cost-usd"] == b"0"
        assert again.fields[b"x-stellwerk-attempts"] == b"0"
        assert again.fields[b"x-stellwerk-provider"] == b"one"
        assert int(again.fields[b"age"]) >= 0
        assert len(playing.requests) == 1
        miss, hit = await gateway.event(1), await gateway.event(2)
        assert miss.cache.startswith("miss; kept=")
        assert hit.cache.startswith("exact; entry=")
        assert (hit.cost_nanos, hit.input_tokens, hit.output_tokens, hit.outcome) == (0, 0, 0, "complete")


@on_loop
async def test_how_a_request_is_written_does_not_matter(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), NO_MORE, sections=CACHE) as (gateway, _), raw(gateway) as caller:
        await caller.ask(b'{"model":"plain","messages":[{"role":"user","content":"Hello"}],"temperature":0}')
        assert (await caller.told()).status == 200
        await kept(gateway)
        await caller.ask(b'{"temperature": 0, "messages": [ {"content":"Hello","role":"user"} ], "model":"plain"}')
        assert found(await caller.told()) == "exact"


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("then", [True, False])
@on_loop
async def test_streams_and_whole_answers_stand_for_one_another(tmp_path: Path, first: bool, then: bool) -> None:
    act = streams(ROLE, said("Hel"), said("lo."), FINISH, USAGE, DONE) if first else completes()
    async with scripted(tmp_path, act, NO_MORE, sections=CACHE) as (gateway, playing):
        for is_stream in (first, then):
            if is_stream:
                text, _ = await heard(gateway)
                assert text == "Hello."
            else:
                answer = await told(gateway)
                assert answer.json["choices"][0]["message"]["content"] == "Hello."
                assert answer.json["choices"][0]["finish_reason"] == "stop"
                assert answer.json["object"] == "chat.completion"
            await kept(gateway)
        assert len(playing.requests) == 1
        assert (await gateway.event(2)).cache.startswith("exact; entry=")


@on_loop
async def test_usage_is_told_to_those_who_want_it_whoever_asked_first(tmp_path: Path) -> None:
    async with scripted(tmp_path, streams(), NO_MORE, sections=CACHE) as (gateway, _):
        assert (await heard(gateway))[1] is None
        await kept(gateway)
        _, usage = await heard(gateway, stream_options={"include_usage": True})
        assert usage.total_tokens == 18
        assert (await heard(gateway))[1] is None


@pytest.mark.parametrize("is_stream", [True, False])
@on_loop
async def test_callers_of_another_dialect_find_the_same_answer(tmp_path: Path, is_stream: bool) -> None:
    async with scripted(tmp_path, streams() if is_stream else completes(), NO_MORE, sections=CACHE) as (gateway, _):
        async with sdk(gateway) as client:
            asked: Any = {"model": "plain", "messages": ask("Hello"), "max_tokens": 50}
            answer: Any = await client.chat.completions.create(**asked, stream=is_stream)
            if is_stream:
                assert [chunk async for chunk in answer]
        await kept(gateway)
        async with AsyncAnthropic(base_url=gateway.url, api_key=KEY, max_retries=0) as client:
            whole = await client.messages.create(model="plain", messages=ask("Hello"), max_tokens=50)
            assert whole.content[0].text == "Hello."  # type: ignore[union-attr]
            assert whole.stop_reason == "end_turn"
            async with client.messages.stream(model="plain", messages=ask("Hello"), max_tokens=50) as stream:
                assert await stream.get_final_text() == "Hello."


async def asks(gateway: Gateway, key: str = KEY, *fields: bytes, **members: Any) -> str:
    answer = await told(gateway, *fields, key=key, **members)
    assert answer.status == 200
    return found(answer)


@on_loop
async def test_colleagues_share_answers_and_strangers_do_not(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=CACHE + MORE_KEYS) as (gateway, _):
        assert await asks(gateway) == "miss"
        await kept(gateway)
        assert await asks(gateway, COLLEAGUE) == "exact"
        assert await asks(gateway, STRANGER) == "miss"
        assert await asks(gateway, LIMITED_KEY) == "miss"


@on_loop
async def test_a_key_may_keep_its_answers_to_itself(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=CACHE + 'scope = "key"\n' + MORE_KEYS) as (gateway, _):
        assert await asks(gateway) == "miss"
        await kept(gateway)
        assert await asks(gateway, COLLEAGUE) == "miss"
        assert await asks(gateway) == "exact"


@pytest.mark.parametrize(
    "act",
    [completes(COMPLETION.replace(b"Hello.", b"Her number is +49 30 901820, mail erika@example.com"))],
)
@on_loop
async def test_personal_data_in_an_answer_keep_it_with_its_caller(tmp_path: Path, act: Act) -> None:
    async with scripted(tmp_path, act, sections=EVERYONE + MORE_KEYS) as (gateway, _):
        assert await asks(gateway) == "miss"
        await kept(gateway)
        assert await asks(gateway, COLLEAGUE) == "miss"
        assert await asks(gateway, KEY, b"x-stellwerk-user: ann") == "miss"
        assert await asks(gateway) == "exact"


@on_loop
async def test_personal_data_in_a_request_keep_its_answer_with_its_caller(tmp_path: Path) -> None:
    asking: dict[str, Any] = {"messages": ask("Is DE89 3704 0044 0532 0130 00 my account?")}
    async with scripted(tmp_path, completes(), sections=EVERYONE + MORE_KEYS) as (gateway, _):
        assert await asks(gateway, **asking) == "miss"
        await kept(gateway)
        assert await asks(gateway, COLLEAGUE, **asking) == "miss"
        assert await asks(gateway, **asking) == "exact"


@on_loop
async def test_nothing_personal_is_kept_where_logs_may_not_have_it(tmp_path: Path) -> None:
    log = '[[guardrails]]\nuse = "pii"\non = ["log"]\naction = "mask"\n'
    async with scripted(tmp_path, completes(), sections=CACHE + log) as (gateway, _):
        assert await asks(gateway, messages=ask("Mail erika@example.com")) == "miss"
        assert await asks(gateway) == "miss"
        await kept(gateway, 1)
        assert await asks(gateway, messages=ask("Mail erika@example.com")) == "miss"


OTHERS: dict[str, dict[str, Any]] = {
    "system": {"messages": [{"role": "system", "content": "You work for the bank."}, *QUESTION]},
    "turns": {"messages": [*QUESTION, {"role": "assistant", "content": "A house."}, *QUESTION]},
    "tools": {"tools": [{"type": "function", "function": {"name": "balance", "parameters": {"type": "object"}}}]},
    "format": {"response_format": {"type": "json_object"}},
    "temperature": {"temperature": 0.1},
    "seed": {"seed": 1},
    "cap": {"max_tokens": 5},
    "user": {"user": "ann"},
    "metadata": {"metadata": {"customer": "1"}},
    "unknown": {"something_new": 1},
    "effort": {"reasoning_effort": "low"},
    "stop": {"stop": ["."]},
    "model": {"model": "other"},
}


@pytest.mark.parametrize("members", OTHERS.values(), ids=OTHERS)
@on_loop
async def test_requests_that_differ_share_nothing(tmp_path: Path, members: dict[str, Any]) -> None:
    async with script(completes()) as playing:
        parts = (provider("one", playing.base_url), model("plain", "one"), model("other", "one"))
        async with serving(tmp_path, EVERYONE, *parts) as gateway:
            assert await asks(gateway) == "miss"
            await kept(gateway)
            assert await asks(gateway, **members) == "miss"
            assert await asks(gateway) == "exact"


PICTURE = {"type": "image_url", "image_url": {"url": "https://example.com/now.png"}}
BYPASSES: list[tuple[str, dict[str, Any]]] = [
    ("temperature", {"temperature": 0.9}),
    ("choices", {"n": 2}),
    ("logprobs", {"logprobs": True}),
    ("stored", {"store": True}),
    ("tools", {"web_search_options": {}}),
    ("tools", {"data_sources": [{"type": "azure_search", "parameters": {}}]}),
    ("tools", {"search_settings": {"include_domains": ["example.com"]}}),
    ("tools", {"search_domain_filter": ["example.com"]}),
    ("links", {"messages": [{"role": "user", "content": [PICTURE]}]}),
]


@pytest.mark.parametrize(("why", "members"), BYPASSES, ids=[next(iter(members)) for _, members in BYPASSES])
@on_loop
async def test_what_is_not_to_be_kept_passes_by_with_the_reason(
    tmp_path: Path, why: str, members: dict[str, Any]
) -> None:
    async with scripted(tmp_path, completes(), sections=CACHE) as (gateway, playing):
        for _ in range(2):
            answer = await told(gateway, **members)
            assert (found(answer), answer.fields[b"x-stellwerk-cache-reason"]) == ("bypass", why.encode())
        assert len(playing.requests) == 2
        assert (await gateway.event(2)).cache == f"bypass: {why}"


@on_loop
async def test_models_that_search_whatever_they_are_asked_pass_by(tmp_path: Path) -> None:
    async with script(completes()) as playing:
        parts = (provider("one", playing.base_url), model("plain", "one/groq/compound"), model("other", "one"))
        async with serving(tmp_path, CACHE, *parts) as gateway:
            for _ in range(2):
                answer = await told(gateway)
                assert (found(answer), answer.fields[b"x-stellwerk-cache-reason"]) == ("bypass", b"tools")
            assert await asks(gateway, model="other") == "miss"


@on_loop
async def test_callers_may_do_without_the_cache(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=CACHE) as (gateway, playing):
        assert await asks(gateway, KEY, b"x-stellwerk-cache: no-store") == "bypass"
        assert await asks(gateway) == "miss"
        await kept(gateway)
        assert await asks(gateway, KEY, b"x-stellwerk-cache: no-cache") == "miss"
        assert await asks(gateway) == "exact"
        assert len(playing.requests) == 3
        wrong = await told(gateway, b"x-stellwerk-cache: always")
        assert (wrong.status, wrong.error["param"]) == (400, "x-stellwerk-cache")


def ending(reason: str) -> Act:
    return completes(COMPLETION.replace(b'"finish_reason":"stop"', f'"finish_reason":"{reason}"'.encode()))


CALLS = COMPLETION.replace(
    b'"content":"Hello."',
    b'"content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]',
).replace(b'"finish_reason":"stop"', b'"finish_reason":"tool_calls"')
REFUSES = COMPLETION.replace(b'"content":"Hello."', b'"content":null,"refusal":"No."')


@pytest.mark.parametrize(
    "act",
    [
        ending("length"),
        ending("content_filter"),
        ending("something_new"),
        completes(CALLS),
        completes(REFUSES),
        completes(COMPLETION.replace(b'"Hello."', b'""')),
        streams(ROLE, said("Hel"), FINISH.replace(b"stop", b"length"), USAGE, DONE),
    ],
    ids=["length", "filter", "unknown", "calls", "refusal", "empty", "streamed_length"],
)
@on_loop
async def test_answers_that_are_not_whole_and_plain_are_not_kept(tmp_path: Path, act: Act) -> None:
    is_stream = (
        act.__qualname__.startswith("answers")
        and act.__closure__ is not None
        and b"event-stream" in bytes(act.__closure__[0].cell_contents)
    )
    async with scripted(tmp_path, act, sections=CACHE) as (gateway, playing):
        for _ in range(2):
            if is_stream:
                await heard(gateway)
            else:
                assert await asks(gateway) == "miss"
        assert len(playing.requests) == 2


@on_loop
async def test_calls_of_tools_are_kept_where_that_is_wanted(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(CALLS), sections=CACHE + "tool_calls = true\n") as (gateway, _):
        assert await asks(gateway) == "miss"
        await kept(gateway)
        assert await asks(gateway) == "exact"


@on_loop
async def test_errors_are_not_kept(tmp_path: Path) -> None:
    async with scripted(tmp_path, refuses(400), completes(), sections=CACHE) as (gateway, _):
        assert (await told(gateway)).status == 400
        assert await asks(gateway) == "miss"


@on_loop
async def test_an_answer_of_a_fallback_is_for_once(tmp_path: Path) -> None:
    async with script(refuses(500), refuses(500), completes()) as own, script(completes()) as spare:
        parts = (
            provider("own", own.base_url),
            provider("spare", spare.base_url),
            model("plain", "own", fallback='["other"]', retry="{ same_target = 0 }"),
            model("other", "spare"),
        )
        async with serving(tmp_path, CACHE, *parts) as gateway:
            answer = await told(gateway)
            assert answer.fields[b"x-stellwerk-provider"] == b"spare"
            again = await told(gateway)
            assert found(again) == "miss"


@on_loop
async def test_an_answer_becomes_old(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=CACHE + "ttl_s = 0\n") as (gateway, playing):
        assert await asks(gateway) == "miss"
        assert await asks(gateway) == "miss"
        assert len(playing.requests) == 2


@on_loop
async def test_an_old_answer_is_served_while_a_fresh_one_is_fetched(tmp_path: Path) -> None:
    sections = CACHE + "ttl_s = 0\nstale_s = 60\n"
    fresh = completes(COMPLETION.replace(b"Hello.", b"Good morning."))
    async with scripted(tmp_path, completes(), fresh, sections=sections) as (gateway, playing):
        assert await asks(gateway) == "miss"
        await kept(gateway)
        assert b"Hello." in (await told(gateway)).body
        await eventually(lambda: len(playing.requests) == 2)
        aside = await gateway.event(3)
        assert aside.request_id.endswith("-refresh")
        assert aside.route.startswith("a fresh answer to")
        await eventually(lambda: gateway.parts.account.in_flight == 0)
        gateway.events.remove(aside)  # it is nobody's request

        async def is_fresh() -> bool:
            return b"Good morning." in (await told(gateway)).body

        assert await is_fresh() or await is_fresh()
        for event in [event for event in gateway.events if event.request_id.endswith("-refresh")]:
            gateway.events.remove(event)


@on_loop
async def test_members_that_are_said_to_be_without_effect_do_not_matter(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=CACHE + 'ignore = ["user", "metadata"]\n') as (gateway, _):
        assert await asks(gateway, user="ann") == "miss"
        await kept(gateway)
        assert await asks(gateway, user="bob", metadata={"a": "b"}) == "exact"


@on_loop
async def test_another_version_of_how_a_model_is_served_finds_nothing(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=CACHE) as (gateway, _):
        assert await asks(gateway) == "miss"
        await kept(gateway)
        pattern = '\n[[guardrails]]\nuse = "length"\nmax_characters = 100000\n'
        gateway.adopt(gateway.compile(gateway.source + pattern))
        assert await asks(gateway) == "miss"
        gateway.adopt(gateway.compile(gateway.source))
        assert await asks(gateway) == "exact"


@on_loop
async def test_without_a_cache_nothing_is_said_of_one(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes()) as (gateway, _):
        assert b"x-stellwerk-cache" not in (await told(gateway)).fields
        assert (await gateway.event()).cache == ""


@on_loop
async def test_guardrails_look_at_answers_from_the_cache(tmp_path: Path) -> None:
    sections = CACHE + '[[guardrails]]\nuse = "secret_leak"\non = ["output"]\naction = "mask"\n'
    secret = "sk-proj-" + "a1B2c3D4e5F6g7H8i9J0" * 3
    act = completes(COMPLETION.replace(b"Hello.", f"Take {secret} then.".encode()))
    async with scripted(tmp_path, act, sections=sections) as (gateway, _):
        first = await told(gateway)
        assert secret.encode() not in first.body
        await kept(gateway)
        again = await told(gateway)
        assert found(again) == "exact"
        assert secret.encode() not in again.body
        text, _ = await heard(gateway)
        assert secret not in text


# -- single flight


async def together(gateway: Gateway, number: int, *, is_stream: bool, playing: Script) -> list[Any]:
    """So many equal requests, of which the first alone is asked while the others come."""

    async def one() -> Any:
        if is_stream:
            return (await heard(gateway))[0]
        answer = await told(gateway)
        return answer.status, answer.json["choices"][0]["message"]["content"] if answer.status == 200 else None

    tasks = [asyncio.ensure_future(one()) for _ in range(number)]
    await eventually(lambda: len(playing.requests) >= 1 and gateway.asked == number)
    return tasks


@on_loop
async def test_equal_requests_at_once_share_one_call(tmp_path: Path) -> None:
    async with scripted(tmp_path, None, sections=CACHE) as (gateway, playing):
        tasks = await together(gateway, 20, is_stream=False, playing=playing)
        await playing.held[0].send(SOUND_REPLY)
        assert await asyncio.gather(*tasks) == [(200, "Hello.")] * 20
        assert len(playing.requests) == 1
        costs = sorted(event.cost_nanos or 0 for event in gateway.events)
        assert costs[:-1] == [0] * 19


@on_loop
async def test_who_follows_hears_a_stream_as_it_comes(tmp_path: Path) -> None:
    async with scripted(tmp_path, None, sections=CACHE) as (gateway, playing), AsyncExitStack() as stack:
        callers = [await stack.enter_async_context(raw(gateway)) for _ in range(5)]
        body = json.dumps({"model": "plain", "messages": QUESTION, "stream": True}).encode()
        for caller in callers:
            await caller.ask(body)
        await eventually(lambda: gateway.asked == 5 and bool(playing.held))
        held = playing.held[0]
        await held.send(STREAM_HEAD, chunk(ROLE), chunk(said("Hel")))
        for caller in callers:
            await caller.passes(b"Hel")
        await held.send(chunk(said("lo.")), chunk(FINISH), chunk(USAGE), chunk(DONE), b"0\r\n\r\n")
        for caller in callers:
            await caller.passes(b"[DONE]")
        assert len(playing.requests) == 1


@on_loop
async def test_a_late_follower_has_all_of_the_stream(tmp_path: Path) -> None:
    async with scripted(tmp_path, None, sections=CACHE) as (gateway, playing), raw(gateway) as first:
        body = json.dumps({"model": "plain", "messages": QUESTION, "stream": True}).encode()
        await first.ask(body)
        await eventually(lambda: bool(playing.held))
        held = playing.held[0]
        await held.send(STREAM_HEAD, chunk(ROLE), chunk(said("Hel")))
        await first.passes(b"Hel")
        late = asyncio.ensure_future(heard(gateway))
        waiting = asyncio.ensure_future(told(gateway))
        await eventually(lambda: gateway.asked == 3)
        await held.send(chunk(said("lo.")), chunk(FINISH), chunk(USAGE), chunk(DONE), b"0\r\n\r\n")
        assert (await late)[0] == "Hello."
        assert (await waiting).json["choices"][0]["message"]["content"] == "Hello."
        assert len(playing.requests) == 1


@on_loop
async def test_a_leader_that_fails_wakes_one_follower(tmp_path: Path) -> None:
    acts = (None, completes(), NO_MORE)
    async with scripted(tmp_path, *acts, sections=CACHE, retry="{ same_target = 0 }") as (gateway, playing):
        tasks = await together(gateway, 4, is_stream=False, playing=playing)
        await playing.held[0].send(reply(b"{}", b"Content-Type: application/json", b"Connection: close", status=500))
        answers = await asyncio.gather(*tasks)
        assert sorted(status for status, _ in answers) == [200, 200, 200, 502]
        assert len(playing.requests) == 2


@on_loop
async def test_a_leader_that_leaves_does_not_end_the_answer_of_others(tmp_path: Path) -> None:
    async with scripted(tmp_path, None, sections=CACHE) as (gateway, playing):
        body = json.dumps({"model": "plain", "messages": QUESTION, "stream": True}).encode()
        async with raw(gateway) as leader:
            await leader.ask(body)
            await eventually(lambda: bool(playing.held))
            follower = asyncio.ensure_future(heard(gateway))
            await eventually(lambda: gateway.asked == 2)
            await playing.held[0].send(STREAM_HEAD, chunk(ROLE), chunk(said("Hel")))
            await leader.passes(b"Hel")
        await playing.held[0].send(chunk(said("lo.")), chunk(FINISH), chunk(USAGE), chunk(DONE), b"0\r\n\r\n")
        assert (await follower)[0] == "Hello."
        assert len(playing.requests) == 1


@on_loop
async def test_a_leader_that_leaves_alone_ends_its_call(tmp_path: Path) -> None:
    async with scripted(tmp_path, None, completes(), sections=CACHE) as (gateway, playing):
        async with raw(gateway) as leader:
            await leader.ask(json.dumps({"model": "plain", "messages": QUESTION}).encode())
            await eventually(lambda: bool(playing.held))
        assert (await gateway.event()).outcome == "cancelled"
        assert await asks(gateway) == "miss"


@on_loop
async def test_followers_who_leave_are_forgotten(tmp_path: Path) -> None:
    async with scripted(tmp_path, None, sections=CACHE) as (gateway, playing):
        first = asyncio.ensure_future(told(gateway))
        await eventually(lambda: bool(playing.held))
        async with raw(gateway) as follower:
            await follower.ask(json.dumps({"model": "plain", "messages": QUESTION}).encode())
            await eventually(lambda: gateway.asked == 2)
        await eventually(lambda: len(gateway.events) == 1)
        await playing.held[0].send(SOUND_REPLY)
        assert (await first).status == 200


@on_loop
async def test_a_stream_that_breaks_breaks_for_all_who_heard_it(tmp_path: Path) -> None:
    async with scripted(tmp_path, None, sections=CACHE) as (gateway, playing), AsyncExitStack() as stack:
        callers = [await stack.enter_async_context(raw(gateway)) for _ in range(2)]
        body = json.dumps({"model": "plain", "messages": QUESTION, "stream": True}).encode()
        for caller in callers:
            await caller.ask(body)
        await eventually(lambda: gateway.asked == 2 and bool(playing.held))
        await playing.held[0].send(STREAM_HEAD, chunk(ROLE), chunk(said("Hel")))
        for caller in callers:
            await caller.passes(b"Hel")
        await playing.held[0].end()
        for caller in callers:
            await caller.passes(b'"error"')
        assert len(playing.requests) == 1


@on_loop
async def test_strangers_never_share_a_call(tmp_path: Path) -> None:
    async with scripted(tmp_path, None, None, sections=EVERYONE + MORE_KEYS) as (gateway, playing):
        tasks = [asyncio.ensure_future(told(gateway, key=key)) for key in (KEY, STRANGER)]
        await eventually(lambda: len(playing.held) == 2)
        for held in playing.held:
            await held.send(SOUND_REPLY)
        assert [answer.status for answer in await asyncio.gather(*tasks)] == [200, 200]
