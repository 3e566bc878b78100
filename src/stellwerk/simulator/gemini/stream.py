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
    ratings_of,
    signature_of,
)
from stellwerk.simulator.gemini.usage import prompt_of, usage_of

_encode = msgspec.json.encode


def responses(ask: Ask, answer: Answer, stamp: Stamp) -> Iterator[bytes]:
    """The responses of a stream as JSON, without framing. Candidates take turns."""
    if is_blocked(answer):
        yield _encode(blocked(ask, answer, stamp))
        return
    tail = b',"usageMetadata":%b,' % _encode(prompt_of(answer.usage)) + _encode(identity(ask, stamp))[1:]
    last = b',"usageMetadata":%b,' % _encode(usage_of(answer.usage)) + _encode(identity(ask, stamp))[1:]
    streams = [_choice(ask, number, choice) for number, choice in enumerate(answer.choices)]
    held: bytes | None = None
    for turn in zip_longest(*streams):
        for made in turn:
            if made is not None:
                if held is not None:
                    yield held + tail
                held = b'{"candidates":[%b]' % made
    yield (held or b"{") + last


def _choice(ask: Ask, number: int, choice: Choice) -> Iterator[bytes]:
    head = b'{"content":{"parts":[{"text":'
    behind = b'}],"role":"model"},"index":%d}' % number
    for token in choice.thoughts:
        yield head + _encode(token) + b',"thought":true' + behind
    for token in choice.tokens:
        yield head + _encode(token) + behind
    for part in calls_of(ask, choice):
        yield _encode(candidate(number, choice, [part]))
    closing: list[dict[str, Any]] = []
    if choice.tokens and demands_signatures(ask.model):
        closing.append({"text": "", **signature_of(ask, choice)})
    yield _encode(candidate(number, choice, closing) | {"finishReason": finish_of(choice)} | ratings_of(choice))
