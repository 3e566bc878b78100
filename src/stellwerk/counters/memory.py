"""A counter in the memory of one process: for one worker. Budgets begin anew when it does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from stellwerk.core.ledger import NEW, Account, Return, Shortage, State, Take, forfeit, give, take_all
from stellwerk.ports.counter import Counter


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This counter has no options."""


class MemoryCounter:
    """The transitions of the ledger over a dictionary. It is never away."""

    def __init__(self) -> None:
        self._states: dict[str, State] = {}
        self._accounts: dict[str, Account] = {}

    async def take(self, owner: str, takes: Sequence[Take], now_s: float) -> tuple[int, ...] | Shortage:
        """Takes of all of these accounts, or of none."""
        found = take_all(self._states, now_s, owner, takes)
        if isinstance(found, Shortage):
            return found
        changed, grants = found
        self._states.update(changed)
        self._accounts.update((one.account.id, one.account) for one in takes)
        return grants

    async def give(self, owner: str, returns: Sequence[Return], now_s: float) -> None:
        """Takes note of what was spent, and takes back what is not needed."""
        for one in returns:
            self._accounts[one.account.id] = one.account
            state = self._states.get(one.account.id, NEW)
            self._states[one.account.id] = give(one.account, state, now_s, owner, one.spent, one.unused)

    async def forfeit(self, owner: str, now_s: float) -> None:
        """An owner has died."""
        del now_s
        for id_, state in self._states.items():
            self._states[id_] = forfeit(self._accounts[id_], state, owner)

    async def owners(self) -> frozenset[str]:
        """Who holds anything."""
        return frozenset(owner for state in self._states.values() for owner in state.leases)

    async def read(self, ids: Iterable[str]) -> dict[str, State]:
        """The accounts that are known of these."""
        return {id_: self._states[id_] for id_ in ids if id_ in self._states}

    def close(self) -> None:
        """Forgets everything."""
        self._states.clear()
        self._accounts.clear()


def build(settings: Settings) -> Counter:
    """The counter."""
    del settings
    return MemoryCounter()
