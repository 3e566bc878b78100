"""A host whose models are asked through Responses: callers of every other dialect are translated, of chat too."""

from __future__ import annotations

import json

import pytest

from stellwerk.core.chat import ChatRequest, Message, Role
from stellwerk.core.envelope import Envelope
from stellwerk.core.media import Link
from stellwerk.core.part import Document, Image, Text
from stellwerk.core.route import Target
from stellwerk.dialects.openai_responses.losses import LOSSES
from stellwerk.dialects.responses_host import ResponsesHost
from stellwerk.providers import openai

HOST = ResponsesHost("https://api.example.com/v1", beside=openai.BESIDE, fields=(("x-org", "o"),))
TARGET = Target("p/n", "p", "n")


def test_only_callers_of_responses_are_handed_on() -> None:
    assert HOST.dialect == "openai_responses"
    assert HOST.losses is LOSSES
    assert [HOST.speaks(dialect) for dialect in ("openai_responses", "openai_embeddings", "openai_moderations")] == [
        True
    ] * 3
    assert [HOST.speaks(dialect) for dialect in ("openai_chat", "openai_completions", "gemini")] == [False] * 3


def test_a_callers_own_request_goes_out_as_it_came() -> None:
    sent = HOST.prepare(Envelope("openai_responses", "m", is_stream=False, body=b'{"model":"m"}'), TARGET, "key", b"")
    assert (sent.path, sent.body) == (b"/v1/responses", b'{"model":"n"}')
    assert b"x-org: o\r\n" in sent.fields


def test_a_foreign_request_is_translated() -> None:
    asked = ChatRequest("smart", (Message(Role.USER, (Text("hello"),)),), output_cap=99)
    sent = HOST.prepare_chat(asked, TARGET, "key", b"")
    body = json.loads(sent.body)
    assert sent.path == b"/v1/responses"
    assert (body["model"], body["max_output_tokens"]) == ("n", 99)


@pytest.mark.parametrize(("kind", "is_taken"), [(Image, True), (Document, False)])
def test_pictures_go_as_they_are_named(kind: type[Image | Document], is_taken: bool) -> None:
    assert HOST.takes_url(Link(kind, "https://x/y", None)) is is_taken


def test_the_provider_is_told_which_way() -> None:
    assert isinstance(openai.build(openai.Settings("key", api="responses")), ResponsesHost)
    assert openai.build(openai.Settings("key")).dialect == "openai_chat"
