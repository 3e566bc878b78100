"""AWS credentials as a value, and the holder that keeps them fresh off the hot path.

When the source is away, the credentials at hand go on being used until they expire; the failure stands in ``failure``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import msgspec

from stellwerk.errors import UpstreamCredentials
from stellwerk.ports.credential import Fetch

REFRESH_BEFORE_S = 900.0
"""New credentials are asked for this long before the old ones expire, or after half of a shorter life."""
RETRY_S = 30.0
"""When a source that has failed is asked again."""

Load: TypeAlias = Callable[[Fetch, float], Awaitable["Credentials"]]
"""``load(fetch, now)`` gives new credentials. It raises ``UpstreamCredentials``."""

_VISIBLE = re.compile(r"[\x21-\x7e]*")


class Credentials(msgspec.Struct, frozen=True):
    """An access key, with the token of a session where it is temporary, and when it expires (Unix seconds)."""

    access_key_id: str
    secret_access_key: str
    session_token: str = ""
    expires_s: float = math.inf

    def __post_init__(self) -> None:
        """Refuses what could split a header. Raises ``ValueError``, whose message holds no secret."""
        if not (self.access_key_id and self.secret_access_key):
            raise ValueError("credentials need an access key id and a secret access key")
        if not all(
            _VISIBLE.fullmatch(part) for part in (self.access_key_id, self.secret_access_key, self.session_token)
        ):
            raise ValueError("credentials are made of visible ASCII characters")

    def __repr__(self) -> str:
        return f"Credentials({self.access_key_id!r})"


class Refreshing:
    """Holds the current credentials of one source. ``load`` asks the source."""

    __slots__ = ("_current", "_load", "failure")

    def __init__(
        self, load: Callable[[Fetch, float], Awaitable[Credentials]], current: Credentials | None = None
    ) -> None:
        self._load = load
        self._current = current
        self.failure: str | None = None
        """Why the last attempt to get new ones came to nothing."""

    def current(self) -> Credentials:
        """The credentials to sign with now. Raises ``UpstreamCredentials`` while there are none."""
        if self._current is None:
            raise UpstreamCredentials(self.failure or "The credentials for AWS have not been fetched yet.")
        return self._current

    async def refresh(self, fetch: Fetch, now: float) -> float:
        """Gets new credentials if it is time; returns when to call again (Unix seconds, infinite for never)."""
        known = self._current
        if known is not None and now < (due := known.expires_s - REFRESH_BEFORE_S):
            return due
        try:
            fresh = await self._load(fetch, now)
        except UpstreamCredentials as error:
            self.failure = error.message
            return now + RETRY_S
        self._current, self.failure = fresh, None
        life_s = fresh.expires_s - now
        return fresh.expires_s if life_s == math.inf else now + max(RETRY_S, life_s - REFRESH_BEFORE_S, life_s / 2)
