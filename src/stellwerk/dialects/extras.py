"""What a request asks for beside an answer at the standard price: another tier of service, or a predicted answer."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.dialects.thin_reading import UNSET, Value, counted, read_thin
from stellwerk.errors import InvalidRequest

UNKNOWN_TIER = "unknown"
"""Of a request in which a member stands twice: nobody knows which one counts."""
_STANDARD = frozenset({"", "auto", "default", "standard", "standard_only", "on_demand", "global", "flex", "batch"})
"""Tiers that cost no more than the standard one."""
_TIERS = ("service_tier", "serviceTier", "speed", "inference_geo", "performanceConfig")
"""Members that name a tier: of OpenAI and Anthropic, Google and Bedrock, Anthropic's faster mode and its regions."""
_NAMES = ("prediction", *_TIERS)
_WIRE = msgspec.defstruct("Wire", [(name, Value, UNSET) for name in _NAMES], gc=False)
_decode = msgspec.json.Decoder(_WIRE, dec_hook=counted).decode


class Extras(msgspec.Struct, frozen=True):
    """What is asked for."""

    has_prediction: bool = False
    """What of it does not come true costs what an answer does, beyond the answer's limit."""
    tiers: tuple[str, ...] = ()
    """Those that may cost more than the standard one, as a price's rows name them."""


def extras_of(body: bytes) -> Extras:
    """As the request says it; ``body`` is a JSON object."""
    try:
        wire = read_thin(body, _decode, _NAMES, max_depth=len(body))
    except InvalidRequest:
        return Extras(has_prediction=True, tiers=(UNKNOWN_TIER,))
    prediction, *tiers = (getattr(wire, name) for name in _NAMES)
    has_prediction = prediction is not UNSET and prediction is not None
    return Extras(has_prediction, tuple(tier for value in tiers for tier in _named(value)))


def _named(value: Any) -> list[str]:
    if value is UNSET or value is None:
        return []
    if type(value) is dict:  # Bedrock's have an object around the word
        return [tier for inner in value.values() for tier in _named(inner)]
    if type(value) is not str:
        return [UNKNOWN_TIER]
    return [] if value.lower() in _STANDARD else [value.lower()]
