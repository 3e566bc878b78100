"""A host of OpenAI's kind, asked in whatever dialect of OpenAI's a caller speaks, and for callers of others in chat."""

from __future__ import annotations

import json

import pytest

from stellwerk.core.chat import ChatRequest, Message, Role
from stellwerk.core.envelope import Envelope
from stellwerk.core.part import Text
from stellwerk.core.route import Target
from stellwerk.core.wire import FailureKind, Origin
from stellwerk.dialects.openai_chat.losses import LOSSES
from stellwerk.dialects.openai_host import OpenAIHost

PATHS = {
    "openai_chat": b"/v1/chat/completions",
    "openai_responses": b"/v1/responses",
    "openai_completions": b"/v1/completions",
    "openai_embeddings": b"/v1/embeddings",
    "openai_moderations": b"/v1/moderations",
    "rerank": b"/v1/rerank",
}
TARGET = Target("p/n", "p", "n")
ASKED = ChatRequest("smart", (Message(Role.USER, (Text("hello"),)),), output_cap=9, is_stream=True)


@pytest.mark.parametrize("dialect", PATHS)
def test_a_host_is_asked_in_the_callers_dialect_at_its_path(dialect: str) -> None:
    host = OpenAIHost("https://api.example.com/v1", beside=PATHS, fields=(("x-org", "o"),))
    envelope = Envelope(dialect, "m", is_stream=False, body=b'{"model":"m"}')
    for _ in range(2):
        sent = host.prepare(envelope, TARGET, "key", b"")
        assert sent.path == PATHS[dialect]
        assert sent.body == b'{"model":"n"}'
        assert b"x-org: o\r\n" in sent.fields


def test_a_host_speaks_chat_and_what_it_has_beside_it() -> None:
    host = OpenAIHost("https://api.example.com/v1", beside=("openai_embeddings",))
    assert [dialect for dialect in PATHS if host.speaks(dialect)] == ["openai_chat", "openai_embeddings"]
    assert host.dialect == "openai_chat"
    assert host.losses == LOSSES
    assert host.origin == Origin("https", "api.example.com", 443)
    assert host.classify(404, {}, b"", 0.0).kind is FailureKind.REFUSED


def test_a_callers_request_in_another_dialect_goes_out_in_chat_and_its_stream_tells_usage() -> None:
    sent = OpenAIHost("https://api.example.com/v1", beside=()).prepare_chat(ASKED, TARGET, "key", b"")
    assert sent.path == PATHS["openai_chat"]
    assert json.loads(sent.body) == {
        "model": "n",
        "messages": [{"role": "user", "content": "hello"}],
        "max_completion_tokens": 9,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    older = OpenAIHost("https://api.example.com/v1", beside=(), cap="max_tokens")
    assert json.loads(older.prepare_chat(ASKED, TARGET, "key", b"").body)["max_tokens"] == 9
