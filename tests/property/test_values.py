"""A request that has been read into values says what it says in JSON."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.chat import ChatRequest
from stellwerk.dialects.openai_chat import request as chat
from stellwerk.dialects.openai_chat import values as chat_values
from stellwerk.dialects.openai_responses import request as responses
from stellwerk.dialects.openai_responses import values as responses_values
from stellwerk.errors import InvalidRequest
from tests.property.test_openai_chat import REQUESTS as CHAT
from tests.property.test_openai_responses import REQUESTS as RESPONSES

GOLDEN = Path(__file__).parents[1] / "golden"
ODD: st.SearchStrategy[Any] = st.sampled_from([None, 7, "", "a", [], {}, [7], [None], [{}], [[]], {"role": "user"}])
WORDS: st.SearchStrategy[Any] = st.sampled_from(
    ["user", "assistant", "system", "developer", "tool", "message", "nobody"]
)
MESSAGES = st.dictionaries(st.sampled_from(["role", "content", "type", "name"]), WORDS | ODD, max_size=3)
FUNCTIONS = st.dictionaries(
    st.sampled_from(["name", "description", "parameters", "strict", "new"]),
    st.sampled_from(["f", None, True, {"type": "object"}]),
    max_size=4,
)
TOOLS = st.fixed_dictionaries(
    {"type": st.sampled_from(["function", "function", "custom", "web_search", 7])},
    optional={"function": FUNCTIONS | ODD, "new": st.just(1)},
)


def same(decode: Callable[[bytes], ChatRequest], read: Callable[[dict[str, Any]], ChatRequest], said: Any) -> bool:
    """Whether both make the same of it, or both refuse it."""
    body = msgspec.json.encode(said)
    try:
        expected: ChatRequest | None = decode(body)
    except InvalidRequest:
        expected = None
    try:
        found: ChatRequest | None = read(msgspec.json.decode(body))
    except InvalidRequest:
        found = None
    return found == expected


@given(CHAT)
def test_a_chat_is_the_same(said: dict[str, Any]) -> None:
    assert same(chat.decode, chat_values.decode_values, said)


@given(RESPONSES)
def test_a_response_is_the_same(said: dict[str, Any]) -> None:
    assert same(responses.decode, responses_values.decode_values, said)


@given(st.lists(MESSAGES | ODD, max_size=3) | ODD, st.lists(TOOLS | ODD, max_size=2) | ODD, st.booleans())
def test_what_is_odd_is_as_odd(messages: Any, tools: Any, has_tools: bool) -> None:
    said = {"model": "m", **({"tools": tools} if has_tools else {})}
    assert same(chat.decode, chat_values.decode_values, {**said, "messages": messages})
    assert same(responses.decode, responses_values.decode_values, {**said, "input": messages, "instructions": "a"})


FUNCTION: dict[str, Any] = {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": True}


@pytest.mark.parametrize(
    "said",
    [
        {"messages": [{"role": "nobody", "content": "a"}]},
        {"messages": [{"role": 7, "content": "a"}, {"role": "user", "content": 7}]},
        {"messages": [], "tools": [{"type": "function", "function": FUNCTION}]},
        {"messages": [], "tools": [{"type": "function", "function": {**FUNCTION, "new": 1}}]},
        {"messages": [], "tools": [{"type": "function", "function": {**FUNCTION, "strict": 1}}]},
        {"messages": [], "tools": [{"type": "function", "function": 7}, {"type": "custom", "custom": {"name": "c"}}]},
        {"messages": [], "tools": None},
        {"messages": [], "tools": ""},
        {"messages": "a"},
        {"input": [{"role": "nobody", "content": "a"}]},
        {"input": [{"role": "user", "content": "a", "new": 1}, {"role": "user", "content": "a", "type": "message"}]},
        {"input": [{"role": "user", "content": "a"}, 7]},
        {"input": [{"role": "assistant", "content": "a"}, {"role": "assistant", "content": "a", "type": "message"}]},
        {"input": [], "tools": []},
        {"input": "a", "tools": None},
        {"input": [{"role": "user", "content": "a"}], "tools": [{"type": "web_search"}], "instructions": "b"},
    ],
    ids=str,
)
def test_what_is_hardly_odd_is_the_same(said: dict[str, Any]) -> None:
    assert same(chat.decode, chat_values.decode_values, {"model": "m", **said})
    assert same(responses.decode, responses_values.decode_values, {"model": "m", **said})


def test_who_says_nothing_is_refused() -> None:
    assert same(chat.decode, chat_values.decode_values, {})
    with pytest.raises(InvalidRequest):
        chat_values.decode_values({"messages": []})


@pytest.mark.parametrize("dialect", ["openai_chat", "openai_responses"])
def test_requests_as_clients_send_them_are_the_same(dialect: str) -> None:
    decode, read = {
        "openai_chat": (chat.decode, chat_values.decode_values),
        "openai_responses": (responses.decode, responses_values.decode_values),
    }[dialect]
    for path in (GOLDEN / dialect / "requests").glob("*.json"):
        assert same(decode, read, msgspec.json.decode(path.read_bytes())), path.stem
