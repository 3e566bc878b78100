"""An issuer's keyring on a clock that stands still, and a network that leads to the issuer alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from stellwerk.core.issuer import IssuerSpec
from stellwerk.errors import UpstreamUnavailable
from stellwerk.oidc.keyring import Keyring
from tests.issuer import AUDIENCE, Issuer

START_S = 1_700_000_000.0


class Ring:
    """A keyring, its issuer and the time."""

    def __init__(self, **rest: Any) -> None:
        self.now = START_S
        self.issuer = Issuer()
        self.issuer.clock = lambda: self.now
        plain = IssuerSpec("here", self.issuer.url, (AUDIENCE,), jwks_url=f"{self.issuer.url}/jwks")
        self.spec = msgspec.structs.replace(plain, **rest)
        self.ring = Keyring(self.spec)
        self.is_reachable = True

    async def fetch(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """As a worker fetches."""
        assert (method, body, headers["accept"]) == ("GET", b"", "application/json")
        if not self.is_reachable:
            raise UpstreamUnavailable("The provider could not be reached: connection refused.")
        status, _, answer = self.issuer.get(urlsplit(url).path)
        return status, answer

    async def refresh(self) -> float:
        """When it wants to be called again, from now."""
        return await self.ring.refresh(self.fetch, self.now) - self.now

    @property
    def fetched(self) -> int:
        """How often keys were asked for."""
        return self.issuer.asked["/jwks"]
