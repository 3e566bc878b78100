"""The holder that keeps credentials fresh off the hot path, and the half of a provider that it makes up.

When the source is away, the credentials at hand go on being used; the failure stands in ``failure``.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from stellwerk.core.wire import Origin, WireRequest
from stellwerk.errors import ConfigurationError, UpstreamCredentials
from stellwerk.http.fields import render
from stellwerk.ports.credential import Fetch

REFRESH_BEFORE_S = 900.0
"""New credentials are asked for this long before the old ones expire, or after half of a shorter life."""
RETRY_S = 30.0
"""When a source that has failed is asked again, at the latest."""
FIRST_RETRY_S = 1.0
"""The same after the first failure where no credentials are at hand; it doubles from there."""


class Expiring(Protocol):
    """Credentials that say until when they hold."""

    @property
    def expires_s(self) -> float:
        """Unix seconds, infinite for never."""
        ...


Held = TypeVar("Held", bound=Expiring)


class Token(msgspec.Struct, frozen=True):
    """An access token, and when it expires (Unix seconds)."""

    value: str
    expires_s: float

    def __post_init__(self) -> None:
        """Refuses what could split a header. Raises ``ValueError``, whose message holds no secret."""
        if not self.value or not all("!" <= character <= "~" for character in self.value):
            raise ValueError("an access token is made of visible ASCII characters")

    def __repr__(self) -> str:
        return f"Token(expires_s={self.expires_s})"


class Refreshing(Generic[Held]):
    """Holds the current credentials of one source, which ``load`` asks.

    ``source`` says where they come from, with all that this takes, and ``identity`` whose they are: a secret that was
    rotated makes another source of the same identity.
    """

    __slots__ = ("_current", "_due_s", "_failures", "_identity", "_load", "_source", "failure")

    def __init__(
        self,
        load: Callable[[Fetch, float], Awaitable[Held]],
        current: Held | None = None,
        *,
        source: object = None,
        identity: object = None,
    ) -> None:
        """``load(fetch, now)`` gives new credentials. It raises ``UpstreamCredentials``."""
        self._load = load
        self._current = current
        self._source = source
        self._identity = identity
        self._due_s = -math.inf if current is None else current.expires_s - REFRESH_BEFORE_S
        self._failures = 0
        self.failure: str | None = None
        """Why the last attempt to get new ones came to nothing."""

    def current(self) -> Held:
        """The credentials to use now. Raises ``UpstreamCredentials`` while there are none."""
        if self._current is None:
            raise UpstreamCredentials(self.failure or "The provider's credentials have not been fetched yet.")
        return self._current

    def inherit(self, former: Refreshing[Held]) -> None:
        """Takes what another holder has of the same source; of the same identity, until its own have come."""
        if self._source is not None and self._source == former._source:
            self._current, self._due_s, self.failure = former._current, former._due_s, former.failure
        elif self._identity is not None and self._identity == former._identity:
            self._current = self._current or former._current

    async def refresh(self, fetch: Fetch, now: float) -> float:
        """Gets new credentials if it is time; returns when to call again (Unix seconds, infinite for never)."""
        if now < self._due_s:
            return self._due_s
        try:
            fresh = await self._load(fetch, now)
        except (UpstreamCredentials, ConfigurationError) as error:  # the latter for a file that cannot be read
            self.failure = error.message
            return now + self._pause_s(now)
        self._current, self.failure, self._failures = fresh, None, 0
        life_s = fresh.expires_s - now
        usual_s = max(RETRY_S, life_s - REFRESH_BEFORE_S, life_s / 2)
        self._due_s = fresh.expires_s if life_s == math.inf else now + usual_s
        return self._due_s

    def _pause_s(self, now: float) -> float:
        """Short at first where requests fail for want of credentials."""
        self._failures += 1
        if self._current is not None and now < self._current.expires_s:
            return RETRY_S
        return min(RETRY_S, FIRST_RETRY_S * 2.0 ** (min(self._failures, 16) - 1))


class Renewed:
    """The half of a provider that fulfils ``ports.credential.Refreshed``, by a holder if it has one."""

    holder: Refreshing[Any] | None = None
    origins: tuple[Origin, ...] = ()
    """Where the holder's source is asked."""

    @property
    def failure(self) -> str | None:
        """Why the last attempt to get new credentials came to nothing."""
        return None if self.holder is None else self.holder.failure

    def inherit(self, former: object) -> None:
        """Takes the credentials of the provider that this one replaces, if they are the same ones."""
        if self.holder is not None and isinstance(former, Renewed) and former.holder is not None:
            self.holder.inherit(former.holder)

    async def refresh(self, fetch: Fetch, now: float) -> float:
        """Gets new credentials if it is time; returns when to call again (Unix seconds, infinite for never)."""
        return math.inf if self.holder is None else await self.holder.refresh(fetch, now)


class Bearing(Renewed):
    """The same for a provider whose requests carry an access token, unless they were prepared with a credential."""

    _signed: tuple[Token | None, bytes] = (None, b"")

    def sign(self, request: WireRequest, now: float) -> WireRequest:
        """The request with the token of the moment, or as it is where another credential is in it.

        Raises ``UpstreamCredentials`` while there is no token.
        """
        del now
        if self.holder is None:
            return request
        token: Token = self.holder.current()
        known, line = self._signed
        if known is not token:
            line = render(((b"authorization", b"Bearer " + token.value.encode()),))
            self._signed = (token, line)
        return WireRequest(request.path, request.fields + line, request.body, request.method)
