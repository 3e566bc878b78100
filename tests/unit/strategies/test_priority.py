"""Targets in the order of the configuration."""

from __future__ import annotations

from stellwerk.core.envelope import Envelope
from stellwerk.core.route import Ask, Target
from stellwerk.strategies.priority import Settings, build

ENVELOPE = Envelope("openai_chat", "plain", is_stream=False, body=b"{}")


def test_the_order_is_kept_whatever_the_weights() -> None:
    targets = tuple(Target(f"p/{number}", "p", str(number), weight) for number, weight in enumerate((1.0, 9.0, 0.0)))
    plan = build(Settings()).plan(targets, Ask(ENVELOPE, 0.5, 0.0, lambda: 1), {})
    assert plan.targets == targets
    assert "order of the configuration" in plan.reason
