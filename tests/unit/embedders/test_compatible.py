"""Vectors of a service: asked for as OpenAI's SDK does, and none at all where the answer is not plainly one."""

from __future__ import annotations

import json
import math
from http.client import HTTPConnection
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk import plugins
from stellwerk.core.vector import dimensions, packed
from stellwerk.embedders.compatible import Compatible, Settings, build
from stellwerk.errors import ConfigurationError
from stellwerk.ports.embedder import Embedder, EmbedderUnavailable, RemoteEmbedder
from stellwerk.simulator import Scenario, SimulatedProvider, running_beside

TEXTS = ("How do I cancel?", "Gleis 7")


def answer(*vectors: list[float], **members: Any) -> bytes:
    data = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    return json.dumps({"object": "list", "data": data, "model": "m"} | members).encode()


def test_a_service_gives_a_vector_for_each_text() -> None:
    provider = SimulatedProvider(name="openai", dialect="openai", keys=("any-key",))
    with running_beside(Scenario(providers=(provider,))) as (simulator,):
        asked = build(Settings(base_url=simulator.base_url, api_key="any-key", model="text-embedding-3-small"))
        assert isinstance(asked, RemoteEmbedder)
        assert not isinstance(asked, Embedder)
        request = asked.prepare(TEXTS)
        lines = [line.split(": ", 1) for line in request.fields.decode().split("\r\n")[:-1]]
        connection = HTTPConnection(asked.origin.host, asked.origin.port, timeout=10)
        connection.request("POST", request.path.decode(), request.body, dict(lines))
        response = connection.getresponse()
        status, body = response.status, response.read()
        connection.close()
        vectors = asked.read(TEXTS, status, {}, body)
    assert len(vectors) == 2
    assert all(math.hypot(*vector) == pytest.approx(1) for vector in vectors)
    assert dimensions(packed(vectors[0])) == len(vectors[0])


def test_what_is_asked_for() -> None:
    request = build(Settings(api_key="key", dimensions=256)).prepare(("a", "\ud800"))
    assert request.path == b"/v1/embeddings"
    assert b"authorization: Bearer key\r\n" in request.fields.lower().replace(b"bearer", b"Bearer")
    assert json.loads(request.body) == {
        "model": "text-embedding-3-small",
        "input": ["a", "?"],
        "dimensions": 256,
        "encoding_format": "float",
    }
    assert "dimensions" not in json.loads(build(Settings()).prepare(("a",)).body)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, answer([1.0] * 8, [1.0] * 8)),
        (200, b"no JSON"),
        (200, b"{}"),
        (200, answer([1.0] * 8)),
        (200, answer([1.0] * 8, [1.0] * 9)),
        (200, answer([1.0] * 7, [1.0] * 7)),
        (200, answer([0.0] * 8, [1.0] * 8)),
        (200, answer([1e308] * 8, [1.0] * 8)),
        (200, answer([], [])),
    ],
)
def test_an_answer_that_is_not_plainly_one_gives_none(status: int, body: bytes) -> None:
    with pytest.raises(EmbedderUnavailable):
        build(Settings()).read(TEXTS, status, {}, body)


def test_vectors_of_another_length_than_asked_for_are_none() -> None:
    with pytest.raises(EmbedderUnavailable):
        build(Settings(dimensions=16)).read(("a",), 200, {}, answer([1.0] * 8))


@given(st.binary(max_size=200))
def test_any_answer_is_vectors_or_none(body: bytes) -> None:
    embedder = Compatible(Settings())
    with pytest.raises(EmbedderUnavailable):
        embedder.read(TEXTS, 200, {}, body)


@pytest.mark.parametrize(
    "options", [{"dimensions": 1}, {"max_texts": 0}, {"base_url": "ftp://x"}, {"api_key": "a b"}, {"modell": "x"}]
)
def test_options_that_cannot_be_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises((ConfigurationError, ValueError)):
        plugins.build("embedders", "compatible", options)


def test_its_key_is_a_secret() -> None:
    assert plugins.secrets("embedders", "compatible") == ("api_key",)
