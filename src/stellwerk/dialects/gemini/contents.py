"""Contents between this dialect and neutral messages."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from stellwerk.core.chat import Message, Role
from stellwerk.core.part import OpaquePart, Part, Thinking, ToolCall, ToolResult
from stellwerk.dialects.gemini.calls import (
    SKIP_VALIDATION,
    encode_call,
    encode_result,
    read_call,
    read_result,
    result_name,
)
from stellwerk.dialects.gemini.models import needs_signatures, takes_media_in_results
from stellwerk.dialects.gemini.parts import encode_part, kind_of, read_part, signed
from stellwerk.dialects.gemini.plain_content import read_plainly
from stellwerk.dialects.gemini.types import DIALECT, Members, is_marked, mark, merge, take_raws
from stellwerk.dialects.members import STRING, Refuse, UnreadableError
from stellwerk.errors import InvalidRequest

JOINED = "parts"
"""Marks a message that stood in one content with the message before it."""

_ROLES = {"user": Role.USER, "model": Role.ASSISTANT, "function": Role.USER}
_WIRE_ROLES = {Role.ASSISTANT: "model"}  # everyone else speaks as the user


def decode_contents(raws: Iterable[msgspec.Raw], refuse: Refuse) -> list[Message]:
    """``contents``: a message each, or several where responses of functions stand beside something else."""
    calls = _OpenCalls()
    messages: list[Message] = []
    for index, raw in enumerate(raws):
        plain = read_plainly(raw)
        if plain is not None:
            messages.append(plain)
        else:
            messages += _decode_content(Members(raw, f"contents[{index}]", refuse), index, refuse, calls)
    return messages


def decode_answer(content: Members, refuse: Refuse, call_prefix: str) -> Message:
    """The ``content`` of a candidate. Calls without an id are named by the prefix and their number."""
    marks = _take_role(content)[1]
    if "parts" not in content:
        marks += ("parts",)
    parts: list[Part] = []
    calls = 0
    for raw in take_raws(content, "parts"):
        part = decode_answer_part(raw, refuse, f"{call_prefix}{calls}")
        calls += isinstance(part, ToolCall)
        parts.append(part)
    return Message(Role.ASSISTANT, tuple(parts), opaque=mark(content.opaque(), *marks))


def decode_answer_part(raw: msgspec.Raw, refuse: Refuse, call_id: str) -> Part:
    """One part of an answer. A call without an id gets this one."""
    return _decode_part(raw, "parts", refuse, call_id, None)


def encode_contents(messages: Sequence[Message], model: str) -> list[dict[str, Any]]:
    """``contents``. Results of one turn's calls come in one content and in the order of the calls.

    Raises ``InvalidRequest`` for a result that neither names its function nor belongs to a call.
    """
    writer = _ContentWriter(model)
    for message in messages:
        writer.write(message)
    return writer.finish()


def encode_parts(parts: Iterable[Part]) -> list[Any]:
    """Parts of an answer or a question; those that this dialect has no form for are left out."""
    wires = (encode_call(part) if isinstance(part, ToolCall) else encode_part(part) for part in parts)
    return [wire for wire in wires if wire is not None]


class _OpenCalls:
    """Calls that have had no response yet, to be paired by name and order."""

    __slots__ = ("_by_name",)

    def __init__(self) -> None:
        self._by_name: dict[str, deque[str]] = {}

    def add(self, call: ToolCall) -> None:
        self._by_name.setdefault(call.name, deque()).append(call.id)

    def answer(self, part: Members, fallback_id: str) -> str:
        """The id of the call that this response answers."""
        name, identity = result_name(part)
        waiting = self._by_name.get(name)
        if not waiting:
            return identity or fallback_id
        if identity is None:
            return waiting.popleft()
        if waiting[0] == identity:
            waiting.popleft()
        return identity


def _decode_content(content: Members, index: int, refuse: Refuse, calls: _OpenCalls) -> Iterator[Message]:
    role, marks = _take_role(content)
    parts: list[Part] = []
    path = content.path("parts")
    for number, raw in enumerate(take_raws(content, "parts")):
        part = _decode_part(raw, f"{path}[{number}]", refuse, f"call_{index}_{number}", calls)
        if isinstance(part, Thinking) and part.signature is not None and not part.text:
            part = _sign(parts, part)
        parts.append(part)
    opaque = mark(content.opaque(), *marks)
    runs = _runs(parts)
    if not runs:
        yield Message(role, (), opaque=mark(opaque, "empty"))
    for number, run in enumerate(runs):
        is_result = isinstance(run[0], ToolResult)
        yield Message(
            Role.TOOL if is_result else role, tuple(run), opaque=opaque if number == 0 else mark(None, JOINED)
        )


def _take_role(content: Members) -> tuple[Role, tuple[str, ...]]:
    """Who speaks; and a mark where the content does not say it, or says it in the old way."""
    word = content.take("role", STRING)
    if word is None:
        return Role.USER, ("role",)
    role = _ROLES.get(word)
    if role is None:
        content.fail(f"Invalid value: '{word[:64]}'. Supported values are: 'user', 'model'.", "role")
    return role, ("function",) if word == "function" else ()


def _decode_part(raw: msgspec.Raw, path: str, refuse: Refuse, call_id: str, calls: _OpenCalls | None) -> Part:
    try:
        part = Members(raw)
    except UnreadableError:
        part = Members(raw, path, refuse)  # says what is wrong with it, and where
    kind = kind_of(part)
    try:
        if kind == "functionCall":
            call = read_call(part, call_id)
            if calls is not None:
                calls.add(call)
            return call
        if kind == "functionResponse" and calls is not None:
            return read_result(part, calls.answer(part, call_id))
    except UnreadableError:
        return OpaquePart(DIALECT, kind, raw)
    return read_part(part, raw)


def _sign(parts: list[Part], signature: Thinking) -> Thinking:
    """Thinking that was streamed in pieces, with its signature behind them, is one again: it must go back whole."""
    pieces: list[str] = []
    while parts and isinstance(piece := parts[-1], Thinking) and piece.signature is None:
        pieces.append(piece.text)
        parts.pop()
    return msgspec.structs.replace(signature, text="".join(reversed(pieces)))


def _runs(parts: Iterable[Part]) -> list[list[Part]]:
    """Results of tools apart from everything else, in their order."""
    runs: list[list[Part]] = []
    for part in parts:
        if runs and isinstance(runs[-1][0], ToolResult) == isinstance(part, ToolResult):
            runs[-1].append(part)
        else:
            runs.append([part])
    return runs


class _ContentWriter:
    """Writes contents one message at a time; results wait until all of their turn are there."""

    __slots__ = ("_contents", "_has_media", "_is_signing", "_names", "_order", "_results", "_results_of")

    def __init__(self, model: str) -> None:
        self._contents: list[dict[str, Any]] = []
        self._is_signing = needs_signatures(model)
        self._has_media = takes_media_in_results(model)
        self._names: dict[str, str] = {}
        self._order: dict[str, int] = {}
        self._results: list[ToolResult] = []
        self._results_of: Message | None = None  # the message that the first of them stands in

    def write(self, message: Message) -> None:
        if message.role is Role.TOOL:
            self._results_of = self._results_of or message
            self._results += [part for part in message.parts if isinstance(part, ToolResult)]
            return
        self._write_results()
        parts = self._answer(message) if message.role is Role.ASSISTANT else encode_parts(message.parts)
        # What cannot be said here at all is left out: a content must say something.
        if parts or is_marked(message.opaque, "empty"):
            self._add(message, parts)

    def finish(self) -> list[dict[str, Any]]:
        """All contents."""
        self._write_results()
        return self._contents

    def _add(self, message: Message, parts: list[Any]) -> None:
        if is_marked(message.opaque, JOINED) and self._contents:
            self._contents[-1]["parts"] += parts
            return
        wire: dict[str, Any] = {"role": _WIRE_ROLES.get(message.role, "user"), "parts": parts}
        if is_marked(message.opaque, "role"):
            del wire["role"]
        elif is_marked(message.opaque, "function"):
            wire["role"] = "function"
        self._contents.append(merge(wire, message.opaque))

    def _answer(self, message: Message) -> list[Any]:
        calls = [part for part in message.parts if isinstance(part, ToolCall)]
        self._names.update((call.id, call.name) for call in calls)
        self._order = {call.id: index for index, call in enumerate(calls)}
        wires = encode_parts(message.parts)
        if self._is_signing and calls and not any(call.signature for call in calls):
            signed(next(wire for wire in wires if type(wire) is dict and "functionCall" in wire), SKIP_VALIDATION)
        return wires

    def _write_results(self) -> None:
        message, results = self._results_of, self._results
        self._results_of, self._results = None, []
        if message is None or not results:
            return
        last = len(self._order)
        results.sort(key=lambda result: self._order.get(result.call_id, last))
        entries = (encode_result(result, self._name(result), has_media=self._has_media) for result in results)
        self._add(message, [wire for entry in entries for wire in entry])

    def _name(self, result: ToolResult) -> str:
        name = result.name or self._names.get(result.call_id)
        if not name:
            told = f"The result of tool call '{result.call_id[:64]}' follows no call of that id."
            raise InvalidRequest(told, param="messages")
        return name
