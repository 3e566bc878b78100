"""A counter in the memory of one process: for one worker. Budgets begin anew when it does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from stellwerk.core.ledger import NEW, Account, Grant, Return, Shortage, State, Take, forfeit, give, take_all
from stellwerk.ports.counter import Counter


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This counter has no options."""


class MemoryCounter:
    """The transitions of the ledger over a dictionary. It is never away."""

    def __init__(self) -> None:
        self._states: dict[str, State] = {}
        self._accounts: dict[str, Account] = {}
        self._seen_s: dict[str, float] = {}

    async def take(self, owner: str, takes: Sequence[Take], now_s: float) -> tuple[Grant, ...] | Shortage:
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
        self._seen_s.pop(owner, None)
        for id_, state in self._states.items():
            self._states[id_] = forfeit(self._accounts[id_], state, owner)

    async def owners(self, owner: str, now_s: float) -> dict[str, float]:
        """Takes note that an owner is there; who holds anything, and how long each has been silent."""
        holding = {each for state in self._states.values() for each in state.leases}
        self._seen_s = {each: self._seen_s.get(each, now_s) for each in holding}
        if owner in holding:
            self._seen_s[owner] = now_s
        return {each: max(now_s - seen_s, 0.0) for each, seen_s in self._seen_s.items()}

    async def read(self, ids: Iterable[str]) -> dict[str, State]:
        """The accounts that are known of these."""
        return {id_: self._states[id_] for id_ in ids if id_ in self._states}

    def close(self) -> None:
        """Forgets everything."""
        self._states.clear()
        self._accounts.clear()
        self._seen_s.clear()


def build(settings: Settings) -> Counter:
    """The counter."""
    del settings
    return MemoryCounter()
