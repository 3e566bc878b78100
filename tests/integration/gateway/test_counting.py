"""How many tokens a request is, asked in either dialect that can ask, of providers that count and that do not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from anthropic import AsyncAnthropic, NotFoundError
from google import genai
from google.genai import types
from google.genai.client import AsyncClient

from tests.integration.gateway.clients import raw
from tests.integration.gateway.evidence import provider_key
from tests.integration.gateway.kit import KEY, LIMITED_KEY, Gateway, model, serving
from tests.integration.gateway.upstream import Script, completes, refuses, script
from tests.integration.http.loop import on_loop

QUESTION: Any = [{"role": "user", "content": "What is a signal box?"}]
ANTHROPIC_COUNT = b'{"input_tokens":14}'
GEMINI_COUNT = b'{"totalTokens":17,"promptTokensDetails":[{"modality":"TEXT","tokenCount":17}]}'
KINDS = {"anthropic": "", "gemini": "", "openai": "/v1"}


@asynccontextmanager
async def counting(folder: Path, kind: str, answer: bytes = b"") -> AsyncIterator[tuple[Gateway, Script]]:
    """A gateway whose model ``plain`` has one target of that kind, which answers so."""
    async with script(completes(answer) if answer else refuses(500)) as playing:
        base_url = f"http://127.0.0.1:{playing.port}{KINDS[kind]}"
        section = (
            f'\n[[providers]]\nname = "one"\nkind = "{kind}"\n'
            f'base_url = "{base_url}"\napi_key = "{provider_key("one")}"\n'
        )
        async with serving(folder, section, model("plain", "one/upstream-model")) as gateway:
            yield gateway, playing


def anthropic_client(gateway: Gateway, key: str = KEY) -> AsyncAnthropic:
    """Anthropic's official client, which tries once."""
    return AsyncAnthropic(base_url=gateway.url, api_key=key, max_retries=0)


@asynccontextmanager
async def google(gateway: Gateway) -> AsyncIterator[AsyncClient]:
    """Google's official client."""
    client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=gateway.url))
    async with client.aio as speaking:
        yield speaking
    client.close()


def asked(playing: Script) -> tuple[str, Any]:
    """Path and body of the only request that reached the provider."""
    (request,) = playing.requests
    head, _, body = request.partition(b"\r\n\r\n")
    return head.split(b" ")[1].decode(), json.loads(body)


@on_loop
async def test_anthropics_client_is_told_what_anthropic_counts(tmp_path: Path) -> None:
    async with counting(tmp_path, "anthropic", ANTHROPIC_COUNT) as (gateway, playing):
        async with anthropic_client(gateway) as client:
            answer = await client.messages.with_raw_response.count_tokens(model="plain", messages=QUESTION)
        assert (await answer.parse()).input_tokens == 14
        assert "x-stellwerk-warning" not in answer.headers
        path, body = asked(playing)
        assert path == "/v1/messages/count_tokens"
        assert body == {"model": "upstream-model", "messages": QUESTION}
        event = await gateway.event()
        assert (event.dialect, event.outcome, event.input_tokens) == ("anthropic_count_tokens", "complete", 0)
        assert (event.key_name, event.provider, event.provider_model) == ("web", "one", "upstream-model")


@on_loop
async def test_anthropics_client_is_told_what_gemini_counts(tmp_path: Path) -> None:
    async with counting(tmp_path, "gemini", GEMINI_COUNT) as (gateway, playing), anthropic_client(gateway) as client:
        answer = await client.messages.with_raw_response.count_tokens(
            model="plain", messages=QUESTION, system="Be brief."
        )
        assert (await answer.parse()).input_tokens == 17
        assert "x-stellwerk-warning" not in answer.headers
        path, body = asked(playing)
        assert path == "/v1beta/models/upstream-model:countTokens"
        wrapped = body["generateContentRequest"]
        assert wrapped["model"] == "models/upstream-model"
        assert wrapped["systemInstruction"] == {"parts": [{"text": "Be brief."}]}


@on_loop
async def test_googles_client_is_told_what_gemini_counts(tmp_path: Path) -> None:
    async with counting(tmp_path, "gemini", GEMINI_COUNT) as (gateway, playing), google(gateway) as client:
        answer = await client.models.count_tokens(model="plain", contents="What is a signal box?")
        assert answer.total_tokens == 17
        path, body = asked(playing)
        assert path == "/v1beta/models/upstream-model:countTokens"
        assert body["contents"][0]["parts"] == [{"text": "What is a signal box?"}]
        assert (await gateway.event()).dialect == "gemini_count_tokens"


@on_loop
async def test_googles_client_is_told_what_anthropic_counts(tmp_path: Path) -> None:
    async with counting(tmp_path, "anthropic", ANTHROPIC_COUNT) as (gateway, playing), google(gateway) as client:
        answer = await client.models.count_tokens(model="plain", contents="What is a signal box?")
        assert answer.total_tokens == 14
        path, body = asked(playing)
        assert path == "/v1/messages/count_tokens"
        assert body["model"] == "upstream-model"
        assert "max_tokens" not in body


@on_loop
async def test_where_nobody_counts_an_estimate_says_that_it_is_one(tmp_path: Path) -> None:
    async with counting(tmp_path, "openai") as (gateway, playing):
        async with anthropic_client(gateway) as client:
            answer = await client.messages.with_raw_response.count_tokens(model="plain", messages=QUESTION)
        tokens = (await answer.parse()).input_tokens
        assert 6 <= tokens < 60
        assert answer.headers["x-stellwerk-warning"] == "estimated"
        assert answer.headers["x-stellwerk-provider"] == "one"
        async with google(gateway) as speaking:
            counted = await speaking.models.count_tokens(model="plain", contents="What is a signal box?")
        assert counted.total_tokens == tokens
        assert not playing.requests
        event = await gateway.event(2)
        assert (event.dialect, event.outcome, event.status) == ("gemini_count_tokens", "complete", 200)


LONG = b'{"model":"plain","messages":[{"role":"user","content":"%b"}]}' % (b"signal box " * 300_000)
COUNT_PATH = b"/v1/messages/count_tokens"


@on_loop
async def test_others_are_answered_while_a_long_request_is_estimated(tmp_path: Path) -> None:
    async with counting(tmp_path, "openai") as (gateway, _), raw(gateway) as caller, raw(gateway) as other:
        await caller.ask(LONG, path=COUNT_PATH)
        short = b'{"model":"plain","messages":[{"role":"user","content":"signal box"}]}'
        await other.ask(short, path=COUNT_PATH)
        assert (await other.told()).status == 200
        assert (await caller.told()).status == 200
        first, second = await gateway.event(1), await gateway.event(2)
        assert first.request_bytes == len(short)
        assert second.request_bytes == len(LONG)


@on_loop
async def test_a_caller_that_leaves_is_estimated_no_further(tmp_path: Path) -> None:
    async with counting(tmp_path, "openai") as (gateway, _):
        async with raw(gateway) as caller:
            await caller.ask(LONG, path=COUNT_PATH)
        event = await gateway.event()
        assert (event.outcome, event.status, event.error) == ("cancelled", 499, "cancelled")


@on_loop
async def test_a_model_that_the_key_may_not_use_is_not_counted_for(tmp_path: Path) -> None:
    async with counting(tmp_path, "anthropic", ANTHROPIC_COUNT) as (gateway, playing):
        async with anthropic_client(gateway, LIMITED_KEY) as client:
            with pytest.raises(NotFoundError):
                await client.messages.count_tokens(model="other", messages=QUESTION)
        assert not playing.requests
        assert (await gateway.event()).error == "model_not_found"


@on_loop
async def test_what_cannot_be_read_is_refused_in_the_dialect(tmp_path: Path) -> None:
    async with counting(tmp_path, "openai") as (gateway, _), httpx2.AsyncClient(base_url=gateway.url) as client:
        headers = {"x-api-key": KEY}
        refused = await client.post("/v1/messages/count_tokens", content=b'{"model":"plain"}', headers=headers)
        assert (refused.status_code, refused.json()["error"]["type"]) == (400, "invalid_request_error")
        refused = await client.post("/v1beta/models/plain:countTokens", content=b"[]", headers=headers)
        assert (refused.status_code, refused.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
        refused = await client.post("/v1beta/models/plain:countTokens", content=b"{}", headers=headers)
        assert refused.status_code == 400 or refused.json()["totalTokens"] > 0
        refused = await client.get("/v1/messages/count_tokens", headers=headers)
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")


@on_loop
async def test_a_count_that_is_none_is_the_providers_failure(tmp_path: Path) -> None:
    for kind in ("anthropic", "gemini"):
        (tmp_path / kind).mkdir()
        async with (
            counting(tmp_path / kind, kind, b'{"tokens":"many"}') as (gateway, _),
            httpx2.AsyncClient(base_url=gateway.url, headers={"x-api-key": KEY}) as client,
        ):
            body = {"model": "plain", "messages": QUESTION}
            refused = await client.post("/v1/messages/count_tokens", json=body)
            assert (refused.status_code, (await gateway.event()).error) == (502, "upstream_invalid")
