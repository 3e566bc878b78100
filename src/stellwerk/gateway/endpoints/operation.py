"""Paths for operation: is it alive, is it ready, how is it doing. They need no caller's key."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from stellwerk.errors import PermissionDenied
from stellwerk.gateway.configuration import Configuration
from stellwerk.gateway.directory import digest
from stellwerk.http.fields import Headers
from stellwerk.http.forwarded import is_local

LIVE = b"/livez"
READY = b"/readyz"
HEALTH = b"/healthz"
METRICS = b"/metrics"
PATHS = frozenset({LIVE, READY, HEALTH, METRICS})
TEXT = b"content-type: text/plain; version=0.0.4; charset=utf-8\r\n"
PLAIN = b"content-type: text/plain; charset=utf-8\r\ncache-control: no-store\r\n"
JSON = b"content-type: application/json\r\ncache-control: no-store\r\n"


@dataclass(frozen=True, slots=True)
class Operation:
    """What these paths read: all of it from memory and the board."""

    is_ready: Callable[[], bool]
    metrics: Callable[[], bytes]
    health: Callable[[], dict[str, object]]

    def answer(
        self, path: bytes, query: bytes, peer: str, headers: Headers, configuration: Configuration
    ) -> tuple[int, bytes, bytes]:
        """Status, header block and body for one of ``PATHS``."""
        if path == LIVE:
            return 200, PLAIN, b"ok\n"
        if path == READY:
            return (200, PLAIN, b"ready\n") if self.is_ready() else (503, PLAIN, b"not ready\n")
        if path == HEALTH and query.partition(b"=")[0] != b"full":
            is_ready = self.is_ready()
            return 200 if is_ready else 503, JSON, msgspec.json.encode({"status": "ok" if is_ready else "unready"})
        _require_operator(peer, headers, configuration)
        if path == METRICS:
            return 200, TEXT, self.metrics()
        return 200 if self.is_ready() else 503, JSON, msgspec.json.encode(self.health())


def _require_operator(peer: str, headers: Headers, configuration: Configuration) -> None:
    """Loopback or the admin token; anything else is refused."""
    if is_local(peer, headers, configuration.trusted_proxies):
        return
    authorization = headers.get(b"authorization", b"")
    token = authorization[7:].strip() if authorization[:7].lower() == b"bearer " else b""
    known = configuration.admin_digest
    if not (token and known and hmac.compare_digest(digest(token), known)):
        message = "Only this host, or a caller with the admin token, may read this."
        raise PermissionDenied(message)
