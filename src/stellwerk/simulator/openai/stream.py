"""Writes chat completions as streams: role, deltas, finish reason, usage, as OpenAI orders and cuts them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import msgspec

from stellwerk.simulator.answer import Answer, Choice
from stellwerk.simulator.ask import Ask
from stellwerk.simulator.dialect import Stamp
from stellwerk.simulator.logprobs import logprobs_of
from stellwerk.simulator.openai.response import FINGERPRINT, call_of
from stellwerk.simulator.openai.usage import usage_of

TERMINATOR = b"data: [DONE]\n\n"

_encode = msgspec.json.encode


def chunks(ask: Ask, answer: Answer, stamp: Stamp) -> Iterator[bytes]:
    """The events of a stream, without ``[DONE]``. Candidates take turns."""
    frame = _Frame(ask, stamp)
    for turn in zip_longest(*[_choice(frame, index, choice) for index, choice in enumerate(answer.choices)]):
        yield from (event for event in turn if event is not None)
    if ask.wants_usage:
        yield frame.closing(answer)


class _Frame:
    """What is the same around each delta of one stream, encoded once."""

    def __init__(self, ask: Ask, stamp: Stamp) -> None:
        self.logprobs = ask.logprobs
        self._head = b"data: " + _encode(
            {
                "id": f"chatcmpl-{stamp.id}",
                "object": "chat.completion.chunk",
                "created": stamp.created,
                "model": ask.model,
                "service_tier": "default",
                "system_fingerprint": FINGERPRINT,
            }
        ).removesuffix(b"}")
        self._tail = b',"usage":null}\n\n' if ask.wants_usage else b"}\n\n"

    def around(self, index: int) -> tuple[bytes, bytes]:
        """What stands before and behind a delta without log-probabilities and finish reason."""
        head = b'%b,"choices":[{"index":%d,"delta":' % (self._head, index)
        return head, b',"logprobs":null,"finish_reason":null}]' + self._tail

    def chunk(self, index: int, delta: dict[str, Any], *, finish: str | None = None, logprobs: Any = None) -> bytes:
        """Any one event."""
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return b'%b,"choices":[%b]%b' % (self._head, _encode(choice), self._tail)

    def closing(self, answer: Answer) -> bytes:
        """The event with the usage."""
        return b'%b,"choices":[],"usage":%b}\n\n' % (self._head, _encode(usage_of(answer.usage)))


def _choice(frame: _Frame, index: int, choice: Choice) -> Iterator[bytes]:
    if choice.calls:
        yield from _calls(frame, index, choice)
    else:
        yield from _text(frame, index, choice)
    yield frame.chunk(index, {}, finish=choice.finish)


def _text(frame: _Frame, index: int, choice: Choice) -> Iterator[bytes]:
    key = "refusal" if choice.is_refusal else "content"
    opening = {"role": "assistant", "content": None if choice.is_refusal else "", "refusal": None}
    yield frame.chunk(index, opening)
    if frame.logprobs is not None:
        for token, entry in zip(choice.tokens, logprobs_of(choice, frame.logprobs), strict=True):
            shown = {"content": None, "refusal": None, key: [entry]}
            yield frame.chunk(index, {key: token}, logprobs=shown)
        return
    head, tail = frame.around(index)
    head += b'{"%b":' % key.encode()
    tail = b"}" + tail
    for token in choice.tokens:
        yield head + _encode(token) + tail


def _calls(frame: _Frame, index: int, choice: Choice) -> Iterator[bytes]:
    opening: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    head, tail = frame.around(index)
    for position, call in enumerate(choice.calls):
        yield frame.chunk(index, {**opening, "tool_calls": [{"index": position, **call_of(call, "")}]})
        opening = {}
        key = b'"custom":{"input":' if call.is_free_text else b'"function":{"arguments":'
        before = b'%b{"tool_calls":[{"index":%d,%b' % (head, position, key)
        behind = b"}}]}" + tail
        for fragment in call.fragments:
            yield before + _encode(fragment) + behind
