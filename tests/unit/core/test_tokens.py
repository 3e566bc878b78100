"""The estimate of tokens: never below what OpenAI's tokenizer was recorded to say, and not far above it for prose."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.chat import ChatRequest, JsonObjectFormat, JsonSchemaFormat, Message, Role
from stellwerk.core.part import (
    Audio,
    Document,
    FileSource,
    Image,
    InlineSource,
    OpaquePart,
    Part,
    RedactedThinking,
    Refusal,
    SearchResult,
    Text,
    TextSource,
    Thinking,
    ToolCall,
    ToolResult,
    Video,
)
from stellwerk.core.text_tokens import WINDOW, estimate_text
from stellwerk.core.tokens import (
    MEDIA_TOKENS,
    TOOLS_TOKENS,
    bound_body,
    estimate,
    estimate_in_steps,
    likely,
    likely_in,
    likely_in_events,
)
from stellwerk.core.tool import CustomTool, FunctionTool, OpaqueTool

RECORDED: list[dict[str, Any]] = json.loads((Path(__file__).parent / "token_counts.json").read_text(encoding="utf-8"))
"""Texts of many languages, notations and codes with their number of tokens in o200k_base."""
FILE = InlineSource("image/png", "AAAA")
RAW = msgspec.Raw(b'{"type":"object","properties":{"city":{"type":"string"}}}')

USUAL = ("english", "german", "french", "python", "json", "chinese", "japanese", "russian")


def of(*parts: Part, **rest: Any) -> int:
    """The estimate of one message with these parts."""
    return estimate(ChatRequest("m", (Message(Role.USER, parts),), **rest))


EMPTY = of()


@pytest.mark.parametrize("row", RECORDED, ids=lambda row: row["name"])
def test_no_recorded_text_has_more_tokens_than_estimated(row: dict[str, Any]) -> None:
    assert estimate_text(row["text"]) >= row["tokens"]


@pytest.mark.parametrize("row", RECORDED, ids=lambda row: row["name"])
def test_recorded_texts_have_no_more_among_their_repetitions(row: dict[str, Any]) -> None:
    # Cutting a text in two makes no more than a token's worth of difference; whole ones follow each other here.
    assert estimate_text((row["text"] + "\n") * 40) >= 40 * row["tokens"]


@pytest.mark.parametrize("name", USUAL)
def test_usual_texts_are_estimated_at_no_more_than_two_and_a_half_times(name: str) -> None:
    row = next(row for row in RECORDED if row["name"] == name)
    assert estimate_text(row["text"]) <= 2.7 * row["tokens"]


@given(st.text())
def test_a_text_has_no_more_tokens_than_bytes_and_an_eighth(text: str) -> None:
    size = len(text.encode(errors="surrogatepass"))
    assert bool(text) <= estimate_text(text) <= size + size // 2 + 1


_EITHER = r"|[ \t]{1,8}|[\r\n]{1,2}|[\x00-\x7f]"
PROSE = re.compile(r" ?[A-Z]?[a-z]{1,3}| ?[A-Z]{1,2}|[0-9]{1,3}|[!-/:-@\[-`{-~]{1,2}" + _EITHER)
CODES = re.compile(r" ?[A-Z]?[a-z]{1,2}| ?[A-Z]{1,2}|[0-9]{1,2}" + _EITHER)
"""How ASCII text is cut, as the module says it."""


def pieces(text: str) -> int:
    """The estimate by the patterns, of text that is counted at once."""
    letters = len(re.findall(r"[A-Za-z]", text))
    vowels, symbols = len(re.findall(r"[aeiouAEIOU]", text)), len(re.findall(r"[!-/:-@\[-`{-~]", text))
    is_dense = vowels < 0.3 * letters or symbols > max(letters, len(text) // 2)
    found = len((CODES if is_dense else PROSE).findall(text))
    return found + (found + 7) // 8


@given(st.text("aaaabcDEF019 \t\n.-\x00\x7f", max_size=200) | st.text(st.characters(codec="ascii"), max_size=200))
def test_ascii_is_cut_as_the_patterns_cut_it(text: str) -> None:
    assert estimate_text(text) == pieces(text)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 16, 17, WINDOW - 1, WINDOW])
@pytest.mark.parametrize("character", ["a", "A", "7", ".", " ", "\t", "\n", "\x00"])
def test_runs_of_any_length_are_cut_as_the_patterns_cut_them(character: str, size: int) -> None:
    assert estimate_text(character * size) == pieces(character * size)


@pytest.mark.parametrize("separator", ["", " ", "\n"])
@pytest.mark.parametrize("row", RECORDED, ids=lambda row: row["name"])
def test_recorded_texts_have_no_more_among_others(row: dict[str, Any], separator: str) -> None:
    before = RECORDED[0]
    text = f"{before['text']} {separator}{row['text']}"
    assert estimate_text(text) >= before["tokens"] + row["tokens"] - 1


def test_long_texts_are_counted_whole() -> None:
    prose = RECORDED[0]["text"] + " "
    assert estimate_text(prose * 2_000) >= 2_000 * RECORDED[0]["tokens"]


def test_lone_surrogates_do_no_harm() -> None:
    assert estimate_text("a\ud800b") > 2


@pytest.mark.parametrize(
    ("part", "least"),
    [
        (Text("Hello there"), 2),
        (Refusal("Hello there"), 2),
        (Thinking("Hello there"), 2),
        (RedactedThinking("q83vEjRWeJCrze8SNFZ4kA=="), 12),
        (Image(FILE), MEDIA_TOKENS),
        (Video(FILE), MEDIA_TOKENS),
        (Audio(FILE), MEDIA_TOKENS),
        (Audio(transcript="Hello there"), 2),
        (Document(FileSource("file-1"), name="report.pdf"), MEDIA_TOKENS + 2),
        (Document(TextSource("Hello there"), context="a greeting"), 4),
        (SearchResult("https://example.com", "Signals", (Text("Hello there"),)), 8),
        (ToolCall("c1", "get_weather", '{"city":"Bern"}'), 8),
        (ToolResult("c1", (Text("Sunny"), Image(FILE))), MEDIA_TOKENS + 1),
        (OpaquePart("gemini", "x", RAW), 12),
    ],
    ids=[
        "text",
        "refusal",
        "thinking",
        "redacted",
        "image",
        "video",
        "audio",
        "words said",
        "file",
        "document",
        "search result",
        "call",
        "result",
        "opaque",
    ],
)
def test_every_sort_of_part_counts(part: Part, least: int) -> None:
    assert of(part) >= EMPTY + least


def test_tools_count_with_the_instructions_that_come_with_them() -> None:
    tools = (FunctionTool("get_weather", "The weather.", RAW), FunctionTool("now"), CustomTool("sql", format=RAW))
    assert of(tools=(*tools, OpaqueTool("gemini", "x", RAW))) > of(tools=tools) > EMPTY + TOOLS_TOKENS + 30


def test_a_schema_for_the_answer_counts() -> None:
    assert of(output_format=JsonSchemaFormat(RAW)) > EMPTY
    assert of(output_format=JsonSchemaFormat(None)) == of(output_format=JsonObjectFormat()) == EMPTY


def test_names_of_speakers_count() -> None:
    assert estimate(ChatRequest("m", (Message(Role.USER, (), name="Ada"),))) > EMPTY


def long_request(characters: int) -> ChatRequest:
    """Many short messages, and one that is long."""
    short = tuple(Message(Role.USER, (Text("Hello there"),)) for _ in range(500))
    return ChatRequest("m", (*short, Message(Role.USER, (Text("word " * (characters // 5)),)), *short))


def test_an_estimate_in_steps_comes_to_the_same() -> None:
    request = long_request(100_000)
    steps = list(estimate_in_steps(request))
    assert sum(steps) == estimate(request)
    assert len(steps) > 100_000 / WINDOW
    assert max(steps) <= WINDOW  # so little text, or so few messages, is in each


def test_an_estimate_of_nearly_nothing_takes_one_step() -> None:
    assert list(estimate_in_steps(ChatRequest("m", ()))) == [estimate(ChatRequest("m", ()))]


@pytest.mark.parametrize("row", RECORDED, ids=lambda row: row["name"])
def test_a_body_has_no_more_tokens_than_its_bytes_allow(row: dict[str, Any]) -> None:
    for ensure_ascii in (True, False):
        body = json.dumps([row["text"]], ensure_ascii=ensure_ascii).encode()
        assert bound_body(body) >= row["tokens"] + TOOLS_TOKENS


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}},
        {"type": "input_image", "file_id": "file-1"},
        {"type": "document", "source": {"type": "file", "file_id": "file-1"}},
        {"fileData": {"fileUri": "gs://a/b"}},
        {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://a/b"}}}},
    ],
    ids=["chat", "responses", "anthropic", "gemini", "converse"],
)
def test_media_of_few_bytes_are_within_the_bound_of_a_body(part: dict[str, Any]) -> None:
    body = json.dumps({"messages": [{"role": "user", "content": [part] * 5}]}).encode()
    assert bound_body(body) >= estimate(ChatRequest("m", (Message(Role.USER, (Image(FILE),) * 5),)))


@pytest.mark.parametrize("name", USUAL)
def test_what_is_likely_is_near_what_usual_texts_have(name: str) -> None:
    row = next(row for row in RECORDED if row["name"] == name)
    assert likely_in(row["text"]) == pytest.approx(row["tokens"], rel=0.5)


def test_a_request_likely_has_the_tokens_of_its_texts_and_its_frame() -> None:
    request = ChatRequest("m", (Message(Role.USER, (Text("word " * 100),)),))
    assert 125 <= likely(request) <= 145 < estimate(request)


@given(st.integers(0, 10_000), st.integers(1, 500), st.integers(0, 50))
def test_events_carry_a_token_each_or_what_their_text_comes_to(events: int, frame: int, text: int) -> None:
    size = events * (frame + text)
    assert likely_in_events(events, size, frame) == max(events, -(-events * text // 4))
    assert likely_in_events(events, size, 0) == events
