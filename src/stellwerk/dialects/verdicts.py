"""How services that judge texts are asked with JSON, and how their answers are read: a verdict, or none at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, NoReturn, TypeVar

import msgspec

from stellwerk.core.passage import Passage
from stellwerk.core.wire import WireRequest
from stellwerk.dialects.base_url import COMMON_FIELDS, read_base_url
from stellwerk.errors import GuardrailUnavailable
from stellwerk.http.fields import render

Score = Annotated[float, msgspec.Meta(ge=0.0, le=1.001)]
"""Services that reckon in single precision say 1.0000001."""

_T = TypeVar("_T")


class VerdictHost:
    """A service under ``base_url``, as its own SDK takes it. Raises ``ValueError`` for what is no such URL."""

    def __init__(self, base_url: str, fields: Sequence[tuple[str, str]] = ()) -> None:
        self.origin, below = read_base_url(base_url)
        self._below = below.encode()
        own = {name.encode(): value.encode() for name, value in fields}
        self._fields = render((dict(COMMON_FIELDS) | own).items())

    def ask(self, path: str, asked: Any) -> WireRequest:
        """A request with ``asked`` as its JSON."""
        return WireRequest(self._below + path.encode(), self._fields, msgspec.json.encode(asked))


def bearer(api_key: str) -> tuple[tuple[str, str], ...]:
    """The header field of a key; none without one. Raises ``ValueError`` for a key that cannot stand in a header."""
    if not api_key:
        return ()
    if not all("!" <= letter <= "~" for letter in api_key):
        raise ValueError("an API key is made of visible ASCII characters")
    return (("authorization", f"Bearer {api_key}"),)


def read_verdict(decoder: msgspec.json.Decoder[_T], status: int, body: bytes) -> _T:
    """The answer as ``decoder`` reads it. Raises ``GuardrailUnavailable``, in words that hold nothing of the answer."""
    if status != 200:
        no_verdict(f"its status is {status}")
    try:
        return decoder.decode(body.decode())  # what msgspec skips it does not look into
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise GuardrailUnavailable("The service gave no verdict: its answer is not of the form agreed on.") from None


def no_verdict(reason: str) -> NoReturn:
    """The check has not run."""
    raise GuardrailUnavailable(f"The service gave no verdict: {reason}.")


def need_one_each(answered: int, asked: int) -> None:
    """Each text has to be judged. Raises ``GuardrailUnavailable``."""
    if answered != asked:
        no_verdict(f"it judges {answered} texts of {asked}")


def place(passage: Passage, start: int, end: int) -> tuple[int, int]:
    """Where code points of the text stand in the original. Raises ``GuardrailUnavailable`` for what is outside."""
    if not 0 <= start < end <= len(passage.text):
        no_verdict("a place in it is outside of the text")
    return passage.span(start, end)


def wide_place(passage: Passage, start: int, end: int) -> tuple[int, int]:
    """The same for a service that does not say whether it counts code points or units of UTF-16: all it may mean."""
    text = passage.text
    if max(text, default="") <= "\uffff":
        return place(passage, start, end)
    if not 0 <= start < end:
        no_verdict("a place in it is outside of the text")
    first, last_unit = _code_points(text, start), _code_points(text, end - 1)
    if last_unit >= len(text):
        no_verdict("a place in it is outside of the text")
    # No code point stands behind the unit of UTF-16 with its number.
    last = end if end <= len(text) else last_unit + 1
    return passage.span(first, last)


def occurrences(passage: Passage, match: str) -> list[tuple[int, int]]:
    """Everywhere in the original where the text has ``match``; nowhere for nothing."""
    found, after = [], 0
    while match and (start := passage.text.find(match, after)) >= 0:
        after = start + len(match)
        found.append(passage.span(start, after))
    return found


def _code_points(text: str, units: int) -> int:
    """Which code point has this unit of UTF-16; the text's length where there is none."""
    seen = 0
    for index, letter in enumerate(text):
        seen += 1 + (letter > "\uffff")
        if seen > units:
            return index
    return len(text)
