"""Arbitrary requests over the whole neutral vocabulary, made from its own types."""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Mapping
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

from stellwerk.core.chat import ChatRequest, JsonSchemaFormat, Message, Reasoning, Role, Sampling
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import (
    Audio,
    CacheMark,
    Document,
    FileSource,
    Image,
    InlineSource,
    RedactedThinking,
    Refusal,
    SearchResult,
    Text,
    TextSource,
    Thinking,
    ToolCall,
    ToolResult,
    UrlSource,
    Video,
)
from stellwerk.core.tool import FunctionTool, ToolChoice

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,6}", fullmatch=True)
SCHEMAS = st.sampled_from([
    msgspec.Raw(b'{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}'),
    msgspec.Raw(b'{"type":"object","properties":{}}'),
])  # fmt: skip
BASE64 = st.sampled_from(["aGk=", "AAAA"])

FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "arguments": st.sampled_from(["", "{}", '{"city":"Bern"}', '{"city":', "free text"]),
    "budget_tokens": st.integers(1024, 9000),
    "call_id": NAMES,
    "choices": st.integers(1, 3),
    "data": BASE64,
    "detail": st.sampled_from(["auto", "low", "high"]),
    "dialect": st.just("another"),
    "display": st.sampled_from(["summarized", "omitted", "auto", "concise", "detailed"]),
    "document_index": st.integers(0, 3),
    "effort": st.sampled_from(["none", "minimal", "low", "medium", "high", "xhigh", "max"]),
    "end": st.integers(2, 9),
    "expires_at_s": st.integers(0, 2**31),
    "frequency_penalty": st.floats(-2, 2),
    "id": NAMES,
    "kind": st.none(),
    "modalities": st.lists(st.sampled_from(["text", "audio", "image"]), unique=True, max_size=2).map(tuple),
    "name": NAMES,
    "output_cap": st.integers(1025, 99_999),
    "presence_penalty": st.floats(-2, 2),
    "raw": st.just(msgspec.Raw(b'{"type":"new_thing"}')),
    "seed": st.integers(0, 2**31 - 1),
    "service_tier": st.sampled_from(["auto", "default", "flex", "priority"]),
    "signature": BASE64,
    "start": st.integers(0, 1),
    "temperature": st.floats(0, 1),
    "top_k": st.integers(1, 99),
    "top_logprobs": st.integers(0, 5),
    "top_p": st.floats(0.1, 1),
    "ttl": st.sampled_from([None, "5m", "1h"]),
    "url": st.sampled_from(["https://example.com/a.png", "gs://bucket/a.pdf", "s3://bucket/a.png"]),
    "verbosity": st.sampled_from(["low", "medium", "high"]),
}  # fmt: skip
"""What fields hold that a type alone does not say."""
MEDIA_TYPES: dict[type[msgspec.Struct], tuple[str, ...]] = {
    Image: ("image/png", "image/jpeg"),
    Audio: ("audio/wav", "audio/mpeg"),
    Video: ("video/mp4",),
    Document: ("application/pdf",),
}


def of(kind: Any, name: str = "", depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of a type as the vocabulary's fields declare it."""
    if kind is Opaque:
        return st.none()
    if get_origin(kind) in {Union, types.UnionType}:
        return st.one_of([st.none() if part is type(None) else of(part, name, depth) for part in get_args(kind)])
    if get_origin(kind) is tuple:
        inner = get_args(kind)[0]
        return (
            FIELDS[name]
            if name in FIELDS
            else st.lists(of(inner, name, depth + 1), max_size=3 if depth < 2 else 1).map(tuple)
        )
    if get_origin(kind) is Mapping:
        return st.dictionaries(NAMES, NAMES, max_size=2)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return st.sampled_from(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return made(kind, depth)
    if kind is msgspec.Raw:
        return FIELDS["raw"] if name == "raw" else SCHEMAS
    plain = {bool: st.booleans(), int: st.integers(0, 99), float: st.floats(0, 1), str: TEXTS}
    return FIELDS[name] if name in FIELDS else plain[kind]


def made(kind: type[msgspec.Struct], depth: int = 0) -> st.SearchStrategy[Any]:
    """Instances of a struct with any of its fields set."""
    hints = get_type_hints(kind)
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for field in msgspec.structs.fields(kind):
        hint = hints[field.name]
        if field.name == "source" and kind in MEDIA_TYPES:
            fields[field.name] = sources(kind)
        elif field.name == "kind" and hint is str:
            fields[field.name] = NAMES
        elif field.name == "parts" and kind is ToolResult:
            results = st.lists(of(get_args(hint)[0], "", depth + 2), max_size=2)
            fields[field.name] = results.map(tuple)
        elif field.name == "id" and type(None) not in typing.get_args(hint):
            fields[field.name] = NAMES
        else:
            fields[field.name] = of(hint, field.name, depth)
    return st.builds(kind, **fields)


def sources(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Where media of this kind come from."""
    types_, url = st.sampled_from(MEDIA_TYPES[kind]), st.sampled_from(["https://example.com/a", "gs://bucket/a"])
    given = [st.builds(InlineSource, types_, BASE64), st.builds(UrlSource, url, types_), st.builds(FileSource, NAMES)]
    if kind is Document:
        given.append(st.builds(TextSource, TEXTS))
    return st.one_of(given)


REQUESTS: st.SearchStrategy[ChatRequest] = made(ChatRequest)
"""Any request: sensible or not, each is encoded or refused."""

MARKS = made(CacheMark)


def conversations() -> st.SearchStrategy[ChatRequest]:
    """Requests that somebody might send: roles hold the parts that are theirs."""
    texts, marks = made(Text), st.none() | MARKS
    shown = st.one_of(texts, made(Image), made(Document), made(SearchResult))
    answered = st.one_of(texts, made(Thinking), made(RedactedThinking), made(Refusal), made(ToolCall))

    def turn(role: Role, parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Message]:
        return st.builds(Message, st.just(role), st.lists(parts, min_size=1, max_size=3).map(tuple), st.none(), marks)

    turns = st.one_of(
        turn(Role.SYSTEM, texts),
        turn(Role.DEVELOPER, texts),
        turn(Role.USER, shown),
        turn(Role.ASSISTANT, answered),
        turn(Role.TOOL, made(ToolResult)),
    )
    return st.builds(
        ChatRequest,
        st.just("m"),
        st.lists(turns, min_size=1, max_size=4).map(tuple),
        tools=st.lists(made(FunctionTool), max_size=2, unique_by=lambda tool: tool.name).map(tuple),
        tool_choice=st.none() | made(ToolChoice),
        sampling=made(Sampling),
        output_cap=st.none() | FIELDS["output_cap"],
        stop=st.lists(TEXTS, max_size=2).map(tuple),
        reasoning=st.none() | made(Reasoning),
        output_format=st.none() | made(JsonSchemaFormat),
        user=st.none() | NAMES,
        service_tier=st.none() | FIELDS["service_tier"],
        is_stream=st.booleans(),
    )
