"""A worker's vital signs: written to its page of the board, read from everybody's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from stellwerk.analytics.writer import EventWriter
from stellwerk.core.cached import CacheFigures
from stellwerk.gateway.metrics import merge, render
from stellwerk.gateway.published import pack, reports, series
from stellwerk.gateway.sharing import Sharing
from stellwerk.gateway.wiring import Gateway
from stellwerk.supervisor import board

if TYPE_CHECKING:
    from stellwerk.gateway.computing import ComputeLine

BEAT_S = 0.25
BEATS_PER_DUMP = 4
_MEDIA = (board.MEDIA_FETCHED_TOTAL, board.MEDIA_FAILED_TOTAL, board.MEDIA_CACHED_TOTAL, board.MEDIA_BYTES_TOTAL)
_COMPUTE = (
    board.COMPUTE_DONE_TOTAL,
    board.COMPUTE_FAILED_TOTAL,
    board.COMPUTE_UNAVAILABLE_TOTAL,
    board.COMPUTE_TOOK_US_TOTAL,
)


class Vitals:
    """Publishes what one worker is doing, and says for the whole host what all of them are doing."""

    def __init__(
        self, page: board.Page, readers: board.Board, gateway: Gateway, writer: EventWriter, *, slot: int = 0
    ) -> None:
        self._page = page
        self._board = readers
        self._gateway = gateway
        self._writer = writer
        self._slot = slot
        self.sharing = Sharing(gateway.standings, page, readers, slot, gateway.pool.deadlines.clock, gateway.log)
        self.on_beat: Callable[[], None] | None = None
        """Called at every heartbeat."""
        self.compute: ComputeLine | None = None
        """The worker's line to the compute process, where it has one."""
        self._computed = (0, 0, 0, 0)
        self._beats = 0
        self._due = 0.0
        self._served = 0
        self._denied = 0
        self._fetched = (0, 0, 0, 0)
        self._troubles = 0
        self._timer: asyncio.TimerHandle | None = None

    def start(self, on_beat: Callable[[], None]) -> None:
        """Beats from now on; ``on_beat`` is called about once a second. What starting took is no lag."""
        on_beat()
        self._page.beat()
        self._due = time.monotonic() + BEAT_S
        self._timer = asyncio.get_running_loop().call_later(BEAT_S, self._beat, on_beat)

    def stop(self) -> None:
        """Publishes a last time and gives the page up."""
        if self._timer is not None:
            self._timer.cancel()
        self.sharing.leave()
        self._publish()
        self._write_blob()
        self._page.close()
        self._board.close()

    def be_ready(self, version: int, *, is_ready: bool) -> None:
        """Notes which configuration is served, and whether requests are welcome."""
        self._page.words[board.CONFIG_VERSION] = version
        self._page.words[board.IS_READY] = int(is_ready)

    @property
    def is_ready(self) -> bool:
        """Whether this worker welcomes requests."""
        return bool(self._page.words[board.IS_READY])

    def prometheus(self) -> bytes:
        """``/metrics`` of the host."""
        self._publish()
        self._learn_health()
        self._write_blob()
        readings = self._board.readings()
        gauges = {
            "stellwerk_workers": float(len(readings)),
            "stellwerk_workers_ready": float(sum(reading.is_ready for reading in readings)),
            "stellwerk_in_flight": float(sum(reading.in_flight for reading in readings)),
            "stellwerk_connections": float(sum(reading.connections for reading in readings)),
            "stellwerk_http_requests_total": float(self._board.total(board.REQUESTS_TOTAL)),
            "stellwerk_egress_denied_total": float(self._board.total(board.EGRESS_DENIED_TOTAL)),
            "stellwerk_media_fetched_total": float(self._board.total(board.MEDIA_FETCHED_TOTAL)),
            "stellwerk_media_failed_total": float(self._board.total(board.MEDIA_FAILED_TOTAL)),
            "stellwerk_media_cached_total": float(self._board.total(board.MEDIA_CACHED_TOTAL)),
            "stellwerk_media_bytes_total": float(self._board.total(board.MEDIA_BYTES_TOTAL)),
            "stellwerk_loop_lag_max_seconds": max((reading.loop_lag_max_us for reading in readings), default=0) / 1e6,
            "stellwerk_configuration_version": float(max((reading.config_version for reading in readings), default=0)),
            "stellwerk_compute_connected_workers": float(sum(reading.has_compute for reading in readings)),
            "stellwerk_compute_waiting": float(max((reading.compute_waiting for reading in readings), default=0)),
            "stellwerk_compute_jobs_total": float(self._board.total(board.COMPUTE_DONE_TOTAL)),
            "stellwerk_compute_failed_total": float(self._board.total(board.COMPUTE_FAILED_TOTAL)),
            "stellwerk_compute_unavailable_total": float(self._board.total(board.COMPUTE_UNAVAILABLE_TOTAL)),
            "stellwerk_compute_seconds_total": self._board.total(board.COMPUTE_TOOK_US_TOTAL) / 1e6,
        }
        gauges |= self._cache_gauges(readings)
        return render(merge(series(self._board.blobs())), gauges, self._gateway.monitor.gauges())

    def _cache_gauges(self, readings: Sequence[board.Reading]) -> dict[str, float]:
        """What the host keeps of answers: that of all workers together, or what they share."""
        recollection = self._gateway.pipeline.recollection
        if recollection is None:
            return {}
        together = max if recollection.cache.is_shared else sum
        return {
            "stellwerk_cache_entries": float(together([reading.cache_entries for reading in readings] or [0])),
            "stellwerk_cache_bytes": float(together([reading.cache_bytes for reading in readings] or [0])),
            "stellwerk_cache_troubles_total": float(self._board.total(board.CACHE_TROUBLES_TOTAL)),
        }

    def health(self) -> dict[str, object]:
        """``/healthz?full`` of the host."""
        self._publish()
        self._learn_health()
        workers = [
            {
                "slot": reading.slot,
                "pid": reading.pid,
                "ready": reading.is_ready,
                "started_s": reading.started_s,
                "configuration": reading.config_version,
                "in_flight": reading.in_flight,
                "connections": reading.connections,
                "requests": reading.requests_total,
                "loop_lag_ms": reading.loop_lag_last_us / 1e3,
                "loop_lag_max_ms": reading.loop_lag_max_us / 1e3,
            }
            for reading in self._board.readings()
        ]
        return {
            "status": "ok" if self.is_ready else "unready",
            "workers": workers,
            "upstream_connections": self._gateway.pool.connections,
            "egress": {
                "mode": self._gateway.guard.policy.mode,
                "denied": self._gateway.guard.denied,
                "denials": msgspec.to_builtins(self._gateway.guard.denials),
            },
            "providers": self._gateway.monitor.told(),
            "events": msgspec.to_builtins(self._writer.statistics()),
        }

    def _beat(self, on_beat: Callable[[], None]) -> None:
        now = time.monotonic()
        self._page.lag(max(0, int((now - self._due) * 1e6)))
        self._page.beat()
        self._publish()
        self.sharing.beat()
        meters = self._gateway.pipeline.meters
        if meters is not None:
            meters.purses.beat()
        if self.on_beat is not None:
            self.on_beat()
        self._beats += 1
        if self._beats % BEATS_PER_DUMP == 0:
            if self._watch_health() or self._gateway.metrics.has_changed:
                self._write_blob()
            on_beat()
        self._due = time.monotonic() + BEAT_S
        self._timer = asyncio.get_running_loop().call_later(BEAT_S, self._beat, on_beat)

    def _watch_health(self) -> bool:
        """Sees to the health of targets, where that is this worker's turn. Returns whether there is news to publish."""
        monitor = self._gateway.monitor
        lowest = min((reading.slot for reading in self._board.readings() if reading.is_ready), default=None)
        if lowest != self._slot:
            monitor.leave()
            return False
        if not monitor.is_on_duty:
            monitor.take_over(reports(self._board.blobs()))
        return monitor.look()

    def _learn_health(self) -> None:
        """Sees to it that this worker can tell of the health of targets, whoever watches it."""
        self.sharing.beat()
        if self._watch_health():
            self._write_blob()
        elif not self._gateway.monitor.is_on_duty:
            self._gateway.monitor.hear(reports(self._board.blobs()))

    def _write_blob(self) -> None:
        """Publishes counters and report; where there is no room for both, the counters."""
        counters = self._gateway.metrics.dump()
        if not self._page.write_blob(pack(counters, self._gateway.monitor.dump())):
            self._page.write_blob(pack(counters, b""))

    def _publish(self) -> None:
        words = self._page.words
        words[board.IN_FLIGHT] = self._gateway.account.in_flight
        words[board.CONNECTIONS] = self._gateway.front.connections
        words[board.REQUESTS_TOTAL] += self._gateway.front.served - self._served
        self._served = self._gateway.front.served
        words[board.EGRESS_DENIED_TOTAL] += self._gateway.guard.denied - self._denied
        self._denied = self._gateway.guard.denied
        media = self._gateway.media
        fetched = (media.fetched, media.failed, media.cached, media.bytes)
        for word, now, before in zip(_MEDIA, fetched, self._fetched, strict=True):
            words[word] += now - before
        self._fetched = fetched
        if self.compute is not None:
            self._publish_compute(self.compute)
        recollection = self._gateway.pipeline.recollection
        held = recollection.cache.figures() if recollection is not None else CacheFigures()
        words[board.CACHE_ENTRIES], words[board.CACHE_BYTES] = held.entries, held.size
        words[board.CACHE_TROUBLES_TOTAL] += max(held.troubles - self._troubles, 0)  # a new cache begins anew
        self._troubles = held.troubles

    def _publish_compute(self, line: ComputeLine) -> None:
        words, tally = self._page.words, line.tally
        words[board.HAS_COMPUTE] = int(line.is_open)
        words[board.COMPUTE_WAITING] = tally.waiting if line.is_open else 0
        told = (tally.done, tally.undone, tally.refused, tally.took_us)
        for word, now, before in zip(_COMPUTE, told, self._computed, strict=True):
            words[word] += now - before
        self._computed = told
