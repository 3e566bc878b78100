"""A request in a file: its dialect by its shape, and the model that it asks for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stellwerk.cli.models import DIALECTS
from stellwerk.cli.models_request import dialect_of, read_request
from stellwerk.errors import InvalidRequest
from tests.golden.matrix import SIDES, Side

GOLDENS = [(side, path) for side in SIDES for path in side.goldens("requests")]
HELLO = [{"role": "user", "content": "hello"}]
BODIES: dict[str, Any] = {
    "openai_chat": {"model": "m", "messages": HELLO},
    "openai_responses": {"model": "m", "input": "hello"},
    "openai_completions": {"model": "m", "prompt": "hello"},
    "anthropic_messages": {"model": "m", "messages": HELLO, "max_tokens": 5, "system": "be brief"},
    "gemini": {"contents": [{"parts": [{"text": "hello"}]}]},
    "bedrock_converse": {"messages": [{"role": "user", "content": [{"text": "hello"}]}]},
}


@pytest.mark.parametrize(("side", "path"), GOLDENS, ids=[f"{side.name} {path.stem}" for side, path in GOLDENS])
def test_recorded_requests_are_known_by_their_shape(side: Side, path: Path) -> None:
    found = dialect_of(path.read_bytes())
    # What both understand alike need not be told apart.
    is_common = side.name == "anthropic_messages" and path.stem in {"plain", "system_within"}
    assert found == side.name or (is_common and found == "openai_chat")


def test_every_dialect_of_chat_is_read() -> None:
    assert set(DIALECTS) == set(BODIES)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("given", [True, False], ids=["told", "found"])
def test_a_request_is_read_in_its_dialect_for_the_model_that_is_said(dialect: str, given: bool) -> None:
    body = json.dumps(BODIES[dialect]).encode()
    asked = read_request(body, dialect if given else None, "smart", max_depth=64)
    assert asked.envelope.dialect == dialect
    assert asked.envelope.model == asked.request.model == "smart"
    assert "hello" in str(asked.request.messages)


@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic_messages", "openai_responses"])
def test_a_body_names_its_model_and_may_leave_that_to_who_asks(dialect: str) -> None:
    body = json.dumps(BODIES[dialect]).encode()
    assert read_request(body, dialect, None, max_depth=64).request.model == "m"
    without = json.dumps({name: value for name, value in BODIES[dialect].items() if name != "model"}).encode()
    assert read_request(without, dialect, "smart", max_depth=64).envelope.model == "smart"
    with pytest.raises(InvalidRequest, match="Missing required parameter: 'model'"):
        read_request(without, dialect, None, max_depth=64)


@pytest.mark.parametrize("dialect", ["gemini", "bedrock_converse"])
def test_where_the_path_names_the_model_it_has_to_be_said(dialect: str) -> None:
    with pytest.raises(InvalidRequest, match="say it with --model"):
        read_request(json.dumps(BODIES[dialect]).encode(), None, None, max_depth=64)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"null", b"[" * 100_000, b'{"messages": 1}'])
def test_what_is_no_request_is_refused(body: bytes) -> None:
    assert dialect_of(body) == "openai_chat"
    with pytest.raises(InvalidRequest):
        read_request(body, None, None, max_depth=64)
    with pytest.raises(InvalidRequest):
        read_request(body, None, "smart", max_depth=64)


@pytest.mark.parametrize(
    "telling",
    [
        {"tools": [{"name": "f", "input_schema": {}}]},
        {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]}]},
        {"stop_sequences": ["END"]},
    ],
)
def test_anthropics_words_tell_its_requests_from_openais(telling: dict[str, Any]) -> None:
    assert dialect_of(json.dumps({"model": "m", "messages": HELLO, "max_tokens": 5} | telling).encode()) == (
        "anthropic_messages"
    )
