"""The board: one page of shared memory per worker, written by that worker alone and read by everybody on the host.

A page begins with aligned 64-bit words at fixed places; each is stored whole, so a reader sees the old or the new
value. Behind them lies a blob: the worker's labelled metrics.

A page outlives its worker: the successor in the slot continues the totals and finds the blob as ``inherited``. Readers
leave out what dead or silent workers say of their present; totals and blobs stay readable until the successor goes on
with them, so that the host's sums never run backwards.
"""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stellwerk.supervisor.blob import Blob

LAYOUT: Final = 0x5354_4C57_0000_0002
"""Name and version of this layout. A reader leaves pages of another one out, a writer begins them anew."""
PAGE_BYTES: Final = 262_144
HEAD_BYTES: Final = 16_384
STALE_S: Final = 5.0
"""A worker whose heartbeat is older counts as silent."""

# Words of the head. Those of ``reals`` hold doubles, all others unsigned integers.
PAGE_LAYOUT: Final = 0
PID: Final = 1
STARTED_S: Final = 2  # of reals: seconds since the Unix epoch
HEARTBEAT_S: Final = 3  # of reals: seconds of the host's monotonic clock
EPOCH: Final = 4  # how many workers the slot has had
GENERATION: Final = 5
CONFIG_VERSION: Final = 6
IS_READY: Final = 7
IN_FLIGHT: Final = 8
CONNECTIONS: Final = 9
LOOP_LAG_LAST_US: Final = 10
LOOP_LAG_MAX_US: Final = 11
REQUESTS_TOTAL: Final = 12
EGRESS_DENIED_TOTAL: Final = 13
MEDIA_FETCHED_TOTAL: Final = 14
MEDIA_FAILED_TOTAL: Final = 15
MEDIA_CACHED_TOTAL: Final = 16
MEDIA_BYTES_TOTAL: Final = 17
COMPUTE_DONE_TOTAL: Final = 18
COMPUTE_FAILED_TOTAL: Final = 19
COMPUTE_UNAVAILABLE_TOTAL: Final = 20
COMPUTE_TOOK_US_TOTAL: Final = 21
HAS_COMPUTE: Final = 22  # whether it can ask the compute process
COMPUTE_WAITING: Final = 23  # jobs that waited there, when it answered last
CACHE_ENTRIES: Final = 24  # of the cache that it has, or shares
CACHE_BYTES: Final = 25
CACHE_TROUBLES_TOTAL: Final = 26
_WORDS: Final = 27
_TOTALS: Final = (
    REQUESTS_TOTAL,
    EGRESS_DENIED_TOTAL,
    *range(MEDIA_FETCHED_TOTAL, HAS_COMPUTE),
    CACHE_TROUBLES_TOTAL,
)
_TARGETS_AT: Final = 64  # the table of targets follows, to the end of the head
_TARGET_WORDS: Final = 8  # key, version, until_s, calls under way, limited_until, succeeded_at, failed_at, failures
MOST_TARGETS: Final = (HEAD_BYTES // 8 - _TARGETS_AT) // _TARGET_WORDS
_KEPT: Final = frozenset({PAGE_LAYOUT, EPOCH, *_TOTALS})


@dataclass(frozen=True, slots=True)
class TargetReading:
    """What one living worker's page said of a target: see ``core/breaker.py`` and ``core/health.py``."""

    version: int
    until_s: float
    in_flight: int
    limited_until: float = 0.0
    succeeded_at: float = 0.0
    failed_at: float = 0.0
    failure: int = 0
    """The number of why the last call that failed did."""
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What one living worker's page said."""

    slot: int
    pid: int
    started_s: float
    epoch: int
    generation: int
    config_version: int
    is_ready: bool
    in_flight: int
    connections: int
    loop_lag_last_us: int
    loop_lag_max_us: int
    requests_total: int
    has_compute: bool = False
    compute_waiting: int = 0
    cache_entries: int = 0
    cache_bytes: int = 0


class Page:
    """A worker's own page. ``page.words[IN_FLIGHT] += 1`` is how a value is set; ``reals`` are the doubles."""

    def __init__(
        self,
        directory: Path,
        slot: int,
        *,
        generation: int = 0,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Takes over the slot's page or makes it. Raises ``OSError``, also when there is no room for it."""
        self._clock = clock
        self._memory = _map_for_writing(page_path(directory, slot))
        self._bytes = memoryview(self._memory)
        self._blob = Blob(self._bytes[HEAD_BYTES:])
        self.words = self._bytes[:HEAD_BYTES].cast("Q")
        self.reals = self._bytes[:HEAD_BYTES].cast("d")
        self._take_over(generation, wall_clock())
        self.inherited = self._blob.read()

    def beat(self) -> None:
        """Says that the worker lives; to be called at least every second."""
        self.reals[HEARTBEAT_S] = self._clock()

    def lag(self, lag_us: int) -> None:
        """Notes how late the event loop woke up."""
        words = self.words
        words[LOOP_LAG_LAST_US] = lag_us
        words[LOOP_LAG_MAX_US] = max(words[LOOP_LAG_MAX_US], lag_us)

    def write_target(self, place: int, key: int, told: TargetReading) -> None:
        """Says how a target is doing, in a place of the table that is this target's until it is cleared."""
        at = _TARGETS_AT + place * _TARGET_WORDS
        words, reals = self.words, self.reals
        reals[at + 2] = told.until_s  # before the version: who reads the one reads the other
        words[at + 3] = told.in_flight
        reals[at + 4] = told.limited_until
        reals[at + 5] = told.succeeded_at
        reals[at + 6] = told.failed_at
        words[at + 7] = told.failure | told.failures << 8
        words[at + 1] = told.version
        words[at] = key

    def clear_target(self, place: int) -> None:
        """Says nothing more of a target: its place may be another's."""
        self.words[_TARGETS_AT + place * _TARGET_WORDS] = 0

    def write_blob(self, blob: bytes) -> bool:
        """Replaces the blob; ``False``, and the old one stays, when it is longer than half a page."""
        return self._blob.write(blob)

    def close(self) -> None:
        """Gives the page up: its worker counts as gone, its totals and its blob stay."""
        self.words[PID] = 0
        self._blob.close()
        for view in (self.words, self.reals, self._bytes):
            view.release()
        self._memory.close()

    def _take_over(self, generation: int, now_s: float) -> None:
        words = self.words
        is_known = words[PAGE_LAYOUT] == LAYOUT
        words[PID] = 0
        for index in range(_WORDS):
            if not (is_known and index in _KEPT):
                words[index] = 0
        for index in range(_TARGETS_AT, HEAD_BYTES // 8):
            words[index] = 0
        if not is_known:
            self._blob.clear()
        words[EPOCH] += 1
        words[GENERATION] = generation
        self.reals[STARTED_S] = now_s
        self.beat()
        words[PAGE_LAYOUT] = LAYOUT
        words[PID] = os.getpid()


class Board:
    """All pages of the host, for reading."""

    def __init__(self, directory: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._directory = directory
        self._clock = clock
        self._pages: dict[int, _MappedPage] = {}

    def readings(self) -> list[Reading]:
        """One for each living worker, in the order of the slots."""
        now_s = self._clock()
        return [page.reading(slot) for slot, page in self._known() if page.is_living(now_s)]

    def targets(self, own_slot: int) -> dict[int, list[TargetReading]]:
        """What the living workers in other slots say of targets, by key."""
        now_s = self._clock()
        found: dict[int, list[TargetReading]] = {}
        for slot, page in self._known():
            if slot != own_slot and page.is_living(now_s):
                for key, reading in page.targets():
                    found.setdefault(key, []).append(reading)
        return found

    def total(self, word: int) -> int:
        """The sum of a word that holds a total, over all slots and whoever has served them."""
        return sum(page.words[word] for _, page in self._known())

    def blobs(self) -> list[bytes]:
        """The last whole blob of each slot that has one, in the order of the slots; of dead workers too."""
        return [blob for _, page in self._known() if (blob := page.blob.read())]

    def close(self) -> None:
        """Lets go of all pages."""
        for page in self._pages.values():
            page.close()
        self._pages.clear()

    def _known(self) -> list[tuple[int, _MappedPage]]:
        """The pages of this layout, after mapping new ones and letting go of those whose file is another or gone."""
        try:
            with os.scandir(self._directory) as entries:
                found = {int(entry.name[:-5]): entry.inode() for entry in entries if _is_page(entry.name)}
        except FileNotFoundError:
            found = {}
        for slot in [slot for slot, page in self._pages.items() if found.get(slot) != page.inode]:
            self._pages.pop(slot).close()
        for slot in found.keys() - self._pages.keys():
            page = _MappedPage.open(page_path(self._directory, slot))
            if page is not None:
                self._pages[slot] = page
        return [(slot, page) for slot, page in sorted(self._pages.items()) if page.words[PAGE_LAYOUT] == LAYOUT]


class _MappedPage:
    """A page of somebody else's."""

    __slots__ = ("_memory", "_reals", "_view", "blob", "inode", "words")

    def __init__(self, memory: mmap.mmap, inode: int) -> None:
        self._memory = memory
        self._view = memoryview(memory)
        self._reals = self._view[:HEAD_BYTES].cast("d")
        self.inode = inode
        self.words = self._view[:HEAD_BYTES].cast("Q")
        self.blob = Blob(self._view[HEAD_BYTES:])

    @classmethod
    def open(cls, path: Path) -> _MappedPage | None:
        """``None`` when it was removed meanwhile or its writer has not given it its size yet."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            status = os.fstat(descriptor)
            if status.st_size < PAGE_BYTES:
                return None
            return cls(mmap.mmap(descriptor, PAGE_BYTES, prot=mmap.PROT_READ), status.st_ino)
        finally:
            os.close(descriptor)

    def is_living(self, now_s: float) -> bool:
        """Whether its worker exists and has a fresh heartbeat."""
        pid = self.words[PID]
        return pid > 0 and now_s - self._reals[HEARTBEAT_S] <= STALE_S and _is_alive(pid)

    def reading(self, slot: int) -> Reading:
        """What it says now."""
        words = self.words
        return Reading(
            slot=slot,
            pid=words[PID],
            started_s=self._reals[STARTED_S],
            epoch=words[EPOCH],
            generation=words[GENERATION],
            config_version=words[CONFIG_VERSION],
            is_ready=bool(words[IS_READY]),
            in_flight=words[IN_FLIGHT],
            connections=words[CONNECTIONS],
            loop_lag_last_us=words[LOOP_LAG_LAST_US],
            loop_lag_max_us=words[LOOP_LAG_MAX_US],
            requests_total=words[REQUESTS_TOTAL],
            has_compute=bool(words[HAS_COMPUTE]),
            compute_waiting=words[COMPUTE_WAITING],
            cache_entries=words[CACHE_ENTRIES],
            cache_bytes=words[CACHE_BYTES],
        )

    def targets(self) -> Iterator[tuple[int, TargetReading]]:
        """The table of targets, with their keys."""
        words, reals = self.words, self._reals
        for at in range(_TARGETS_AT, HEAD_BYTES // 8, _TARGET_WORDS):
            key = words[at]
            if key:
                version, last = words[at + 1], words[at + 7]
                moments = (reals[at + 4], reals[at + 5], reals[at + 6])
                reading = TargetReading(version, reals[at + 2], words[at + 3], *moments, last & 0xFF, last >> 8)
                if words[at] == key:  # else the place is another target's since
                    yield key, reading

    def close(self) -> None:
        """Lets go of the memory."""
        self.blob.close()
        for view in (self.words, self._reals, self._view):
            view.release()
        self._memory.close()


def page_path(directory: Path, slot: int) -> Path:
    """Where the page of a slot lies."""
    return directory / f"{slot}.page"


def _is_page(name: str) -> bool:
    return name.endswith(".page") and name[:-5].isdecimal()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _map_for_writing(path: Path) -> mmap.mmap:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(descriptor).st_size != PAGE_BYTES:
            # Written out instead of left sparse: a full disk is an error here, later it would be a SIGBUS.
            os.ftruncate(descriptor, 0)
            written = os.pwrite(descriptor, bytes(PAGE_BYTES), 0)
            if written < PAGE_BYTES:
                raise OSError(f"{path}: no room for the board's page ({written} of {PAGE_BYTES} bytes written)")
        return mmap.mmap(descriptor, PAGE_BYTES)
    finally:
        os.close(descriptor)
