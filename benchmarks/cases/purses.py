"""What a request's limits and budgets cost while this worker holds enough of them: at most 0.5 µs a charge."""

import sys
from collections.abc import Iterator

from benchmarks.cases.case import Case
from stellwerk.core.ledger import Account, Kind
from stellwerk.counters.memory import MemoryCounter
from stellwerk.gateway.purses import Purses
from stellwerk.supervisor.log import Log

KINDS = (Kind.BUCKET, Kind.BUCKET, Kind.SLOTS, Kind.BUDGET, Kind.BUDGET, Kind.BUDGET)
AMOUNT = 10_000
USED = 9_000


def cases() -> Iterator[Case]:
    """Six accounts, as of a key with three limits and a budget in a team and an organization with one each."""
    purses = Purses(MemoryCounter(), "bench", lambda: 0.0, None, Log(sys.stderr))
    charges = [(purses.of(Account(f"{place}", kind, 10**15)), AMOUNT) for place, kind in enumerate(KINDS)]
    for purse, _ in charges:
        purse.free = 10**15

    def take_and_give() -> None:
        purses.try_take(charges)
        for purse, amount in charges:
            purses.give(purse, amount, USED)
            purse.free += USED  # so that it lasts, however often this is timed

    yield Case(group="purses", name=f"take and give, each of {len(KINDS)} accounts", call=take_and_give, units=6)
