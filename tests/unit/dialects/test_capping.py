"""Limits of output tokens that are put into callers' bodies: where each dialect has them, and nothing else changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.envelope import Envelope
from stellwerk.dialects.anthropic_messages.envelope import read_envelope as read_anthropic
from stellwerk.dialects.bedrock_converse.envelope import read_envelope as read_converse
from stellwerk.dialects.capping import can_cap, capped
from stellwerk.dialects.gemini.envelope import read_envelope as read_gemini
from stellwerk.dialects.openai_chat.envelope import read_envelope as read_chat
from stellwerk.dialects.openai_completions.envelope import read_envelope as read_completions
from stellwerk.dialects.openai_responses.envelope import read_envelope as read_responses

READ: dict[str, Callable[..., Envelope]] = {
    "openai_chat": read_chat,
    "openai_completions": read_completions,
    "openai_responses": read_responses,
    "anthropic_messages": read_anthropic,
    "gemini": partial(read_gemini, model="m", is_stream=False),
    "bedrock_converse": partial(read_converse, model="m", is_stream=False),
}
TURNS: Any = [{"role": "user", "content": "hi"}]
CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("openai_chat", {"model": "m", "messages": TURNS}, {"max_completion_tokens": 7}),
    ("openai_chat", {"model": "m", "messages": TURNS, "max_tokens": 9}, {"max_tokens": 7}),
    (
        "openai_chat",
        {"model": "m", "messages": TURNS, "max_tokens": 9, "max_completion_tokens": 8},
        {"max_tokens": 7, "max_completion_tokens": 7},
    ),
    ("openai_chat", {"model": "m", "messages": TURNS, "max_tokens": None}, {"max_completion_tokens": 7}),
    ("openai_completions", {"model": "m", "prompt": "hi", "max_tokens": 16}, {"max_tokens": 7}),
    ("openai_responses", {"model": "m", "input": "hi"}, {"max_output_tokens": 7}),
    ("anthropic_messages", {"model": "m", "messages": TURNS, "max_tokens": 4_096}, {"max_tokens": 7}),
    ("gemini", {"contents": []}, {"generationConfig": {"maxOutputTokens": 7}}),
    (
        "gemini",
        {"contents": [], "generation_config": {"temperature": 1, "max_output_tokens": 50}},
        {"generation_config": {"temperature": 1, "max_output_tokens": 7}},
    ),
    ("gemini", {"contents": [], "generationConfig": None}, {"generationConfig": {"maxOutputTokens": 7}}),
    ("bedrock_converse", {"messages": TURNS}, {"inferenceConfig": {"maxTokens": 7}}),
    (
        "bedrock_converse",
        {"messages": TURNS, "inferenceConfig": {"topP": 1, "maxTokens": 50}},
        {"inferenceConfig": {"topP": 1, "maxTokens": 7}},
    ),
]


@pytest.mark.parametrize(("dialect", "body", "members"), CASES, ids=range(len(CASES)))
def test_the_limit_stands_where_the_dialect_has_it_and_is_read_there_again(
    dialect: str, body: dict[str, Any], members: dict[str, Any]
) -> None:
    envelope = READ[dialect](json.dumps(body).encode(), max_depth=64)
    limited = capped(envelope, 7)
    sent = json.loads(limited.body)
    assert {name: sent[name] for name in members} == members
    left = {name: value for name, value in sent.items() if name not in members and value is not None}
    assert left == {name: value for name, value in body.items() if name not in members and value is not None}
    assert limited.output_cap == READ[dialect](limited.body, max_depth=64).output_cap == 7
    assert (limited.model, limited.is_stream, type(limited)) == (envelope.model, envelope.is_stream, type(envelope))


@pytest.mark.parametrize("dialect", READ)
def test_dialects_of_chat_can_be_limited(dialect: str) -> None:
    assert can_cap(dialect)


def test_what_has_no_answer_in_tokens_cannot() -> None:
    assert not can_cap("openai_embeddings")


@given(st.integers(1, 10_000), st.integers(1, 10_000))
def test_a_lower_limit_of_the_callers_own_stays(own: int, imposed: int) -> None:
    body = json.dumps({"model": "m", "messages": TURNS, "max_tokens": own}).encode()
    limited = capped(read_chat(body, max_depth=64), imposed)
    assert limited.output_cap == min(own, imposed)
    assert json.loads(limited.body)["max_tokens"] == min(own, imposed)


def test_a_host_is_told_by_the_name_that_it_knows() -> None:
    envelope = read_chat(json.dumps({"model": "m", "messages": TURNS}).encode(), max_depth=64)
    assert json.loads(capped(envelope, 7, "max_tokens").body)["max_tokens"] == 7
