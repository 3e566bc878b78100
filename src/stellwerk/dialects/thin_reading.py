"""How the thin readings read: the members that the gateway acts on, each at most once, and the rest skipped."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec

from stellwerk.dialects import json_splice
from stellwerk.dialects.members import WRONG_TYPE, Members, describe_type, describe_validation
from stellwerk.dialects.sse import BYTE_ORDER_MARK
from stellwerk.errors import InvalidRequest

MOST = 2**31 - 1
"""Largest count that is taken for one: no provider grants more."""

UNSET: Any = msgspec.UNSET
"""Stands for a member that is not there."""

_T = TypeVar("_T", bound=msgspec.Struct)
tick = itertools.count().__next__
"""Says how many counted members were read so far, itself included."""
_WINDOW_BYTES = 8_192


def read_thin(body: bytes, decode: Callable[[bytes], _T], acted_on: tuple[str, ...], *, max_depth: int) -> _T:
    """Reads a body into a struct whose members ``acted_on`` are each a ``Value``, ``UNSET`` where they are not there.

    ``decode`` is of a decoder with the hook ``counted``. Raises ``InvalidRequest`` for what is not UTF-8, not JSON,
    nested deeper than ``max_depth``, or for such a member that stands twice.
    """
    if not body.isascii():
        check_utf8(body)
    before = tick()
    try:
        wire = decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise refusal(error, body, max_depth) from None
    taken = tick() - before - 1
    if taken + [getattr(wire, name) for name in acted_on].count(UNSET) != len(acted_on):
        refuse_duplicates(body, acted_on)
    if body.count(b"[") + body.count(b"{") > max_depth and json_splice.is_deeper(body, max_depth):
        raise too_deep(max_depth)
    return wire


class _Anything(type):
    """Makes every value an instance, without a call into Python for each: no object's ``id`` is zero."""

    __instancecheck__ = staticmethod(id)  # type: ignore[assignment]


class Value(metaclass=_Anything):
    """Any JSON value of a member that is counted as it is read."""


def counted(_kind: type, value: Any) -> Any:
    """Called for every occurrence of a counted member, so that a second one shows.

    Readings in another thread meanwhile can only make the count too high, which leads to the exact check.
    """
    tick()
    return value


def flag(name: str, value: Any) -> bool:
    """A boolean member; absent and ``null`` are false."""
    if value is True:
        return True
    if not (value is UNSET or value is False or value is None):
        raise wrong(name, "a boolean", value)
    return False


def text(name: str, value: Any) -> str | None:
    """A string member; ``None`` where it is absent or ``null``."""
    if value is UNSET or value is None:
        return None
    if type(value) is not str:
        raise wrong(name, "a string", value)
    return value


def wants_usage(options: Any) -> bool:
    """Whether ``stream_options`` ask for usage."""
    if options is None:
        return False
    if type(options) is not dict:
        raise wrong("stream_options", "an object", options)
    include_usage = options.get("include_usage")
    if include_usage is not None and type(include_usage) is not bool:
        raise wrong("stream_options.include_usage", "a boolean", include_usage)
    return include_usage is True


def count(name: str, value: Any, least: int) -> int | None:
    """A whole number from ``least`` to ``MOST``; ``None`` where it is absent or ``null``."""
    if value is UNSET or value is None:
        return None
    if type(value) is not int:
        raise wrong(name, "an integer", value)
    if not least <= value <= MOST:
        side, bound = ("below minimum", f">= {least}") if value < least else ("above maximum", f"<= {MOST}")
        message = f"Invalid '{name}': integer {side} value. Expected a value {bound}, but got {_shown(value)} instead."
        raise InvalidRequest(message, param=name)
    return value


def check_utf8(body: bytes) -> None:
    """Decodes in windows and throws the text away: half the price of decoding a large body at once."""
    at, size = 0, len(body)
    while at < size:
        end = min(at + _WINDOW_BYTES, size)
        for _ in range(3):  # not through a character, of which at most three bytes follow the first
            if end < size and body[end] & 0xC0 == 0x80:
                end -= 1
        try:
            body[at:end].decode()
        except UnicodeDecodeError as error:
            raise InvalidRequest(f"The request body is not valid UTF-8 (byte {at + error.start}).") from None
        at = end


def refuse_duplicates(body: bytes, names: Iterable[str]) -> None:
    """Raises ``InvalidRequest`` where one of these members stands twice."""
    for name in names:
        json_splice.find(body, name)


def refuse_any_duplicate(body: bytes, read: Members) -> None:
    """Raises ``InvalidRequest`` where any member stands twice. ``read`` are those of the body, of which none is taken.

    Mostly they account for all of the body, so that it need not be walked through.
    """
    if read.is_all_of(body):
        return
    seen: set[str] = set()
    for member in json_splice.members(body):
        if member.name in seen:
            raise InvalidRequest(f"Duplicate parameter: '{member.name}'.", param=member.name)
        seen.add(member.name)


def refusal(error: Exception, body: bytes, max_depth: int) -> InvalidRequest:
    """Why a body could not be decoded."""
    if isinstance(error, RecursionError):
        return too_deep(max_depth)
    if isinstance(error, msgspec.ValidationError):
        where, told = describe_validation(error)
        return InvalidRequest(WRONG_TYPE.format(where or "request body", told), param=where or None)
    if body.startswith(BYTE_ORDER_MARK):
        return InvalidRequest("The request body is not valid JSON: it begins with a byte order mark.")
    told = str(error).removeprefix("JSON is malformed: ")
    return InvalidRequest(f"The request body is not valid JSON: {told}.")


def too_deep(max_depth: int) -> InvalidRequest:
    """The complaint about a body that is nested beyond the bound."""
    return InvalidRequest(f"The request body is nested too deeply: at most {max_depth} levels are taken.")


def missing(name: str) -> InvalidRequest:
    """The complaint about a member that must be there."""
    return InvalidRequest(f"Missing required parameter: '{name}'.", param=name)


def wrong(name: str, expected: str, found: Any) -> InvalidRequest:
    """The complaint about a member of another type."""
    if found is UNSET:
        return missing(name)
    told = f"expected {expected}, but got {describe_type(found)} instead"
    return InvalidRequest(WRONG_TYPE.format(name, told), param=name)


def _shown(value: int) -> str:
    return str(value) if value.bit_length() <= 64 else "a number of over 64 bits"
