"""How hosts of OpenAI's dialects are asked."""

from __future__ import annotations

import pytest

from stellwerk.core.envelope import Envelope
from stellwerk.core.route import Target
from stellwerk.core.wire import FailureKind, Origin
from stellwerk.dialects.bearer_upstream import BearerUpstream
from stellwerk.dialects.openai_chat.upstream import OpenAIUpstream
from stellwerk.dialects.openai_completions.upstream import CompletionsUpstream
from stellwerk.dialects.openai_embeddings.upstream import EmbeddingsUpstream
from stellwerk.dialects.openai_moderations.upstream import ModerationsUpstream
from stellwerk.dialects.openai_responses.upstream import ResponsesUpstream
from stellwerk.dialects.rerank.upstream import RerankUpstream

BODY = b'{"model":"m","input":"x"}'
TARGET = Target("p/n", "p", "n")


@pytest.mark.parametrize(
    ("kind", "dialect", "path"),
    [
        (OpenAIUpstream, "openai_chat", b"/v1/chat/completions"),
        (ResponsesUpstream, "openai_responses", b"/v1/responses"),
        (EmbeddingsUpstream, "openai_embeddings", b"/v1/embeddings"),
        (CompletionsUpstream, "openai_completions", b"/v1/completions"),
        (ModerationsUpstream, "openai_moderations", b"/v1/moderations"),
        (RerankUpstream, "rerank", b"/v1/rerank"),
    ],
)
def test_each_dialect_has_its_path_under_the_base_url(kind: type[OpenAIUpstream], dialect: str, path: bytes) -> None:
    upstream: BearerUpstream = kind("https://Api.example.com/v1/", fields=(("x-org", "o"),))
    assert upstream.dialect == dialect
    assert upstream.origin == Origin("https", "api.example.com", 443)
    envelope = Envelope(dialect, "m", is_stream=False, body=BODY)
    first = upstream.prepare(envelope, TARGET, "key", b"")
    again = upstream.prepare(envelope, TARGET, "key", b"traceparent: t\r\n")
    other = upstream.prepare(envelope, TARGET, "", b"")
    assert first.path == path
    assert first.body == b'{"model":"n","input":"x"}'
    assert b"authorization: Bearer key\r\n" in first.fields
    assert b"x-org: o\r\n" in first.fields
    assert again.fields == first.fields + b"traceparent: t\r\n"
    assert b"Bearer key" not in other.fields
    assert upstream.classify(404, {}, b"", 0.0).kind is FailureKind.REFUSED


@pytest.mark.parametrize("url", ["ftp://x", "https://", "https://u@x", "https://x?y", "https://x#y", "x"])
def test_another_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="expected an http"):
        ResponsesUpstream(url)
