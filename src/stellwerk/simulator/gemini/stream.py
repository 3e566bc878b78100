"""Writes answers as streams of responses: thoughts, then text token by token or calls, the usage in each of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import msgspec

from stellwerk.simulator.answer import Answer, Choice
from stellwerk.simulator.ask import Ask
from stellwerk.simulator.dialect import Stamp
from stellwerk.simulator.gemini.names import demands_signatures
from stellwerk.simulator.gemini.response import (
    blocked,
    calls_of,
    candidate,
    finish_of,
    identity,
    is_blocked,
    logprobs_in,
    ratings_of,
    signature_of,
)
from stellwerk.simulator.gemini.usage import prompt_of, usage_of

_encode = msgspec.json.encode


def opening(ask: Ask, answer: Answer, stamp: Stamp) -> Iterator[bytes]:
    """The responses of a stream as JSON, without framing and without the ones that close it. Candidates take turns."""
    if is_blocked(answer):
        return
    tail = _tail(ask, prompt_of(answer.usage), stamp)
    for turn in zip_longest(*[_parts(ask, number, choice) for number, choice in enumerate(answer.choices)]):
        for made in turn:
            if made is not None:
                yield b'{"candidates":[%b]%b' % (made, tail)


def closing(ask: Ask, answer: Answer, stamp: Stamp) -> list[bytes]:
    """The responses that close a stream: for each candidate one that says why it ends, with the whole usage."""
    if is_blocked(answer):
        return [_encode(blocked(ask, answer, stamp))]
    tail = _tail(ask, usage_of(answer.usage), stamp)
    ends = [_end(ask, number, choice) for number, choice in enumerate(answer.choices)]
    return [b'{"candidates":[%b]%b' % (_encode(end), tail) for end in ends]


def _tail(ask: Ask, usage: dict[str, Any], stamp: Stamp) -> bytes:
    return b',"usageMetadata":%b,%b' % (_encode(usage), _encode(identity(ask, stamp))[1:])


def _end(ask: Ask, number: int, choice: Choice) -> dict[str, Any]:
    is_signed = choice.tokens and demands_signatures(ask.model)
    parts = [{"text": "", **signature_of(ask, choice)}] if is_signed else []
    return (
        candidate(number, parts) | {"finishReason": finish_of(choice)} | ratings_of(choice) | logprobs_in(ask, choice)
    )


def _parts(ask: Ask, number: int, choice: Choice) -> Iterator[bytes]:
    head = b'{"content":{"parts":[{"text":'
    behind = b'}],"role":"model"},"index":%d}' % number
    for token in choice.thoughts:
        yield head + _encode(token) + b',"thought":true' + behind
    for token in choice.tokens:
        yield head + _encode(token) + behind
    for part in calls_of(ask, choice):
        yield _encode(candidate(number, [part]))
