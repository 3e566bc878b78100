"""Messages between this dialect and the neutral form."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.chat import Message, Role
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import (
    Audio,
    Citation,
    InlineSource,
    Part,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from stellwerk.dialects.members import (
    INTEGER,
    RAW,
    RAWS,
    STRING,
    Refuse,
    UnreadableError,
    spelled,
    without_nulls,
)
from stellwerk.dialects.openai_chat.cache import decode_cache, encode_cache
from stellwerk.dialects.openai_chat.parts import AS_PART, decode_content, decode_results, encode_content, is_media
from stellwerk.dialects.openai_chat.tools import decode_call, encode_call
from stellwerk.dialects.openai_chat.types import DIALECT, Members, is_spelled, merge

ANY_AUDIO = "audio/*"
"""Media type of what a model said: replies do not repeat the format that the request asked for."""

_ROLES = {role.value: role for role in Role}
_FUNCTION = "function"
_CONTENT = "content"
"""Marks the result of a tool that has media in its content, or nothing: from elsewhere they are said otherwise."""
_THINKING = ("reasoning_content", "reasoning")


def decode_message(raw: msgspec.Raw, path: str, refuse: Refuse, *, call_prefix: str = "") -> Message:
    """One entry of ``messages``, or the ``message`` of a choice.

    With ``call_prefix``, a tool call without an id gets one: the prefix and its index.
    """
    message = Members(raw, path, refuse)
    word = message.need("role", STRING)
    role = Role.TOOL if word == _FUNCTION else _ROLES.get(word)
    if role is None:
        known = ", ".join(f"'{known}'" for known in (*_ROLES, _FUNCTION))
        message.fail(f"Invalid value: '{word[:64]}'. Supported values are: {known}.", "role")
    cache = decode_cache(message)
    name = message.take("name", STRING)
    if role is Role.TOOL:
        return Message(role, (_result(message, word, name),), None, cache, message.opaque())
    parts = _answer(message, call_prefix=call_prefix) if role is Role.ASSISTANT else decode_content(message)
    return Message(role, parts, name, cache, message.opaque())


def encode_conversation(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """``messages``. Results of tools are words here: media of theirs follow the last of them as the user's."""
    wires: list[dict[str, Any]] = []
    media: list[Part] = []
    for message in messages:
        if media and message.role is not Role.TOOL:
            wires.append(_shown(media))
            media = []
        wires += encode_messages(message)
        if message.role is Role.TOOL:
            media += (part for result in message.parts for part in shown_apart(result))
    return [*wires, _shown(media)] if media else wires


def shown_apart(part: Part) -> tuple[Part, ...]:
    """Media in the result of a tool, unless its caller speaks this dialect and its host takes them there."""
    if not isinstance(part, ToolResult) or is_spelled(part.opaque, _CONTENT):
        return ()
    return tuple(inner for inner in part.parts if is_media(inner))


def encode_messages(message: Message) -> list[dict[str, Any]]:
    """The entries of ``messages``: one, except that each result of a tool stands in a message of its own."""
    if message.role is Role.TOOL:
        return [_encode_result(part, message) for part in message.parts if isinstance(part, ToolResult)]
    wire: dict[str, Any] = {"role": message.role.value}
    if message.role is Role.ASSISTANT:
        wire |= encode_answer(message.parts)
    else:
        wire["content"] = encode_content(message.parts)
    if message.name is not None:
        wire["name"] = message.name
    return [merge(wire | encode_cache(message.cache), message.opaque)]


def encode_answer(parts: tuple[Part, ...], *, is_reply: bool = False) -> dict[str, Any]:
    """The members of an assistant's message. In a reply the content is a string, and refusal is always there."""
    apart = tuple(part for part in parts if not _is_field(part, is_reply=is_reply))
    content: str | list[Any] | None = encode_content(apart)
    if is_reply and isinstance(content, list):
        content = "".join(part.text for part in apart if isinstance(part, Text))
    if not apart or content == []:
        content = None
    wire: dict[str, Any] = {"content": content}
    refusals = [part.text for part in parts if isinstance(part, Refusal) and part not in apart]
    if refusals or is_reply:
        wire["refusal"] = "".join(refusals) if refusals else None
    citations = [citation for part in apart if isinstance(part, Text) for citation in part.citations]
    if citations:
        wire["annotations"] = [encode_citation(citation) for citation in citations]
    for part in parts:
        match part:
            case Audio() if part not in apart:
                wire["audio"] = _encode_audio(part)
            case Thinking(text=text) if text:
                name = _THINKING[is_spelled(part.opaque, _THINKING[1])]
                wire[name] = wire.get(name, "") + text
            case ToolCall():
                wire.setdefault("tool_calls", []).append(encode_call(part))
            case _:
                pass
    return wire


def decode_citation(raw: msgspec.Raw) -> Citation:
    """One annotation. Raises ``UnreadableError`` for one that is not a ``url_citation``."""
    annotation = Members(raw)
    if annotation.take("type", STRING) != "url_citation":
        raise UnreadableError("another sort of annotation")
    citation = annotation.within("url_citation")
    url, title = citation.take("url", STRING), citation.take("title", STRING)
    start, end = citation.take("start_index", INTEGER), citation.take("end_index", INTEGER)
    return Citation(url, title, start, end, opaque=annotation.opaque(url_citation=citation.opaque()))


def encode_citation(citation: Citation) -> dict[str, Any]:
    """An annotation. The SDKs' types want each member there."""
    span = {"start_index": citation.start or 0, "end_index": citation.end or 0}
    source = {"url": citation.url or "", "title": citation.title or ""}
    return merge({"type": "url_citation", "url_citation": span | source}, citation.opaque)


def _answer(message: Members, *, call_prefix: str) -> tuple[Part, ...]:
    thinking = _thinking(message)
    content: tuple[Part, ...] = decode_content(message)
    refusal = message.take("refusal", STRING)
    if refusal is not None:
        content += (Refusal(refusal),)
    return (*thinking, *_cited(message, content), *_audio(message), *_calls(message, call_prefix=call_prefix))


def _thinking(message: Members) -> tuple[Thinking, ...]:
    for name in _THINKING:
        raw = bytes(message.peek(name))
        if raw.startswith(b'"') and raw != b'""':
            text = message.need(name, STRING)
            return (Thinking(text, opaque=Opaque(DIALECT, spelled(name)) if name == _THINKING[1] else None),)
    return ()


def _cited(message: Members, content: tuple[Part, ...]) -> tuple[Part, ...]:
    """Annotations belong to the text where there is just one; otherwise they stay opaque."""
    match content:
        case (Text() as text, *rest) if "annotations" in message:
            try:
                raws = RAWS.decode(message.peek("annotations"))
                citations = tuple(decode_citation(raw) for raw in raws)
            except (UnreadableError, msgspec.ValidationError):
                return content
            if not citations or any(isinstance(part, Text) for part in rest):
                return content
            message.take("annotations", RAW)
            return (msgspec.structs.replace(text, citations=citations), *rest)
        case _:
            return content


def _audio(message: Members) -> tuple[Audio, ...]:
    if "audio" not in message:
        return ()
    try:
        audio = Members(message.peek("audio"))
        identity, data = audio.need("id", STRING), audio.take("data", STRING)
        transcript, expires_at_s = audio.take("transcript", STRING), audio.take("expires_at", INTEGER)
    except UnreadableError:
        return ()
    message.take("audio", RAW)
    source = None if data is None else InlineSource(ANY_AUDIO, data)
    return (Audio(source, identity, transcript, expires_at_s, opaque=audio.opaque()),)


def _encode_audio(audio: Audio) -> dict[str, Any]:
    data = audio.source.data if isinstance(audio.source, InlineSource) else None
    wire = {"id": audio.id or "", "data": data, "transcript": audio.transcript, "expires_at": audio.expires_at_s}
    return merge(without_nulls(wire), audio.opaque)


def _calls(message: Members, *, call_prefix: str) -> tuple[ToolCall, ...]:
    """The calls; where one has a shape that is not known, all of them stay opaque."""
    if not bytes(message.peek("tool_calls")).startswith(b"["):
        return ()
    try:
        calls = tuple(
            decode_call(raw, f"{call_prefix}{index}" if call_prefix else None)
            for index, raw in enumerate(RAWS.decode(message.peek("tool_calls")))
        )
    except UnreadableError:
        return ()
    message.take("tool_calls", RAW)
    return calls


def _result(message: Members, word: str, name: str | None) -> ToolResult:
    call_id = "" if word == _FUNCTION else message.need("tool_call_id", STRING)
    parts = decode_results(message)
    is_own = not parts or any(is_media(part) for part in parts)
    return ToolResult(call_id, parts, name, opaque=Opaque(DIALECT, spelled(_CONTENT)) if is_own else None)


def _shown(media: list[Part]) -> dict[str, Any]:
    return {"role": Role.USER.value, "content": encode_content(tuple(media))}


def _encode_result(result: ToolResult, message: Message) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": "tool", "tool_call_id": result.call_id} if result.call_id else {"role": _FUNCTION}
    apart = shown_apart(result)
    content = encode_content(tuple(part for part in result.parts if part not in apart))
    wire["content"] = content if is_spelled(result.opaque, _CONTENT) else content or ""
    if result.name is not None:
        wire["name"] = result.name
    return merge(wire | encode_cache(result.cache or message.cache), message.opaque)


def _is_field(part: Part, *, is_reply: bool) -> bool:
    """Whether the dialect keeps such a part in a member of its own, beside ``content``."""
    match part:
        case Thinking() | ToolCall():
            return True
        case Refusal():
            return is_reply or not is_spelled(part.opaque, AS_PART)
        case Audio():
            return is_reply or part.id is not None
        case _:
            return False
