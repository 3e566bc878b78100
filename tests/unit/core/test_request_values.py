"""Envelope, target, plan and event: immutable values that say no more than they were told."""

from __future__ import annotations

import msgspec
import pytest

from stellwerk.core.catalog import ModelCard
from stellwerk.core.envelope import Envelope
from stellwerk.core.event import RequestEvent
from stellwerk.core.route import Plan, Target

VALUES = [Envelope("d", "m", False, b""), Target("p/m", "p", "m"), Plan((), "why")]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_cannot_change(value: msgspec.Struct) -> None:
    name = value.__struct_fields__[0]
    with pytest.raises(AttributeError):
        setattr(value, name, "other")


def test_an_envelope_keeps_the_callers_bytes_and_assumes_little() -> None:
    body = b' {"model": "m"}'
    envelope = Envelope("openai_chat", "m", is_stream=False, body=body)
    assert envelope.body is body
    assert (envelope.wants_usage, envelope.output_cap, envelope.choices) == (True, None, 1)


def test_targets_are_told_apart_by_all_that_they_are() -> None:
    assert Target("p/m", "p", "m") == Target("p/m", "p", "m", 1.0)
    assert Target("p/m", "p", "m") != Target("p/m", "p", "m", 2.0)
    assert len({Target("p/m", "p", "m"), Target("p/m", "p", "m"), Target("q/m", "q", "m")}) == 2
    assert hash(Target("p/m", "p", "m", card=ModelCard("p", "m", lacks=("vision",))))


def test_an_event_has_plain_values_in_an_order_that_stores_rely_on() -> None:
    fields = msgspec.structs.fields(RequestEvent)
    assert {field.type for field in fields if field.name not in {"outcome", "cost_nanos", "reported_nanos"}} == {
        int,
        str,
        bool,
    }
    assert [field.name for field in fields if not field.required] == [
        "cost_nanos",
        "extra_cost_nanos",
        "route",
        "is_estimated",
        "service_tier",
        "usage_details",
        "price_version",
        "reported_nanos",
        "guardrails",
        "cache",
        "savings",
        "prompt_cache",
        "optimize",
        "optimize_tokens",
        "organization",
    ]
    assert [field.name for field in fields[:2]] == ["started_ms", "request_id"]
