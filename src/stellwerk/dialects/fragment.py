"""As much of a cut-off JSON object as is whole: where a call's arguments must be one, whatever the model wrote."""

from __future__ import annotations

import re

import msgspec

EMPTY = msgspec.Raw(b"{}")

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{},:]|[^\s"\[\]{},:]++|"', re.DOTALL)
_CLOSERS = {"{": "}", "[": "]"}


def best_object(text: str) -> msgspec.Raw:
    """The object that the text is, or the longest beginning of it that can be closed into one, or an empty one.

    A string, number or word in last place may be cut off and is left out; a name without its value too.
    """
    if not text:
        return EMPTY
    whole = _checked(text)
    return whole if whole is not None else _checked(_closed(text)) or EMPTY


def is_object(text: str) -> bool:
    """Whether the text is a JSON object."""
    return text.lstrip()[:1] == "{" and _checked(text) is not None


def _checked(text: str) -> msgspec.Raw | None:
    data = text.encode(errors="replace")
    try:
        _OBJECT.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return msgspec.Raw(data)


def _closed(text: str) -> str:
    """The text up to its last whole value, with what is open there closed."""
    open_: list[str] = []
    end = 0
    is_value = True  # what comes next is a value, not a member's name
    for token in _TOKEN.finditer(text):
        word = token[0]
        if word in _CLOSERS:
            open_.append(_CLOSERS[word])
            is_value = word == "["
        elif word in {"}", "]"}:
            if open_[-1:] != [word]:
                break
            open_.pop()
        elif word == ",":
            is_value = open_[-1:] == ["]"]
            continue
        elif word == ":":
            is_value = True
            continue
        elif word == '"':
            break  # a string that does not end
        elif not is_value or (token.end() == len(text) and not word.startswith('"')):
            continue  # a name, or a number or word that may go on
        end = token.end()
    return text[:end] + "".join(reversed(open_))
