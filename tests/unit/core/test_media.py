"""Media behind URLs: found wherever a request may hold them, replaced there, and named as the caller wrote them."""

from __future__ import annotations

import msgspec
import pytest

from stellwerk.core.chat import ChatRequest, Message, Role
from stellwerk.core.media import Link, inline, links, place_of
from stellwerk.core.part import (
    Audio,
    Document,
    FileSource,
    Image,
    InlineSource,
    Part,
    Text,
    TextSource,
    ToolCall,
    ToolResult,
    UrlSource,
    Video,
)

CAT = "https://pictures.test/cat.png"
PNG = InlineSource("image/png", "iVBORw0KGgo=")


def asked(*parts: Part, role: Role = Role.USER) -> ChatRequest:
    return ChatRequest("m", (Message(Role.SYSTEM, (Text("Look."),)), Message(role, parts)))


def test_every_sort_of_media_is_found_once_and_in_order() -> None:
    result = ToolResult("1", (Text("here"), Document(UrlSource("https://a.test/a.pdf", "application/pdf"))))
    request = asked(
        Image(UrlSource(CAT)),
        Audio(UrlSource("HTTP://a.test/a.mp3")),
        Text(CAT),
        Video(UrlSource("https://a.test/a.mp4")),
        Image(UrlSource(CAT), detail="low"),
        Image(UrlSource(CAT, "image/png")),
        ToolCall("1", "f", "{}"),
        result,
    )
    assert links(request) == (
        Link(Image, CAT),
        Link(Audio, "HTTP://a.test/a.mp3"),
        Link(Video, "https://a.test/a.mp4"),
        Link(Image, CAT, "image/png"),
        Link(Document, "https://a.test/a.pdf", "application/pdf"),
    )
    assert [link.noun for link in links(request)] == ["image", "audio", "video", "image", "document"]


@pytest.mark.parametrize(
    "part",
    [
        Image(UrlSource("gs://bucket/cat.png")),
        Image(UrlSource("s3://bucket/cat.png")),
        Image(UrlSource("ftp://a.test/cat.png")),
        Image(UrlSource("https:/cat.png")),
        Image(UrlSource("data:image/png,cat")),
        Image(PNG),
        Image(FileSource(CAT)),
        Document(TextSource(CAT)),
        Audio(transcript=CAT),
        Text(CAT),
    ],
    ids=repr,
)
def test_what_cannot_or_need_not_be_fetched_is_left_alone(part: Part) -> None:
    request = asked(part)
    assert links(request) == ()
    assert inline(request, {Link(Image, CAT): PNG}) == request


def test_what_was_fetched_takes_the_place_of_its_url_and_nothing_else_changes() -> None:
    result = ToolResult("1", (Text("here"), Image(UrlSource(CAT))))
    request = asked(Image(UrlSource(CAT), detail="low"), Image(UrlSource("https://other.test/")), result)
    replaced = inline(request, {Link(Image, CAT): PNG})
    assert replaced.messages[1].parts == (
        Image(PNG, detail="low"),
        Image(UrlSource("https://other.test/")),
        ToolResult("1", (Text("here"), Image(PNG))),
    )
    assert replaced.messages[0] is request.messages[0]
    untouched = inline(request, {Link(Document, CAT): PNG})
    assert untouched.messages[1] is request.messages[1]


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (
            {"messages": [{"content": CAT}, {"content": [{"text": CAT}, {"image_url": {"url": CAT}}]}]},
            "messages[1].content[1].image_url.url",
        ),
        ({"input": [{"content": [{"type": "input_image", "image_url": CAT}]}]}, "input[0].content[0].image_url"),
        ({"contents": [{"parts": [{"fileData": {"fileUri": CAT}}]}]}, "contents[0].parts[0].fileData.fileUri"),
        ({"url": CAT}, "url"),
        ({"messages": [1, None, {"url": "https://other.test/"}]}, ""),
        (CAT, ""),
    ],
)
def test_a_place_is_named_as_the_caller_wrote_it(document: object, place: str) -> None:
    assert place_of(msgspec.json.encode(document), CAT) == place


@pytest.mark.parametrize("body", [b"", b"{", b'{"url":"\xff"}', b"[" * 9_000])
def test_what_cannot_be_read_names_no_place(body: bytes) -> None:
    assert place_of(body, CAT) == ""


def test_a_place_is_looked_for_to_a_depth_that_requests_have() -> None:
    for depth, is_found in ((250, True), (300, False)):
        body = b'{"a":' * depth + b'{"url":"https://a.test/"}' + b"}" * depth
        assert bool(place_of(body, "https://a.test/")) is is_found


def test_a_place_is_looked_for_among_names_and_values_that_requests_have() -> None:
    for before, is_found in ((90_000, True), (100_000, False)):
        body = b'{"x":[%b0],"url":"https://a.test/"}' % (b"0," * before)
        assert bool(place_of(body, "https://a.test/")) is is_found
    assert place_of(b'{"%b":{"url":"https://a.test/"}}' % (b"n" * 65), "https://a.test/") == ""
