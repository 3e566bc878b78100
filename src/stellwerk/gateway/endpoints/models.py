"""``GET /v1/models``: the names that the caller's key may ask for."""

from __future__ import annotations

import msgspec

from stellwerk.core.identity import Principal
from stellwerk.errors import ModelNotFound
from stellwerk.gateway.configuration import Configuration

PATH = b"/v1/models"


def listing(principal: Principal, configuration: Configuration) -> bytes:
    """All of them, in the configuration's order."""
    names = [name for name in configuration.models if principal.may_use(name)]
    return msgspec.json.encode({"object": "list", "data": [_entry(name) for name in names]})


def single(name: str, principal: Principal, configuration: Configuration) -> bytes:
    """One of them. Raises ``ModelNotFound``, also for one that the key may not use."""
    if name not in configuration.models or not principal.may_use(name):
        message = f"The model {name[:200]!r} does not exist or you do not have access to it."
        raise ModelNotFound(message, param="model")
    return msgspec.json.encode(_entry(name))


def _entry(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "stellwerk"}
