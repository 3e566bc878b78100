"""Media behind URLs, fetched for providers that take only bytes: through the egress guard, bounded, several at once.

When a host is away, its media are unavailable and the request goes to a target that takes URLs itself, if there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from stellwerk.core.media import Link, place_of
from stellwerk.core.part import InlineSource
from stellwerk.core.snapshot import MediaSpec
from stellwerk.core.wire import Origin
from stellwerk.errors import MediaUnavailable
from stellwerk.gateway.download import Download
from stellwerk.gateway.download_queue import DownloadQueue
from stellwerk.gateway.media_cache import MediaCache

if TYPE_CHECKING:
    from stellwerk.egress.guard import Guard
    from stellwerk.http.pool import Pool

Found: TypeAlias = dict[Link, InlineSource | MediaUnavailable]
"""What lies behind links, or why that cannot be had."""
MOST_AT_ONCE = 32
"""Files that one worker fetches at once, of all requests together."""


class Media:
    """One worker's way to media: its bounds, what it fetched lately, and how much that was."""

    def __init__(self, pool: Pool, guard: Guard, spec: MediaSpec) -> None:
        self.pool = pool
        self.guard = guard
        self.spec = spec
        self.queue = DownloadQueue(pool.deadlines, MOST_AT_ONCE)
        self.cache = MediaCache(pool.deadlines.clock, most_bytes=spec.cache_bytes, ttl_s=spec.cache_ttl_s)
        self.fetched = 0
        self.failed = 0
        self.cached = 0
        """How often something was there already."""
        self.bytes = 0
        """How much came, of files that were refused as well."""

    def adopt(self, spec: MediaSpec) -> None:
        """Goes by ``spec`` from now on, and forgets what other rules let in."""
        if spec != self.spec:
            self.spec = spec
            self.cache.clear()
            self.cache.most_bytes, self.cache.ttl_s = spec.cache_bytes, spec.cache_ttl_s


class Fetching:
    """The media of one request on their way. The first fault ends it, so that nothing is fetched in vain."""

    __slots__ = ("_body", "_found", "_heard", "_links", "_media", "_running", "_size", "_spec")

    def __init__(self, media: Media, links: Sequence[Link], body: bytes, heard: Callable[[Found], None]) -> None:
        """``body`` is the caller's request, to name what is at fault; ``heard`` is told the outcome, once."""
        self._media = media
        self._spec = media.spec
        self._links = links
        self._body = body
        self._heard = heard
        self._found: Found = {}
        self._running: dict[Link, Download] = {}
        self._size = 0

    def start(self, expires: float) -> None:
        """Fetches everything by ``expires`` in the clock of the pool; ``heard`` may be told before this returns.

        The policy judges all of it before anything is used, also what was fetched before.
        """
        spec, media = self._spec, self._media
        if len(self._links) > spec.max_count:
            self.on_fault(
                self._links[spec.max_count], f"a request may have {spec.max_count} files fetched, it has more"
            )
            return
        missing: list[tuple[Link, Origin]] = []
        for link in self._links:
            decision = media.guard.judge_url(link.url, is_callers=True)
            if not decision.is_allowed or decision.origin is None:
                self.on_fault(link, f"denied by egress policy, {decision.reason}")
                return
            known = media.cache.get(link)
            if known is None:
                missing.append((link, decision.origin))
                continue
            media.cached += 1
            self._found[link] = known
            why = self._count(len(known.data) // 4 * 3)
            if why is not None:
                self.on_fault(link, why)
                return
        if not missing:
            self._heard(self._found)
            return
        for link, origin in missing:
            self._running[link] = Download(link, origin, media.pool, media.queue, spec, self)
        expires = min(expires, media.pool.deadlines.clock() + spec.timeout_s)
        for download in tuple(self._running.values()):
            download.start(expires)

    def cancel(self) -> None:
        """Nobody waits any more."""
        running, self._running = self._running, {}
        # The last ones first: they may still wait for the room that the first ones leave.
        for download in reversed(running.values()):
            download.cancel()

    def on_bytes(self, size: int) -> str | None:
        """So many bytes have come. Returns why they are too many, if they are."""
        self._media.bytes += size
        return self._count(size)

    def on_file(self, link: Link, source: InlineSource, *, is_shared: bool) -> None:
        """One file is whole."""
        del self._running[link]
        self._media.fetched += 1
        self._found[link] = source
        if is_shared:
            self._media.cache.put(link, source)
        if not self._running:
            self._heard(self._found)

    def on_fault(self, link: Link, why: str) -> None:
        """One file cannot be had: so the others are not needed either."""
        self.cancel()
        self._media.failed += 1
        place = place_of(self._body, link.url)
        where = f" at '{place}'" if place else ""
        message = f"The {link.noun}{where} cannot be fetched for the model's provider: {why}."
        self._found[link] = MediaUnavailable(message, param=place or "messages")
        self._heard(self._found)

    def _count(self, size: int) -> str | None:
        self._size += size
        most = self._spec.max_request_bytes
        return f"too large, the files of this request are over {most} bytes together" if self._size > most else None
