"""What a learned route is worth on outcomes that it was not learned from, beside routers without judgement."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from stellwerk.core.learned_route import Cut, LearnedRoute, Scorer
from stellwerk.core.learned_training import Outcome
from stellwerk.core.quality_floor import Tally, deviations

_TWO_SIDED = deviations(0.975)


class Interval(msgspec.Struct, frozen=True):
    """A figure, and between what it lies with a confidence of 95 %."""

    value: float
    low: float
    high: float


class Report(msgspec.Struct, frozen=True):
    """The route at one threshold. Qualities are relative to the strong model's."""

    rows: int
    weak: float
    """The weak model's own mean outcome."""
    strong: float
    """The strong model's own mean outcome."""
    auc: Interval
    """How well the probability tells prompts on which the weak model does as well from the others; 0.5 is chance."""
    share: Interval
    """Of prompts sent to the weak model."""
    quality: Interval
    saved: Interval
    """Of what the strong model alone would cost, where calls of one model cost the same whatever the prompt."""
    random_quality: float
    """Of a router that sends the same share of prompts, drawn at random."""
    random_saved: float
    """Of a router that draws as many as keeps the floor on these very outcomes."""


def report(route: LearnedRoute, cut: Cut | None, outcomes: Sequence[Outcome], floor: float, ratio: float) -> Report:
    """The figures. ``ratio`` says how many times the weak model's price the strong one's is; ``outcomes`` are some."""
    rows = len(outcomes)
    scorer, threshold = Scorer(route), math.inf if cut is None else cut.probability
    strong = [outcome.strong for outcome in outcomes]
    tally, whole, moved, chances = Tally(strong), Tally(strong), 0, []
    for outcome in outcomes:
        whole.move(outcome.weak, outcome.strong)
        chance = scorer.probability(outcome.prompt)
        chances.append((chance, outcome.weak >= outcome.strong))
        if chance >= threshold:
            tally.move(outcome.weak, outcome.strong)
            moved += 1
    lost, cheaper = 1.0 - whole.quality, 1.0 - 1.0 / ratio
    share = share_of(moved, rows)
    return Report(
        rows=rows,
        weak=math.fsum(outcome.weak for outcome in outcomes) / rows,
        strong=math.fsum(strong) / rows,
        auc=auc(chances),
        share=share,
        quality=Interval(tally.quality, *tally.bounds(_TWO_SIDED)),
        saved=Interval(share.value * cheaper, share.low * cheaper, share.high * cheaper),
        random_quality=1.0 - share.value * lost,
        random_saved=cheaper * (min(1.0, (1.0 - floor) / lost) if lost > 0.0 else 1.0),
    )


def auc(chances: Sequence[tuple[float, bool]]) -> Interval:
    """The chance that a prompt of the true kind scores higher than one of the other kind; spread after Hanley, McNeil.

    Where there is only one kind, nothing is known.
    """
    true = sum(is_true for _, is_true in chances)
    false = len(chances) - true
    if not true or not false:
        return Interval(0.5, 0.0, 1.0)
    area = (_ranks_of_true(chances) - true * (true + 1) / 2) / (true * false)
    pair, twin = area / (2.0 - area), 2.0 * area * area / (1.0 + area)
    variance = area * (1.0 - area) + (true - 1) * (pair - area * area) + (false - 1) * (twin - area * area)
    error = _TWO_SIDED * math.sqrt(variance / (true * false))
    return Interval(area, max(0.0, area - error), min(1.0, area + error))


def _ranks_of_true(chances: Sequence[tuple[float, bool]]) -> float:
    """The sum of the ranks of what is true, where equals share the mean of theirs."""
    ranked, total, at = sorted(chances), 0.0, 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        total += (at + 1 + end) / 2 * sum(is_true for _, is_true in ranked[at:end])
        at = end
    return total


def share_of(part: int, rows: int) -> Interval:
    """A share of rows, with Wilson's interval."""
    share, squared = part / rows, _TWO_SIDED * _TWO_SIDED
    middle = (share + squared / (2 * rows)) / (1 + squared / rows)
    error = _TWO_SIDED / (1 + squared / rows) * math.sqrt(share * (1 - share) / rows + squared / (4 * rows * rows))
    return Interval(share, max(0.0, min(share, middle - error)), min(1.0, max(share, middle + error)))
