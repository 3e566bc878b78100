"""What becomes of findings, and of checks that fail: these are never a pass, whatever the policy."""

from __future__ import annotations

from typing import Any

import pytest

from stellwerk.core.snapshot import ScreeningSpec
from stellwerk.core.subject import Side, Subject
from stellwerk.core.taxonomy import Pii, Threat
from stellwerk.core.verdict import Action, Finding, Span
from stellwerk.screening.guards import Guards
from stellwerk.screening.policy import Rule
from stellwerk.text.reading import read

MAIL = Finding(Pii.EMAIL_ADDRESS, 1.0, (Span(0, 3, Pii.EMAIL_ADDRESS),))


class Says:
    """A check that says what it was made with."""

    def __init__(self, *findings: Finding) -> None:
        self._findings = findings

    def check(self, subject: Subject) -> tuple[Finding, ...]:
        """The same of every text."""
        if subject.original == "bad":
            raise RuntimeError(subject.original)
        return self._findings


def rule(*findings: Finding, **options: Any) -> Rule:
    return Rule(name="x", check=Says(*findings), **options)


def actions(of: Rule, text: str = "abc", *, is_strict: bool = False) -> list[Action]:
    return [verdict.action for verdict in of.judge(read(text), is_strict=is_strict)]


def test_a_category_has_the_action_that_is_said_of_it_or_the_checks() -> None:
    assert actions(rule(MAIL, action=Action.FLAG)) == [Action.FLAG]
    assert actions(rule(MAIL, action=Action.FLAG, actions={"EMAIL_ADDRESS": Action.MASK})) == [Action.MASK]


def test_what_is_to_be_masked_and_has_no_place_is_blocked() -> None:
    assert actions(rule(Finding(Threat.PROMPT_ATTACK, 0.9), action=Action.MASK)) == [Action.BLOCK]


def test_a_score_below_the_threshold_is_no_finding_unless_checks_are_stricter() -> None:
    near = Finding(Threat.PROMPT_ATTACK, 0.4, is_hit=False, threshold=0.7)
    far = Finding(Threat.PROMPT_ATTACK, 0.2, is_hit=False, threshold=0.7)
    assert actions(rule(near)) == []
    assert actions(rule(near), is_strict=True) == [Action.BLOCK]
    assert actions(rule(far), is_strict=True) == []


@pytest.mark.parametrize(
    ("failure", "action"), [("closed", Action.BLOCK), ("open", Action.FLAG), ("degrade", Action.FLAG)]
)
def test_a_check_that_fails_has_not_run(failure: str, action: Action) -> None:
    (verdict,) = rule(MAIL, failure=failure).judge(read("bad"))
    assert (verdict.action, verdict.error, verdict.has_run) == (action, "RuntimeError", False)


def test_a_remote_check_does_not_judge_by_itself() -> None:
    with pytest.raises(TypeError):
        Rule(name="x", check=object()).judge(read("abc"))  # type: ignore[arg-type]


def test_guards_are_sorted_by_side() -> None:
    one = rule(sides=frozenset({Side.INPUT, Side.LOG}))
    two = rule(sides=frozenset({Side.OUTPUT}), action=Action.MASK)
    guards = Guards.of([one, two], ScreeningSpec())
    assert guards is not None
    assert (guards.input_local, guards.output_local, guards.log) == ((one,), (two,), (one,))
    assert (guards.input_remote, guards.output_remote) == ((), ())
    assert (one.edits, two.edits) == (False, True)
    assert Guards.of([], ScreeningSpec()) is None


def test_masks_and_stand_ins_are_edits_and_nothing_else_is() -> None:
    assert [action for action in Action if action.is_edit] == [Action.PSEUDONYMIZE, Action.MASK]
