"""Vectors of texts: asked in either dialect, of providers of either, and refused by those that make none."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from google import genai
from google.genai import types
from google.genai.client import AsyncClient
from google.genai.errors import ClientError
from openai import BadRequestError, InternalServerError

from tests.integration.gateway.clients import sdk
from tests.integration.gateway.evidence import provider_key
from tests.integration.gateway.kit import KEY, Gateway, model, serving
from tests.integration.gateway.upstream import Script, completes, script
from tests.integration.http.loop import on_loop

GEMINI = b'{"embeddings":[{"values":[0.5,-0.25]},{"values":[1.0,2.0]}]}'
GEMINI_ONE = b'{"embedding":{"values":[0.5,-0.25]}}'
OPENAI = (
    b'{"object":"list","model":"m","data":[{"object":"embedding","index":0,"embedding":[0.5,-0.25]},'
    b'{"object":"embedding","index":1,"embedding":[1.0,2.0]}],"usage":{"prompt_tokens":4,"total_tokens":4}}'
)
PATHS = {"gemini": "", "openai": "/v1", "anthropic": ""}


@asynccontextmanager
async def embedding(folder: Path, kind: str, answer: bytes) -> AsyncIterator[tuple[Gateway, Script]]:
    """A gateway whose model ``plain`` has one target of that kind, which answers so."""
    async with script(completes(answer)) as playing:
        section = (
            f'\n[[providers]]\nname = "one"\nkind = "{kind}"\n'
            f'base_url = "http://127.0.0.1:{playing.port}{PATHS[kind]}"\napi_key = "{provider_key("one")}"\n'
        )
        async with serving(folder, section, model("plain", "one/vectors-1")) as gateway:
            yield gateway, playing


@asynccontextmanager
async def google(gateway: Gateway) -> AsyncIterator[AsyncClient]:
    """Google's official client."""
    client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=gateway.url))
    async with client.aio as speaking:
        yield speaking
    client.close()


def asked(playing: Script) -> tuple[str, Any]:
    """Path and body of what last reached the provider."""
    head, _, body = playing.requests[-1].partition(b"\r\n\r\n")
    return head.split(b" ")[1].decode(), json.loads(body)


@on_loop
async def test_openais_client_gets_vectors_of_gemini(tmp_path: Path) -> None:
    async with embedding(tmp_path, "gemini", GEMINI) as (gateway, playing), sdk(gateway) as client:
        answer = await client.embeddings.create(model="plain", input=["a", "b"], dimensions=2)
        assert [entry.embedding for entry in answer.data] == [[0.5, -0.25], [1.0, 2.0]]
        path, body = asked(playing)
        assert path == "/v1beta/models/vectors-1:batchEmbedContents"
        assert body["requests"][0] == {
            "model": "models/vectors-1",
            "content": {"parts": [{"text": "a"}]},
            "outputDimensionality": 2,
        }
        floats = await client.embeddings.create(model="plain", input=["a", "b"], encoding_format="float", user="u")
        assert floats.data[1].embedding == [1.0, 2.0]
        assert (await gateway.event()).dialect == "openai_embeddings"
        with pytest.raises(BadRequestError) as refused:
            await client.embeddings.create(model="plain", input=[[1, 2]])
        assert refused.value.param == "input"


@on_loop
async def test_fewer_vectors_than_texts_are_the_providers_failure(tmp_path: Path) -> None:
    async with embedding(tmp_path, "gemini", GEMINI) as (gateway, _), sdk(gateway) as client:
        with pytest.raises(InternalServerError):
            await client.embeddings.create(model="plain", input=["a", "b", "c"])
        assert (await gateway.event()).error == "upstream_invalid"


@on_loop
async def test_googles_client_gets_vectors_of_gemini_as_they_come(tmp_path: Path) -> None:
    async with embedding(tmp_path, "gemini", GEMINI) as (gateway, playing), google(gateway) as client:
        answer = await client.models.embed_content(model="plain", contents=["a", "b"])
        assert answer.embeddings is not None
        assert [entry.values for entry in answer.embeddings] == [[0.5, -0.25], [1.0, 2.0]]
        path, body = asked(playing)
        assert path == "/v1beta/models/vectors-1:batchEmbedContents"
        assert [entry["model"] for entry in body["requests"]] == ["models/vectors-1"] * 2
        assert (await gateway.event()).dialect == "gemini_embeddings"


@on_loop
async def test_googles_client_gets_vectors_of_openai(tmp_path: Path) -> None:
    async with embedding(tmp_path, "openai", OPENAI) as (gateway, playing), google(gateway) as client:
        config = types.EmbedContentConfig(task_type="RETRIEVAL_QUERY", output_dimensionality=2)
        answer = await client.models.embed_content(model="plain", contents=["a", "b"], config=config)
        assert answer.embeddings is not None
        assert [entry.values for entry in answer.embeddings] == [[0.5, -0.25], [1.0, 2.0]]
        path, body = asked(playing)
        assert path == "/v1/embeddings"
        assert body == {"model": "vectors-1", "input": ["a", "b"], "dimensions": 2}
        event = await gateway.event()
        assert (event.dialect, event.input_tokens) == ("gemini_embeddings", 4)


@on_loop
async def test_a_provider_that_makes_no_vectors_says_so(tmp_path: Path) -> None:
    async with embedding(tmp_path, "anthropic", b"{}") as (gateway, playing):
        async with sdk(gateway) as client:
            with pytest.raises(BadRequestError, match="makes no embeddings"):
                await client.embeddings.create(model="plain", input="a")
        async with google(gateway) as speaking:
            with pytest.raises(ClientError, match="makes no embeddings"):
                await speaking.models.embed_content(model="plain", contents="a")
        assert not playing.requests
