"""Items of this dialect, in a request or a reply, to neutral messages."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from stellwerk.core.chat import Message, Role
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import (
    OpaquePart,
    Part,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolKind,
    ToolResult,
)
from stellwerk.dialects.members import RAW, RAWS, STRING, Refuse, UnreadableError, spelled
from stellwerk.dialects.openai_responses.identity import is_redacted
from stellwerk.dialects.openai_responses.parts import INPUT, OUTPUT, Marks, decode_content, decode_results
from stellwerk.dialects.openai_responses.plain_item import read_plainly
from stellwerk.dialects.openai_responses.types import DIALECT, ITEM, Members
from stellwerk.dialects.thought_signature import decode_signature

_ROLES = {role.value: role for role in (Role.USER, Role.ASSISTANT, Role.SYSTEM, Role.DEVELOPER)}
_ARGUMENTS = {"function_call": "arguments", "custom_tool_call": "input"}
_RESULTS = {"function_call_output": ToolKind.FUNCTION, "custom_tool_call_output": ToolKind.CUSTOM}
_CALLERS = ("_output", "_response")
"""How the names of items end that a caller adds to the model's."""


def decode_items(raws: Iterable[msgspec.Raw], path: str, refuse: Refuse) -> tuple[Message, ...]:
    """The messages that the items are."""
    return in_turns(decode_item(raw, f"{path}[{index}]", refuse) for index, raw in enumerate(raws))


def decode_item(raw: msgspec.Raw, path: str, refuse: Refuse) -> Message | tuple[Part, ...]:
    """A message of its own, or parts of what the model said."""
    return read_plainly(raw) or _decode_item(raw, path, refuse)


def in_turns(items: Iterable[Message | tuple[Part, ...]]) -> tuple[Message, ...]:
    """What the model said in one go is one turn, as other dialects have it."""
    messages: list[Message] = []
    turn: list[Part] = []
    for found in items:
        if isinstance(found, Message):
            if turn:
                messages.append(Message(Role.ASSISTANT, tuple(turn)))
                turn = []
            messages.append(found)
        else:
            turn += found
    if turn:
        messages.append(Message(Role.ASSISTANT, tuple(turn)))
    return tuple(messages)


def decode_output(raw: msgspec.Raw, path: str, refuse: Refuse) -> tuple[Part, ...]:
    """The parts that one item of a reply is."""
    found = _decode_item(raw, path, refuse)
    return found.parts if isinstance(found, Message) else found


def _decode_item(raw: msgspec.Raw, path: str, refuse: Refuse) -> Message | tuple[Part, ...]:
    """A message of its own, or parts of what the model said."""
    item = Members(raw, path, refuse)
    kind = STRING.decode(item.peek("type")) if bytes(item.peek("type")).startswith(b'"') else ""
    if kind == "message" or (not kind and "role" in item):
        return _message(item, raw)
    try:
        return _read(kind, Members(raw), raw, path, refuse)
    except UnreadableError:
        return _opaque(kind, raw)


def _read(kind: str, item: Members, raw: msgspec.Raw, path: str, refuse: Refuse) -> Message | tuple[Part, ...]:
    if kind == "reasoning":
        return _reasoning(item)
    if kind in _ARGUMENTS:
        return (_call(item, kind),)
    if kind in _RESULTS:
        return Message(Role.TOOL, (_result(Members(raw, path, refuse), kind),))
    return _opaque(kind or "item_reference", raw)


def _opaque(kind: str, raw: msgspec.Raw) -> Message | tuple[Part, ...]:
    part = OpaquePart(DIALECT, kind, raw)
    return Message(Role.USER, (part,), opaque=Opaque(DIALECT, spelled(ITEM))) if kind.endswith(_CALLERS) else (part,)


def _message(item: Members, raw: msgspec.Raw) -> Message | tuple[Part, ...]:
    word = item.need("role", STRING)
    role = _ROLES.get(word)
    if role is None:
        known = ", ".join(f"'{known}'" for known in _ROLES)
        item.fail(f"Invalid value: '{word[:64]}'. Supported values are: {known}.", "role")
    if role is not Role.ASSISTANT:
        content, marks = decode_content(item, "content", word=INPUT)
        return Message(role, content, opaque=item.marked(**marks))
    parts, marks = decode_content(item, "content", word=OUTPUT)
    match parts:
        case (Text() | Refusal() as first, *rest) if all(isinstance(part, Text | Refusal) for part in rest):
            return (_begin(first, item, marks), *rest)
        case _:
            return (OpaquePart(DIALECT, "message", raw),)


def _begin(part: Text | Refusal, item: Members, marks: Marks) -> Text | Refusal:
    """The part, which also knows about the item that it begins."""
    members = part.opaque.members if part.opaque is not None else {}
    return msgspec.structs.replace(part, opaque=Opaque(DIALECT, {**members, ITEM: item.marked(**marks)}))


def _reasoning(item: Members) -> tuple[Thinking | RedactedThinking, ...]:
    """A part for each text of the summary and of the content; the first keeps the item's rest, the last its secret."""
    item.take("type", RAW)
    identity, secret = item.given("id", STRING), item.given("encrypted_content", STRING)
    texts = [
        (text, name == "summary")
        for name, word in (("summary", "summary_text"), ("content", "reasoning_text"))
        for text in _texts(item, name, word)
    ]
    if identity is not None and is_redacted(identity) and secret is not None and not texts:
        return (RedactedThinking(secret, Opaque(DIALECT, {"id": msgspec.Raw(msgspec.json.encode(identity))})),)
    last = len(texts) - 1
    return tuple(
        Thinking(
            text,
            secret if number == last else None,
            is_summary=is_summary,
            id=identity,
            opaque=Opaque(DIALECT, spelled("type")) if number else item.marked(),
        )
        for number, (text, is_summary) in enumerate(texts)
    ) or (Thinking("", secret, id=identity, opaque=item.marked()),)


def _texts(item: Members, name: str, word: str) -> list[str]:
    """Takes an array of texts; an empty one stays where it is, so that it comes back."""
    if not bytes(item.peek(name)).startswith(b"[{"):
        return []
    texts = []
    for raw in item.need(name, RAWS):
        entry = Members(raw)
        is_known, text = entry.take("type", STRING) == word, entry.need("text", STRING)
        if not is_known or not text or entry.opaque() is not None:
            raise UnreadableError("another sort of text")
        texts.append(text)
    return texts


def _call(item: Members, kind: str) -> ToolCall:
    item.take("type", RAW)
    identity, name = item.need("call_id", STRING), item.need("name", STRING)
    arguments = item.need(_ARGUMENTS[kind], STRING)
    if not identity:
        raise UnreadableError("a call without id")
    signature, extra = decode_signature(item)
    marks: Marks = {} if extra is None else {"extra_content": extra}
    tool = ToolKind.FUNCTION if kind == "function_call" else ToolKind.CUSTOM
    return ToolCall(identity, name, arguments, tool, signature, opaque=item.marked(**marks))


def _result(item: Members, kind: str) -> ToolResult:
    item.take("type", RAW)
    identity = item.need("call_id", STRING)
    parts, marks = decode_results(item)
    return ToolResult(identity, parts, item.given("name", STRING), kind=_RESULTS[kind], opaque=item.marked(**marks))
