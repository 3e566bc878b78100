"""The shape of a typical chunk of OpenAI's older dialects: what stays the same while only its text changes.

A stream says the same thing thousands of times around a few characters of text. Once one such event is understood,
another of the same shape needs three comparisons instead of a reading.
"""

from __future__ import annotations

import re

import msgspec

from stellwerk.core.shape import Shape

# The text of chat begins behind the key of the delta's last string. OpenAI pads each chunk with random characters
# against guessing by length, in a member at its end.
_TEXT = re.compile(rb'"delta":[ ]?\{(?:[^{}"]|"[^"\\]*")*?"[a-z_]+":[ ]?"(?=[^"\\]+")|"text":[ ]?"(?=[^"\\]+")')
_PADDING = re.compile(rb'"obfuscation":[ ]?"')
_PROBE = b"stellwerk"


def learn(raw: bytes) -> Shape | None:
    """The shape of one raw event; ``None`` when it is not a typical one: one line, one choice, one string of text."""
    text = _TEXT.search(raw)
    if text is None or raw.find(b"\n") != len(raw) - 2 or raw.find(b"\r") >= 0 or not raw.startswith(b"data: {"):
        return None
    opening = raw[: text.end()]
    rest = raw[raw.index(b'"', text.end()) :]
    closing, ending = rest, b""
    padding = _PADDING.search(rest)
    if padding is not None:
        closing = rest[: padding.end()]
        ending = rest[rest.index(b'"', padding.end()) :]
    # The proof: with other text in its place it is still JSON in which that text is the delta's, and says no more.
    probe = opening[6:] + _PROBE + closing + (_PROBE if ending else b"") + ending
    return (opening, closing, ending) if _is_typical(probe) else None


def is_padded(data: bytes, at: int, ending: bytes) -> bool:
    """Whether nothing but padding and the end of the event follow from ``at`` on."""
    return data.find(b'"', at) == len(data) - len(ending) and data.endswith(ending)


def _is_typical(data: bytes) -> bool:
    try:
        choices = msgspec.json.decode(data)["choices"]
        said = choices[0].get("delta", choices[0])
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, IndexError, TypeError, AttributeError):
        return False
    return len(choices) == 1 and any(value == _PROBE.decode() for name, value in said.items() if name != "role")
