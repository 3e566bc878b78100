"""The admin process's way out: to issuers alone, through the same egress guard and HTTP client as workers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping

from stellwerk.core.egress_policy import Policy
from stellwerk.core.snapshot import EgressSpec
from stellwerk.core.wire import Origin
from stellwerk.egress.fetch import MAX_BYTES, Fetcher
from stellwerk.egress.guard import Guard
from stellwerk.egress.resolver import GuardedResolver
from stellwerk.http.deadlines import Deadlines
from stellwerk.http.pool import Pool
from stellwerk.http.resolver import SystemResolver
from stellwerk.http.tls import client_context

CONNECTIONS = 4


class Outside:
    """Fetches what is asked for rarely: with a pool for each answer, which belongs to no event loop in between."""

    def __init__(self, egress: EgressSpec, origins: Iterable[Origin]) -> None:
        self._guard = Guard(Policy.of(egress, origins), time.monotonic)
        self._resolver = GuardedResolver(SystemResolver(time.monotonic), self._guard)

    async def fetch(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Status and body of one answer. Raises ``UpstreamError`` when there is none."""
        pool = Pool(
            Deadlines(time.monotonic, _at),
            self._resolver,
            self._guard.check,
            client_context,
            connections_per_origin=CONNECTIONS,
            max_reply_bytes=MAX_BYTES,
        )
        try:
            return await Fetcher(pool, self._guard).fetch(method, url, headers, body)
        finally:
            pool.close()


def _at(when: float, call: Callable[[], None]) -> asyncio.TimerHandle:
    """``when`` is on ``time.monotonic``, which need not be the loop's clock."""
    return asyncio.get_running_loop().call_later(max(0.0, when - time.monotonic()), call)
