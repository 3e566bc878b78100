"""How whole bodies are read: what is no text, no JSON or nested too deeply is told in one way by all dialects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from stellwerk.dialects.excerpt import excerpt
from stellwerk.dialects.openai_errors import read_error
from stellwerk.errors import InvalidRequest, UpstreamInvalid

_T = TypeVar("_T")


def read_request(body: bytes, read: Callable[[], _T]) -> _T:
    """What ``read`` makes of a caller's body. Raises ``InvalidRequest``."""
    try:
        if not body.isascii():
            body.decode()
        return read()
    except RecursionError:
        raise InvalidRequest("The request body is nested too deeply.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The request body is not valid JSON: {error}.") from None


def read_reply(body: bytes, read: Callable[[], _T]) -> _T:
    """What ``read`` makes of a provider's answer. Raises ``UpstreamInvalid``."""
    try:
        if not body.isascii():
            body.decode()
        return read()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise not_json(body) from None


def read_loosely(body: bytes) -> Any:
    """A provider's answer as plain values, for hosts that are careless with types. Raises ``UpstreamInvalid``."""
    return read_reply(body, lambda: msgspec.json.decode(body))


def word(value: Any) -> str:
    """A word, where the host wrote one; empty for everything else."""
    return value if type(value) is str else ""


def not_json(body: bytes) -> UpstreamInvalid:
    """The complaint about an answer that cannot be read at all."""
    told = excerpt(body)
    said = f" It says: {told}" if told else " It is empty."
    return UpstreamInvalid("The provider's answer is not JSON." + said)


def complaint(wire: Any, expected: str) -> UpstreamInvalid:
    """The complaint about a decoded answer that is not ``expected``, perhaps an error with a status of success."""
    message = read_error(wire.get("error"))[0] if type(wire) is dict else ""
    if message:
        return UpstreamInvalid(f"The provider answered with an error: {message}")
    return UpstreamInvalid(f"The provider's answer is not {expected}.")
