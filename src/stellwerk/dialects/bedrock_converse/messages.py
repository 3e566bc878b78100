"""Messages between this dialect, which has turns of a user and an assistant, and the neutral form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

import msgspec

from stellwerk.core.chat import Message, Role
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import OpaquePart, Part, Refusal, Text, ToolCall, ToolResult
from stellwerk.dialects.bedrock_converse.cache import CACHE_POINT, decode_cache, encode_cache
from stellwerk.dialects.bedrock_converse.parts import GUARD, decode_block, encode_block
from stellwerk.dialects.bedrock_converse.plain_turn import read_plainly
from stellwerk.dialects.bedrock_converse.tools import (
    TOOL_RESULT,
    TOOL_USE,
    decode_call,
    decode_result,
    encode_call,
    encode_result,
)
from stellwerk.dialects.bedrock_converse.types import NO_NAMES, Members, is_spelled, mark, merge, open_block, unmark
from stellwerk.dialects.members import RAWS, STRING, Refuse

_ROLES = {"user": Role.USER, "assistant": Role.ASSISTANT, "system": Role.SYSTEM}
INSTRUCTIONS = frozenset({Role.SYSTEM, Role.DEVELOPER})
# Marks: a system message that stood among the others, and a part of a user's turn that stood in another place than
# the usual, where results come first.
_AS_ROLE = "role"
_IN_PLACE = "content"


def decode_messages(entries: tuple[msgspec.Raw, ...], refuse: Refuse) -> tuple[Message, ...]:
    """``messages``. A user's turn that holds results of tools becomes a tool message and a user message."""
    messages: list[Message] = []
    for index, raw in enumerate(entries):
        plain = read_plainly(raw)
        if plain is not None:
            messages.append(plain)
        else:
            messages += _decode_turn(Members(raw, f"messages[{index}]", refuse), refuse)
    return tuple(messages)


def decode_answer(message: Members, refuse: Refuse, names: Mapping[str, str]) -> Message:
    """The message of a reply."""
    message.take("role", STRING)
    parts = decode_content(message.need("content", RAWS), message.path("content"), refuse, names)
    return Message(Role.ASSISTANT, parts, opaque=message.opaque())


def decode_content(
    blocks: tuple[msgspec.Raw, ...], path: str, refuse: Refuse, names: Mapping[str, str] = NO_NAMES
) -> tuple[Part, ...]:
    """Content blocks, or those of ``system``; a cache point marks the part before it."""
    parts: list[Part] = []
    for index, raw in enumerate(blocks):
        where = f"{path}[{index}]"
        kind, block = open_block(raw, where, refuse)
        if kind == CACHE_POINT and parts and (marked := _marked(parts[-1], block)) is not None:
            parts[-1] = marked
        elif kind == TOOL_USE:
            parts.append(decode_call(block, raw, names))
        elif kind == TOOL_RESULT:
            parts.append(decode_result(block, raw, where, refuse))
        else:
            parts.append(decode_block(kind, block, raw))
    return tuple(parts)


def encode_system(messages: tuple[Message, ...]) -> tuple[list[Any], tuple[Message, ...]]:
    """Blocks of ``system``, made of the leading instructions, and the messages that are left."""
    count = 0
    for message in messages:
        if message.role not in INSTRUCTIONS or is_spelled(message.opaque, _AS_ROLE):
            break
        count += 1
    blocks: list[Any] = []
    for message in messages[:count]:
        parts = tuple(part for part in message.parts if is_instruction(part))
        blocks += _blocks(msgspec.structs.replace(message, parts=parts), NO_NAMES, NO_NAMES)
    return blocks, messages[count:]


def is_instruction(part: Part) -> bool:
    """Whether ``system`` can hold such a part: words, and what came in this dialect."""
    return isinstance(part, Text | Refusal | OpaquePart) or is_spelled(getattr(part, "opaque", None), GUARD)


def encode_messages(
    messages: Iterable[Message], names: Mapping[str, str], ids: Mapping[str, str]
) -> list[dict[str, Any]]:
    """``messages``: turns that alternate, each with all that neighbouring messages of its side say.

    Results of tools come first in a user's turn, in the order of their calls. Instructions among the messages stay in
    their place as words of the user's turn: few models take a system message there, and the order of a prompt is what
    caches go by.
    """
    turns: list[_Turn] = []
    for message in messages:
        side = _side(message)
        is_next = not turns or turns[-1].side != side
        turn = _Turn(side, turns[-1].calls if turns else ()) if is_next else turns[-1]
        turn.add(message, names, ids)
        if is_next and not turn.is_empty:
            turns.append(turn)
    return [turn.wire() for turn in turns]


def encode_answer(parts: Iterable[Part]) -> list[Any]:
    """Content of a reply's message."""
    blocks = []
    for part in parts:
        block = encode_call(part) if isinstance(part, ToolCall) else encode_block(part, is_reply=True)
        if block is not None:
            blocks.append(block)
    return blocks


class _Turn:
    """One entry of ``messages`` in the making."""

    __slots__ = ("_blocks", "_opaques", "_order", "_results", "calls", "side")

    def __init__(self, side: str, order: tuple[str, ...]) -> None:
        self.side = side
        self.calls: tuple[str, ...] = ()
        """Ids of the calls that this turn makes."""
        self._order = order
        self._results: list[tuple[str, list[Any]]] = []
        self._blocks: list[Any] = []
        self._opaques: list[Opaque] = []

    @property
    def is_empty(self) -> bool:
        return not self._results and not self._blocks

    def add(self, message: Message, names: Mapping[str, str], ids: Mapping[str, str]) -> None:
        results = [part for part in message.parts if isinstance(part, ToolResult)]
        if results and not is_spelled(message.opaque, _IN_PLACE):
            for result in results:
                self._results.append((result.call_id, list(_encode_part(result, names, ids))))
            rest = tuple(part for part in message.parts if not isinstance(part, ToolResult))
            message = msgspec.structs.replace(message, parts=rest)
            if message.cache is not None and not rest:
                _mark_last(self._results[-1][1], message)
        self._blocks += _blocks(message, names, ids)
        self.calls += tuple(part.id for part in message.parts if isinstance(part, ToolCall))
        if message.opaque is not None:
            self._opaques.append(message.opaque)

    def wire(self) -> dict[str, Any]:
        order = {identity: index for index, identity in enumerate(self._order)}
        results = sorted(self._results, key=lambda result: order.get(result[0], len(order)))
        content = [block for _, blocks in results for block in blocks] + self._blocks
        wire: dict[str, Any] = {"role": self.side, "content": content}
        for opaque in self._opaques:
            merge(wire, unmark(unmark(opaque, _IN_PLACE), _AS_ROLE))
        return wire


def _decode_turn(message: Members, refuse: Refuse) -> Iterator[Message]:
    word = message.need("role", STRING)
    role = _ROLES.get(word)
    if role is None:
        known = ", ".join(f"'{known}'" for known in _ROLES)
        message.fail(f"Invalid value: '{word[:64]}'. Supported values are: {known}.", "role")
    parts = decode_content(message.need("content", RAWS), message.path("content"), refuse)
    opaque = message.opaque()
    if role is not Role.USER:
        yield Message(role, parts, opaque=mark(_AS_ROLE, opaque) if role is Role.SYSTEM else opaque)
        return
    groups = [(is_result, tuple(group)) for is_result, group in groupby(parts, _is_result)]
    is_usual = len(groups) < 2 or (len(groups) == 2 and groups[0][0])
    for index, (is_result, group) in enumerate(groups or [(False, ())]):
        own = opaque if index == 0 else None
        own = mark(_IN_PLACE, own) if index and not is_usual else own
        yield Message(Role.TOOL if is_result else Role.USER, group, opaque=own)


def _is_result(part: Part) -> bool:
    return isinstance(part, ToolResult)


def _marked(part: Part, block: Members | None) -> Part | None:
    """The part with the cache mark behind it; ``None`` where it cannot carry one, or has one."""
    cache = decode_cache(block)
    if cache is None or getattr(part, "cache", cache) is not None:
        return None
    return msgspec.structs.replace(part, cache=cache)


def _side(message: Message) -> str:
    if message.role is Role.ASSISTANT:
        return "assistant"
    if message.role is Role.SYSTEM and is_spelled(message.opaque, _AS_ROLE):
        return "system"
    return "user"


def _blocks(message: Message, names: Mapping[str, str], ids: Mapping[str, str]) -> list[Any]:
    blocks = [block for part in message.parts for block in _encode_part(part, names, ids)]
    if message.cache is not None:
        _mark_last(blocks, message)
    return blocks


def _mark_last(blocks: list[Any], message: Message) -> None:
    if blocks and message.cache is not None and CACHE_POINT not in blocks[-1]:
        blocks.append(encode_cache(message.cache))


def _encode_part(part: Part, names: Mapping[str, str], ids: Mapping[str, str]) -> Iterator[Any]:
    match part:
        case ToolCall():
            block = encode_call(part, names, ids)
        case ToolResult():
            block = encode_result(part, ids)
        case _:
            block = encode_block(part)
    if block is not None:
        yield block
        cache = getattr(part, "cache", None)
        if cache is not None:
            yield encode_cache(cache)
