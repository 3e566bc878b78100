"""What the workers of a host tell one another of targets: circuits, calls under way, and what calls have shown.

The board holds the state, the bus only says that it has changed: a notice that is lost is made good by the next
heartbeat, a quarter of a second later. Without a bus, that is how fast news travels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache

from stellwerk.core.health import FAILURES, NOTHING, OTHER, Signs
from stellwerk.gateway.standing import Standings
from stellwerk.ports.bus import Bus, Notice
from stellwerk.supervisor.board import MOST_TARGETS, Board, Page, TargetReading
from stellwerk.supervisor.log import Log

TOPIC = "targets"


class Sharing:
    """One worker's part in it. Targets beyond ``MOST_TARGETS`` are each worker's own affair."""

    def __init__(
        self, standings: Standings, page: Page, board: Board, slot: int, clock: Callable[[], float], log: Log
    ) -> None:
        self._standings = standings
        self._page = page
        self._board = board
        self._slot = slot
        self._clock = clock
        self._log = log
        self._places: dict[str, int] = {}
        self._free = list(reversed(range(MOST_TARGETS)))
        self._is_full = False
        """Whether a target has been left without a place, which is told once."""
        self._bus: Bus | None = None
        self._told = 0
        standings.watch(self._tell)

    def join(self, bus: Bus) -> None:
        """Tells of changes at once, and hears of them."""
        self._bus = bus
        bus.subscribe(self._on_notice)

    def leave(self) -> None:
        """Neither tells nor hears any more."""
        bus, self._bus = self._bus, None
        if bus is not None:
            bus.close()

    def beat(self) -> None:
        """Writes down what this worker's calls have shown and how many are under way; reads everybody else's."""
        now = self._clock()
        self._let_go()
        for identity, standing in self._standings:
            standing.settle(now)
            if standing.own_in_flight or identity in self._places or standing.signs.latest:
                self._write(identity)
        self._read()

    def _tell(self, identity: str) -> None:
        self._write(identity)
        if self._bus is not None:
            self._told += 1
            self._bus.publish(Notice(TOPIC, self._told))

    def _write(self, identity: str) -> None:
        place = self._place(identity)
        if place is None:
            return
        standing = self._standings.of(identity)
        until_s, version = standing.breaker.published
        signs = standing.signs
        told = TargetReading(
            version,
            until_s,
            standing.own_in_flight,
            signs.limited_until,
            signs.succeeded_at,
            signs.failed_at,
            FAILURES.index(signs.failure),
            signs.failures,
        )
        self._page.write_target(place, _key(identity), told)

    def _place(self, identity: str) -> int | None:
        """A target's place on the page; ``None`` while the page is full."""
        place = self._places.get(identity)
        if place is None and self._free:
            place = self._places[identity] = self._free.pop()
        elif place is None and not self._is_full:
            self._is_full = True
            self._log.warning("board_full", targets=MOST_TARGETS, target=identity)
        return place

    def _let_go(self) -> None:
        """Frees the places of targets that have left the configuration."""
        for identity in [identity for identity in self._places if identity not in self._standings]:
            place = self._places.pop(identity)
            self._page.clear_target(place)
            self._free.append(place)
            self._is_full = False

    def _on_notice(self, notice: Notice) -> None:
        if notice.topic == TOPIC:
            self._read()

    def _read(self) -> None:
        told = self._board.targets(self._slot)
        for identity, standing in self._standings:
            others = told.get(_key(identity), ())
            standing.elsewhere = sum(other.in_flight for other in others)
            signs = NOTHING
            for other in others:
                signs = signs.meet(_signs(other))
                if other.version > standing.breaker.version:
                    standing.heard(other.until_s, other.version)
            standing.told = signs


def _signs(told: TargetReading) -> Signs:
    failure = FAILURES[told.failure] if told.failure < len(FAILURES) else OTHER  # a newer worker knows more of them
    return Signs(told.limited_until, told.succeeded_at, told.failed_at, failure, told.failures)


@lru_cache(maxsize=1024)
def _key(identity: str) -> int:
    """A target's number on the board, the same in every worker; never 0."""
    return int.from_bytes(hashlib.blake2b(identity.encode(), digest_size=8).digest(), "little") | 1
