"""Messages between this dialect, which knows two speakers, and the neutral form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, TypeAlias

from stellwerk.core.chat import Message, Role
from stellwerk.core.part import CacheMark, ToolCall, ToolResult
from stellwerk.dialects.anthropic_messages.cache import encode_cache
from stellwerk.dialects.anthropic_messages.parts import Wire, decode_content, encode_part, plain_text
from stellwerk.dialects.anthropic_messages.tools import encode_id
from stellwerk.dialects.anthropic_messages.types import AS_LIST, IN_PLACE, Members, is_spelled, marked, merge
from stellwerk.dialects.members import STRING

_ROLES = {"user": Role.USER, "assistant": Role.ASSISTANT, "system": Role.SYSTEM}
_WORDS = {
    Role.ASSISTANT: "assistant",
    Role.USER: "user",
    Role.TOOL: "user",
    Role.SYSTEM: "system",
    Role.DEVELOPER: "system",
}
_Said: TypeAlias = tuple[Message, list[Wire]]
"""A message and its content blocks."""


def decode_system(body: Members) -> tuple[Message, ...]:
    """``system`` as the first message."""
    if bytes(body.peek("system")) == b"null":
        body.take("system", STRING)
        return ()
    parts, is_listed = decode_content(body, "system")
    return (Message(Role.SYSTEM, parts, opaque=marked(None, *((AS_LIST,) if is_listed else ()))),)


def decode_message(message: Members) -> Iterator[Message]:
    """One entry of ``messages``; results of tools in it become a message of their own, where they stand."""
    word = message.need("role", STRING)
    role = _ROLES.get(word)
    if role is None:
        known = ", ".join(f"'{known}'" for known in _ROLES)
        message.fail(f"Invalid value: '{word[:64]}'. Supported values are: {known}.", "role")
    if bytes(message.peek("content")) == b"null":
        message.fail(f"Missing required parameter: '{message.path('content')}'.", "content")
    parts, is_listed = decode_content(message)
    opaque = message.opaque()
    if role is not Role.USER or not any(isinstance(part, ToolResult) for part in parts):
        marks = ((AS_LIST,) if is_listed else ()) + ((IN_PLACE,) if role is Role.SYSTEM else ())
        yield Message(role, parts, opaque=marked(opaque, *marks))
        return
    for is_result, run in groupby(parts, key=lambda part: isinstance(part, ToolResult)):
        yield Message(Role.TOOL if is_result else Role.USER, tuple(run), opaque=opaque)
        opaque = None


def encode_system(messages: Iterable[Message]) -> str | list[Wire] | None:
    """``system``: all standing instructions.

    The provider takes others within the conversation in few places and of few models. Those of a caller of this
    dialect stay where they are; those of other callers are moved here, as the provider's own OpenAI endpoint does it.
    """
    said = [(message, _blocks(message)) for message in messages if _is_standing(message)]
    return _content(said) or None


def encode_turns(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """``messages``: turns of one speaker after another are one, and results of tools come first in theirs.

    What a message says that is nothing here is left out, and a message of which nothing is left. The provider wants a
    user's turn first; a conversation that has it otherwise goes out as it is, for the provider to judge.
    """
    said = [
        (message, blocks)
        for message in messages
        if not _is_standing(message)
        if (blocks := _blocks(message)) or is_spelled(message.opaque, AS_LIST)
    ]
    turns: list[dict[str, Any]] = []
    calls: dict[str, int] = {}
    for word, run in groupby(said, key=lambda pair: _WORDS[pair[0].role]):
        turn = list(run)
        wire: dict[str, Any] = {"role": word, "content": _content(_results_first(turn, calls))}
        for message, _ in turn:
            merge(wire, message.opaque)
        turns.append(wire)
        if word == "assistant":
            ids = (part.id for message, _ in turn for part in message.parts if isinstance(part, ToolCall))
            calls = {identity: position for position, identity in enumerate(ids)}
    return turns


def _is_standing(message: Message) -> bool:
    return _WORDS[message.role] == "system" and not is_spelled(message.opaque, IN_PLACE)


def _blocks(message: Message) -> list[Wire]:
    blocks = [wire for part in message.parts if (wire := encode_part(part)) is not None]
    if message.cache is not None:
        _mark_last(blocks, message.cache)
    return blocks


def _mark_last(blocks: list[Wire], cache: CacheMark) -> None:
    """A mark on a whole message stands on its last block here."""
    if blocks and isinstance(last := blocks[-1], dict) and last["type"] != "thinking":
        blocks[-1] = encode_cache(cache) | last


def _content(said: list[_Said]) -> str | list[Wire]:
    if len(said) == 1:
        message, blocks = said[0]
        text = plain_text(message.parts)
        is_listed = message.cache is not None or is_spelled(message.opaque, AS_LIST)
        return blocks if text is None or is_listed else text
    return [block for _, blocks in said for block in blocks]


def _results_first(turn: list[_Said], calls: dict[str, int]) -> list[_Said]:
    """The turn with its results in the order of the calls they answer, before everything else."""
    if all(message.role is not Role.TOOL for message, _ in turn):
        return turn
    results = [(message, blocks) for message, blocks in turn if message.role is Role.TOOL]
    order = {encode_id(identity): position for identity, position in calls.items()}
    blocks = [block for _, run in results for block in run if isinstance(block, dict)]
    blocks.sort(key=lambda block: order.get(block.get("tool_use_id", ""), len(order)))
    rest = [(message, blocks) for message, blocks in turn if message.role is not Role.TOOL]
    return [(results[0][0], [*blocks]), *rest]
