"""``stellwerk models explain``: where a request would go, decided as the gateway does, without asking anybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from stellwerk import plugins
from stellwerk.cli.models_request import Asked
from stellwerk.core.able import Sifted, refusal, sift
from stellwerk.core.catalog import ModelCard
from stellwerk.core.context import Bounds, bounds_of
from stellwerk.core.cost import cost_of, format_usd
from stellwerk.core.needs import needs_of
from stellwerk.core.route import Ask, Plan, Standing, Target
from stellwerk.core.snapshot import ModelSpec, Snapshot
from stellwerk.core.usage import Usage
from stellwerk.errors import ModelNotFound
from stellwerk.ports.strategy import Strategy

EXPECTED_OUTPUT_TOKENS = 500
"""What a usual answer has; a request that allows fewer is counted with what it allows."""
_FITS, _MAY_NOT_FIT = "fits", "may not fit"
_EVEN_DRAW = 0.5


class Calm:
    """The standing of a target that nobody has asked yet."""

    in_flight = 0
    first_byte_s = 0.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """One target: in which place it is tried, ``None`` where it is not, and why."""

    target: Target
    model: str
    """The model among whose targets it is: the one that was asked for, or a fallback."""
    place: int | None
    reason: str
    cost_nanos: int | None

    @property
    def context_window(self) -> int:
        """Tokens, 0 where unknown."""
        return self.target.card.context_window if self.target.card is not None else 0


@dataclass(frozen=True, slots=True)
class Explanation:
    """What would become of a request."""

    dialect: str
    model: str
    needs: tuple[str, ...]
    requires: tuple[str, ...]
    bounds: Bounds
    output_tokens: int
    strategy: str
    reason: str
    """Why the strategy puts the model's own targets in this order; empty where it has none to order."""
    candidates: tuple[Candidate, ...]
    """Those that are tried in their order, then those that are passed over."""
    problem: str
    """What a caller is told when nobody is able; else empty."""

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            "ok": not self.problem,
            "problem": self.problem or None,
            "dialect": self.dialect,
            "model": self.model,
            "needs": list(self.needs),
            "requires": list(self.requires),
            "prompt_tokens": {"at_least": self.bounds.lower, "at_most": self.bounds.upper},
            "output_cap": self.bounds.output_cap,
            "expected_output_tokens": self.output_tokens,
            "strategy": self.strategy,
            "reason": self.reason,
            "order": [candidate.target.identity for candidate in self.candidates if candidate.place is not None],
            "targets": [_described(candidate) for candidate in self.candidates],
        }


def explain(snapshot: Snapshot, asked: Asked, at_ms: int) -> Explanation:
    """What the configuration makes of a request at a moment, Unix time in milliseconds.

    All targets are calm and no conversation is known; where a strategy leaves something to chance, the draw is even.
    Raises ``ModelNotFound``.
    """
    models = {model.name: model for model in snapshot.models}
    spec = models.get(asked.envelope.model)
    if spec is None:
        message = f"{snapshot.source}: there is no model {asked.envelope.model[:200]!r}, only {', '.join(models)}"
        raise ModelNotFound(message, param="model")
    needs, bounds = needs_of(asked.request), bounds_of(asked.request)
    cap = asked.envelope.output_cap
    output = EXPECTED_OUTPUT_TOKENS if cap is None else min(cap, EXPECTED_OUTPUT_TOKENS)
    usage = Usage(bounds.upper, output * asked.envelope.choices)
    plan: Plan | None = None
    tried: list[Candidate] = []
    passed: list[Candidate] = []
    for model, targets in _chain(spec, models):
        sifted = sift(targets, needs | {*model.requires}, bounds)
        order = sifted.able
        if model is spec and order:
            plan = _plan(spec, sifted, asked, bounds)
            order = sifted.settle(plan.targets)
        for target in order:
            reason = _MAY_NOT_FIT if target.identity in sifted.doubtful else _FITS
            cost = _cost(usage, target.card, at_ms)
            tried.append(Candidate(target, model.name, len(tried) + 1, reason, cost))
        for target in targets:
            if target not in order:
                reason = sifted.reasons.get(target.identity, "left out by the strategy")
                passed.append(Candidate(target, model.name, None, reason, _cost(usage, target.card, at_ms)))
    reasons = {candidate.target.identity: candidate.reason for candidate in passed}
    return Explanation(
        asked.envelope.dialect,
        spec.name,
        tuple(sorted(needs)),
        spec.requires,
        bounds,
        usage.output_tokens,
        spec.strategy,
        plan.reason if plan is not None else "",
        (*tried, *passed),
        "" if tried else refusal(spec.name, reasons).message,
    )


def lines_of(explanation: Explanation) -> list[str]:
    """The same for people: what is asked, then a line for each target."""
    told, bounds = explanation, explanation.bounds
    cap = "" if bounds.output_cap is None else f", at most {bounds.output_cap:,} of answer"
    facts = {
        "model": f"{told.model}, asked for in the dialect {told.dialect}",
        "needs": ", ".join(told.needs) or "nothing in particular",
        "requires": ", ".join(told.requires),
        "tokens": f"{bounds.lower:,} to {bounds.upper:,} of prompt{cap}",
        "costs": f"for the most of prompt and {told.output_tokens:,} tokens of answer",
        "order": f"{told.strategy}: {told.reason}" if told.reason else "",
    }
    lines = [f"{name:9}{value}" for name, value in facts.items() if value]
    lines += ["", *(_line(candidate, told.model) for candidate in told.candidates)]
    return [*lines, "", told.problem] if told.problem else lines


def _line(candidate: Candidate, model: str) -> str:
    place = "-" if candidate.place is None else str(candidate.place)
    window = f"{candidate.context_window:,}" if candidate.context_window else "?"
    cost = "unpriced" if candidate.cost_nanos is None else f"{_usd(candidate.cost_nanos)} USD"
    reason = candidate.reason if candidate.model == model else f"{candidate.reason} (fallback {candidate.model})"
    return f"{place:>3}  {candidate.target.identity:50} {window:>12}  {cost:>18}  {reason}"


def _described(candidate: Candidate) -> dict[str, Any]:
    return {
        "target": candidate.target.identity,
        "model": candidate.model,
        "place": candidate.place,
        "reason": candidate.reason,
        "context_window": candidate.context_window or None,
        "expected_cost_usd": None if candidate.cost_nanos is None else _usd(candidate.cost_nanos),
    }


def _plan(spec: ModelSpec, sifted: Sifted, asked: Asked, bounds: Bounds) -> Plan:
    strategy = cast("Strategy", plugins.build("strategies", spec.strategy, spec.strategy_options))
    standings: dict[str, Standing] = {target.identity: Calm() for target in sifted.able}
    ask = Ask(envelope=asked.envelope, draw=_EVEN_DRAW, now=0.0, input_tokens=lambda: bounds.upper)
    return strategy.plan(sifted.able, ask, standings)


def _chain(spec: ModelSpec, models: dict[str, ModelSpec]) -> list[tuple[ModelSpec, tuple[Target, ...]]]:
    """The model and its fallbacks, theirs included, in the order in which they are tried, each target once."""
    found: list[tuple[ModelSpec, tuple[Target, ...]]] = []
    seen: set[str] = set()
    waiting, visited = [spec.name], set[str]()
    while waiting:
        name = waiting.pop(0)
        if name in visited:
            continue
        visited.add(name)
        targets = _targets(models[name])
        found.append((models[name], tuple(target for target in targets if target.identity not in seen)))
        seen.update(target.identity for target in targets)
        waiting += models[name].fallback
    return found


def _targets(spec: ModelSpec) -> tuple[Target, ...]:
    return tuple(
        Target(f"{target.provider}/{target.model}", target.provider, target.model, target.weight, target.card)
        for target in spec.targets
    )


def _cost(usage: Usage, card: ModelCard | None, at_ms: int) -> int | None:
    return cost_of(usage, card, at_ms).nanos


def _usd(nanos: int) -> str:
    return format_usd(nanos).decode()
