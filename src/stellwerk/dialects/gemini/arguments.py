"""Arguments of a call as a JSON object, also where the text of them was cut off."""

from __future__ import annotations

import re

import msgspec

_NONE = msgspec.Raw(b"{}")
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
# A whole string, a bracket, a comma, or anything else that is no space.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},:]|[^\s\[\]{},:"]++|"', re.DOTALL)
_CLOSING = {"{": "}", "[": "]"}


def to_object(text: str) -> msgspec.Raw:
    """The text itself where it is a JSON object, else what of it is whole, else an empty object.

    A reply that ran into its token limit leaves arguments cut off: members and elements that are whole are kept, the
    value that breaks off is not. Linear time, and no recursion of its own.
    """
    if not text:
        return _NONE
    if _is_object(text):
        return msgspec.Raw(text.encode())
    whole = _whole_part(text)
    return msgspec.Raw(whole.encode()) if _is_object(whole) else _NONE


def is_object(text: str) -> bool:
    """Whether the text is a JSON object."""
    return text.lstrip()[:1] == "{" and _is_object(text)


def _is_object(text: str) -> bool:
    try:
        _OBJECT.decode(text.encode())
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True


def _whole_part(text: str) -> str:
    """The text up to its last whole member or element, with the brackets closed that are open there."""
    open_: list[str] = []
    end = 0  # up to where the text is whole, once the brackets that are open there are closed
    for token in _TOKEN.finditer(text):
        word = token[0]
        if word in _CLOSING:
            open_.append(word)
            end = token.end()
        elif word in {"}", "]"}:
            if not open_:
                break
            open_.pop()
            end = token.end()
        elif word == ",":
            end = token.start()
        elif word == '"':
            break
    return text[:end] + "".join(_CLOSING[bracket] for bracket in reversed(open_))
