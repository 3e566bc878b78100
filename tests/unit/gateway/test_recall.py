"""Why a request passes the cache by: what its answer rests on is elsewhere, and may be another thing by now."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stellwerk.core.request_key import asked
from stellwerk.core.snapshot import CachingSpec
from stellwerk.dialects.anthropic_messages.request import decode as messages
from stellwerk.dialects.gemini.request import decode as gemini
from stellwerk.dialects.openai_chat.request import decode as chat
from stellwerk.dialects.openai_responses.request import decode as responses
from stellwerk.dialects.openai_responses.values import decode_values
from stellwerk.gateway.stages.recall import why_not, why_not_of

SPEC = CachingSpec()
URL = "https://example.com/now.png"
DATA = "data:image/png;base64,AAAA"


def why(dialect: str, members: dict[str, Any], *, is_keeping: bool = True) -> str:
    body = json.dumps({"model": "m", **members}).encode()
    decode: Any = {"openai_chat": chat, "openai_responses": responses, "anthropic_messages": messages}.get(dialect)
    request = decode(body) if decode is not None else gemini(body, model="m", is_stream=False)
    return why_not(request, dialect, json.loads(body), SPEC, is_keeping=is_keeping)


def of_chat(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(parts)}]}


def of_response(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"store": False, "input": [{"role": "user", "content": list(parts)}]}


def of_message(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"max_tokens": 9, "messages": [{"role": "user", "content": list(parts)}]}


def of_gemini(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": list(parts)}]}


def shown(url: str) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


def source(**members: str) -> dict[str, Any]:
    return {"type": "image", "source": members}


FILES = "https://generativelanguage.googleapis.com/v1beta/files/a"
RESULT = {"type": "tool_result", "tool_use_id": "t", "content": [source(type="url", url=URL)]}
ELSEWHERE: list[tuple[str, str, dict[str, Any]]] = [
    ("links", "openai_chat", of_chat(shown(URL))),
    ("links", "openai_chat", of_chat({"type": "video_url", "video_url": {"url": URL}})),
    ("references", "openai_chat", of_chat({"type": "file", "file": {"file_id": "file-1"}})),
    ("links", "openai_responses", of_response({"type": "input_image", "image_url": URL})),
    ("links", "openai_responses", of_response({"type": "input_file", "file_url": URL})),
    ("references", "openai_responses", of_response({"type": "input_file", "file_id": "file-1"})),
    ("references", "openai_responses", {"store": False, "input": [{"type": "item_reference", "id": "msg_1"}]}),
    ("references", "openai_responses", {"store": False, "input": "a", "previous_response_id": "resp_1"}),
    ("references", "openai_responses", {"store": False, "input": "a", "conversation": {"id": "conv_1"}}),
    ("references", "openai_responses", {"store": False, "input": "a", "background": True}),
    ("stored", "openai_responses", {"input": "a"}),
    ("stored", "openai_responses", {"input": "a", "store": None}),
    ("reasoning", "openai_responses", {"store": False, "input": "a", "include": ["reasoning.encrypted_content"]}),
    ("links", "anthropic_messages", of_message(source(type="url", url=URL))),
    ("links", "anthropic_messages", of_message(RESULT)),
    ("references", "anthropic_messages", of_message(source(type="file", file_id="file_1"))),
    ("links", "gemini", of_gemini({"fileData": {"fileUri": "https://www.youtube.com/watch?v=a"}})),
    ("links", "gemini", of_gemini({"fileData": {"fileUri": "gs://bucket/a.png", "mimeType": "image/png"}})),
    ("references", "gemini", of_gemini({"fileData": {"fileUri": FILES, "mimeType": "image/png"}})),
]
HERE: list[tuple[str, dict[str, Any]]] = [
    ("openai_chat", of_chat(shown(DATA), {"type": "text", "text": f"What is behind {URL}?"})),
    ("openai_chat", {"messages": [{"role": "user", "content": URL}], "store": False}),
    ("openai_responses", of_response({"type": "input_image", "image_url": DATA})),
    ("openai_responses", {"store": False, "input": URL, "background": False, "previous_response_id": None}),
    ("openai_responses", {"store": False, "input": "a", "include": []}),
    ("anthropic_messages", of_message(source(type="base64", media_type="image/png", data="AAAA"))),
    ("gemini", of_gemini({"text": URL})),
]


@pytest.mark.parametrize(("reason", "dialect", "members"), ELSEWHERE, ids=str)
def test_what_is_elsewhere_is_a_reason(reason: str, dialect: str, members: dict[str, Any]) -> None:
    assert why(dialect, members) == reason


@pytest.mark.parametrize(("dialect", "members"), HERE, ids=str)
def test_what_is_in_the_request_is_none(dialect: str, members: dict[str, Any]) -> None:
    assert why(dialect, members) == ""


def test_where_no_provider_keeps_answers_none_is_kept_by_saying_nothing() -> None:
    assert why("openai_responses", {"input": "a"}, is_keeping=False) == ""
    assert why("openai_responses", {"input": "a", "store": True}, is_keeping=False) == "stored"


@pytest.mark.parametrize(
    "members",
    [
        {"input": [{"image": URL}, {"text": "a"}]},
        {"input": [{"type": "image_url", "image_url": {"url": "http://example.com/a.png"}}]},
        {"input": [{"content": [{"type": "image_url", "image_url": URL}]}]},
        {"query": {"image": "s3://bucket/a.png"}, "documents": ["a"]},
    ],
    ids=str,
)
def test_a_link_is_one_in_requests_without_a_neutral_form(members: dict[str, Any]) -> None:
    assert why_not_of(members, SPEC) == "links"


@pytest.mark.parametrize(
    "members",
    [
        {"input": URL},
        {"input": [URL, "a"]},
        {"input": [[1, 2], [3]], "model": "m"},
        {"input": [], "other": {}},
        {"query": URL, "documents": [{"text": URL}, URL]},
        {"input": [{"image": DATA}]},
    ],
    ids=str,
)
def test_a_text_that_is_an_address_is_a_text(members: dict[str, Any]) -> None:
    assert why_not_of(members, SPEC) == ""


def test_what_a_model_has_said_in_two_items_is_not_what_it_has_said_in_one() -> None:
    def key(*items: dict[str, Any]) -> bytes:
        body = {"model": "m", "input": [*items, {"role": "user", "content": "And then?"}]}
        return asked(decode_values(body)).rest

    def item(*texts: str, **members: Any) -> dict[str, Any]:
        said = [{"type": "output_text", "text": text, **members} for text in texts]
        return {"type": "message", "role": "assistant", "content": said}

    apart = item("One."), item("Two.")
    assert key(*apart) != key(item("One.", "Two."))
    assert key(item("One."), item("Two.", x=1)) != key(item("One."), item("Two.")) != key(item("One.", "Two.", x=1))
    assert key(item("One.", x=1), item("Two.", x=1)) != key(item("One.", "Two.", x=1))
    assert key(*apart) == key(*(one | {"id": "msg_1", "status": "completed"} for one in apart))
    assert key(*apart) != key(item("Two."), item("One."))
