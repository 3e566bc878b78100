"""Requests that wait while every target of their model is at its limit."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stellwerk.core.snapshot import QueueSpec
    from stellwerk.gateway.standing import Standing


class Waiter(Protocol):
    """A request that waits."""

    def on_room(self) -> bool:
        """A target may have room. Returns whether the request has left the room with it."""
        ...


class WaitingRoom:
    """The requests of one model that wait, each caller's in their order, and callers by turns.

    A caller with a thousand requests in it keeps another one waiting for one of them, not for all.
    """

    __slots__ = ("_callers", "_is_waking", "_size", "_spec", "_standings")

    def __init__(self, spec: QueueSpec, standings: Iterable[Standing]) -> None:
        self._spec = spec
        self._standings = tuple(standings)
        self._callers: OrderedDict[str, OrderedDict[int, Waiter]] = OrderedDict()
        self._size = 0
        self._is_waking = False

    @property
    def timeout_s(self) -> float:
        """How long a request may wait."""
        return self._spec.timeout_s

    @property
    def size(self) -> int:
        """How many wait."""
        return self._size

    def enter(self, caller: str, waiter: Waiter) -> bool:
        """Takes a request in; ``False`` where there is no room for it."""
        if self._size >= self._spec.length:
            return False
        self._callers.setdefault(caller, OrderedDict())[id(waiter)] = waiter
        self._size += 1
        for standing in self._standings:
            standing.rooms.add(self)
        return True

    def leave(self, caller: str, waiter: Waiter) -> None:
        """A request waits no longer; harmless when it does not."""
        waiting = self._callers.get(caller)
        if waiting is None or waiting.pop(id(waiter), None) is None:
            return
        self._size -= 1
        if not waiting:
            del self._callers[caller]
        if not self._size:
            for standing in self._standings:
                standing.rooms.discard(self)

    def wake(self) -> None:
        """A target may have room: lets requests go, one caller's after another's, until one finds none."""
        if self._is_waking:
            return
        self._is_waking = True
        try:
            while self._callers:
                caller, waiting = next(iter(self._callers.items()))
                if not next(iter(waiting.values())).on_room():
                    return
                if caller in self._callers:
                    self._callers.move_to_end(caller)
        finally:
            self._is_waking = False
