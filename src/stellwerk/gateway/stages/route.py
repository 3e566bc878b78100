"""Where may it go? The model's strategy puts its targets in order, and those of its fallbacks follow."""

from __future__ import annotations

from stellwerk.core.envelope import Envelope
from stellwerk.core.identity import Principal
from stellwerk.core.route import Ask, Plan
from stellwerk.errors import ModelNotFound
from stellwerk.gateway.configuration import Configuration, Model


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
    """The order in which the model's targets are tried, those of its fallbacks behind its own."""
    plan = model.strategy.plan(model.targets, ask, model.standings)
    if not model.spare:
        return plan
    return Plan(plan.targets + model.spare, plan.reason, plan.acceptance)
