"""What is to be counted of a request, and what it comes to by the rules that OpenAI has published.

Each message takes three tokens beside its role, its name (and one more) and its texts; the beginning of the answer
takes three. A tool takes its name, its description, its properties, and what frames them. What has no published rule is
estimated: properties within properties, calls of tools, media, schemas of answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil
from typing import Any

import msgspec

from stellwerk.core.chat import ChatRequest, JsonSchemaFormat
from stellwerk.core.part import (
    Audio,
    Document,
    Image,
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
from stellwerk.core.tokens import MEDIA_TOKENS, MESSAGE_TOKENS
from stellwerk.core.tool import CustomTool, OpaqueTool, Tool
from stellwerk.core.vocabulary import CL100K, Vocabulary

JOB = "tokens"
"""The job that counts texts: it takes ``Texts``, and gives a list with a number for each of them."""

ANSWER_TOKENS = 3
_MESSAGE_TOKENS = 3
_TOOL_TOKENS = {CL100K: 10}
"""What opens the description of a tool, where that is not the seven of today."""
_OPENING_TOKENS = 7
_CLOSING_TOKENS = 12
"""What closes the descriptions of all tools."""
_PROPERTIES_TOKENS = 3
_PROPERTY_TOKENS = 3
_CHOICES_TOKENS = -3
_CHOICE_TOKENS = 3


class Texts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Texts to be counted in a vocabulary."""

    vocabulary: str
    texts: list[str]


_encode = msgspec.msgpack.Encoder().encode
_read_counts = msgspec.msgpack.Decoder(list[int]).decode


class Census:
    """One request, laid out for counting: texts, and tokens that are known without counting."""

    __slots__ = ("_texts", "_vocabulary", "estimated", "fixed")

    def __init__(self, request: ChatRequest, vocabulary: Vocabulary) -> None:
        self.fixed = ANSWER_TOKENS
        """Tokens beside those of the texts."""
        self.estimated: dict[str, None] = {} if vocabulary.is_own else {"vocabulary": None}
        """What of the count is not exact, in order."""
        self._vocabulary = vocabulary
        self._texts: list[str] = []
        for message in request.messages:
            self.fixed += _MESSAGE_TOKENS
            self._texts.append(message.role.value)
            if message.name:
                self.fixed += 1
                self._texts.append(message.name)
            self._add_parts(message.parts)
        if request.tools:
            self.fixed += _CLOSING_TOKENS
            for tool in request.tools:
                self._add_tool(tool)
        if isinstance(request.output_format, JsonSchemaFormat):
            self._add_raw(request.output_format.schema, "schema")

    def payload(self) -> bytes:
        """What the job takes."""
        try:
            return _encode(Texts(self._vocabulary.name, self._texts))
        except UnicodeEncodeError:  # half of a surrogate pair, of which a JSON escape can be made
            texts = [text.encode(errors="replace").decode() for text in self._texts]
            return _encode(Texts(self._vocabulary.name, texts))

    def total(self, answer: bytes) -> int:
        """Tokens of the request, by what the job gave. Raises ``ValueError`` where that is no answer to this."""
        try:
            counts = _read_counts(answer)
        except msgspec.DecodeError as error:
            raise ValueError(str(error)) from None
        if len(counts) != len(self._texts):
            raise ValueError(f"{len(counts)} numbers for {len(self._texts)} texts")
        return ceil((self.fixed + sum(counts)) * self._vocabulary.factor)

    @property
    def warning(self) -> str:
        """What callers have to know of the number; empty where it is exact."""
        return f"estimated {', '.join(self.estimated)}" if self.estimated else ""

    # -- what takes tokens

    def _add_parts(self, parts: Iterable[Part]) -> None:
        for part in parts:
            self._add_part(part)

    def _add_part(self, part: Part) -> None:
        match part:
            case Text() | Refusal():
                self._add(part.text)
            case Thinking():
                self._guess("thinking", part.text)
            case RedactedThinking():
                self._guess("thinking", part.data)
            case Document(source=TextSource(text=text)):
                self._guess("documents", text, part.name, part.context, fixed=MESSAGE_TOKENS)
            case Audio(source=None):
                self._guess("media", part.transcript)
            case Document() | Image() | Audio() | Video():
                self._guess("media", fixed=MEDIA_TOKENS)
            case SearchResult():
                self._guess("documents", part.source, part.title, fixed=MESSAGE_TOKENS)
                self._add_parts(part.texts)
            case ToolCall():
                self._guess("tool calls", part.name, part.arguments, fixed=MESSAGE_TOKENS)
            case ToolResult():
                self._guess("tool calls", part.name)
                self._add_parts(part.parts)
            case _:
                self._add_raw(part.raw, "opaque parts")

    def _add_tool(self, tool: Tool) -> None:
        self.fixed += _TOOL_TOKENS.get(self._vocabulary.name, _OPENING_TOKENS)
        self.estimated["tools"] = None
        match tool:
            case OpaqueTool():
                self._add_raw(tool.raw, "tools")
            case CustomTool():
                self._add_line(tool.name, tool.description)
                self._add_raw(tool.format, "tools")
            case _:
                self._add_line(tool.name, tool.description)
                self._add_properties(tool.parameters)

    def _add_properties(self, schema: msgspec.Raw | None) -> None:
        found = _object(schema).get("properties")
        if not isinstance(found, dict) or not found:
            return
        self.fixed += _PROPERTIES_TOKENS
        for name, told in found.items():
            property_ = told if isinstance(told, dict) else {}
            self.fixed += _PROPERTY_TOKENS
            choices = property_.get("enum")
            if isinstance(choices, list):
                self.fixed += _CHOICES_TOKENS + _CHOICE_TOKENS * len(choices)
                self._texts += [choice if isinstance(choice, str) else _written(choice) for choice in choices]
            self._add_line(name, property_.get("type"), property_.get("description"))
            deeper = {key: property_[key] for key in _WITHIN if key in property_}
            if deeper:
                self._add(_written(deeper))

    def _add_line(self, name: str, *told: object) -> None:
        """A name and what is said of it, in one line without a full stop."""
        words = ["" if each is None else each if isinstance(each, str) else _written(each) for each in told]
        self._texts.append(":".join((name, *words)).removesuffix("."))

    def _add(self, text: str | None) -> None:
        if text:
            self._texts.append(text)

    def _guess(self, what: str, *texts: str | None, fixed: int = 0) -> None:
        self.estimated[what] = None
        self.fixed += fixed
        for text in texts:
            self._add(text)

    def _add_raw(self, raw: msgspec.Raw | None, what: str) -> None:
        self._guess(what, None if raw is None else bytes(raw).decode(errors="replace"))


_WITHIN = ("properties", "items", "anyOf", "oneOf", "allOf", "$ref")
"""Members of a property that hold others."""


def _object(schema: msgspec.Raw | None) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(schema) if schema is not None else {}
    except (msgspec.DecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _written(value: object) -> str:
    return msgspec.json.encode(value).decode()
