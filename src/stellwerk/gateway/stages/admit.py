"""May it go ahead? The most that a request may come to is taken from all of its limits and budgets, or nothing is.

What is taken is known before anybody is asked: every token of the prompt, counted from above, and of the answer as
many as its limit allows, at the dearest rate of the dearest target. Where a hard budget cannot pay for so long an
answer but for a shorter one, the answer's limit is lowered, and the provider itself keeps to it. What was taken too
much comes back when the request is settled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from stellwerk.core.ledger import Shortage
from stellwerk.core.scope import BudgetSpec, LimitSpec, Metric, Unit
from stellwerk.core.worst_case import WorstCase
from stellwerk.errors import BudgetExceeded, LimitExceeded, StellwerkError

if TYPE_CHECKING:
    from stellwerk.core.event import RequestEvent
    from stellwerk.gateway.meters import Meter
    from stellwerk.gateway.purses import Charge, Pending, Purses

_REQUEST, _TOKEN, _HARD_MONEY, _SOFT_MONEY = Unit.REQUEST, Unit.TOKEN, Unit.HARD_MONEY, Unit.SOFT_MONEY
LEAST_OUTPUT_TOKENS = 16
"""An answer that has to be shorter than this is none."""
LATE_US = 250_000
"""A request that has taken longer gives back what it did not need to the counter, which knows what else came back."""
ASSUMED_OUTPUT_TOKENS = 1_024
"""What a limit of tokens holds back for an answer whose length nobody has limited."""


class Demand(msgspec.Struct, eq=False):
    """The most that a request may come to."""

    input_tokens: int
    """Bound of those of the prompt that stand in the request."""
    output_tokens: int | None
    """Of all answers together; ``None`` where nothing limits them."""
    named_tokens: int | None = None
    """The same as the request itself limits it."""
    unseen_tokens: int = 0
    """Bound of what the request only names (stored turns, files), and of media whose length nobody has measured."""
    picture_tokens: int = 0
    """The most that one picture has at these targets, beyond what it has mostly."""
    has_own_tools: bool = False
    """Whether the provider may work with tools of its own, which cost what they cost."""
    worst: WorstCase | None = None
    """The dearest rates of the targets; ``None`` where one of them is unpriced."""
    unpriced: str = ""
    """The target without a price."""
    calls: int = 1
    """How many targets may be paid for one answer, as where a second one is asked beside the first."""
    is_cappable: bool = True
    """Whether the request's dialect and targets know a limit of the answer."""
    is_capped: bool = False
    """Whether the answer's limit has been lowered to what can be paid."""
    is_visible: bool = True
    """Whether what comes of an answer shows what it has cost: nobody thinks, or goes on when the caller leaves."""
    predicted_tokens: int = 0
    """Bound of those of a predicted answer, which cost what an answer does where they are not in it."""
    learned_tokens: int | None = None
    """What hardly a prompt of this kind has exceeded at these targets, where a limit has no room for the bound."""

    def nanos(self) -> int | None:
        """Nano-dollars; ``None`` where nobody knows."""
        if self.worst is None or self.output_tokens is None or self.has_own_tools:
            return None
        output_tokens = self.output_tokens + self.predicted_tokens
        return self.worst.nanos(self.input_tokens + self.unseen_tokens, output_tokens) * self.calls

    def tokens(self) -> int:
        """Of the prompt as it stands in the request, and the answer."""
        prompt = self.input_tokens if self.learned_tokens is None else self.learned_tokens
        return prompt + (ASSUMED_OUTPUT_TOKENS if self.named_tokens is None else self.named_tokens)


NOTHING_WEIGHED = Demand(0, 0, 0, worst=WorstCase(0, 0), is_cappable=False)
"""Where only requests are counted, however large they are."""


class Admission:
    """What one request has taken. Settled once."""

    __slots__ = ("_beside", "_charges", "_demand", "_has_forgone", "_is_visible", "_meters", "_purses")

    def __init__(self, purses: Purses, meters: Sequence[Meter], charges: list[Charge], demand: Demand) -> None:
        self._purses = purses
        self._meters = meters
        self._charges = charges
        """What was taken, in the order of the meters."""
        self._demand = demand
        self._has_forgone = False
        self._is_visible = demand.is_visible
        self._beside: dict[str, tuple[int, int]] = {}
        """Nano-dollars and tokens, by provider, of those who were asked, and whose answers the caller does not get."""

    def settle(self, event: RequestEvent) -> None:
        """Gives back what was not used. What nobody knows counts as used to the full."""
        charges, self._charges = self._charges, []
        nanos, give, beside = self._nanos(event), self._purses.give, self._beside
        for meter, (purse, taken) in zip(self._meters, charges, strict=False):  # with none left, it is settled
            unit = meter.unit
            if beside or (meter.provider and meter.provider != event.provider):
                used = self._used(meter, taken, nanos, event)
            elif unit is _HARD_MONEY:
                # What was forgone covers what the event has of those who were lost.
                used = taken if nanos is None else min(nanos, taken) if self._has_forgone else nanos
            elif unit is _SOFT_MONEY:
                used = nanos or 0
            elif unit is _TOKEN:
                used = event.input_tokens + event.output_tokens
            else:
                used = taken if unit is _REQUEST else 0
            give(purse, taken, used, is_late=event.latency_us > LATE_US)

    def turn_from(self, provider: str, nanos: int | None = 0, tokens: int = 0) -> None:
        """A provider was asked whose answer the caller does not get, and which is paid; ``None``: nobody knows what."""
        if nanos is None:
            self.forgo()
        spent, used = self._beside.get(provider, (0, 0))
        self._beside[provider] = spent + (nanos or 0), used + tokens

    def lose_sight(self) -> None:
        """The caller does not listen, and nobody sees how far the provider has come."""
        self._is_visible = False

    @property
    def output_tokens(self) -> int | None:
        """So long may the answer be that a hard budget pays for; ``None`` where none does, or no limit is known."""
        is_hard = any(meter.unit is _HARD_MONEY for meter in self._meters)
        return self._demand.output_tokens if is_hard and self._demand.is_cappable else None

    def forgo(self) -> None:
        """Somebody was asked whose answer nobody gets: what was held back for one counts as spent."""
        self._has_forgone = True
        for at, (meter, (purse, taken)) in enumerate(zip(self._meters, self._charges, strict=False)):
            if meter.unit is _HARD_MONEY:
                spent = min(self._share(), taken)
                self._purses.give(purse, spent, spent)
                self._charges[at] = purse, taken - spent

    def renew(self) -> bool:
        """Takes what was forgone once more, of what is at hand; whether it was."""
        nanos = self._demand.nanos() or 0
        places = [at for at, meter in enumerate(self._meters) if meter.unit is _HARD_MONEY]
        lacking = [(purse, nanos - taken) for purse, taken in (self._charges[at] for at in places)]
        if not self._purses.try_take(lacking):
            return False
        for at, (purse, _) in zip(places, lacking, strict=True):
            self._charges[at] = purse, nanos
        return True

    def _used(self, meter: Meter, taken: int, nanos: int | None, event: RequestEvent) -> int:
        """What was used of a meter, where several providers were asked, or not the one whose meter it is."""
        unit, provider, beside = meter.unit, meter.provider, self._beside
        if provider and provider != event.provider:
            if provider not in beside or unit is Unit.PLACE:
                return 0  # it stood by
            spent, tokens = beside[provider]
            return taken if unit is _REQUEST else tokens if unit is _TOKEN else spent
        if unit is _TOKEN:
            tokens = sum(used for name, (_, used) in beside.items() if not provider or name == provider)
            return event.input_tokens + event.output_tokens + tokens
        if unit is not _HARD_MONEY and unit is not _SOFT_MONEY:
            return taken if unit is _REQUEST else 0
        if nanos is None:
            return taken  # of a soft budget nothing was
        elsewhere = sum(spent for name, (spent, _) in beside.items() if provider and name != provider)
        return min(nanos - elsewhere, taken) if unit is _HARD_MONEY and self._has_forgone else nanos - elsewhere

    def _share(self) -> int:
        """The most that one target may cost."""
        return -(-(self._demand.nanos() or 0) // self._demand.calls)

    def _nanos(self, event: RequestEvent) -> int | None:
        """What was spent at most; ``None`` where that is all that could be."""
        if event.outcome == "failed":
            return event.cost_nanos or 0
        if event.first_byte_us and not (event.input_tokens or event.output_tokens or event.reported_nanos):
            return None  # somebody has answered, and says that this took nothing
        if not event.is_estimated and (event.outcome == "complete" or event.finish or not event.first_byte_us):
            return event.cost_nanos
        worst, most = self._demand.worst, self._demand.nanos()
        if worst is None or most is None or not (event.first_byte_us and self._is_visible):
            return None
        # Nobody has told: the prompt from above, and of the answer no more than twice what is likely.
        tokens = 2 * event.output_tokens + LEAST_OUTPUT_TOKENS
        prompt = self._demand.input_tokens + self._demand.unseen_tokens
        return min(worst.nanos(prompt, tokens) + event.extra_cost_nanos, most)


class Admitting:
    """A request on its way through its meters. Goes on, or is refused, at once or later."""

    __slots__ = (
        "_charges",
        "_demand",
        "_go",
        "_has_looked",
        "_leave",
        "_look_back",
        "_look_closer",
        "_meters",
        "_pending",
        "_purses",
        "_refuse",
    )

    def __init__(
        self,
        meters: Sequence[Meter],
        purses: Purses,
        demand: Demand,
        look_closer: Callable[[Demand], bool],
        look_back: Callable[[Demand], bool],
        go: Callable[[Admission], None],
        refuse: Callable[[StellwerkError], None],
        leave: Callable[[], None],
    ) -> None:
        self._meters = meters
        self._purses = purses
        self._demand = demand
        self._look_closer = look_closer
        self._look_back = look_back
        self._has_looked = False
        self._go = go
        self._refuse = refuse
        self._leave = leave
        self._charges: list[Charge] = []
        self._pending: Pending | None = None

    def start(self) -> None:
        """Takes what is at hand, or sends for it."""
        try:
            self._charges = _charges(self._meters, self._demand)
        except StellwerkError as error:
            self._refuse(error)
            return
        if self._purses.try_take(self._charges):
            self._go(self._admission())
        else:
            self._pending = self._purses.take_later(self._charges, self._told)

    def on_gone(self) -> None:
        """The caller has left: nothing is taken any more."""
        if self._pending is not None:
            self._pending.cancel()
        self._leave()

    def on_pause(self) -> None:
        """Nothing goes to the caller yet."""

    def on_resume(self) -> None:
        """Nothing goes to the caller yet."""

    # -- helpers

    def _told(self, shortage: Shortage | None) -> None:
        self._pending = None
        if shortage is None:
            self._go(self._admission())
        elif self._is_lessened(shortage):
            self.start()
        else:
            self._refuse(_refusal(self._short(shortage)[0], shortage))

    def _admission(self) -> Admission:
        return Admission(self._purses, self._meters, self._charges, self._demand)

    def _short(self, shortage: Shortage) -> tuple[Meter, int]:
        """The meter that lacks something, and what was to be taken of it."""
        pairs = zip(self._meters, self._charges, strict=True)
        return next((meter, amount) for meter, (purse, amount) in pairs if purse.account.id == shortage.account.id)

    def _is_lessened(self, shortage: Shortage) -> bool:
        """Whether less will do: of a prompt that is counted more closely, or for an answer that is kept shorter."""
        demand = self._demand
        meter, amount = self._short(shortage)
        if isinstance(meter.spec, LimitSpec) and meter.spec.metric is not Metric.TOKENS:
            return False
        if not self._has_looked:
            self._has_looked = True
            if self._look_closer(demand):
                return True
        if isinstance(meter.spec, LimitSpec):
            return self._look_back(demand)
        if demand.worst is None or not demand.is_cappable:
            return False
        prompt = demand.input_tokens + demand.unseen_tokens
        tokens = demand.worst.output_tokens((amount - shortage.lacking) // demand.calls, prompt)
        tokens = tokens - demand.predicted_tokens if tokens is not None else None
        if tokens is None or tokens < LEAST_OUTPUT_TOKENS or tokens >= (demand.output_tokens or 0):
            return False
        demand.output_tokens, demand.is_capped = tokens, True
        return True


def admit_at_once(meters: Sequence[Meter], purses: Purses, demand: Demand) -> Admission | None:
    """Takes what is at hand, as there mostly is enough; ``None`` where something has to be sent for.

    Raises ``BudgetExceeded`` where nobody can tell what is to be taken, and that has to be told.
    """
    charges = _charges(meters, demand)
    return Admission(purses, meters, charges, demand) if purses.try_take(charges) else None


def _charges(meters: Sequence[Meter], demand: Demand) -> list[Charge]:
    """What a request takes of each. Raises ``BudgetExceeded`` where that cannot be told and has to be."""
    tokens, nanos = demand.tokens(), demand.nanos()
    charges = []
    for meter in meters:
        unit = meter.unit
        if unit is _TOKEN:
            amount = tokens
        elif unit is _HARD_MONEY:
            if nanos is None:
                raise _unpayable(meter, demand)
            amount = nanos
        else:
            amount = 0 if unit is _SOFT_MONEY else 1
        charges.append((meter.purse, amount))
    return charges


def _unpayable(meter: Meter, demand: Demand) -> BudgetExceeded:
    if demand.worst is None:
        message = (
            f"The hard budget of {meter.scope} cannot pay for {demand.unpriced}: it has no price. "
            "Give its target prices, or make the budget soft."
        )
        return BudgetExceeded(message)
    what = "tools that the provider runs itself" if demand.has_own_tools else "answers without a limit in tokens"
    return BudgetExceeded(f"The hard budget of {meter.scope} cannot pay for {what}: nobody knows what they may cost.")


def _refusal(meter: Meter, shortage: Shortage) -> StellwerkError:
    spec = meter.spec
    if isinstance(spec, BudgetSpec):
        period = "" if spec.period.value == "never" else f" each {spec.period.value}"
        name = f" {spec.name!r}" if spec.name else ""
        message = (
            f"The budget{name} of {meter.scope}, {spec.limit_nanos / 1e9:g} USD{period}, cannot pay for this request."
        )
        return BudgetExceeded(message, retry_after_s=shortage.retry_after_s)
    what = (
        "requests at the same time" if spec.metric is Metric.CONCURRENCY else f"{spec.metric.value} in {spec.per_s} s"
    )
    message = f"The limit of {meter.scope}, {spec.amount} {what}, is reached."
    return LimitExceeded(message, retry_after_s=shortage.retry_after_s)
