"""What one request says about its own answer: ``x-simulate: fault=429; tokens=5``, or ``[[fault=429]]`` in its text.

The marker in the text passes through any gateway. The header wins where both speak. Values are percent-decoded, so that
``;`` can be written as ``%3B``.
"""

from __future__ import annotations

import math
import re
from typing import Literal
from urllib.parse import unquote

import msgspec

from stellwerk.simulator.fault import Fault
from stellwerk.simulator.prose import Language
from stellwerk.simulator.reading import read_struct
from stellwerk.simulator.refusal import Refusal

HEADER = b"x-simulate"


class Steering(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that a request can ask for; ``None`` leaves it to the scenario."""

    fault: str | None = None
    """A kind of fault, or ``none`` against the scenario's plan."""
    times: int | None = None
    """The fault happens only to the first so many requests with this content."""
    at: str | None = None
    """Only the provider of this name is meant."""
    after_events: int | None = None
    reset: bool | None = None
    retry_after_s: float | None = None
    delay_ms: float | None = None
    shape: str | None = None
    byte_ms: float | None = None
    length_offset: int | None = None
    code: str | None = None
    message: str | None = None
    ttft_ms: float | None = None
    token_ms: float | None = None
    tokens: int | None = None
    """Length of the answer."""
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None
    say: str | None = None
    """The answer's text, word for word."""
    refusal: bool = False
    finish: Literal["stop", "length", "content_filter", "failed"] | None = None
    call: str | None = None
    """Names of the tools to call, separated by commas; ``none`` for no call."""
    calls: int | None = None
    """How many tools to call at once."""
    language: Language | None = None

    def __post_init__(self) -> None:
        """Refuses what no answer can be."""
        amounts = (self.times, self.ttft_ms, self.token_ms, self.tokens, self.reasoning_tokens, self.cached_tokens)
        if any(amount is not None and not 0 <= amount < math.inf for amount in (*amounts, self.calls)):
            raise ValueError("expected times and amounts that are not negative")


NOTHING = Steering()

_WHOLE_MARKER = re.compile(r"\[\[([^\[\]]*)\]\]")
_FLAGS = frozenset({"refusal", "reset"})
_FAULT_FIELDS = tuple(name for name in Fault.__struct_fields__ if name != "kind")


def read_steering(header: bytes | None, text: str) -> Steering:
    """What a request asks for in its header and its text. Raises ``Refusal`` with everything that is wrong with it."""
    if header is None and "[[" not in text:
        return NOTHING
    wishes: dict[str, str] = {}
    for marker in _WHOLE_MARKER.finditer(text):
        if _is_wish(marker.group(1)):
            wishes.update(_pairs(marker.group(1)))
    if header is not None:
        wishes.update(_pairs(header.decode("utf-8", "replace")))
    if not wishes:
        return NOTHING
    problems: list[str] = []
    steering = read_struct(Steering, wishes, "", problems, is_text=True)
    if steering is None:
        raise Refusal(400, "The simulator cannot do what was asked: " + "; ".join(problems), code="invalid_steering")
    steered_fault(steering)
    return steering


def without_markers(text: str) -> str:
    """``text`` as its reader meant it."""
    if "[[" not in text:
        return text
    return _WHOLE_MARKER.sub(lambda marker: "" if _is_wish(marker.group(1)) else marker.group(), text)


def steered_fault(steering: Steering) -> Fault | None:
    """The fault that a request asks for. Raises ``Refusal`` when it cannot be one."""
    if steering.fault is None or steering.fault == "none":
        return None
    wishes: dict[str, object] = {"kind": steering.fault}
    wishes.update((name, value) for name in _FAULT_FIELDS if (value := getattr(steering, name)) is not None)
    problems: list[str] = []
    fault = read_struct(Fault, wishes, "", problems)
    if fault is None:
        raise Refusal(400, "The simulator cannot do what was asked: " + "; ".join(problems), code="invalid_steering")
    return fault


def _is_wish(marker: str) -> bool:
    """Whether double brackets are meant for the simulator: their first word must be one of its own."""
    name, equals, _ = marker.partition(";")[0].partition("=")
    name = name.strip()
    return name in Steering.__struct_fields__ if equals else name in _FLAGS


def _pairs(text: str) -> dict[str, str]:
    pairs = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if name.strip():
            pairs[name.strip()] = unquote(value.strip()) if equals else "true"
    return pairs
