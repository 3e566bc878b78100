"""How a host of this dialect is asked: paths, fields, and the body of whoever asks."""

from __future__ import annotations

import json

import msgspec
import pytest

from stellwerk.core.chat import ChatRequest, Message, Role
from stellwerk.core.part import Text
from stellwerk.core.route import Target
from stellwerk.core.wire import FailureKind, Origin
from stellwerk.dialects.anthropic_messages.request import read_envelope
from stellwerk.dialects.anthropic_messages.types import COUNT_DIALECT
from stellwerk.dialects.anthropic_messages.upstream import AnthropicUpstream

TARGET = Target("anthropic/claude-opus-4-8", "anthropic", "claude-opus-4-8")
ENVELOPE = read_envelope(b'{"model":"smart","messages":[]}', max_depth=9)
REQUEST = ChatRequest("smart", (Message(Role.USER, (Text("hello"),)),))


def test_a_host_is_asked_under_its_address() -> None:
    upstream = AnthropicUpstream("http://127.0.0.1:9/anthropic/")
    assert upstream.origin == Origin("http", "127.0.0.1", 9)
    asked = upstream.prepare(ENVELOPE, TARGET, "sk-1", b"")
    assert asked.path == b"/anthropic/v1/messages"
    assert asked.body == b'{"model":"claude-opus-4-8","messages":[]}'
    assert b"x-api-key: sk-1\r\n" in asked.fields
    assert b"anthropic-version: 2023-06-01\r\n" in asked.fields


def test_tokens_are_counted_under_a_path_of_their_own() -> None:
    upstream = AnthropicUpstream("https://api.anthropic.com")
    asked = upstream.prepare(msgspec.structs.replace(ENVELOPE, dialect=COUNT_DIALECT), TARGET, "sk-1", b"")
    assert asked.path == b"/v1/messages/count_tokens"
    assert b'"model":"claude-opus-4-8"' in asked.body


def test_a_translated_request_asks_for_the_targets_model() -> None:
    upstream = AnthropicUpstream("https://api.anthropic.com")
    trace = b"traceparent: 00\r\n"
    asked = upstream.prepare_chat(REQUEST, TARGET, "sk-1", trace)
    assert asked.path == b"/v1/messages"
    assert asked.fields.endswith(trace)
    assert json.loads(asked.body) == {
        "model": "claude-opus-4-8",
        "max_tokens": 8192,
        "messages": [{"role": "user", "content": "hello"}],
    }
    counted = upstream.prepare_chat_count(REQUEST, TARGET, "sk-1", b"")
    assert counted.path == b"/v1/messages/count_tokens"
    assert "max_tokens" not in json.loads(counted.body)


def test_it_speaks_its_own_dialect_and_reads_its_refusals() -> None:
    upstream = AnthropicUpstream("https://api.anthropic.com")
    assert upstream.speaks("anthropic_messages")
    assert not upstream.speaks("openai_chat")
    assert upstream.classify(529, {}, b"", 0.0).kind is FailureKind.UNAVAILABLE


@pytest.mark.parametrize("url", ["ftp://x", "https://", "https://u@x", "https://x?y", "https://x#y", "x"])
def test_an_address_that_cannot_be_one_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="expected an http"):
        AnthropicUpstream(url)
