"""Holds the keys of one issuer and keeps them fresh, beside the requests and never in their way.

When the issuer is away, the keys at hand go on being used, for as long as the configuration says; the failure stands
in ``failure``. A key that nobody knows has them fetched again, so that a rotation is followed at once, and however
many such keys are named, not more often than every ``LEAST_PAUSE_S``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec

from stellwerk.core import url as urls
from stellwerk.core.issuer import IssuerSpec
from stellwerk.core.wire import Origin
from stellwerk.errors import ConfigurationError, IssuerUnavailable, UpstreamError
from stellwerk.oidc.jws import refuse
from stellwerk.oidc.keys import Key, KeySet, demand_cryptography, read
from stellwerk.ports.credential import Fetch

DISCOVERY = "/.well-known/openid-configuration"
LEAST_PAUSE_S = 10.0
"""Keys are not fetched again before this time has gone by."""
FIRST_RETRY_S = 1.0
"""When an issuer that has not answered is asked again; it doubles from there, up to ``LAST_RETRY_S``."""
LAST_RETRY_S = 30.0
ABSENT_S = 60.0
"""How long a key that the issuer did not publish is taken not to be there."""
MOST_WANTED = 64
"""So many unknown keys are waited for; those beyond are taken not to be there."""


class Keyring:
    """The keys of one issuer. Raises ``ConfigurationError`` where the keys in the configuration are none."""

    def __init__(self, spec: IssuerSpec) -> None:
        demand_cryptography()
        self.failure: str | None = None
        """Why the last attempt to fetch keys came to nothing."""
        self.hurry: Callable[[float], None] = _nobody
        """Told when keys should be fetched earlier than was said (Unix seconds)."""
        self._spec = spec
        self._keys: KeySet | None = None
        self._stale_s = math.inf
        self._due_s = 0.0
        self._allowed_s = 0.0
        self._failures = 0
        self._wanted: set[str] = set()
        self._absent: dict[str, float] = {}
        if spec.jwks:
            self._due_s = math.inf
            try:
                self._keys = read(spec.jwks.encode())
            except ValueError as error:
                raise ConfigurationError((f"issuers.{spec.name}.jwks: {error}",)) from None

    @property
    def issuer(self) -> str:
        """The issuer, as it stands in tokens."""
        return self._spec.issuer

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Where keys are fetched from: connections may go there. Raises ``ValueError`` for what is no URL."""
        if self._spec.jwks:
            return ()
        return (urls.read(self._spec.jwks_url or self._spec.issuer).origin,)

    def find(self, key_id: str | None, algorithm: str, now: float) -> Key:
        """The key that a token names. ``now`` is Unix time in seconds.

        Raises ``AuthenticationFailed`` for one that is not there, and ``IssuerUnavailable`` while nobody knows.
        """
        keys = self._keys
        if keys is None or now >= self._stale_s:
            raise IssuerUnavailable("The keys of the token's issuer could not be fetched yet.", retry_after_s=1.0)
        found = keys.find(key_id, algorithm)
        if found is not None:
            return found
        if key_id is None or keys.knows(key_id):
            refuse("it does not say which key it is signed with, or one of another kind than its algorithm")
        is_absent = self._absent.get(key_id, 0.0) > now or len(self._wanted) >= MOST_WANTED
        if self._spec.jwks or (is_absent and key_id not in self._wanted):
            refuse("it is signed with a key that its issuer does not publish")
        self._wanted.add(key_id)
        self._due_s = min(self._due_s, max(now, self._allowed_s))
        self.hurry(self._due_s)
        message = "The token is signed with a key that is not known yet: its issuer is being asked for it."
        raise IssuerUnavailable(message, retry_after_s=max(1.0, self._due_s - now + 1.0))

    def holds(self, key: Key, now: float) -> bool:
        """Whether what was verified with a key may still be believed: the issuer has not withdrawn it."""
        return self._keys is not None and now < self._stale_s and key.identity in self._keys.identities

    def inherit(self, former: object) -> None:
        """Takes what another ring has from the same place."""
        if isinstance(former, Keyring):
            self._take(former)

    async def refresh(self, fetch: Fetch, now: float) -> float:
        """Fetches the keys if it is time; returns when to call again (Unix seconds, infinite for never)."""
        if now < self._due_s:
            return self._due_s
        wanted, self._wanted = self._wanted, set()
        try:
            keys = await self._load(fetch)
        except (UpstreamError, ValueError) as error:
            self.failure = error.message if isinstance(error, UpstreamError) else str(error)
            self._wanted |= wanted
            self._failures += 1
            self._allowed_s = now + min(LAST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(self._failures - 1, 16))
            self._due_s = self._allowed_s
            return self._due_s
        self._keys, self.failure, self._failures = keys, None, 0
        self._stale_s = now + self._spec.keep_s
        self._allowed_s = now + LEAST_PAUSE_S
        self._absent = {key_id: until_s for key_id, until_s in self._absent.items() if until_s > now}
        self._absent.update({key_id: now + ABSENT_S for key_id in wanted if not keys.knows(key_id)})
        self._due_s = self._allowed_s if self._wanted else now + self._spec.refresh_s
        return self._due_s

    @property
    def _place(self) -> tuple[str, str, str, float]:
        return self._spec.issuer, self._spec.jwks_url, self._spec.jwks, self._spec.keep_s

    def _take(self, former: Keyring) -> None:
        if former._place == self._place:
            self._keys, self._stale_s, self.failure = former._keys, former._stale_s, former.failure
            self._due_s, self._allowed_s, self._failures = former._due_s, former._allowed_s, former._failures

    async def _load(self, fetch: Fetch) -> KeySet:
        """Raises ``UpstreamError`` or ``ValueError``."""
        url = self._spec.jwks_url
        if not url:
            discovered = await discover(self._spec.issuer, fetch)
            url = text_of(discovered, "jwks_uri")
        return read(await _got(fetch, url))


async def discover(issuer: str, fetch: Fetch) -> dict[str, Any]:
    """What an issuer says of itself. Raises ``UpstreamError`` or ``ValueError``."""
    url = issuer.rstrip("/") + DISCOVERY
    try:
        document = msgspec.json.decode(await _got(fetch, url), type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        raise ValueError(f"what {url} answers is no JSON object") from None
    if document.get("issuer") != issuer:
        raise ValueError(f"what {url} answers is of another issuer than {issuer}")
    return document


def text_of(discovered: dict[str, Any], member: str) -> str:
    """An address in what an issuer says of itself. Raises ``ValueError``."""
    match discovered.get(member):
        case str(found):
            return found
        case _:
            raise ValueError(f"the issuer's discovery document has no {member}")


async def _got(fetch: Fetch, url: str) -> bytes:
    status, body = await fetch("GET", url, {"accept": "application/json"}, b"")
    if status != 200:
        raise ValueError(f"{url} answers with status {status}")
    return body


def _nobody(due_s: float) -> None:
    del due_s
