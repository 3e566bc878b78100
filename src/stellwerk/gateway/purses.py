"""What this worker holds of limits and budgets, so that most requests take their part without asking anybody.

A purse is a worker's lease of one account (see ``core/ledger.py``). Requests take from purses and give back at once;
the counter is asked when a purse lacks something, for a share that lasts a while, and told every heartbeat what was
spent. A worker that has more than it needs gives it back after a second of rest, or as soon as another one of the host
lacks it and says so on the bus.

While the counter is away, hard money is refused once the purse is empty. Limits are then open, unless the
configuration wants them closed: they are there for fairness, and nobody is to be turned away because a database is
gone; what is used is counted here and reported later.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from stellwerk.core.ledger import Account, Kind, Return, Shortage, Take
from stellwerk.errors import StoreUnavailable
from stellwerk.ports.bus import Bus, Notice
from stellwerk.ports.counter import Counter
from stellwerk.supervisor.log import Log

TOPIC = "purses"
AHEAD = 16
"""A purse that lacks something wants so many times as much."""
RECALLS = 3
"""So often the others are asked for what they do not need, before somebody is told that there is none."""
RECALL_S = 0.02
IDLE_BEATS = 4
"""What nobody has taken of for so many heartbeats is given back.

Of a bucket everything is given back with each: there it comes back by itself meanwhile, and would be used twice.
"""


class Purse:
    """This worker's part of one account. ``free`` can be taken; below 0 it is a debt, for more was used than taken.

    What the counter knows this worker to hold is ``free + used + spent + spare``.
    """

    __slots__ = ("account", "free", "idle_beats", "is_over", "left", "left_s", "spare", "spent", "used")

    def __init__(self, account: Account) -> None:
        self.account = account
        self.free = 0
        self.used = 0
        """Taken by requests that run."""
        self.spent = 0
        """Not told to the counter yet."""
        self.spare = 0
        """Not to be taken any more: it goes back with what is told next."""
        self.idle_beats = 0
        self.left = account.capacity
        """What the counter had left when it was asked last, which was at ``left_s`` in Unix time."""
        self.left_s = 0.0
        self.is_over = False
        """Whether nothing is taken of it any more: it is forgotten as soon as all is settled."""


Charge = tuple[Purse, int]


class Pending:
    """A request that waits for what it needs. ``on_done`` is told once, unless it is cancelled before."""

    __slots__ = ("charges", "on_done")

    def __init__(self, charges: Sequence[Charge], on_done: Callable[[Shortage | None], None]) -> None:
        self.charges = charges
        self.on_done: Callable[[Shortage | None], None] | None = on_done

    def cancel(self) -> None:
        """Nobody waits any more."""
        self.on_done = None

    def tell(self, shortage: Shortage | None) -> None:
        """It has what it needs, or there is none."""
        on_done, self.on_done = self.on_done, None
        if on_done is not None:
            on_done(shortage)


class Purses:
    """Every purse of a worker.

    ``owner`` names it among all that share the counter; ``wall`` gives Unix time in seconds. Without a ``bus`` there is
    nobody else on this host.
    """

    def __init__(
        self,
        counter: Counter,
        owner: str,
        wall: Callable[[], float],
        bus: Bus | None,
        log: Log,
        sleep: Callable[[float], asyncio.Future[None]] | None = None,
        *,
        is_open: bool = True,
    ) -> None:
        """``is_open``: limits let requests pass while the counter is away."""
        self._counter = counter
        self._owner = owner
        self._wall = wall
        self._bus = bus
        self._log = log
        self._sleep = sleep or asyncio.sleep
        self._is_open = is_open
        self._purses: dict[str, Purse] = {}
        self._moved: set[Purse] = set()
        """Those of which there may be something to tell: there can be very many others, one for each of many users."""
        self._waiting: deque[Pending] = deque()
        self._fetching: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[None] | None = None
        self._notices = 0
        self.is_away = False
        """Whether the counter could not be reached when it was asked last."""
        if bus is not None:
            bus.subscribe(self._on_notice)

    def of(self, account: Account) -> Purse:
        """The purse of an account; the same one for the same id, with the capacity that holds now.

        A share of what was more goes back: there may not be so much any more. What is held of a window that is over is
        worth nothing, and what requests hold of it comes back to nobody.
        """
        purse = self._purses.get(account.id)
        if purse is None or self._is_past(purse):
            purse = self._purses[account.id] = Purse(account)
        elif account.capacity < purse.account.capacity and purse.free > 0:
            purse.spare, purse.free = purse.spare + purse.free, 0
            self._moved.add(purse)
        purse.account = account
        return purse

    def end(self, purse: Purse) -> None:
        """Nothing is taken of it any more, unless it is asked for again: it is forgotten as soon as all is settled."""
        purse.is_over = True
        self._moved.add(purse)

    def try_take(self, charges: Sequence[Charge]) -> bool:
        """Takes of all purses, or of none, what is at hand."""
        for purse, amount in charges:
            if purse.free < amount:
                return False
        for purse, amount in charges:
            purse.free -= amount
            purse.used += amount
            purse.idle_beats = 0
            self._moved.add(purse)
        return True

    def take_later(self, charges: Sequence[Charge], on_done: Callable[[Shortage | None], None]) -> Pending:
        """Fetches what lacks and takes then; whoever came before is served before."""
        pending = Pending(charges, on_done)
        self._waiting.append(pending)
        if self._fetching is None:
            self._fetching = asyncio.get_running_loop().create_task(self._fetch())
        return pending

    def give(self, purse: Purse, taken: int, spent: int, *, is_late: bool = False) -> None:
        """A request is settled that had ``taken`` and has used ``spent`` of it, or more.

        ``is_late``: it has taken its time, in which a bucket has filled again; only its counter knows how far.
        """
        self._moved.add(purse)
        purse.used -= taken
        purse.spent += spent
        if is_late and taken > spent and purse.account.kind is Kind.BUCKET:
            purse.spare += taken - spent
        else:
            purse.free += taken - spent

    def beat(self) -> None:
        """Every heartbeat: tells the counter what was spent, and gives back what rests."""
        if self._moved and self._telling is None:
            self._telling = asyncio.get_running_loop().create_task(self._tell(IDLE_BEATS))

    async def leave(self) -> None:
        """Gives everything back. What requests still use is held until they are settled by another ``leave``."""
        await self._finish_telling()
        await self._tell(0)

    async def close(self) -> None:
        """Gives everything back and lets go of the counter. Ask for nothing afterwards."""
        await self.leave()
        self._counter.close()

    async def forfeit_others(self, is_alive: Callable[[str, float], bool]) -> None:
        """Says that this worker is there, and settles for those that have died: money counts as spent, places are free.

        ``is_alive`` is asked with an owner and the seconds for which it has said nothing.
        """
        try:
            for owner, silent_s in (await self._counter.owners(self._owner, self._wall())).items():
                if owner != self._owner and not is_alive(owner, silent_s):
                    await self._counter.forfeit(owner, self._wall())
        except StoreUnavailable as error:
            self._note_away(error)

    # -- fetching what lacks

    async def _fetch(self) -> None:
        try:
            while self._waiting:
                if not await self._serve_all():
                    await self._serve_first()
        finally:
            self._fetching = None

    async def _serve_all(self) -> bool:
        """Fetches for everybody at once, with some to spare; ``False`` when there is not so much."""
        lacking: dict[Purse, int] = {}
        for pending in self._waiting:
            if pending.on_done is not None:
                for purse, amount in pending.charges:
                    lacking[purse] = lacking.get(purse, -purse.free) + amount
        takes = [Take(purse.account, amount, amount * AHEAD) for purse, amount in lacking.items() if amount > 0]
        found = await self._take(takes, [purse for purse, amount in lacking.items() if amount > 0])
        if found is not None:
            return False
        for _ in range(len(self._waiting)):
            pending = self._waiting.popleft()
            if pending.on_done is not None and not self.try_take(pending.charges):
                self._waiting.append(pending)  # what it counted on was taken meanwhile
            else:
                pending.tell(None)
        return True

    async def _serve_first(self) -> None:
        """Fetches exactly what the first one lacks; others give up for it what they do not need."""
        for attempt in range(RECALLS + 1):
            pending = self._waiting[0]
            if pending.on_done is None:
                self._waiting.popleft()
                return
            if self.try_take(pending.charges):
                self._waiting.popleft()
                pending.tell(None)
                return
            short = [(purse, amount - purse.free) for purse, amount in pending.charges if purse.free < amount]
            shortage = await self._take(
                [Take(purse.account, lack, lack) for purse, lack in short], [p for p, _ in short]
            )
            if shortage is None:
                continue
            if any(purse.spare for purse, _ in short) and not self.is_away:  # which may be what is lacking
                await self._finish_telling()
                self._telling = asyncio.get_running_loop().create_task(self._tell(IDLE_BEATS))
                await self._finish_telling()
                continue
            if attempt == RECALLS or not self._recall(shortage):
                self._refuse(shortage)
                return
            await self._sleep(RECALL_S)

    def _refuse(self, shortage: Shortage) -> None:
        """Tells everybody who needs as much as the first one of what there is not."""
        id_, first = shortage.account.id, self._waiting[0]
        least = max(amount - purse.free for purse, amount in first.charges if purse.account.id == id_)
        waiting = list(self._waiting)
        self._waiting.clear()
        for pending in waiting:
            lack = max((amount - purse.free for purse, amount in pending.charges if purse.account.id == id_), default=0)
            if lack >= least:
                pending.tell(msgspec.structs.replace(shortage, lacking=shortage.lacking + lack - least))
            else:
                self._waiting.append(pending)

    async def _take(self, takes: Sequence[Take], purses: Sequence[Purse]) -> Shortage | None:
        if not takes:
            return None
        now_s = self._wall()
        try:
            found = await self._counter.take(self._owner, takes, now_s)
        except StoreUnavailable as error:
            self._note_away(error)
            return self._open(takes, purses)
        self.is_away = False
        if isinstance(found, Shortage):
            purse, wanted = next(each for each in zip(purses, takes, strict=True) if each[1].account is found.account)
            purse.left, purse.left_s = wanted.least - found.lacking, now_s
            return found
        for purse, grant in zip(purses, found, strict=True):
            purse.free += grant.amount
            purse.left, purse.left_s = grant.left, now_s
            purse.idle_beats = 0
            self._moved.add(purse)
        return None

    def _open(self, takes: Sequence[Take], purses: Sequence[Purse]) -> Shortage | None:
        """Without the counter: limits are open, unless they are to be closed; money is not."""
        for one in takes:
            if one.account.kind is Kind.BUDGET or not self._is_open:
                return Shortage(one.account, one.least)
        for purse, one in zip(purses, takes, strict=True):
            purse.free += one.least
            self._moved.add(purse)
        return None

    def _recall(self, shortage: Shortage) -> bool:
        """Asks the other workers of the host for what they do not need; whether there is anybody to ask."""
        if self._bus is None or self.is_away or shortage.account.capacity < shortage.lacking:
            return False
        if shortage.elsewhere is not None and shortage.elsewhere < shortage.lacking:
            return False
        self._notices += 1
        self._bus.publish(Notice(TOPIC, self._notices))
        return True

    def _on_notice(self, notice: Notice) -> None:
        """Somebody lacks something: gives back what nobody needs here at this moment."""
        if notice.topic == TOPIC and self._telling is None:
            self._telling = asyncio.get_running_loop().create_task(self._tell(0))

    # -- telling what became of it

    async def _tell(self, idle_beats: int) -> None:
        """Reports what was spent, and gives back what has rested for so many heartbeats."""
        try:
            told = []
            for purse in list(self._moved):
                purse.idle_beats += 1
                if self._is_past(purse):
                    purse.free, purse.spare = min(purse.free, 0), 0
                rests = purse.is_over or purse.idle_beats > idle_beats or purse.account.kind is Kind.BUCKET
                rested = max(purse.free, 0) if rests else 0
                purse.free -= rested  # nobody may take it while it is on its way
                purse.spare += rested
                if purse.spent or purse.spare:
                    told.append((purse, purse.spent, purse.spare, rested))
                elif not (purse.used or purse.free > 0 or self._waiting):  # for whoever waits may wait for this one
                    self._moved.discard(purse)
                    if purse.is_over and self._purses.get(purse.account.id) is purse:
                        del self._purses[purse.account.id]
            if not told:
                return
            try:
                returns = [Return(purse.account, spent, spare) for purse, spent, spare, _ in told]
                await self._counter.give(self._owner, returns, self._wall())
            except StoreUnavailable as error:
                self._note_away(error)
                for purse, _, _, rested in told:
                    purse.free += rested
                    purse.spare -= rested
                return
            self.is_away = False
            for purse, spent, spare, _ in told:
                purse.spent -= spent
                purse.spare -= spare
                purse.left += spare
                if purse.account.kind is Kind.BUDGET:  # what was too much is told as well
                    purse.free -= min(purse.free + purse.used + purse.spent + purse.spare, 0)
        finally:
            self._telling = None

    def _is_past(self, purse: Purse) -> bool:
        """Whether it is of a window that is over."""
        account = purse.account
        return account.kind is Kind.WINDOW and 0 < purse.left_s // account.span_s < self._wall() // account.span_s

    async def _finish_telling(self) -> None:
        while self._telling is not None:
            await asyncio.wait([self._telling])

    def _note_away(self, error: StoreUnavailable) -> None:
        if not self.is_away:
            self._log.warning("counter_away", reason=error.message)
        self.is_away = True
