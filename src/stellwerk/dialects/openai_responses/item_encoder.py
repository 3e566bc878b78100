"""Neutral messages and the parts of replies to items of this dialect."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import msgspec

from stellwerk.core.chat import Message, Role
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import (
    Image,
    InlineSource,
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
from stellwerk.core.reply import Logprobs
from stellwerk.dialects.members import without_nulls
from stellwerk.dialects.openai_responses.identity import invent, invent_redacted, is_invented
from stellwerk.dialects.openai_responses.parts import OUTPUT, encode_content
from stellwerk.dialects.openai_responses.types import DIALECT, ITEM, is_spelled, merge, own, without
from stellwerk.dialects.thought_signature import encode_signature
from stellwerk.dialects.token_logprobs import encode_tokens

Item: TypeAlias = dict[str, Any] | msgspec.Raw
Group: TypeAlias = tuple[Part, ...]
"""The parts of one item."""

_FERNET = "gAAAAA"
"""How OpenAI's encrypted reasoning begins: a token of version 0x80 and a time whose first bytes are zero."""


def encode_messages(messages: Iterable[Message]) -> list[Item]:
    """The items of a request's ``input``. What this dialect has no item for is left out."""
    return [item for message in messages for item in _encode_message(message)]


def groups(parts: Iterable[Part]) -> list[Group]:
    """The parts of a turn, those of one item together."""
    found: list[list[Part]] = []
    for part in parts:
        if _is_nothing(part):
            continue
        if found and _continues(part, found[-1][-1]):
            found[-1].append(part)
        else:
            found.append([part])
    return [tuple(group) for group in found]


def encode_output(
    group: Group, reply_id: str, position: int, *, is_cut: bool = False, logprobs: Logprobs | None = None
) -> Item | None:
    """One item of a reply's ``output``, at ``position``; ``None`` for what this dialect has no item for.

    ``is_cut`` says that the answer ended within it; ``logprobs`` are of its text.
    """
    item = _encode_group(group, is_reply=True)
    if not isinstance(item, dict):
        return item
    first, status = group[0], "incomplete" if is_cut else "completed"
    match first:
        case Text() | Refusal():
            _complete_texts(item["content"], logprobs)
            return {"id": invent("msg", reply_id, position), "status": status, "type": "message", **item}
        case Thinking():
            return {"id": invent("rs", reply_id, position), **item}
        case RedactedThinking():
            return {"id": invent_redacted(reply_id, position), **item}
        case ToolCall(kind=ToolKind.CUSTOM):
            return {"id": invent("ctc", reply_id, position), "status": status, **item}
        case ToolCall():
            item["arguments"] = item["arguments"] or "{}"
            return {"id": invent("fc", reply_id, position), "status": status, **item}
        case _:
            return {"id": invent("ig", reply_id, position), **item}


def is_welcome(part: Thinking) -> bool:
    """Whether a Responses host may be given this reasoning: its own, or what is encrypted as OpenAI does it."""
    is_own = own(part.opaque) is not None and not (part.id is not None and is_invented(part.id))
    return is_own or (part.signature or "").startswith(_FERNET)


def _encode_message(message: Message) -> list[Item]:
    match message.role:
        case Role.ASSISTANT:
            encoded = (_encode_group(group, is_reply=False) for group in groups(message.parts))
            return [item for item in encoded if item is not None]
        case Role.TOOL:
            return [_encode_result(part) for part in message.parts if isinstance(part, ToolResult)]
        case role if is_spelled(message.opaque, ITEM):
            return [part.raw for part in message.parts if isinstance(part, OpaquePart) and part.dialect == DIALECT]
        case role:
            content = encode_content(message.parts, is_array=is_spelled(message.opaque, "content"))
            return [merge({"role": role.value, "content": content}, message.opaque)]


def _encode_group(group: Group, *, is_reply: bool) -> Item | None:
    match group[0]:
        case Text() | Refusal():
            return _encode_texts(group, is_reply=is_reply)
        case Thinking():
            return _encode_thinking(group, is_reply=is_reply)
        case RedactedThinking() as part if is_reply:
            return merge({"type": "reasoning", "summary": [], "encrypted_content": part.data}, part.opaque)
        case ToolCall() as part:
            return _encode_call(part, is_reply=is_reply)
        case Image(source=InlineSource() as source) if is_reply:
            return {"type": "image_generation_call", "status": "completed", "result": source.data}
        case OpaquePart() as part if part.dialect == DIALECT:
            return part.raw
        case _:
            return None


def _encode_texts(group: Group, *, is_reply: bool) -> dict[str, Any]:
    members = own(getattr(group[0], "opaque", None)) or {}
    item = members.get(ITEM)
    opaque = item if isinstance(item, Opaque) else None
    bare = tuple(
        msgspec.structs.replace(part, opaque=without(part.opaque, ITEM))
        for part in group
        if isinstance(part, Text | Refusal)
    )
    content = encode_content(bare, is_array=is_reply or is_spelled(opaque, "content"), word=OUTPUT)
    return merge({"role": "assistant", "content": content}, opaque)


def _complete_texts(content: list[dict[str, Any]], logprobs: Logprobs | None) -> None:
    """The SDKs' types want a list of annotations, and log-probabilities in the text."""
    texts = [part for part in content if part["type"] == OUTPUT]
    tokens = encode_tokens(logprobs.content, needs_bytes=True) if logprobs is not None else None
    for number, part in enumerate(texts):
        part.setdefault("annotations", [])
        if tokens and not number:
            part["logprobs"] = tokens
        part.setdefault("logprobs", [])


def _encode_thinking(group: Group, *, is_reply: bool) -> dict[str, Any] | None:
    thinking = [part for part in group if isinstance(part, Thinking)]
    first, last = thinking[0], thinking[-1]
    if not is_reply and not (is_welcome(first) or is_welcome(last)):
        return None
    content = [{"type": "reasoning_text", "text": part.text} for part in thinking if part.text and not part.is_summary]
    summary = [{"type": "summary_text", "text": part.text} for part in thinking if part.text and part.is_summary]
    wire: dict[str, Any] = {"type": "reasoning", "id": first.id, "summary": summary or None, "content": content or None}
    item = merge(without_nulls({**wire, "encrypted_content": last.signature}), first.opaque)
    item.setdefault("summary", [])
    return item


def _encode_call(call: ToolCall, *, is_reply: bool) -> dict[str, Any]:
    is_custom = call.kind is ToolKind.CUSTOM
    wire: dict[str, Any] = {
        "type": "custom_tool_call" if is_custom else "function_call",
        "call_id": call.id,
        "name": call.name,
    }
    is_own = own(call.opaque) is not None
    empty = "" if is_custom or is_own else "{}"
    wire["input" if is_custom else "arguments"] = call.arguments or empty
    if is_reply or is_own:
        wire |= encode_signature(call.signature)
    return merge(wire, call.opaque)


def _encode_result(result: ToolResult) -> dict[str, Any]:
    is_custom = result.kind is ToolKind.CUSTOM
    output = encode_content(result.parts, is_array=is_spelled(result.opaque, "output"))
    wire: dict[str, Any] = {
        "type": "custom_tool_call_output" if is_custom else "function_call_output",
        "call_id": result.call_id,
        "output": output,
    }
    if own(result.opaque) is not None and result.name is not None:
        wire["name"] = result.name
    return merge(wire, result.opaque)


def _continues(part: Part, previous: Part) -> bool:
    """Whether a part stands in the same item as the one before."""
    if isinstance(part, Text | Refusal) and isinstance(previous, Text | Refusal):
        return ITEM not in (own(part.opaque) or {})
    return isinstance(part, Thinking) and isinstance(previous, Thinking) and is_spelled(part.opaque, "type")


def _is_nothing(part: Part) -> bool:
    """An empty text of another dialect: this one has no item for it."""
    return isinstance(part, Text) and not part.text and part.signature is None and own(part.opaque) is None
