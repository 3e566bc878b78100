"""What providers say that a call cost: read from every place where one of them says it, and nothing that is no cost."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from stellwerk.dialects import openai_usage
from stellwerk.dialects.openai_responses import usage as responses_usage

TOLD: dict[str, tuple[dict[str, Any], int | None]] = {
    "nothing": ({}, None),
    "openrouter": ({"cost": 0.00095}, 950_000),
    "openrouter, whole credits": ({"cost": 2}, 2_000_000_000),
    "openrouter, free": ({"cost": 0}, 0),
    "openrouter, its own key": (
        {"cost": 0.00095, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.00095}},
        950_000,
    ),
    "openrouter, a key of one's own": (
        {"cost": 0.00005, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.001}},
        1_050_000,
    ),
    "openrouter, a key of one's own, the rest unsaid": (
        {"cost": 0.00005, "is_byok": True, "cost_details": {"upstream_inference_cost": None}},
        50_000,
    ),
    "openrouter, a key of one's own, no details": ({"cost": 0.00005, "is_byok": True}, 50_000),
    "openrouter, what the maker takes is no cost": (
        {"cost": 0.00005, "is_byok": True, "cost_details": {"upstream_inference_cost": -1}},
        None,
    ),
    "perplexity": ({"cost": {"input_tokens_cost": 0.001, "request_cost": 0.005, "total_cost": 0.006}}, 6_000_000),
    "perplexity without a total": ({"cost": {"request_cost": 0.005}}, None),
    "xai": ({"cost_in_usd_ticks": 37_756_000}, 3_775_600),
    "xai, a fraction of a nano-dollar": ({"cost_in_usd_ticks": 25}, 2),
    "negative": ({"cost": -0.1}, None),
    "far too much": ({"cost": 1e9}, None),
}
LOOSE: dict[str, tuple[dict[str, Any], int | None]] = {
    "a text": ({"cost": "0.5"}, None),
    "true": ({"cost": True}, None),
    "ticks that are a fraction": ({"cost_in_usd_ticks": 0.5}, None),
    "details that are a list": ({"cost": 0.5, "is_byok": True, "cost_details": []}, 500_000_000),
    "not a number": ({"cost": float("nan")}, None),
}


@pytest.mark.parametrize(("wire", "nanos"), TOLD.values(), ids=list(TOLD))
def test_what_it_cost_is_read_the_same_way_strictly_and_tolerantly(wire: dict[str, Any], nanos: int | None) -> None:
    strict = msgspec.json.decode(msgspec.json.encode({"prompt_tokens": 3, **wire}), type=openai_usage.WireUsage)
    assert openai_usage.neutral(strict).reported_nanos == nanos
    assert openai_usage.decode_usage(wire).reported_nanos == nanos


@pytest.mark.parametrize(("wire", "nanos"), LOOSE.values(), ids=list(LOOSE))
def test_what_is_no_cost_says_nothing(wire: dict[str, Any], nanos: int | None) -> None:
    assert openai_usage.decode_usage(wire).reported_nanos == nanos
    responses = {name: value for name, value in wire.items() if name != "cost_details"}
    assert responses_usage.decode_usage(responses).reported_nanos == nanos


@pytest.mark.parametrize("name", ["nothing", "openrouter", "openrouter, free", "xai", "negative"])
def test_responses_say_it_in_the_same_places(name: str) -> None:
    wire, nanos = TOLD[name]
    strict = msgspec.json.decode(msgspec.json.encode(wire), type=responses_usage.WireUsage)
    assert responses_usage.neutral(strict).reported_nanos == nanos
    assert responses_usage.decode_usage(wire).reported_nanos == nanos
