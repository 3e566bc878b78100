"""Where may it go? Targets that can serve the request, put in order by the model's strategy."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from stellwerk.core.able import refusal, sift
from stellwerk.core.chat import Role
from stellwerk.core.context import Bounds, bounds_of, least_of
from stellwerk.core.envelope import Envelope
from stellwerk.core.identity import Principal
from stellwerk.core.needs import needs_of
from stellwerk.core.part import Text
from stellwerk.core.route import Ask, Plan
from stellwerk.errors import ModelNotFound
from stellwerk.gateway.configuration import Configuration, Model
from stellwerk.gateway.interpreter import Interpreter

if TYPE_CHECKING:
    from stellwerk.core.able import MayNeed
    from stellwerk.core.chat import ChatRequest
    from stellwerk.gateway.dialect import Dialect

ESTIMATED_BYTES = 65_536
"""The tokens of longer requests are only bounded, not estimated: that would take over a millisecond."""


def find(principal: Principal, envelope: Envelope, configuration: Configuration) -> Model:
    """The model that was asked for.

    A model that the key may not use is as unknown to its owner as one that does not exist. Raises ``ModelNotFound``.
    """
    model = configuration.models.get(envelope.model)
    if model is None or not principal.may_use(envelope.model):
        message = f"The model {envelope.model[:200]!r} does not exist or you do not have access to it."
        raise ModelNotFound(message, param="model")
    return model


def route(model: Model, ask: Ask) -> Plan:
    """The order in which the model's targets are tried, those of its fallbacks behind its own.

    Raises ``NoCapableTarget`` where none of them has what the model requires.
    """
    if model.fixed is not None:
        return model.fixed
    if not model.targets:
        raise refusal(model.name, model.unfit)
    plan = model.strategy.plan(model.targets, ask, model.standings)
    if not model.spare:
        return plan
    return Plan(plan.targets + model.spare, plan.reason, plan.acceptance)


def concerns(model: Model, envelope: Envelope) -> bool:
    """Whether the request may need what some of the model's targets lack: only then is it looked at."""
    may_need = may_need_of(envelope.dialect)
    return may_need is not None and model.lack.concerns(envelope.body, envelope.output_cap, may_need)


def route_able(model: Model, dialect: Dialect, ask: Ask) -> Plan:
    """The same among the targets that can serve the request. Raises ``NoCapableTarget`` with what is missing."""
    interpreter = dialect.interpret(ask.envelope, "")
    if not isinstance(interpreter, Interpreter):
        return route(model, ask)
    request = interpreter.read()
    needs, bounds = needs_of(request), _bounds(request, ask.envelope)
    own, spare = sift(model.targets, needs, bounds), sift(model.spare, needs, bounds)
    if not own.able and not spare.able:
        raise refusal(model.name, {**model.unfit, **own.reasons, **spare.reasons})
    if own.able:
        plan = model.strategy.plan(own.able, ask, model.standings)
        targets, reason, acceptance = own.settle(plan.targets), plan.reason, plan.acceptance
    else:
        targets, reason, acceptance = (), "no target of the model's own is able", None
    passed = {**own.reasons, **spare.reasons}
    told = "".join(f"; {identity}: {why}" for identity, why in passed.items())
    return Plan(targets + spare.able, reason + told, acceptance)


def last_text(dialect: Dialect, envelope: Envelope) -> str:
    """The text of the user's last message; empty where there is none. Raises ``InvalidRequest``."""
    interpreter = dialect.interpret(envelope, "")
    if not isinstance(interpreter, Interpreter):
        return ""
    for message in reversed(interpreter.read().messages):
        if message.role is Role.USER:
            return "\n".join(part.text for part in message.parts if isinstance(part, Text))
    return ""


def likely_tokens(model: Model, envelope: Envelope) -> int:
    """Tokens that the prompt most likely has, as the first of the model's targets counts."""
    return model.standings[model.targets[0].identity].factors.likely(envelope.body)


def _bounds(request: ChatRequest, envelope: Envelope) -> Bounds:
    size = len(envelope.body)
    return bounds_of(request) if size <= ESTIMATED_BYTES else Bounds(least_of(request), size // 2, request.output_cap)


def may_need_of(dialect: str) -> MayNeed | None:
    """How a dialect tells what a request may need; ``None`` for one without words, such as embeddings."""
    if dialect not in _KNOWN:
        try:
            _KNOWN[dialect] = import_module(f"stellwerk.dialects.{dialect}.needs").may_need
        except ModuleNotFoundError:  # a dialect without words, such as embeddings
            _KNOWN[dialect] = None
    return _KNOWN[dialect]


_KNOWN: dict[str, MayNeed | None] = {}
