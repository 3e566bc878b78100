"""What every check of the shelf has to be: the same for the same text, silent where there is nothing, never outside."""

from __future__ import annotations

from typing import cast

import pytest

from stellwerk import plugins
from stellwerk.ports.guardrail import Guardrail
from stellwerk.text.reading import read

TEXT = "Mail a@\u200bexample.com, token " + "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7aB3dE6gH9jK2"


@pytest.fixture(params=plugins.shelf("guardrails"))
def check(request: pytest.FixtureRequest) -> Guardrail:
    return cast("Guardrail", plugins.build("guardrails", request.param, {}))


def test_the_same_text_gets_the_same_findings(check: Guardrail) -> None:
    assert check.check(read(TEXT)) == check.check(read(TEXT)) != ()


def test_nothing_is_found_in_nothing(check: Guardrail) -> None:
    assert check.check(read("")) == ()


def test_findings_say_what_was_found_and_where(check: Guardrail) -> None:
    findings = check.check(read(TEXT))
    assert len({finding.category for finding in findings}) == len(findings)
    for finding in findings:
        assert 0 < finding.score <= 1
        assert all(0 <= span.start < span.end <= len(TEXT) for span in finding.spans)
        assert {span.type for span in finding.spans} == {finding.category}
