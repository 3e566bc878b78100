"""Models as requests use them: their targets, and what is done with their requests and answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

import msgspec

from stellwerk import plugins
from stellwerk.core.able import Lack, lacking
from stellwerk.core.event import RequestEvent
from stellwerk.core.optimization import Level
from stellwerk.core.route import Plan, Target
from stellwerk.core.snapshot import ModelSpec, OptimizeSpec, Snapshot
from stellwerk.core.warm_route import INTERCHANGEABLE, expected_cost, reference_of
from stellwerk.gateway.configuration import Model, Route
from stellwerk.gateway.hedging import Hedging
from stellwerk.gateway.mirror import Mirror
from stellwerk.gateway.waiting_room import WaitingRoom
from stellwerk.http.call import Patience
from stellwerk.http.deadlines import NEVER
from stellwerk.ports.strategy import Strategy

if TYPE_CHECKING:
    from stellwerk.gateway.guarding import Guarding
    from stellwerk.gateway.recollection import Caching
    from stellwerk.gateway.stages.optimize import Optimization
    from stellwerk.screening.guards import Guards

IDLE_S = 60.0
"""Longest pause between two events of a stream."""
HOME_TIMEOUT_S = 600.0
"""How long a provider may take for what concerns no model: the official clients' own patience."""


def targets_of(spec: ModelSpec) -> tuple[Target, ...]:
    """A model's own targets, in their order."""
    return tuple(
        msgspec.structs.replace(_target(target.provider, target.model), weight=target.weight, card=target.card)
        for target in spec.targets
    )


def spare_of(
    spec: ModelSpec, models: Mapping[str, ModelSpec], targets: Mapping[str, tuple[Target, ...]]
) -> tuple[Target, ...]:
    """The targets of the fallback models, theirs included, each once and none of the model's own."""
    seen = {target.identity for target in targets[spec.name]}
    waiting, visited = list(spec.fallback), {spec.name}
    spare: list[Target] = []
    while waiting:
        name = waiting.pop(0)
        if name not in visited:
            visited.add(name)
            spare += [target for target in targets[name] if target.identity not in seen]
            seen.update(target.identity for target in targets[name])
            waiting += models[name].fallback
    return tuple(spare)


def model_of(
    spec: ModelSpec,
    own: tuple[Target, ...],
    spare: tuple[Target, ...],
    unfit: Mapping[str, str],
    reach: Callable[[Target], Route],
    record: Callable[[RequestEvent], None],
    guarding: Guarding | None,
    snapshot: Snapshot,
) -> Model:
    """A model with its ``own`` targets and those of its fallbacks; ``unfit`` says why others were left out.

    Raises ``ConfigurationError`` for a strategy that cannot be built.
    """
    strategy = cast("Strategy", plugins.build("strategies", spec.strategy, spec.strategy_options))
    fixed = strategy.fixed(own) if own else None
    if spec.prompt_cache and len(own) > 1:
        fixed = None  # whom a conversation goes to depends on who has its prompt
    lack = lacking(own + spare)
    if spare and not own:
        fixed = Plan((), "none of the model's own targets has what it requires")
    routes = {target.identity: reach(target) for target in own + spare}
    guards = guards_of(guarding, spec.guardrails)
    return Model(
        name=spec.name,
        strategy=strategy,
        fixed=None if fixed is None else Plan(fixed.targets + spare, fixed.reason, fixed.acceptance),
        unfit=unfit,
        lack=lack,
        is_choosy=lack != Lack(),
        standings={target.identity: routes[target.identity].standing for target in own},
        targets=own,
        routes=routes,
        spare=spare,
        timeout_s=spec.timeout_s,
        attempts=spec.retry.attempts,
        repeats=spec.retry.same_target,
        hedging=Hedging(spec.hedge) if spec.hedge.enabled else None,
        room=WaitingRoom(spec.queue, {route.standing for route in routes.values()}) if spec.queue.length else None,
        mirror=_mirror(spec, reach, record, guards_of(guarding, spec.guardrails)),
        guards=guards,
        caching=_caching(spec, snapshot, own + spare, guards),
        marks_prompts=spec.prompt_cache,
        warmth=expected_cost() if spec.prompt_cache and len(own) > 1 and spec.strategy in INTERCHANGEABLE else None,
        reference=reference_of(spec.strategy, own),
        optimization=_optimization(spec.optimize),
        stream_patience=Patience(first_byte_s=spec.first_byte_timeout_s, idle_s=IDLE_S),
        whole_patience=Patience(first_byte_s=NEVER, idle_s=NEVER),
    )


def home_of(name: str, reach: Callable[[Target], Route], guards: Guards | None) -> Model:
    """The provider itself, where no model is asked for: nothing is tried twice that might have been done."""
    return _alone("", reach(Target(f"{name}/", name, "")), "the provider itself was asked for", HOME_TIMEOUT_S, guards)


def guards_of(guarding: Guarding | None, names: tuple[str, ...] | None) -> Guards | None:
    """Those of a model that names some, or all of them."""
    return guarding.of(names) if guarding is not None else None


def _caching(spec: ModelSpec, snapshot: Snapshot, targets: tuple[Target, ...], guards: Guards | None) -> Caching | None:
    """How answers of a model are kept, where they are: nobody else loads it."""
    if not spec.caching.is_on:
        return None
    from stellwerk.gateway.recollection import caching_of

    return caching_of(spec, snapshot, targets, guards)


def _optimization(spec: OptimizeSpec) -> Optimization | None:
    """What writes prompts in fewer tokens, where that is wanted: nobody else loads it."""
    if spec.level is Level.OFF and spec.max_output_tokens is None:
        return None
    from stellwerk.gateway.stages.optimize import Optimization

    return Optimization(spec)


def _mirror(
    spec: ModelSpec, reach: Callable[[Target], Route], record: Callable[[RequestEvent], None], guards: Guards | None
) -> Mirror | None:
    if spec.mirror is None:
        return None
    route = reach(_target(spec.mirror.provider, spec.mirror.model))
    return Mirror(spec.mirror.share, _alone(spec.name, route, "a copy", spec.timeout_s, guards), record)


def _alone(name: str, route: Route, why: str, timeout_s: float, guards: Guards | None) -> Model:
    """One target that is asked once, with all the time that there is."""
    target = route.target
    return Model(
        name=name,
        strategy=cast("Strategy", plugins.build("strategies", "priority", {})),
        fixed=Plan((target,), why),
        unfit={},
        lack=Lack(),
        is_choosy=False,
        standings={target.identity: route.standing},
        targets=(target,),
        routes={target.identity: route},
        spare=(),
        timeout_s=timeout_s,
        attempts=1,
        repeats=0,
        hedging=None,
        room=None,
        mirror=None,
        stream_patience=Patience(first_byte_s=NEVER, idle_s=NEVER),
        whole_patience=Patience(first_byte_s=NEVER, idle_s=NEVER),
        guards=guards,
    )


def _target(provider: str, model: str) -> Target:
    return Target(f"{provider}/{model}", provider, model)
