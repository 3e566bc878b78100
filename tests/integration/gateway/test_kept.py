"""What providers keep, through the gateway: ids are sealed, each owner sees his own, and requests find the provider."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from openai import APIError, AsyncOpenAI, BadRequestError, InternalServerError, NotFoundError

from tests.integration.gateway.clients import sdk
from tests.integration.gateway.evidence import provider_key
from tests.integration.gateway.kit import KEY, LIMITED_KEY, Gateway, model, provider, serving
from tests.integration.gateway.scenes import scripted
from tests.integration.gateway.upstream import COMPLETION, Script, answers, completes, script, stream
from tests.integration.http.loop import on_loop
from tests.integration.http.provider import Upstream, reply

JSON = b"Content-Type: application/json"
RESPONSE: dict[str, Any] = {
    "id": "resp_68a1",
    "object": "response",
    "created_at": 1,
    "status": "completed",
    "model": "gpt-5-mini",
    "output": [
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": 'He said "id":"resp_68a1".', "annotations": []}],
        }
    ],
    "previous_response_id": None,
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "usage": {
        "input_tokens": 3,
        "output_tokens": 5,
        "total_tokens": 8,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    },
}


class Host:
    """A host of OpenAI's kind that keeps things: a table from method and path to answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, bytes]] = []
        self.files: dict[str, dict[str, Any]] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.page = 100
        self.content = b""
        """What files hold, where it is not this that they are asked for."""

    async def __call__(self, upstream: Upstream) -> None:
        """Answers one request."""
        head, _, body = self.script.requests[-1].partition(b"\r\n\r\n")
        method, target = head.decode().split(" ")[:2]
        self.asked.append((method, target, body))
        path, _, query = target.partition("?")
        await upstream.send(self._answer(method, path.removeprefix("/v1"), query, body))

    script: Script

    def _answer(self, method: str, path: str, query: str, body: bytes) -> bytes:
        kind, *rest = path.split("/")[1:]
        match kind:
            case "responses":
                return self._responses(method, rest, body)
            case "files":
                return self._files(method, rest, query)
            case "batches":
                return self._batches(method, rest, query, body)
            case "images":
                return json_reply({"created": 1, "data": [{"b64_json": "AAAA"}], "usage": IMAGE_USAGE})
            case "fine_tuning":
                data = [{"id": "ftevent-1", "object": "fine_tuning.job.event", "created_at": 1, "level": "info"}]
                found: Any = {"object": "list", "data": data, "has_more": False}
                return json_reply(found if rest[-1] == "events" else {"id": "ftjob-1", "model": "gpt-5"})
            case "chat":
                return reply(COMPLETION, JSON)
            case _ if rest == ["speech"]:
                return reply(b"ID3\x00sound", b"Content-Type: audio/mpeg")
            case _:
                return json_reply({"text": "Hello."})

    def _responses(self, method: str, rest: list[str], body: bytes) -> bytes:
        match method, rest:
            case "POST", []:
                asked = json.loads(body)
                if asked.get("stream"):
                    return stream(*events())
                return json_reply(RESPONSE | {"previous_response_id": asked.get("previous_response_id")})
            case "DELETE", [identity]:
                return json_reply({"id": identity, "object": "response", "deleted": True})
            case "GET", ["resp_streamed"]:
                return reply(b"".join(events()), b"Content-Type: text/event-stream")
            case _, [_, "input_items"]:
                return json_reply({"object": "list", "data": [], "has_more": False})
            case _:
                return json_reply(RESPONSE | {"id": rest[0]})

    def _files(self, method: str, rest: list[str], query: str) -> bytes:
        match method, rest:
            case "POST", []:
                identity = f"file-{len(self.files):04}"
                self.files[identity] = file_object(identity)
                return json_reply(self.files[identity])
            case _, []:
                return self._page(self.files, query)
            case _, [identity, _]:
                return reply(self.content or b"\x00raw " + identity.encode(), b"Content-Type: application/octet-stream")
            case "DELETE", [identity]:
                self.files.pop(identity)
                return json_reply({"id": identity, "object": "file", "deleted": True})
            case _:
                return json_reply(self.files[rest[0]])

    def _batches(self, method: str, rest: list[str], query: str, body: bytes) -> bytes:
        match method, rest:
            case "POST", []:
                identity = f"batch_{len(self.batches):04}"
                self.batches[identity] = batch_object(identity, json.loads(body)["input_file_id"])
                return json_reply(self.batches[identity])
            case _, []:
                return self._page(self.batches, query)
            case _, [identity, _]:
                return json_reply(self.batches[identity] | {"status": "cancelling"})
            case _:
                return json_reply(self.batches[rest[0]] | {"status": "completed", "output_file_id": "file-out"})

    def _page(self, things: dict[str, dict[str, Any]], query: str) -> bytes:
        asked = dict(pair.split("=") for pair in query.split("&") if pair)
        names = list(things)
        start = names.index(asked["after"]) + 1 if "after" in asked else 0
        end = start + min(int(asked["limit"]), self.page)
        data = [things[name] for name in names[start:end]]
        return json_reply({"object": "list", "data": data, "has_more": end < len(names), "first_id": "x"})


IMAGE_USAGE = {
    "input_tokens": 9,
    "output_tokens": 272,
    "total_tokens": 281,
    "input_tokens_details": {"image_tokens": 2},
}


def json_reply(value: object) -> bytes:
    """A sound answer."""
    return reply(json.dumps(value).encode(), JSON)


def file_object(identity: str) -> dict[str, Any]:
    """A file as a host tells of it."""
    return {
        "id": identity,
        "object": "file",
        "bytes": 3,
        "created_at": 1,
        "filename": "a.jsonl",
        "purpose": "batch",
        "status": "processed",
    }


def batch_object(identity: str, file: str) -> dict[str, Any]:
    """A batch as a host tells of it."""
    return {
        "id": identity,
        "object": "batch",
        "endpoint": "/v1/responses",
        "input_file_id": file,
        "completion_window": "24h",
        "status": "validating",
        "created_at": 1,
        "output_file_id": None,
        "metadata": {"id": "mine"},
    }


def events() -> list[bytes]:
    """The events of a stored response."""
    begun = {**RESPONSE, "status": "in_progress", "output": [], "usage": None}
    told: list[tuple[str, dict[str, Any]]] = [
        ("response.created", {"response": begun}),
        ("response.output_item.added", {"output_index": 0, "item": {**RESPONSE["output"][0], "content": []}}),
        (
            "response.output_text.delta",
            {"item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": '"id":"resp_1"', "logprobs": []},
        ),
        ("response.output_item.done", {"output_index": 0, "item": RESPONSE["output"][0]}),
        ("response.completed", {"response": RESPONSE}),
    ]
    return [
        f"event: {kind}\ndata: {json.dumps({'type': kind, 'sequence_number': number, **rest})}\n\n".encode()
        for number, (kind, rest) in enumerate(told)
    ]


OTHERS = f"""
[[keys]]
name = "web"
team = "shop"
key = "{KEY}"

[[keys]]
name = "till"
team = "shop"
key = "till-key-0123456789"

[[keys]]
name = "intern"
key = "{LIMITED_KEY}"
models = ["plain"]
"""
TILL_KEY = "till-key-0123456789"


@asynccontextmanager
async def keeping(folder: Path, *sections: str, hosts: int = 1) -> AsyncIterator[tuple[Gateway, list[Host]]]:
    """A gateway whose model ``plain`` has a target with each of the hosts; ``second`` has the last host's alone."""
    names = ("one", "two")[:hosts]
    keepers = [Host() for _ in names]
    async with script(keepers[0]) as first, script(keepers[-1]) as last:
        playing = (first, last)[:hosts]
        for host, its in zip(keepers, playing, strict=True):
            host.script = its
        parts = [provider(name, its.base_url) for name, its in zip(names, playing, strict=True)]
        parts += [model("plain", *(f"{name}/gpt-5-mini" for name in names)), model("second", f"{names[-1]}/gpt-5")]
        async with serving(folder, *parts, OTHERS, *sections) as gateway:
            yield gateway, keepers


@on_loop
async def test_a_stored_response_is_found_again_by_its_owner_alone(tmp_path: Path) -> None:
    async with keeping(tmp_path) as (gateway, (host,)), sdk(gateway) as client:
        answer = await client.responses.create(model="plain", input="Hello")
        assert answer.id.startswith("resp_sw_")
        assert "68a1" not in answer.id
        assert answer.output_text == 'He said "id":"resp_68a1".'
        again = await client.responses.retrieve(answer.id)
        assert again.id == answer.id
        assert host.asked[-1][:2] == ("GET", "/v1/responses/resp_68a1")
        await client.responses.input_items.list(answer.id)
        assert host.asked[-1][1].startswith("/v1/responses/resp_68a1/input_items")
        assert (await client.responses.cancel(answer.id)).id == answer.id
        follower = await client.responses.create(model="plain", input="And?", previous_response_id=answer.id)
        assert json.loads(host.asked[-1][2])["previous_response_id"] == "resp_68a1"
        assert follower.previous_response_id == answer.id
        asked = len(host.asked)
        async with sdk(gateway, LIMITED_KEY) as other:
            for identity in (answer.id, "resp_68a1", answer.id[:-1] + ("A" if answer.id[-1] != "A" else "B")):
                with pytest.raises(NotFoundError):
                    await other.responses.retrieve(identity)
                with pytest.raises(NotFoundError) as refused:
                    await other.responses.create(model="plain", input="And?", previous_response_id=identity)
                assert refused.value.param == "previous_response_id"
        assert len(host.asked) == asked
        async with sdk(gateway, TILL_KEY) as colleague:
            assert (await colleague.responses.retrieve(answer.id)).output_text == answer.output_text
        await client.responses.delete(answer.id)
        assert host.asked[-1][:2] == ("DELETE", "/v1/responses/resp_68a1")
        event = await gateway.event(2)
        assert (event.dialect, event.outcome, event.provider) == ("openai_stored_responses", "complete", "one")


@on_loop
async def test_a_streamed_response_is_sealed_in_every_event_that_names_it(tmp_path: Path) -> None:
    async with keeping(tmp_path) as (gateway, _), sdk(gateway) as client:
        found = [event async for event in await client.responses.create(model="plain", input="Hello", stream=True)]
        named = [event.response for event in found if hasattr(event, "response")]
        assert len({response.id for response in named}) == 1
        assert named[0].id.startswith("resp_sw_")
        assert named[-1].output_text == 'He said "id":"resp_68a1".'
        assert [event.delta for event in found if event.type == "response.output_text.delta"] == ['"id":"resp_1"']
        again = await client.responses.retrieve(named[0].id)
        assert again.id == named[0].id
        event = await gateway.event()
        assert (event.outcome, event.output_tokens) == ("complete", 5)


@on_loop
async def test_a_follower_goes_to_the_provider_that_keeps_what_came_before(tmp_path: Path) -> None:
    async with keeping(tmp_path, hosts=2) as (gateway, (first, last)), sdk(gateway) as client:
        answer = await client.responses.create(model="second", input="Hello")
        assert (len(first.asked), len(last.asked)) == (0, 1)
        await client.responses.create(model="plain", input="And?", previous_response_id=answer.id)
        assert (len(first.asked), len(last.asked)) == (0, 2)
        other = await client.responses.create(model="plain", input="Hello")
        assert len(first.asked) == 1
        with pytest.raises(BadRequestError) as refused:
            await client.responses.create(model="second", input="And?", previous_response_id=other.id)
        assert refused.value.param == "previous_response_id"
        parts: Any = [{"role": "user", "content": [{"type": "input_file", "file_id": answer.id}]}]
        with pytest.raises(BadRequestError) as refused:
            await client.responses.create(model="plain", input=parts, previous_response_id=other.id)
        assert refused.value.param in {"file_id", "previous_response_id"}


@on_loop
async def test_files_and_batches_are_their_owners_own(tmp_path: Path) -> None:
    async with keeping(tmp_path) as (gateway, (host,)), sdk(gateway) as client, sdk(gateway, LIMITED_KEY) as other:
        content = b'{"custom_id":"1","body":{"model":"plain"}}\n' * 3
        made = await client.files.create(file=("a.jsonl", content), purpose="batch")
        theirs = await other.files.create(file=("b.jsonl", content), purpose="batch")
        assert made.id.startswith("file-sw_")
        method, target, body = host.asked[0]
        assert (method, target) == ("POST", "/v1/files")
        assert content.replace(b"plain", b"gpt-5-mini") in body
        assert [file.id async for file in client.files.list()] == [made.id]
        assert [file.id async for file in other.files.list()] == [theirs.id]
        assert (await client.files.retrieve(made.id)).id == made.id
        assert (await client.files.content(made.id)).content == b"\x00raw file-0000"
        for forbidden in (made.id, "file-0000"):
            with pytest.raises(NotFoundError):
                await other.files.content(forbidden)
            with pytest.raises(NotFoundError) as refused:
                await other.batches.create(input_file_id=forbidden, endpoint="/v1/responses", completion_window="24h")
            assert refused.value.param == "input_file_id"
        batch = await client.batches.create(input_file_id=made.id, endpoint="/v1/responses", completion_window="24h")
        assert json.loads(host.asked[-1][2])["input_file_id"] == "file-0000"
        assert batch.id.startswith("batch_sw_")
        assert batch.input_file_id == made.id
        assert batch.metadata == {"id": "mine"}
        done = await client.batches.retrieve(batch.id)
        assert done.output_file_id is not None
        assert (await client.files.content(done.output_file_id)).content == b"\x00raw file-out"
        assert [one.id async for one in client.batches.list()] == [batch.id]
        assert [one.id async for one in other.batches.list()] == []
        assert (await client.batches.cancel(batch.id)).status == "cancelling"
        assert (await client.files.delete(made.id)).id == made.id
        assert [file.id async for file in client.files.list()] == []
        event = await gateway.event()
        assert (event.dialect, event.model, event.cost_nanos, event.status) == ("openai_files", "", None, 200)


@on_loop
async def test_a_chat_names_a_file_by_its_sealed_id(tmp_path: Path) -> None:
    async with keeping(tmp_path) as (gateway, (host,)), sdk(gateway) as client, sdk(gateway, LIMITED_KEY) as other:
        made = await client.files.create(file=("a.pdf", b"%PDF"), purpose="user_data")
        question: Any = [{"role": "user", "content": [{"type": "file", "file": {"file_id": made.id}}]}]
        with pytest.raises(NotFoundError) as refused:
            await other.chat.completions.create(model="plain", messages=question)
        assert refused.value.param == "file_id"
        await client.chat.completions.create(model="plain", messages=question)
        assert b'"file_id":"file-0000"' in host.asked[-1][2].replace(b" ", b"")


@on_loop
async def test_lists_of_ones_own_are_paged_over_what_belongs_to_others(tmp_path: Path) -> None:
    async with keeping(tmp_path) as (gateway, (host,)), sdk(gateway) as client, sdk(gateway, LIMITED_KEY) as other:
        host.page = 2
        mine = []
        for number in range(9):
            owner = client if number % 3 == 0 else other
            made = await owner.files.create(file=("a.jsonl", b"{}"), purpose="user_data")
            if owner is client:
                mine.append(made.id)
        first = await client.files.list(limit=2)
        assert [file.id for file in first.data] == mine[:2]
        assert first.has_more
        second = await first.get_next_page()
        assert [file.id for file in second.data] == mine[2:]
        assert not second.has_more
        assert [file.id async for file in client.files.list(limit=1)] == mine


@on_loop
async def test_pictures_and_sound_go_to_the_provider_of_their_model(tmp_path: Path) -> None:
    async with keeping(tmp_path, hosts=2) as (gateway, (first, last)), sdk(gateway) as client:
        made = await client.images.generate(model="second", prompt="A signal box")
        assert made.data is not None
        assert made.data[0].b64_json == "AAAA"
        assert json.loads(last.asked[-1][2])["model"] == "gpt-5"
        event = await gateway.event()
        assert (event.dialect, event.model, event.input_tokens, event.output_tokens) == (
            "openai_images",
            "second",
            9,
            272,
        )
        spoken = await client.audio.speech.create(model="second", input="Hello", voice="alloy")
        assert spoken.content == b"ID3\x00sound"
        assert spoken.response.headers["content-type"] == "audio/mpeg"
        heard = await client.audio.transcriptions.create(model="second", file=("a.wav", b"RIFF\x00\xff"))
        assert heard.text == "Hello."
        assert b'name="model"\r\n\r\ngpt-5\r\n' in last.asked[-1][2]
        assert b"RIFF\x00\xff" in last.asked[-1][2]
        await client.images.edit(model="second", image=b"\x89PNG\r\n\r\n", prompt="More smoke")
        assert not first.asked


@on_loop
async def test_what_names_no_model_goes_where_a_header_says_or_to_the_keys_default(tmp_path: Path) -> None:
    async with keeping(tmp_path, hosts=2) as (gateway, (first, last)), sdk(gateway) as client:
        await client.files.list()
        assert (len(first.asked), len(last.asked)) == (1, 0)
        await client.files.list(extra_headers={"x-stellwerk-provider": "two"})
        assert (len(first.asked), len(last.asked)) == (1, 1)
        for options in ({"x-stellwerk-provider": "three"}, {"x-stellwerk-provider": "\u00e4"}):
            headers = {"authorization": f"Bearer {KEY}", **options}
            async with httpx2.AsyncClient(base_url=gateway.url) as raw:
                refused = await raw.get(
                    "/v1/files", headers={k.encode(): v.encode("latin-1") for k, v in headers.items()}
                )
            assert refused.status_code == 400
            assert refused.json()["error"]["param"] == "x-stellwerk-provider"


@on_loop
async def test_paths_and_methods_that_are_not_served_say_so(tmp_path: Path) -> None:
    async with keeping(tmp_path) as (gateway, _), httpx2.AsyncClient(base_url=gateway.url) as client:
        headers = {"authorization": f"Bearer {KEY}"}
        refused = await client.put("/v1/files", headers=headers)
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST")
        assert (await client.get("/v1/files/a/b/c", headers=headers)).status_code == 404
        assert (await client.get("/v1/files")).status_code == 401
        refused = await client.post("/v1/batches", headers=headers, content=b"[]")
        assert (refused.status_code, refused.json()["error"]["type"]) == (400, "invalid_request_error")


@on_loop
async def test_ids_survive_a_restart_of_the_gateway(tmp_path: Path) -> None:
    async with keeping(tmp_path) as (gateway, _), sdk(gateway) as client:
        answer = await client.responses.create(model="plain", input="Hello")
        await client.files.create(file=("a.jsonl", b"{}"), purpose="user_data")
    secret = tmp_path / "state" / "sealed-ids.key"
    assert secret.stat().st_mode & 0o777 == 0o600
    async with keeping(tmp_path) as (gateway, (host,)), sdk(gateway) as client:
        assert (await client.responses.retrieve(answer.id)).id == answer.id
        host.files["file-0000"] = file_object("file-0000")
        assert len([file.id async for file in client.files.list()]) == 1


@on_loop
async def test_without_its_secret_the_gateway_says_so_and_asks_nobody(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "sealed-ids.key").write_bytes(b"short")
    async with keeping(tmp_path) as (gateway, (host,)), sdk(gateway) as client:
        with pytest.raises(InternalServerError) as refused:
            await client.files.list()
        assert refused.value.status_code == 503
        assert not host.asked
        assert (await gateway.event()).error == "store_unavailable"


@on_loop
async def test_fine_tuning_jobs_are_kept_too(tmp_path: Path) -> None:
    async with keeping(tmp_path) as (gateway, (host,)), sdk(gateway) as client:
        made = await client.files.create(file=("a.jsonl", b"{}"), purpose="fine-tune")
        job = await client.fine_tuning.jobs.create(model="second", training_file=made.id)
        assert job.id.startswith("ftjob-sw_")
        asked = json.loads(host.asked[-1][2])
        assert (asked["model"], asked["training_file"]) == ("gpt-5", "file-0000")
        told = await client.fine_tuning.jobs.list_events(job.id)
        assert [event.id for event in told.data] == ["ftevent-1"]
        assert host.asked[-1][1] == "/v1/fine_tuning/jobs/ftjob-1/events"


@on_loop
async def test_a_stored_response_can_be_asked_for_as_a_stream(tmp_path: Path) -> None:
    async with keeping(tmp_path) as (gateway, _), sdk(gateway) as client:
        answer = await client.responses.create(model="plain", input="Hello")
        sealer = gateway.parts.vault.sealer
        unsealed = sealer.unseal(answer.id, "team shop")
        assert unsealed is not None
        streamed = sealer.seal("resp_streamed", unsealed.place, "team shop")
        found = [event async for event in await client.responses.retrieve(streamed, stream=True)]
        assert found[-1].type == "response.completed"
        assert found[-1].response.id == answer.id


@on_loop
async def test_a_header_chooses_among_the_targets_of_a_model(tmp_path: Path) -> None:
    async with keeping(tmp_path, hosts=2) as (gateway, (first, last)), sdk(gateway) as client:
        await client.images.generate(model="plain", prompt="x", extra_headers={"x-stellwerk-provider": "two"})
        assert (len(first.asked), len(last.asked)) == (0, 1)
        with pytest.raises(BadRequestError) as refused:
            await client.images.generate(model="second", prompt="x", extra_headers={"x-stellwerk-provider": "one"})
        assert refused.value.param == "x-stellwerk-provider"


@on_loop
async def test_what_was_kept_under_another_credential_is_gone(tmp_path: Path) -> None:
    async with keeping(tmp_path) as (gateway, (host,)), sdk(gateway) as client:
        made = await client.files.create(file=("a.jsonl", b"{}"), purpose="user_data")
        gateway.adopt(gateway.compile(gateway.source.replace(provider_key("one"), provider_key("one") + "-new")))
        asked = len(host.asked)
        with pytest.raises(NotFoundError):
            await client.files.retrieve(made.id)
        parts: Any = [{"role": "user", "content": [{"type": "input_file", "file_id": made.id}]}]
        with pytest.raises(BadRequestError) as refused:
            await client.responses.create(model="plain", input=parts)
        assert refused.value.param == "file_id"
        assert len(host.asked) == asked


@on_loop
async def test_without_a_provider_of_openais_kind_nothing_is_kept(tmp_path: Path) -> None:
    section = (
        '\n[[providers]]\nname = "one"\nkind = "anthropic"\nbase_url = "http://127.0.0.1:9"\n'
        f'api_key = "{provider_key("one")}"\n'
    )
    async with serving(tmp_path, section, model("plain", "one")) as gateway, sdk(gateway) as client:
        with pytest.raises(BadRequestError, match="serves this path"):
            await client.files.list()
        with pytest.raises(BadRequestError, match="does not serve this path"):
            await client.images.generate(model="plain", prompt="x")


@on_loop
async def test_a_stream_of_a_response_that_breaks_off_ends_in_an_error(tmp_path: Path) -> None:
    whole = events()
    wire = stream(*whole[:3], whole[3][:40])
    found = []

    async def listen(client: AsyncOpenAI) -> None:
        async for event in await client.responses.create(model="plain", input="Hello", stream=True):
            found.append(event.type)  # noqa: PERF401  # what came before the error counts

    async with scripted(tmp_path, answers(wire)) as (gateway, _), sdk(gateway) as client:
        try:
            await listen(client)
        except APIError:
            found.append("error")
        assert found[:3] == ["response.created", "response.output_item.added", "response.output_text.delta"]
        assert found[-1] in {"error", "response.failed"}
        assert (await gateway.event()).outcome == "truncated"


@on_loop
async def test_a_closing_event_without_its_empty_line_closes_all_the_same(tmp_path: Path) -> None:
    *first, last = events()
    wire = stream(*first, last[:20], last[20:].rstrip())
    async with scripted(tmp_path, answers(wire)) as (gateway, _), sdk(gateway) as client:
        found = [event async for event in await client.responses.create(model="plain", input="Hello", stream=True)]
        closing = found[-1]
        assert closing.type == "response.completed"
        assert closing.response.id.startswith("resp_sw_")
        assert (await gateway.event()).outcome == "complete"


@on_loop
async def test_an_answer_that_is_no_object_is_the_providers_failure(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(b"<html>")) as (gateway, _), sdk(gateway) as client:
        with pytest.raises(InternalServerError):
            await client.files.create(file=("a.jsonl", b"{}"), purpose="user_data")
        with pytest.raises(InternalServerError):
            await client.files.list()
        assert (await gateway.event(2)).error == "upstream_invalid"
