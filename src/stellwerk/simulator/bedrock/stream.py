"""Writes answers as streams of frames, as Bedrock orders them; only calls announce their block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from stellwerk.simulator.answer import Answer, Call
from stellwerk.simulator.ask import Ask
from stellwerk.simulator.bedrock.frames import event
from stellwerk.simulator.bedrock.response import call_id, metadata_of, signature_of, spoken, stop_of
from stellwerk.simulator.dialect import Stamp

_PADDING = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def frames(ask: Ask, answer: Answer) -> Iterator[bytes]:
    """The frames of a stream, all but the metadata."""
    choice = answer.choices[0]
    yield _event("messageStart", {"role": "assistant"})
    index = 0
    if choice.thoughts:
        for token in choice.thoughts:
            yield _delta(index, {"reasoningContent": {"text": token}})
        signature = signature_of(ask, choice)
        if signature is not None:
            yield _delta(index, {"reasoningContent": {"signature": signature}})
        yield _event("contentBlockStop", {"contentBlockIndex": index})
        index += 1
    if tokens := spoken(ask, choice):
        for token in tokens:
            yield _delta(index, {"text": token})
        yield _event("contentBlockStop", {"contentBlockIndex": index})
        index += 1
    for position, call in enumerate(choice.calls, index):
        yield from _call(position, call)
    yield _event("messageStop", stop_of(ask, choice))


def metadata(ask: Ask, answer: Answer, stamp: Stamp) -> bytes:
    """The frame that completes a stream."""
    return _event("metadata", metadata_of(ask, answer, stamp))


def _call(index: int, call: Call) -> Iterator[bytes]:
    start = {"toolUse": {"toolUseId": call_id(call), "name": call.name}}
    yield _event("contentBlockStart", {"start": start, "contentBlockIndex": index})
    for fragment in call.fragments:
        yield _delta(index, {"toolUse": {"input": fragment}})
    yield _event("contentBlockStop", {"contentBlockIndex": index})


def _delta(index: int, delta: dict[str, Any]) -> bytes:
    return _event("contentBlockDelta", {"contentBlockIndex": index, "delta": delta})


def _event(kind: str, content: dict[str, Any]) -> bytes:
    """An event with a padding that hides its length, as Bedrock pads them."""
    payload = msgspec.json.encode(content)
    padding = _PADDING[: 4 + len(payload) * 7 % 58]
    return event(kind, b'%b,"p":"%b"}' % (payload[:-1], padding.encode()))
