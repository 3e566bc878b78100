"""What every check of the shelf has to be: the same for the same text, silent where there is nothing, never outside."""

from typing import Any, cast

import pytest

from stellwerk import plugins
from stellwerk.core.subject import Subject
from stellwerk.ports.guardrail import Guardrail, RemoteGuardrail
from stellwerk.text.reading import read

TEXT = (
    "Mail a@\u200bexample.com, token "
    "ghp_"
    "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7aB3dE6gH9jK2"
    " ![](https://example.org/?all=that-was-said-so-far-in-one-address)"
)
OPTIONS: dict[str, dict[str, Any]] = {
    "pattern": {"patterns": [{"name": "TOKEN", "pattern": "t[a-z]+n"}]},
    "length": {"max_words": 2},
    "topic": {"topics": [{"name": "post", "terms": ["mail"], "examples": ["Is that a token?"]}]},
}
"""Of checks that need some to find something in the text."""


def subject(text: str) -> Subject:
    return read(text, sources=("Nothing of that, which has other words altogether.",))


LOCAL = [
    name
    for name in plugins.shelf("guardrails")
    if "base_url" not in plugins.settings("guardrails", name).__struct_fields__
]
"""Those that ask a service are in ``test_remote_guardrails``, which sees to it that none is in neither."""


@pytest.fixture(params=LOCAL)
def check(request: pytest.FixtureRequest) -> Guardrail:
    return cast("Guardrail", plugins.build("guardrails", request.param, OPTIONS.get(request.param, {})))


def test_what_judges_by_itself_asks_nobody(check: Guardrail) -> None:
    assert isinstance(check, Guardrail)
    assert not isinstance(check, RemoteGuardrail)


def test_the_same_text_gets_the_same_findings(check: Guardrail) -> None:
    assert check.check(subject(TEXT)) == check.check(subject(TEXT)) != ()


def test_nothing_is_found_in_nothing(check: Guardrail) -> None:
    assert not any(finding.is_hit for finding in check.check(subject("")))


def test_findings_say_what_was_found_and_where(check: Guardrail) -> None:
    findings = check.check(subject(TEXT))
    assert len({(finding.category, finding.name) for finding in findings}) == len(findings)
    for finding in findings:
        assert 0 <= finding.score <= 1
        assert all(0 <= span.start < span.end <= len(TEXT) for span in finding.spans)
        assert {span.type for span in finding.spans} <= {finding.category}
        assert {span.name for span in finding.spans} <= {finding.name}
