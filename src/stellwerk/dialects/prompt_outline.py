"""Where the parts of a prompt stand in the bytes of a request, and the edits that mark them for a provider's cache.

Nothing is decoded but the frame: tools, system prompt and turns are spans of the body, in the order in which a model
reads them. A mark is spliced in behind a block, so that all else of the body stays as it is, byte for byte.
"""

from __future__ import annotations

import re
from typing import TypeAlias

import msgspec

from stellwerk.dialects.json_splice import Edit, Member, elements, outer_members
from stellwerk.errors import InvalidRequest

Span: TypeAlias = tuple[int, int]
NOWHERE: Span = (0, 0)
"""The span of what a body does not have."""

MOST_TURNS = 4_096
"""A prompt with more is left as it is."""


class Frame(msgspec.Struct, frozen=True):
    """What a dialect calls the parts of a prompt, and how it marks where the provider shall cache one."""

    turns: str
    system: str
    text: str
    """Type of a block that is nothing but text."""
    mark: str
    """Member that holds a mark."""
    own: tuple[bytes, ...]
    """Quoted members whose presence says that the caller has a say in it."""
    settings: tuple[str, ...] = ()
    """Members that a provider's cache of turns depends on."""
    untouchable: frozenset[str] = frozenset()
    """Types of blocks that take no mark."""


_FRAMES = {
    "anthropic_messages": Frame(
        "messages",
        "system",
        "text",
        "cache_control",
        (b'"cache_control"',),
        ("tool_choice", "thinking"),
        frozenset({"thinking", "redacted_thinking"}),
    ),
    "bedrock_converse": Frame("messages", "system", "text", "cachePoint", (b'"cachePoint"',)),
    "openai_chat": Frame(
        "messages",
        "",
        "text",
        "prompt_cache_breakpoint",
        (b'"prompt_cache_breakpoint"', b'"prompt_cache_options"', b'"cache_control"'),
    ),
    "openai_responses": Frame(
        "input",
        "instructions",
        "input_text",
        "prompt_cache_breakpoint",
        (b'"prompt_cache_breakpoint"', b'"prompt_cache_options"'),
    ),
}
_STRING = re.compile(rb'("[^"\\]*+(?:\\.[^"\\]*+)*+")([ \t\r\n]*+:)?', re.DOTALL)
_SPEAKS_FOR_ITSELF = frozenset({"assistant", "function_call", "custom_tool_call", "reasoning"})
_INSTRUCTS = frozenset({"system", "developer"})


class _Turn(msgspec.Struct, gc=False):
    role: str | None = None
    type: str | None = None

    @property
    def speaker(self) -> str:
        return self.role or self.type or ""


class _Block(msgspec.Struct, gc=False):
    type: str | None = None
    text: msgspec.Raw = msgspec.Raw(b"null")


class Outline(msgspec.Struct, frozen=True):
    """The parts of one prompt as spans of ``body``; ``tools`` and ``system`` are ``NOWHERE`` where there are none."""

    frame: Frame
    body: bytes
    tools: Span
    system: Span
    settings: bytes
    """The bytes of what else a cache of turns depends on."""
    turns: tuple[Span, ...]
    speakers: tuple[str, ...]
    """Who speaks, turn by turn: its role, or what sort of item it is."""
    is_marked: bool
    """Whether the caller itself says what shall be cached."""

    @property
    def depth(self) -> int:
        """How many turns are the model's own."""
        return sum([self.is_models(turn) for turn in range(len(self.turns))])

    @property
    def leading(self) -> int:
        """How many turns at the beginning are standing instructions."""
        for turn, speaker in enumerate(self.speakers):
            if speaker not in _INSTRUCTS:
                return turn
        return len(self.speakers)

    def is_models(self, turn: int) -> bool:
        """Whether the model has said it."""
        return self.speakers[turn] in _SPEAKS_FOR_ITSELF

    def blocks(self, turn: int) -> tuple[Span, ...]:
        """The content blocks of a turn; a text without blocks counts as one."""
        start, end = self.turns[turn]
        item = self.body[start:end]
        if not item.startswith(b"{"):  # all of the input, as a text
            return (self.turns[turn],)
        content = _only(outer_members(item), "content")
        if content is None:  # a call, or what it came to
            return (self.turns[turn],)
        span = start + content.start, start + content.end
        return tuple(self._split(span))

    def mark(self, span: Span, ttl: str | None = None) -> Edit | None:
        """The edit that marks the block there; ``None`` for one that takes no mark."""
        start, end = span
        block = self.body[start:end]
        is_member = self._before(start) == b":"
        if self.frame.mark == "cachePoint":
            if is_member or not block.startswith(b"{"):
                return None
            point = msgspec.json.encode({"cachePoint": {"type": "default", **({"ttl": ttl} if ttl else {})}})
            return end, end, b"," + point
        value = {"mode": "explicit"} if self.frame.mark == "prompt_cache_breakpoint" else {"type": "ephemeral"}
        mark = b'"%b":%b' % (self.frame.mark.encode(), msgspec.json.encode({**value, **({"ttl": ttl} if ttl else {})}))
        if block.startswith(b'"'):
            if not is_member or len(block) <= len(b'""'):
                return None
            return start, end, b'[{"type":"%b","text":%b,%b}]' % (self.frame.text.encode(), block, mark)
        return (end - 1, end - 1, b"," + mark) if self._takes_mark(block) else None

    def last(self, span: Span) -> Span:
        """The last element of an array; a text is its own."""
        return span if span == NOWHERE else (self._split(span) or [NOWHERE])[-1]

    def _split(self, span: Span) -> list[Span]:
        return elements(self.body, *span) if self.body.startswith(b"[", span[0]) else [span]

    def _before(self, at: int) -> bytes:
        """What stands before a value, spaces aside."""
        while at > 0 and self.body[at - 1] in b" \t\r\n":
            at -= 1
        return self.body[at - 1 : at]

    def _takes_mark(self, block: bytes) -> bool:
        try:
            seen = msgspec.json.decode(block, type=_Block)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return False
        if seen.type in self.frame.untouchable or b'"defer_loading"' in block:
            return False
        if self.frame.mark == "prompt_cache_breakpoint" and seen.type != self.frame.text:
            return False
        return len(memoryview(seen.text)) > len(b'""') and block != b"{}"


def outline(dialect: str, body: bytes) -> Outline | None:
    """The outline of a request's prompt; ``None`` where the dialect has no marks, or the body is not what it seems."""
    frame = _FRAMES.get(dialect)
    if frame is None:
        return None
    try:
        return _read(frame, body)
    except (msgspec.MsgspecError, UnicodeDecodeError, InvalidRequest, ValueError):
        return None


def _read(frame: Frame, body: bytes) -> Outline | None:
    found = outer_members(body)
    turns = _only(found, frame.turns)
    if turns is None:
        return None
    whole = body[turns.start : turns.end]
    if whole.startswith(b"["):
        spans = elements(body, turns.start, turns.end)
        if not 0 < len(spans) <= MOST_TURNS:
            return None
        speakers = [turn.speaker for turn in msgspec.json.decode(whole, type=list[_Turn])]
    elif whole.startswith(b'"'):
        spans, speakers = [(turns.start, turns.end)], ["user"]
    else:
        return None
    system = _only(found, frame.system)
    return Outline(
        frame=frame,
        body=body,
        tools=_tools(frame, body, found),
        system=NOWHERE if system is None or body.startswith(b"null", system.start) else (system.start, system.end),
        settings=b"".join([body[each.start : each.end] for each in found if each.name in frame.settings]),
        turns=tuple(spans),
        speakers=tuple(speakers),
        is_marked=_is_marked(frame, body),
    )


def _tools(frame: Frame, body: bytes, found: tuple[Member, ...]) -> Span:
    name = "toolConfig" if frame.mark == "cachePoint" else "tools"
    tools = _only(found, name)
    if tools is None:
        return NOWHERE
    start, end = tools.start, tools.end
    if name == "toolConfig":
        inner = _only(outer_members(body[start:end]), "tools") if body.startswith(b"{", start) else None
        if inner is None:
            return NOWHERE
        start, end = start + inner.start, start + inner.end
    return (start, end) if body.startswith(b"[", start) and elements(body, start, end) else NOWHERE


def _is_marked(frame: Frame, body: bytes) -> bool:
    """Whether the caller's marks are in it; a name that is written with escapes may be one."""
    if any(name in body for name in frame.own):
        return True
    return b"\\u00" in body and any(token[2] and b"\\" in token[1] for token in _STRING.finditer(body))


def _only(found: tuple[Member, ...], name: str) -> Member | None:
    return next((each for each in found if each.name == name), None)
