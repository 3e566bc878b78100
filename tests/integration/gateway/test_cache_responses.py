"""Answers to `/v1/responses` that are kept: told as responses of their own, in every form, out of every dialect."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from anthropic import AsyncAnthropic
from openai import NotFoundError

from stellwerk.simulator import Simulator
from tests.integration.gateway.clients import ask, raw, sdk
from tests.integration.gateway.kit import KEY, Gateway, model, serving
from tests.integration.gateway.scenes import provider_of, scripted, simulated
from tests.integration.gateway.test_cache import CACHE, COLLEAGUE, EVERYONE, MORE_KEYS, STRANGER, found, kept
from tests.integration.gateway.upstream import STREAM_HEAD, chunk, completes, script, streams
from tests.integration.http.loop import eventually, on_loop
from tests.integration.http.provider import Upstream, reply

PATH = b"/v1/responses"
ASKED: dict[str, Any] = {"model": "plain", "input": "What is a signal box?", "store": False}


class Answer:
    """What the official SDK has made of a response, and of the events before it."""

    def __init__(self, response: Any, events: list[Any]) -> None:
        self.response = response
        self.events = events
        self.id: str = response.id
        self.text: str = response.output_text
        self.items = [item.model_dump() for item in response.output]
        self.tokens = (response.usage.input_tokens, response.usage.output_tokens)


async def answered(gateway: Gateway, *, is_stream: bool = False, key: str = KEY, **members: Any) -> Answer:
    """Asks with the SDK. What streams say piece by piece has to be what they say at last."""
    asked: dict[str, Any] = {**ASKED, **members}
    async with sdk(gateway, key) as client:
        if not is_stream:
            return Answer(await client.responses.create(**asked), [])
        events = [event async for event in await client.responses.create(**asked, stream=True)]
    assert [events[0].type, events[-1].type] == ["response.created", "response.completed"]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    answer = Answer(events[-1].response, events)
    assert events[0].response.id == answer.id
    places = {event.output_index: event.item.id for event in events if event.type == "response.output_item.added"}
    assert list(places.values()) == [item["id"] for item in answer.items]
    for event in events:
        if getattr(event, "item_id", None):
            assert event.item_id == places[event.output_index]
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == answer.text
    return answer


async def cache_of(gateway: Gateway, *fields: bytes, key: str = KEY, **members: Any) -> tuple[str, str]:
    """What an answer says of the cache, and why it passed by."""
    async with raw(gateway) as caller:
        await caller.ask(json.dumps({**ASKED, **members}).encode(), *fields, key=key, path=PATH)
        told = await caller.told()
    assert told.status == 200, told.body
    return found(told), told.fields.get(b"x-stellwerk-cache-reason", b"").decode()


def calls_of(simulator: Simulator) -> int:
    """How often the provider was asked."""
    return len(simulator.report()["last_requests"])


@pytest.mark.parametrize("first", [True, False], ids=["streamed_first", "whole_first"])
@pytest.mark.parametrize("then", [True, False], ids=["then_streamed", "then_whole"])
@on_loop
async def test_a_response_is_told_again_under_an_id_of_its_own(tmp_path: Path, first: bool, then: bool) -> None:
    async with simulated(tmp_path, sections=CACHE) as (gateway, (provider,)):
        one = await answered(gateway, is_stream=first)
        await kept(gateway)
        again, once_more = [await answered(gateway, is_stream=then) for _ in range(2)]
        assert calls_of(provider) == 1
        assert (again.text, again.tokens) == (one.text, one.tokens)
        assert [item["id"] for item in again.items] == [item["id"] for item in one.items]
        assert len({one.id, again.id, once_more.id}) == 3
        assert again.id.startswith("resp_")
        assert (again.response.store, again.response.status) == (False, "completed")
        assert again.response.model == one.response.model
        hit = await gateway.event(2)
        assert hit.cache.startswith("exact; entry=")
        assert hit.cost_nanos == 0


@on_loop
async def test_an_id_that_was_made_for_a_replay_leads_nowhere(tmp_path: Path) -> None:
    async with simulated(tmp_path, sections=CACHE) as (gateway, _):
        await answered(gateway)
        await kept(gateway)
        again = await answered(gateway)
        with pytest.raises(NotFoundError):
            await answered(gateway, previous_response_id=again.id)


@pytest.mark.parametrize("is_stream", [True, False])
@on_loop
async def test_callers_of_chat_find_what_a_response_has_left(tmp_path: Path, is_stream: bool) -> None:
    async with simulated(tmp_path, sections=CACHE) as (gateway, (provider,)):
        one = await answered(gateway, is_stream=is_stream, instructions="Be brief.", max_output_tokens=4_000)
        await kept(gateway)
        chat: list[Any] = [{"role": "system", "content": "Be brief."}, *ask("What is a signal box?")]
        async with sdk(gateway) as client:
            whole = await client.chat.completions.create(model="plain", messages=chat, max_tokens=4_000)
            assert whole.choices[0].message.content == one.text
            chunks = await client.chat.completions.create(model="plain", messages=chat, max_tokens=4_000, stream=True)
            said = [chunk.choices[0].delta.content or "" async for chunk in chunks if chunk.choices]
            assert "".join(said) == one.text
        async with AsyncAnthropic(base_url=gateway.url, api_key=KEY, max_retries=0) as messages:
            told = await messages.messages.create(
                model="plain", system="Be brief.", messages=ask("What is a signal box?"), max_tokens=4_000
            )
            assert [block.text for block in told.content if block.type == "text"] == [one.text]
        assert calls_of(provider) == 1


@pytest.mark.parametrize("first", [True, False], ids=["streamed_chat", "whole_chat"])
@pytest.mark.parametrize("then", [True, False], ids=["then_streamed", "then_whole"])
@on_loop
async def test_a_response_is_made_of_what_chat_has_left(tmp_path: Path, first: bool, then: bool) -> None:
    async with scripted(tmp_path, streams() if first else completes(), sections=CACHE) as (gateway, playing):
        async with sdk(gateway) as client:
            made: Any = await client.chat.completions.create(model="plain", messages=ask(ASKED["input"]), stream=first)
            if first:
                assert [chunk async for chunk in made]
        await kept(gateway)
        answers = [await answered(gateway, is_stream=then) for _ in range(2)]
        assert [answer.text for answer in answers] == ["Hello."] * 2
        assert len({answer.id for answer in answers}) == 2
        assert answers[0].id.startswith("resp_")
        assert answers[0].tokens == (11, 7)
        assert len(playing.requests) == 1


@on_loop
async def test_an_answer_of_another_dialects_provider_becomes_a_response(tmp_path: Path) -> None:
    async with script(completes()) as playing:
        url = f"http://127.0.0.1:{playing.port}/v1"
        compatible = f'[[providers]]\nname = "one"\nkind = "compatible"\nbase_url = "{url}"\n'
        async with serving(tmp_path, CACHE, compatible, model("plain", "one")) as gateway:
            assert await cache_of(gateway) == ("miss", "")
            await kept(gateway)
            assert (await answered(gateway, is_stream=True)).text == "Hello."
            assert len(playing.requests) == 1


@on_loop
async def test_where_nobody_keeps_answers_there_is_nothing_to_go_on_from(tmp_path: Path) -> None:
    """`store` is true where it is not said, which no provider of chat makes true anyway."""
    async with script(completes()) as playing:
        base_url = f"http://127.0.0.1:{playing.port}/v1"
        compatible = f'[[providers]]\nname = "one"\nkind = "compatible"\nbase_url = "{base_url}"\n'
        async with serving(tmp_path, CACHE, compatible, model("plain", "one")) as gateway:
            body = json.dumps({"model": "plain", "input": "Hello"}).encode()
            for expected in ("miss", "exact"):
                async with raw(gateway) as caller:
                    await caller.ask(body, path=PATH)
                    answer = await caller.told()
                assert found(answer) == expected
                await kept(gateway)


BYPASSES: list[tuple[str, str, dict[str, Any]]] = [
    ("store_unsaid", "stored", {"store": None}),
    ("store", "stored", {"store": True}),
    ("background", "references", {"background": True, "store": True}),
    ("secrets", "reasoning", {"include": ["reasoning.encrypted_content"]}),
    ("logprobs", "logprobs", {"include": ["message.output_text.logprobs"]}),
    ("search", "tools", {"tools": [{"type": "web_search"}]}),
    (
        "picture",
        "links",
        {
            "input": [
                {
                    "role": "user",
                    "content": [
                        {"type": "input_text", "text": "What is it?"},
                        {"type": "input_image", "image_url": "https://example.com/now.png", "detail": "auto"},
                    ],
                }
            ]
        },
    ),
    (
        "file",
        "links",
        {
            "input": [
                {
                    "role": "user",
                    "content": [
                        {"type": "input_file", "file_url": "https://example.com/now.pdf"},
                    ],
                }
            ]
        },
    ),
    ("item", "references", {"input": [{"type": "item_reference", "id": "msg_1"}, *ask("And?")]}),
]


@pytest.mark.parametrize(("why", "members"), [case[1:] for case in BYPASSES], ids=[case[0] for case in BYPASSES])
@on_loop
async def test_what_a_response_must_not_be_taken_from_passes_by(
    tmp_path: Path, why: str, members: dict[str, Any]
) -> None:
    async def act(upstream: Upstream) -> None:
        await upstream.send(reply(json.dumps(RESPONSE).encode(), b"Content-Type: application/json"))

    async with scripted(tmp_path, act, sections=CACHE) as (gateway, playing):
        for _ in range(2):
            assert await cache_of(gateway, **members) == ("bypass", why)
        assert len(playing.requests) == 2


@on_loop
async def test_store_may_be_said_to_be_without_effect(tmp_path: Path) -> None:
    async with simulated(tmp_path, sections=CACHE + 'ignore = ["store"]\n') as (gateway, (provider,)):
        first = await answered(gateway, store=True)
        await kept(gateway)
        again = await answered(gateway, store=True)
        assert again.text == first.text
        assert (first.response.store, again.response.store) == (True, False)
        assert calls_of(provider) == 1


RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "status": "completed",
    "model": "gpt-5-mini",
    "output": [
        {"id": "rs_1", "type": "reasoning", "summary": []},
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "phase": "commentary",
            "content": [{"type": "output_text", "text": "resp_1", "annotations": [], "logprobs": []}],
        },
        {
            "id": "msg_2",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [
                {"type": "output_text", "text": "Hel", "annotations": [], "logprobs": []},
                {"type": "output_text", "text": "lo.", "annotations": [], "logprobs": []},
            ],
        },
    ],
    "metadata": {"customer": "ann"},
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "user": "ann",
    "store": False,
    "usage": {
        "input_tokens": 3,
        "output_tokens": 5,
        "total_tokens": 8,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    },
}
WHOLE = reply(json.dumps(RESPONSE).encode(), b"Content-Type: application/json")


@on_loop
async def test_items_stay_what_they_are(tmp_path: Path) -> None:
    async def act(upstream: Upstream) -> None:
        await upstream.send(WHOLE)

    async with scripted(tmp_path, act, sections=CACHE) as (gateway, _):
        first = await answered(gateway)
        await kept(gateway)
        for is_stream in (False, True):
            again = await answered(gateway, is_stream=is_stream)
            assert again.items == first.items
            assert [item["id"] for item in again.items] == ["rs_1", "msg_1", "msg_2"]
            assert again.text == "resp_1Hello."


@on_loop
async def test_a_response_without_an_id_gets_one(tmp_path: Path) -> None:
    nameless = json.dumps({name: value for name, value in RESPONSE.items() if name != "id"}).encode()
    async with scripted(tmp_path, completes(nameless), sections=CACHE) as (gateway, _):
        await cache_of(gateway)
        await kept(gateway)
        again = await answered(gateway)
        assert again.id.startswith("resp_")
        assert again.text == "resp_1Hello."


@on_loop
async def test_a_response_that_names_what_its_owner_keeps_is_for_once(tmp_path: Path) -> None:
    naming = json.dumps(RESPONSE | {"conversation": {"id": "conv_1"}}).encode()
    async with scripted(tmp_path, completes(naming), sections=CACHE) as (gateway, _):
        assert await cache_of(gateway) == ("miss", "")
        assert await cache_of(gateway) == ("miss", "")


@on_loop
async def test_who_asked_first_is_not_told_to_who_asks_again(tmp_path: Path) -> None:
    async def act(upstream: Upstream) -> None:
        await upstream.send(WHOLE)

    sections = CACHE + 'ignore = ["user", "metadata"]\n'
    async with scripted(tmp_path, act, sections=sections) as (gateway, playing):
        first = await answered(gateway, user="ann", metadata={"customer": "ann"})
        assert first.response.metadata == {"customer": "ann"}
        await kept(gateway)
        for is_stream in (False, True):
            bob = await answered(gateway, is_stream=is_stream, user="bob", metadata={"customer": "bob"})
            assert (bob.response.user, bob.response.metadata) == ("bob", {"customer": "bob"})
            nobody = await answered(gateway, is_stream=is_stream)
            assert (nobody.response.user, nobody.response.metadata) == (None, {})
            assert '"ann"' not in "".join(event.model_dump_json() for event in bob.events)
        assert len(playing.requests) == 1


@on_loop
async def test_turns_of_one_conversation_are_found_whatever_their_items_are_called(tmp_path: Path) -> None:
    async with simulated(tmp_path, sections=CACHE) as (gateway, (provider,)):
        for turn in range(2):
            first = await answered(gateway)
            await kept(gateway, 1 if calls_of(provider) == 1 else 2)
            (said,) = (item for item in first.items if item["type"] == "message")
            turns = [*ask(ASKED["input"]), said | {"id": f"{said['id']}{turn}"}, *ask("And a lever?")]
            await answered(gateway, input=turns)
            await kept(gateway, 2)
        assert calls_of(provider) == 2


@on_loop
async def test_the_last_turn_may_be_written_in_another_way(tmp_path: Path) -> None:
    async with simulated(tmp_path, sections=CACHE + "normalized = true\n") as (gateway, _):
        assert await cache_of(gateway) == ("miss", "")
        await kept(gateway)
        assert await cache_of(gateway, input=[*ask("what is a  signal box")]) == ("normalized", "")


@on_loop
async def test_guardrails_look_at_responses_from_the_cache(tmp_path: Path) -> None:
    sections = CACHE + '[[guardrails]]\nuse = "secret_leak"\non = ["output"]\naction = "mask"\n'
    secret = "sk-proj-" + "a1B2c3D4e5F6g7H8i9J0" * 3
    act = completes(json.dumps(RESPONSE).replace("Hel", f"Take {secret} then. Hel").encode())
    async with scripted(tmp_path, act, sections=sections) as (gateway, playing):
        first = await answered(gateway)
        await kept(gateway)
        again = [await answered(gateway, is_stream=is_stream) for is_stream in (False, True)]
        assert len({answer.id for answer in (first, *again)}) == 3
        for answer in (first, *again):
            assert secret not in answer.text
            assert "Take" in answer.text
        assert len(playing.requests) == 1


@on_loop
async def test_strangers_share_no_response(tmp_path: Path) -> None:
    async with simulated(tmp_path, sections=CACHE + MORE_KEYS) as (gateway, _):
        assert await cache_of(gateway) == ("miss", "")
        await kept(gateway)
        assert await cache_of(gateway, key=COLLEAGUE) == ("exact", "")
        assert await cache_of(gateway, key=STRANGER) == ("miss", "")


@pytest.mark.parametrize(
    "members",
    [
        {"instructions": "You work for the bank."},
        {"input": [*ask("Hi"), {"role": "assistant", "content": "Yes?"}, *ask(ASKED["input"])]},
        {"tools": [{"type": "function", "name": "balance", "parameters": {"type": "object"}, "strict": False}]},
        {"text": {"verbosity": "low"}},
        {"max_output_tokens": 50},
        {"reasoning": {"effort": "low"}},
        {"truncation": "auto"},
        {"metadata": {"customer": "1"}},
    ],
    ids=["system", "turns", "tools", "verbosity", "cap", "reasoning", "truncation", "metadata"],
)
@on_loop
async def test_responses_that_differ_share_nothing(tmp_path: Path, members: dict[str, Any]) -> None:
    async with simulated(tmp_path, sections=EVERYONE) as (gateway, _):
        assert await cache_of(gateway) == ("miss", "")
        await kept(gateway)
        assert await cache_of(gateway, **members) == ("miss", "")
        assert await cache_of(gateway) == ("exact", "")


@on_loop
async def test_equal_requests_at_once_are_one_call_and_several_responses(tmp_path: Path) -> None:
    async with scripted(tmp_path, None, sections=CACHE) as (gateway, playing):
        tasks = [asyncio.ensure_future(answered(gateway)) for _ in range(4)]
        await eventually(lambda: bool(playing.held) and gateway.asked == 4)
        await playing.held[0].send(WHOLE)
        answers = await asyncio.gather(*tasks)
        assert len(playing.requests) == 1
        assert len({answer.id for answer in answers}) == 4
        assert {answer.text for answer in answers} == {"resp_1Hello."}


@on_loop
async def test_who_follows_hears_a_response_of_its_own_as_it_comes(tmp_path: Path) -> None:
    item = RESPONSE["output"][1]
    told: list[dict[str, Any]] = [
        {"type": "response.created", "response": RESPONSE | {"status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": item | {"content": []}},
        *(
            {
                "type": "response.output_text.delta",
                "item_id": "msg_1",
                "output_index": 0,
                "content_index": 0,
                "delta": x,
            }
            for x in ("Hel", "lo.")
        ),
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": RESPONSE | {"output": [item]}},
    ]
    wire = [
        chunk(b"event: %b\ndata: %b\n\n" % (one["type"].encode(), json.dumps(one | {"sequence_number": n}).encode()))
        for n, one in enumerate(told)
    ]
    body = json.dumps({**ASKED, "stream": True}).encode()
    async with scripted(tmp_path, None, sections=CACHE) as (gateway, playing), AsyncExitStack() as stack:
        callers = [await stack.enter_async_context(raw(gateway)) for _ in range(3)]
        for caller in callers:
            await caller.ask(body, path=PATH)
        await eventually(lambda: gateway.asked == 3 and bool(playing.held))
        await playing.held[0].send(STREAM_HEAD, *wire[:3])
        for caller in callers:
            await caller.passes(b'"Hel"')
        await playing.held[0].send(*wire[3:], b"0\r\n\r\n")
        for caller in callers:
            await caller.passes(b"response.completed")
        assert len(playing.requests) == 1


@on_loop
async def test_an_entry_of_a_provider_of_responses_serves_callers_of_chat(tmp_path: Path) -> None:
    async def act(upstream: Upstream) -> None:
        await upstream.send(WHOLE)

    async with script(act) as playing:
        parts = (provider_of("responses", playing.base_url), model("plain", "responses"))
        async with serving(tmp_path, CACHE, *parts) as gateway:
            async with sdk(gateway) as client:
                chat = await client.chat.completions.create(model="plain", messages=ask(ASKED["input"]))
            await kept(gateway)
            response = await answered(gateway)
            assert response.text == chat.choices[0].message.content
            assert response.id not in {"resp_1", chat.id}
            assert len(playing.requests) == 1
