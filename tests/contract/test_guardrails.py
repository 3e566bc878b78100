"""What every check of the shelf has to be: the same for the same text, silent where there is nothing, never outside."""

from __future__ import annotations

from typing import cast

import pytest

from stellwerk import plugins
from stellwerk.ports.guardrail import Guardrail
from stellwerk.text.canonical import canonicalise

TEXT = "Mail a@\u200bexample.com, token " + "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7aB3dE6gH9jK2"


@pytest.fixture(params=plugins.shelf("guardrails"))
def check(request: pytest.FixtureRequest) -> Guardrail:
    return cast("Guardrail", plugins.build("guardrails", request.param, {}))


def test_the_same_text_gets_the_same_verdicts(check: Guardrail) -> None:
    assert check.check(canonicalise(TEXT)) == check.check(canonicalise(TEXT)) != ()


def test_nothing_is_found_in_nothing(check: Guardrail) -> None:
    assert check.check(canonicalise("")) == ()


def test_verdicts_say_who_found_what_and_where(check: Guardrail) -> None:
    verdicts = check.check(canonicalise(TEXT))
    assert len({verdict.category for verdict in verdicts}) == len(verdicts)
    for verdict in verdicts:
        assert verdict.check in plugins.shelf("guardrails")
        assert verdict.has_run
        assert 0 < verdict.score <= 1
        assert all(0 <= span.start < span.end <= len(TEXT) for span in verdict.spans)
        assert {span.type for span in verdict.spans} == {verdict.category}
