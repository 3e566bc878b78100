"""What a request is expected to cost at each target, before anybody has answered it, and the order that follows."""

from __future__ import annotations

import msgspec

from stellwerk.core.ordering import AS_CONFIGURED
from stellwerk.core.price import Price, Rates
from stellwerk.core.route import Ask, Kept, Plan, Target

NANOS = 1e9
"""Nano-dollars of a dollar. Rates are nano-dollars for a million tokens; what they are multiplied to, millionths."""
MILLIONTHS = 1e15
_NEVER = 1 << 62
_UNPRICED = 1 << 80
"""More than anything costs, so that what has no price sorts last."""


class _Tariff(msgspec.Struct, frozen=True, gc=False):
    """The rates of one target for prompts of up to ``until`` tokens, prepared; ``price`` tells those beyond."""

    target: Target
    input: int = _UNPRICED
    read: int = _UNPRICED
    output: int = 0
    request: int = _UNPRICED
    until: int = _NEVER
    price: Price | None = None

    def at(self, tokens: int, at_ms: int) -> _Tariff:
        """The rates for a prompt of so many tokens at a moment; where these are not told, those there are."""
        rates = None if self.price is None or tokens <= self.until else self.price.row(at_ms).for_prompt(tokens)
        return self if rates is None or rates.input is None else _tariff(self.target, rates)


class ExpectedCost:
    """Orders targets by what this request is expected to cost there; an answer has ``output_tokens``, or its cap.

    The rates of targets are remembered, by identity, until another target has it.
    """

    __slots__ = ("_output_tokens", "_tariffs", "_until")

    def __init__(self, output_tokens: int) -> None:
        self._output_tokens = output_tokens
        self._tariffs: dict[str, _Tariff] = {}
        self._until = _NEVER

    def plan(self, targets: tuple[Target, ...], ask: Ask, kept: Kept | None) -> Plan:
        """The cheapest first, and why; see ``ranked``."""
        return Plan(*self.ranked(targets, ask, kept))

    def ranked(self, targets: tuple[Target, ...], ask: Ask, kept: Kept | None) -> tuple[tuple[Target, ...], str]:
        """The cheapest first, unpriced ones last, equals in their order; and why.

        What is ``kept`` of a conversation is charged at the price of a cached prompt, at the target that has it, which
        also comes before an equal. The prompt is counted only where the order depends on its length.
        """
        envelope, answer = ask.envelope, self._output_tokens
        if envelope.output_cap is not None and envelope.output_cap < answer:
            answer = envelope.output_cap
        answer *= envelope.choices
        tariffs = self._of(targets)
        order = _settled(tariffs, answer) if kept is None and self._until == _NEVER else None
        if order is not None:
            best = tariffs[order[0]]
            reason = f"at ${best.input / NANOS:g} in and ${best.output / NANOS:g} out per million tokens"
        else:
            tokens = ask.input_tokens()
            if tokens > self._until:
                tariffs = [tariff.at(tokens, ask.at_ms) for tariff in tariffs]
            costs = _costs(tariffs, answer, tokens, kept)
            order = [place for _, place in costs]
            best = tariffs[order[0]]
            reason = f"at an expected ${costs[0][0] / MILLIONTHS:.7f}"
        if best.input == _UNPRICED:
            return targets, AS_CONFIGURED
        return tuple([targets[place] for place in order]), f"{best.target.identity} is the cheapest, {reason}"

    def is_priced(self, target: Target) -> bool:
        """Whether it is known what the target costs."""
        return self._of((target,))[0].input != _UNPRICED

    def _of(self, targets: tuple[Target, ...]) -> list[_Tariff]:
        known = self._tariffs
        return [
            tariff
            if (tariff := known.get(target.identity)) is not None and tariff.target is target
            else self._learned(target)
            for target in targets
        ]

    def _learned(self, target: Target) -> _Tariff:
        tariff = self._tariffs[target.identity] = _prepared(target)
        self._until = min(self._until, tariff.until)
        return tariff


def _settled(tariffs: list[_Tariff], answer: int) -> list[int] | None:
    """The places in order, where it is the same for a prompt of any length: who is cheaper in one is in the other."""
    offers = [(tariff.output * answer + tariff.request, tariff.input, place) for place, tariff in enumerate(tariffs)]
    offers.sort()
    dearest = 0
    for _, rate, _ in offers:
        if rate < dearest:
            return None
        dearest = rate
    return [place for _, _, place in offers]


def _costs(tariffs: list[_Tariff], answer: int, tokens: int, kept: Kept | None) -> list[tuple[int, int]]:
    """Costs in millionths of nano-dollars, each with the target's place, ascending."""
    costs = [
        (tariff.output * answer + tariff.request + tariff.input * tokens, place) for place, tariff in enumerate(tariffs)
    ]
    if kept is not None:
        for place, tariff in enumerate(tariffs):
            if tariff.target.identity == kept.identity:
                saved = (tariff.input - tariff.read) * min(kept.tokens, tokens)
                # The same place counted from the end sorts before its equals.
                costs[place] = (costs[place][0] - saved, place - len(tariffs))
                break
    costs.sort()
    return costs


def _prepared(target: Target) -> _Tariff:
    price = None if target.card is None else target.card.price
    if price is None:
        return _Tariff(target)
    first, *others = [row for row in price.rows if not row.service] or price.rows
    if others or first.hours is not None:
        # Which rates hold depends on the hour, for a prompt of any length.
        return _tariff(target, first.rates, -1, price)
    return _tariff(target, first.rates, first.tiers[0].above if first.tiers else _NEVER, price)


def _tariff(target: Target, rates: Rates, until: int = _NEVER, price: Price | None = None) -> _Tariff:
    """A model whose price names no rate for output makes none; without one for input nothing is known of it."""
    if rates.input is None:
        return _Tariff(target)
    read = rates.input if rates.cache_read is None else rates.cache_read
    return _Tariff(target, rates.input, read, rates.output or 0, rates.request or 0, until, price)
