"""Writes messages as streams: blocks one after the other, pings between, usage at both ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from stellwerk.simulator.answer import Answer, Choice
from stellwerk.simulator.anthropic.response import call_of, ending, opening, thinking_of
from stellwerk.simulator.anthropic.usage import input_usage, output_usage
from stellwerk.simulator.ask import Ask
from stellwerk.simulator.dialect import Stamp

PING = b'event: ping\ndata: {"type": "ping"}\n\n'
PING_EVENTS = 200
"""After so many pieces of one block another ping comes."""
TERMINATOR = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'

_encode = msgspec.json.encode


def events(ask: Ask, answer: Answer, stamp: Stamp) -> Iterator[bytes]:
    """The events of a stream, without ``message_stop``."""
    choice = answer.choices[0]
    before = input_usage(ask, answer)
    usage = {**before, "output_tokens": 1, "service_tier": "standard"}
    stops = {"stop_reason": None, "stop_sequence": None, "stop_details": None}
    yield _event("message_start", {"message": {**opening(ask, stamp), "content": [], **stops, "usage": usage}})
    for index, (block, kind, key, pieces, signature) in enumerate(_blocks(ask, choice)):
        yield _event("content_block_start", {"index": index, "content_block": block})
        if index == 0:
            yield PING
        yield from _deltas(index, kind, key, pieces)
        if signature:
            delta = {"type": "signature_delta", "signature": signature}
            yield _event("content_block_delta", {"index": index, "delta": delta})
        yield _event("content_block_stop", {"index": index})
    del before["cache_creation"]
    yield _event("message_delta", {"delta": ending(choice), "usage": {**before, **output_usage(answer)}})


_Block = tuple[dict[str, Any], str, str, Sequence[str], str]


def _blocks(ask: Ask, choice: Choice) -> Iterator[_Block]:
    """Each block as it starts, the type and the key of its deltas, what they carry, and a signature at their end."""
    thought = thinking_of(ask, choice)
    if thought is not None and thought["type"] == "redacted_thinking":
        yield thought, "", "", (), ""
    elif thought is not None:
        begun = {"type": "thinking", "thinking": "", "signature": ""}
        shown = () if ask.form.is_omitted else choice.thoughts
        yield begun, "thinking_delta", "thinking", shown, thought["signature"]
    if choice.tokens:
        yield {"type": "text", "text": ""}, "text_delta", "text", choice.tokens, ""
    for call in choice.calls:
        written = [] if call.fragments == ["{}"] else call.fragments
        yield {**call_of(call), "input": {}}, "input_json_delta", "partial_json", ["", *written], ""


def _deltas(index: int, kind: str, key: str, pieces: Sequence[str]) -> Iterator[bytes]:
    head = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":' % index
    head += b'{"type":"%b","%b":' % (kind.encode(), key.encode())
    for number, piece in enumerate(pieces, 1):
        yield head + _encode(piece) + b"}}\n\n"
        if number % PING_EVENTS == 0:
            yield PING


def _event(name: str, fields: dict[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), _encode({"type": name, **fields}))
