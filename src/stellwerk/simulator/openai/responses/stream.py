"""Writes responses as streams: every item with its beginning, its deltas and its end, all events numbered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from stellwerk.simulator.answer import Answer, Choice
from stellwerk.simulator.ask import Ask
from stellwerk.simulator.dialect import Stamp
from stellwerk.simulator.logprobs import logprobs_of
from stellwerk.simulator.openai.responses.response import begun, message, response_of
from stellwerk.simulator.refusal import Refusal

_encode = msgspec.json.encode
_PADDING = "x" * 16


def events(ask: Ask, answer: Answer, stamp: Stamp) -> Iterator[bytes]:
    """The events of a stream; the last one has the whole response."""
    pen = _Pen(ask.form.is_obfuscated)
    under_way = begun(ask, stamp)
    yield pen.event("response.created", {"response": under_way})
    yield pen.event("response.in_progress", {"response": under_way})
    response = response_of(ask, answer, stamp)
    choice = answer.choices[0]
    calls = iter(choice.calls)
    for index, item in enumerate(response["output"]):
        match item["type"]:
            case "reasoning":
                yield from _thought(pen, index, item, choice)
            case "message":
                yield from _message(pen, index, item, choice, ask.logprobs)
            case _:
                yield from _call(pen, index, item, next(calls).fragments)
        yield pen.event("response.output_item.done", {"output_index": index, "item": item})
    yield pen.event(f"response.{response['status']}", {"response": response})


def error_event(refusal: Refusal) -> bytes:
    """An error in the middle of a stream."""
    error = {"code": refusal.code or "server_error", "message": refusal.message, "param": refusal.param}
    return _line("error", {"type": "error", **error, "sequence_number": refusal.after_events})


class _Pen:
    """Numbers the events of one stream."""

    def __init__(self, is_obfuscated: bool) -> None:  # noqa: FBT001 (the one thing that it has to know)
        self._number = 0
        self._is_obfuscated = is_obfuscated

    def event(self, name: str, fields: dict[str, Any]) -> bytes:
        """The next event."""
        number = self._number
        self._number += 1
        return _line(name, {"type": name, "sequence_number": number, **fields})

    def delta(self, name: str, fields: dict[str, Any], delta: str) -> bytes:
        """The next event, with a delta that is padded so that its length tells nothing."""
        padding = {"obfuscation": _PADDING[: 16 - len(delta) % 16]} if self._is_obfuscated else {}
        return self.event(name, {**fields, "delta": delta, **padding})


def _thought(pen: _Pen, index: int, item: dict[str, Any], choice: Choice) -> Iterator[bytes]:
    yield pen.event("response.output_item.added", {"output_index": index, "item": {**item, "summary": []}})
    if not item["summary"]:
        return
    where = {"item_id": item["id"], "output_index": index, "summary_index": 0}
    empty = {"type": "summary_text", "text": ""}
    yield pen.event("response.reasoning_summary_part.added", {**where, "part": empty})
    for token in choice.thoughts:
        yield pen.delta("response.reasoning_summary_text.delta", where, token)
    part = item["summary"][0]
    yield pen.event("response.reasoning_summary_text.done", {**where, "text": part["text"]})
    yield pen.event("response.reasoning_summary_part.done", {**where, "part": part})


def _message(pen: _Pen, index: int, item: dict[str, Any], choice: Choice, logprobs: int | None) -> Iterator[bytes]:
    added = message(item["id"], "in_progress")
    yield pen.event("response.output_item.added", {"output_index": index, "item": added})
    where = {"item_id": item["id"], "output_index": index, "content_index": 0}
    part = item["content"][0]
    if part["type"] == "refusal":
        yield pen.event("response.content_part.added", {**where, "part": {"type": "refusal", "refusal": ""}})
        for token in choice.tokens:
            yield pen.delta("response.refusal.delta", where, token)
        yield pen.event("response.refusal.done", {**where, "refusal": part["refusal"]})
    else:
        empty = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        yield pen.event("response.content_part.added", {**where, "part": empty})
        entries = list(logprobs_of(choice, logprobs)) if logprobs is not None else None
        for number, token in enumerate(choice.tokens):
            shown = [entries[number]] if entries is not None else []
            yield pen.delta("response.output_text.delta", {**where, "logprobs": shown}, token)
        done = {**where, "text": part["text"], "logprobs": part["logprobs"]}
        yield pen.event("response.output_text.done", done)
    yield pen.event("response.content_part.done", {**where, "part": part})


def _call(pen: _Pen, index: int, item: dict[str, Any], fragments: list[str]) -> Iterator[bytes]:
    key = "input" if item["type"] == "custom_tool_call" else "arguments"
    name = "response.custom_tool_call_input" if key == "input" else "response.function_call_arguments"
    added = {**item, key: "", "status": "in_progress"}
    yield pen.event("response.output_item.added", {"output_index": index, "item": added})
    where = {"item_id": item["id"], "output_index": index}
    for fragment in fragments:
        yield pen.delta(f"{name}.delta", where, fragment)
    done = {**where, "name": item["name"]} if key == "arguments" else where
    yield pen.event(f"{name}.done", {**done, key: item[key]})


def _line(name: str, fields: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), _encode(fields))
