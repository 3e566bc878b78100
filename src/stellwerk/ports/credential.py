"""The port of credentials that are more than a word: requests that are signed, and secrets that expire.

A provider that needs it has these methods beside those of ``Provider``; for all others nothing changes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeAlias, runtime_checkable

from stellwerk.core.wire import Origin, WireRequest

Fetch: TypeAlias = Callable[[str, str, Mapping[str, str], bytes], Awaitable[tuple[int, bytes]]]
"""``fetch(method, url, headers, body)`` gives status and body. It raises ``UpstreamError`` when nobody answers."""


@runtime_checkable
class Signing(Protocol):
    """A provider whose requests are signed as they leave, each attempt anew: a signature holds for minutes."""

    def sign(self, request: WireRequest, now: float) -> WireRequest:
        """The request with its signature, or as it is where it needs none. ``now`` is Unix time in seconds.

        Raises ``UpstreamCredentials`` while there are no credentials.
        """
        ...


@runtime_checkable
class Hurrying(Protocol):
    """One that may want to be called earlier than it has said: ``hurry(unix_s)`` is set by whoever calls it."""

    hurry: Callable[[float], None]


@runtime_checkable
class Refreshed(Protocol):
    """A provider whose credentials expire, or an issuer whose keys are exchanged.

    Somebody calls ``refresh`` when it starts, and then as it says.
    """

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Where credentials are fetched from: connections may go there as well, and nowhere else for that."""
        ...

    @property
    def failure(self) -> str | None:
        """Why the last attempt to get new ones came to nothing; ``None`` after one that did not. Holds no secret."""
        ...

    def inherit(self, former: object) -> None:
        """Takes the credentials of the provider that this one replaces in a reload, if both are the same identity's."""
        ...

    async def refresh(self, fetch: Fetch, now: float) -> float:
        """Gets new credentials if it is time; returns when to call again (Unix seconds, infinite for never).

        Failing is no error of this call: the credentials at hand go on being used.
        """
        ...
