"""Texts by themselves: a decision, scores, places, and checks that failed are told."""

from typing import Literal, cast

import pytest

from stellwerk.core.subject import Subject
from stellwerk.core.taxonomy import Hint, Pii, Threat
from stellwerk.core.verdict import Action, Finding, Span
from stellwerk.ports.guardrail import RemoteGuardrail
from stellwerk.screening.policy import Rule
from stellwerk.screening.scan import default_specs, run_checks


class Says:
    """Finds the same in every text."""

    def __init__(self, *findings: Finding) -> None:
        self._findings = findings

    def check(self, subject: Subject) -> tuple[Finding, ...]:
        """The findings."""
        del subject
        return self._findings


class Fails:
    """Cannot look at any text."""

    def check(self, subject: Subject) -> tuple[Finding, ...]:
        """Nothing but an error."""
        raise LookupError(subject.original)


def rule(check: Says | Fails, action: Action, failure: Literal["closed", "open"] = "closed") -> Rule:
    return Rule(name=type(check).__name__, check=check, action=action, failure=failure)


PERSON = Finding(Pii.PERSON, 0.8, (Span(4, 6, Pii.PERSON, 0.8), Span(0, 3, Pii.PERSON, 0.7)))
ATTACK = Finding(Threat.PROMPT_ATTACK, 0.9)


def test_the_strictest_action_decides() -> None:
    assert run_checks("x", []).decision == "allow"
    assert run_checks("x", [rule(Says(PERSON), Action.FLAG)]).decision == "allow"
    assert run_checks("x", [rule(Says(PERSON), Action.MASK)]).decision == "rewrite"
    assert run_checks("x", [rule(Says(PERSON), Action.MASK), rule(Says(ATTACK), Action.BLOCK)]).decision == "block"


def test_scores_are_those_of_classifiers_hit_or_not() -> None:
    near = Finding(Hint.HARMFUL, 0.3, is_hit=False)
    judged = run_checks("x", [rule(Says(ATTACK, near), Action.OBSERVE), rule(Says(PERSON), Action.MASK)])
    assert judged.scores() == {"injection": 0.9, "harmful": 0.3, "toxicity": 0.0}


def test_places_are_told_in_the_order_of_the_text_once_each() -> None:
    judged = run_checks("x", [rule(Says(PERSON), Action.MASK), rule(Says(PERSON), Action.MASK)])
    assert [span.start for span in judged.spans()] == [0, 4]


def test_a_check_that_fails_has_not_run() -> None:
    closed, opened = (run_checks("x", [rule(Fails(), Action.MASK, failure)]) for failure in ("closed", "open"))
    assert (closed.decision, closed.failed) == ("block", ["Fails"])
    assert (opened.decision, opened.failed) == ("allow", ["Fails"])
    assert closed.spans() == []


def test_checks_that_ask_a_service_are_not_for_this() -> None:
    service = cast("RemoteGuardrail", object())
    with pytest.raises(TypeError):
        run_checks("x", [Rule(name="service", check=service)])


def test_without_a_configuration_the_checks_of_the_shelf_run() -> None:
    assert {spec.use for spec in default_specs()} >= {"pii", "secret_leak"}
