"""Messages that are read in one pass: they come out as the long way reads them, and all others are left to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.chat import Message
from stellwerk.core.part import Image, InlineSource, UrlSource
from stellwerk.dialects.bedrock_converse import messages as converse
from stellwerk.dialects.bedrock_converse.plain_turn import read_plainly as read_converse
from stellwerk.dialects.bedrock_converse.types import Members as ConverseMembers
from stellwerk.dialects.media_url import source_of
from stellwerk.dialects.members import refuse_request
from stellwerk.dialects.openai_chat.messages import decode_message
from stellwerk.dialects.openai_chat.plain_message import read_plainly as read_chat
from stellwerk.dialects.openai_responses import item_decoder
from stellwerk.dialects.openai_responses.plain_item import read_plainly as read_responses

Wire = dict[str, Any]

URLS = st.sampled_from(
    [
        "https://example.com/cat.png",
        "data:image/png;base64,iVBORw0KGgo=",
        "data:image/png;base64,iVBO Rw0KGgo=",
        "data:image/png,cat",
        "data:image/png;base64,",
        "data:image/svg+xml;base64,Ä",
    ]
)


def read_chat_slowly(raw: msgspec.Raw) -> Message:
    return decode_message(raw, "messages[0]", refuse_request)


def read_responses_slowly(raw: msgspec.Raw) -> Message:
    message = item_decoder._decode_item(raw, "input[0]", refuse_request)
    assert isinstance(message, Message)
    return message


def read_converse_slowly(raw: msgspec.Raw) -> Message:
    (message,) = converse._decode_turn(ConverseMembers(raw, "messages[0]", refuse_request), refuse_request)
    return message


@st.composite
def chat_messages(draw: st.DrawFn) -> Wire:
    text = st.builds(lambda text: {"type": "text", "text": text}, st.text())
    url = st.fixed_dictionaries({"url": URLS}, optional={"detail": st.sampled_from(["low", "auto", None])})
    picture = st.builds(lambda url: {"image_url": url, "type": "image_url"}, url)
    content = draw(st.text() | st.lists(text | picture, max_size=4))
    return {"role": draw(st.sampled_from(["user", "assistant", "system", "developer"])), "content": content}


@st.composite
def responses_items(draw: st.DrawFn) -> Wire:
    text = st.builds(lambda text: {"type": "input_text", "text": text}, st.text())
    picture = st.fixed_dictionaries(
        {"type": st.just("input_image"), "image_url": URLS}, optional={"detail": st.sampled_from(["low", "high"])}
    )
    content = draw(st.text() | st.lists(text | picture, max_size=4))
    named = draw(st.sampled_from([{}, {"type": "message"}]))
    return {**named, "role": draw(st.sampled_from(["user", "system", "developer"])), "content": content}


@st.composite
def converse_turns(draw: st.DrawFn) -> Wire:
    text = st.builds(lambda text: {"text": text}, st.text())
    picture = st.builds(
        lambda word: {"image": {"format": word, "source": {"bytes": "iVBORw0KGgo="}}},
        st.sampled_from(["png", "jpeg", "gif", "webp"]),
    )
    content = draw(st.lists(text | picture, max_size=4))
    return {"role": draw(st.sampled_from(["user", "assistant"])), "content": content}


def raw(wire: Wire) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(wire).encode())


@given(chat_messages())
def test_chat_is_read_the_same_in_one_pass(wire: Wire) -> None:
    assert read_chat(raw(wire)) == read_chat_slowly(raw(wire))


@given(responses_items())
def test_responses_are_read_the_same_in_one_pass(wire: Wire) -> None:
    assert read_responses(raw(wire)) == read_responses_slowly(raw(wire))


@given(converse_turns())
def test_converse_is_read_the_same_in_one_pass(wire: Wire) -> None:
    assert read_converse(raw(wire)) == read_converse_slowly(raw(wire))


PICTURE = {"format": "png", "source": {"bytes": "AAAA"}}


@pytest.mark.parametrize(
    ("read", "wire"),
    [
        (read_chat, {"role": "tool", "content": "4", "tool_call_id": "c1"}),
        (read_chat, {"role": "function", "content": "4"}),
        (read_chat, {"role": "assistant", "content": None}),
        (read_chat, {"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {}}]}),
        (read_chat, {"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}),
        (read_responses, {"role": "assistant", "content": "Yes."}),
        (read_responses, {"role": "user", "content": "Yes.", "type": "reasoning"}),
        (read_responses, {"role": "user", "content": "Yes.", "id": "msg_1"}),
        (read_responses, {"role": "user", "content": [{"type": "input_image", "file_id": "file-1"}]}),
        (read_converse, {"role": "system", "content": []}),
        (read_converse, {"role": "user", "content": [{}]}),
        (read_converse, {"role": "user", "content": [{"text": "a", "image": PICTURE}]}),
        (read_converse, {"role": "user", "content": [{"image": {**PICTURE, "format": "tiff"}}]}),
        (read_converse, {"role": "user", "content": [{"text": "a"}, {"cachePoint": {"type": "default"}}]}),
    ],
)
def test_what_is_more_than_words_and_pictures_is_left_to_the_long_way(
    read: Callable[[msgspec.Raw], Message | None], wire: Wire
) -> None:
    assert read(raw(wire)) is None


@pytest.mark.parametrize("data", ["", "iVBORw0KGgo=", "-_-_", "+/=="])
def test_a_data_url_holds_its_data(data: str) -> None:
    assert source_of(f"data:image/png;base64,{data}") == InlineSource("image/png", data)


@pytest.mark.parametrize(
    "url",
    [
        "data:image/png;base64,iVBO Rw0KGgo=",
        "data:image/png;base64,iVBORw0KGgo=\n",
        "data:image/png;base64,é",
        "data:image/png;base64,\ud800",
        "data:image/png;charset=utf-8;base64,AAAA",
        "data:;base64,AAAA",
        "DATA:image/png;base64,AAAA",
        "https://example.com/data:image/png;base64,AAAA",
    ],
)
def test_a_url_with_anything_else_stays_one(url: str) -> None:
    assert source_of(url) == UrlSource(url)


def test_a_message_of_pictures_is_one_of_pictures() -> None:
    url = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    message = read_chat(raw({"role": "user", "content": [url]}))
    assert message is not None
    assert message.parts == (Image(InlineSource("image/png", "AAAA")),)
