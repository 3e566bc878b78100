"""What a request asks for that costs more than an answer at the standard price."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stellwerk.dialects.extras import UNKNOWN_TIER, Extras, extras_of


@pytest.mark.parametrize(
    ("members", "tiers"),
    [
        ({"service_tier": "priority"}, ("priority",)),
        ({"service_tier": "Priority"}, ("priority",)),
        ({"serviceTier": {"type": "priority"}}, ("priority",)),
        ({"performanceConfig": {"latency": "optimized"}}, ("optimized",)),
        ({"speed": "fast", "inference_geo": "us"}, ("fast", "us")),
        ({"service_tier": 7}, (UNKNOWN_TIER,)),
        ({"service_tier": ["priority"]}, (UNKNOWN_TIER,)),
    ],
)
def test_a_tier_that_may_cost_more_is_told_wherever_it_stands(members: dict[str, Any], tiers: tuple[str, ...]) -> None:
    assert extras_of(json.dumps(members).encode()) == Extras(tiers=tiers)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"service_tier": None},
        {"service_tier": "auto", "inference_geo": "global", "speed": "standard"},
        {"service_tier": "flex"},
        {"performanceConfig": {"latency": "standard"}},
        {"messages": [{"content": "speed, and a prediction", "service_tier": "priority"}], "prediction": None},
    ],
)
def test_the_standard_one_and_cheaper_ones_are_none(members: dict[str, Any]) -> None:
    assert extras_of(json.dumps(members).encode()) == Extras()


def test_a_prediction_is_told_also_where_its_name_is_spelled_in_numbers() -> None:
    assert extras_of(b'{"pred\\u0069ction":{"content":"x"}}').has_prediction
    assert extras_of(b'{"serv\\u0069ce_tier":"priority"}').tiers == ("priority",)


def test_what_stands_twice_may_be_anything() -> None:
    twice = extras_of(b'{"service_tier":"auto","service_tier":"priority"}')
    assert (twice.has_prediction, twice.tiers) == (True, (UNKNOWN_TIER,))
