"""Where may it go? The model's strategy puts its targets in order."""

from __future__ import annotations

from stellwerk.core.envelope import Envelope
from stellwerk.core.identity import Principal
from stellwerk.core.route import Plan
from stellwerk.errors import ModelNotFound
from stellwerk.gateway.configuration import Configuration, Model


def route(principal: Principal, envelope: Envelope, configuration: Configuration) -> tuple[Model, Plan]:
    """The model that was asked for, and the order in which its targets are tried.

    A model that the key may not use is as unknown to its owner as one that does not exist. Raises ``ModelNotFound``.
    """
    model = configuration.models.get(envelope.model)
    if model is None or not principal.may_use(envelope.model):
        message = f"The model {envelope.model[:200]!r} does not exist or you do not have access to it."
        raise ModelNotFound(message, param="model")
    return model, model.strategy.plan(model.targets, envelope)
