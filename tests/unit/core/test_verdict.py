"""Verdicts: a check that failed is no pass, and the strictest action counts."""

from stellwerk.core.taxonomy import Breach, Threat
from stellwerk.core.verdict import Action, Finding, Span, Verdict, strictest


def verdict(action: Action, error: str | None = None) -> Verdict:
    return Verdict(check="x", category=Threat.SECRET, score=1.0, action=action, error=error)


def test_a_check_with_an_error_has_not_run() -> None:
    assert verdict(Action.FLAG).has_run
    assert not verdict(Action.FLAG, "timeout").has_run


def test_the_strictest_action_counts() -> None:
    assert strictest(()) is Action.OBSERVE
    assert strictest((verdict(Action.MASK), verdict(Action.BLOCK), verdict(Action.FLAG))) is Action.BLOCK


def test_what_a_policy_has_named_is_called_by_its_name() -> None:
    assert (Span(0, 1, Breach.TOPIC, name="gold").label, Span(0, 1, Threat.SECRET).label) == ("gold", "SECRET")
    assert (Finding(Breach.TOPIC, 1.0, name="gold").label, Finding(Threat.SECRET, 1.0).label) == ("gold", "SECRET")
