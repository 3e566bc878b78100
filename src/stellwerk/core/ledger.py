"""What limits and budgets have left, and who holds how much of it: values, and the transitions between them.

Workers do not ask for each request: they take a share of an account, which is a lease, spend of it what they like, and
give back what they have not used. Whatever was taken counts as gone until it comes back, so that all workers together
never use more than there is. When an owner dies, what it held of money counts as spent, for nobody knows better; places
for requests under way are free again, since those requests died with it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence

import msgspec


class Kind(enum.Enum):
    """How what an account has comes back."""

    BUDGET = "budget"
    """Never: the next period has an account of its own. Nano-dollars."""
    BUCKET = "bucket"
    """Evenly, all of it within ``span_s``. Requests or tokens."""
    WINDOW = "window"
    """All of it when a window of ``span_s`` ends, counted from Unix time 0. Requests or tokens."""
    SLOTS = "slots"
    """When it is given back. Requests at the same time."""


class Account(msgspec.Struct, frozen=True, gc=False):
    """What is counted out. ``id`` names it for good: an account of a budget's next period has another one.

    ``span_s`` is how long a bucket takes to fill and a window lasts; of a budget, the Unix time at which its period
    ends, 0 for never.
    """

    id: str
    kind: Kind
    capacity: int
    span_s: int = 60


class State(msgspec.Struct, frozen=True):
    """An account at a moment. ``spent`` is gone for good, ``leases`` are held, by owner."""

    spent: int = 0
    leases: Mapping[str, int] = {}
    level: float = 0.0
    """Of a bucket or window: how much of the capacity has been taken and has not come back, as of ``at_s``."""
    at_s: float = 0.0
    estimated: int = 0
    """The part of ``spent`` that owners held who have died."""

    @property
    def held(self) -> int:
        """By all owners together."""
        return sum(self.leases.values())


class Take(msgspec.Struct, frozen=True, gc=False):
    """A wish: at least so much of an account, and up to ``wanted`` where there is plenty."""

    account: Account
    least: int
    wanted: int


class Grant(msgspec.Struct, frozen=True, gc=False):
    """How much was taken of an account, and how much is left in it for others and for later."""

    amount: int
    left: int


class Return(msgspec.Struct, frozen=True, gc=False):
    """What an owner has spent of its lease since it last said so, and what it does not need."""

    account: Account
    spent: int = 0
    unused: int = 0


class Shortage(msgspec.Struct, frozen=True, gc=False):
    """An account lacks so much; ``retry_after_s`` is when time alone may have brought it, 0 where it brings nothing.

    ``elsewhere`` is what others hold, of which they may not need all; ``None`` where nobody knows.
    """

    account: Account
    lacking: int
    retry_after_s: float = 0.0
    elsewhere: int | None = None


NEW = State()
SHARES = 4


def left(account: Account, state: State, now_s: float) -> int:
    """How much can be taken. ``now_s`` is Unix time in seconds, which may also be earlier than it was."""
    if account.kind in _FLOWING:
        return max(int(account.capacity - _level(account, state, now_s)), 0)
    return max(account.capacity - state.spent - state.held, 0)


def take(account: Account, state: State, now_s: float, owner: str, least: int, wanted: int) -> tuple[State, int]:
    """The state after an owner has taken, and how much: nothing where there is less than ``least``.

    Of what is beyond that it gets a quarter at most: the less there is left, the smaller are the shares of it.
    """
    free = left(account, state, now_s)
    if free < least:
        return state, 0
    granted = min(max(wanted, least), least + (free - least) // SHARES)
    if not granted:
        return state, 0
    if account.kind in _FLOWING:
        level = _level(account, state, now_s) + granted
        return msgspec.structs.replace(state, level=level, at_s=max(now_s, state.at_s)), granted
    leases = {**state.leases, owner: state.leases.get(owner, 0) + granted}
    return msgspec.structs.replace(state, leases=leases), granted


def give(account: Account, state: State, now_s: float, owner: str, spent: int, unused: int) -> State:
    """After an owner has told what became of a part of its lease. What it does not hold, it cannot give back.

    Money that was spent is spent, also where it is more than the owner held.
    """
    if account.kind in _FLOWING:
        # What was used is gone already. Of a window that is over nothing comes back.
        level = max(_level(account, state, now_s) - unused, 0.0)
        return msgspec.structs.replace(state, level=level, at_s=max(now_s, state.at_s))
    spent = spent if account.kind is Kind.BUDGET else 0
    rest = max(state.leases.get(owner, 0) - spent - unused, 0)
    leases = {**state.leases, owner: rest}
    if not rest:
        del leases[owner]
    return msgspec.structs.replace(state, leases=leases, spent=state.spent + spent)


def forfeit(account: Account, state: State, owner: str) -> State:
    """After an owner has died."""
    held = state.leases.get(owner, 0)
    if not held:
        return state
    leases = {name: amount for name, amount in state.leases.items() if name != owner}
    if account.kind is Kind.BUDGET:
        return msgspec.structs.replace(state, leases=leases, spent=state.spent + held, estimated=state.estimated + held)
    return msgspec.structs.replace(state, leases=leases)


def take_all(
    states: Mapping[str, State], now_s: float, owner: str, takes: Sequence[Take]
) -> tuple[dict[str, State], tuple[Grant, ...]] | Shortage:
    """Takes of several accounts, or of none: the states that are other, and the grants in their order.

    ``states`` has those that are known, by account.
    """
    changed: dict[str, State] = {}
    grants = []
    for one in takes:
        account = one.account
        state = changed.get(account.id) or states.get(account.id, NEW)
        after, granted = take(account, state, now_s, owner, one.least, one.wanted)
        if granted < one.least:
            lacking = one.least - left(account, state, now_s)
            elsewhere = None if account.kind in _FLOWING else state.held - state.leases.get(owner, 0)
            return Shortage(account, lacking, wait_s(account, state, now_s, one.least), elsewhere)
        changed[account.id] = after
        grants.append(Grant(granted, left(account, after, now_s)))
    return changed, tuple(grants)


def wait_s(account: Account, state: State, now_s: float, amount: int) -> float:
    """Seconds until time alone has brought ``amount``; 0 where it never will, or it is there."""
    lacking = amount - left(account, state, now_s)
    if lacking <= 0 or account.kind is Kind.SLOTS or amount > account.capacity:
        return 0.0
    if account.kind is Kind.BUDGET:
        return max(account.span_s - now_s, 0.0)
    if account.kind is Kind.WINDOW:
        return account.span_s - now_s % account.span_s
    over = _level(account, state, now_s) + amount - account.capacity
    return over * account.span_s / account.capacity


def remaining(account: Account, held: int, told: int, told_s: float, now_s: float) -> tuple[int, float]:
    """What a bucket or window still allows an owner, and in how many seconds it is whole again without it.

    The owner holds so much itself, and was told at ``told_s`` how much else there was; what others have taken since
    then it does not know.
    """
    capacity, span_s = account.capacity, account.span_s
    if account.kind is Kind.WINDOW:
        is_over = now_s // span_s > told_s // span_s
        return max(min(capacity if is_over else told + held, capacity), 0), span_s - now_s % span_s
    free = told + held + int((now_s - told_s) * capacity / span_s) if now_s > told_s else told + held
    if free >= capacity:
        return capacity, 0.0
    return (free, (capacity - free) * span_s / capacity) if free > 0 else (0, float(span_s))


_FLOWING = frozenset({Kind.BUCKET, Kind.WINDOW})


def _level(account: Account, state: State, now_s: float) -> float:
    if account.kind is Kind.WINDOW:
        return state.level if now_s // account.span_s <= state.at_s // account.span_s else 0.0
    back = max(now_s - state.at_s, 0.0) * account.capacity / account.span_s
    return max(state.level - back, 0.0)
