"""The port of a counter: where limits and budgets are counted for all workers together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from stellwerk.core.ledger import Grant, Return, Shortage, State, Take


class Counter(Protocol):
    """Keeps accounts and who holds what of them (see ``core/ledger.py``); each call is one step, whole or not at all.

    ``now_s`` is Unix time in seconds. While the counter is away, every call raises ``StoreUnavailable``, and what the
    caller wanted to tell has to be told later.
    """

    async def take(self, owner: str, takes: Sequence[Take], now_s: float) -> tuple[Grant, ...] | Shortage:
        """Takes of all of these accounts, or of none: the grants in their order, or what is lacking first."""
        ...

    async def give(self, owner: str, returns: Sequence[Return], now_s: float) -> None:
        """Takes note of what was spent, and takes back what is not needed."""
        ...

    async def forfeit(self, owner: str, now_s: float) -> None:
        """An owner has died: the money that it held counts as spent, its places are free."""
        ...

    async def owners(self, owner: str, now_s: float) -> dict[str, float]:
        """Takes note that an owner is there; who holds anything, and for how many seconds each has not said so."""
        ...

    async def read(self, ids: Iterable[str]) -> dict[str, State]:
        """The accounts that are known of these."""
        ...

    def close(self) -> None:
        """Lets go of everything. Call nothing afterwards."""
        ...
