"""Answers are JSON of the schema, or they are found."""

import sys
from typing import Any

import pytest

from stellwerk.core.taxonomy import Breach
from stellwerk.core.verdict import Finding
from stellwerk.errors import ConfigurationError
from stellwerk.guardrails.json_schema import Settings, build
from stellwerk.text.reading import read

SCHEMA = {"type": "object", "properties": {"zip": {"type": "string", "pattern": r"^\d{5}$"}}, "required": ["zip"]}
BREACH = (Finding(Breach.SCHEMA, 1.0),)


def findings(text: str, schema: dict[str, Any] | str = SCHEMA, *, fenced: bool = False) -> tuple[Finding, ...]:
    return build(Settings(schema, fenced)).check(read(text))


def test_what_fits_is_not_found() -> None:
    assert findings('{"zip": "10115"}') == ()
    assert findings("") == ()
    assert findings("[1, null]", {}) == ()


@pytest.mark.parametrize("text", ['{"zip": 10115}', '{"zip": "1"}', "{}", "Sure! {}", '{"zip": "10115"', "\ud800"])
def test_what_does_not_fit_is_found(text: str) -> None:
    assert findings(text) == BREACH


def test_answers_nested_beyond_all_reason_are_found() -> None:
    schema = {"items": {"$ref": "#"}}
    assert findings("[" * 100_000, schema) == BREACH
    assert findings("[" * 400 + "]" * 400, schema) == BREACH


def test_a_block_of_markdown_is_allowed_where_that_is_said() -> None:
    block = 'Here: ```json\n{"zip": "10115"}\n```'
    assert findings(block[6:]) == BREACH
    assert findings(block[6:], fenced=True) == ()
    assert findings(block, fenced=True) == BREACH
    assert findings('{"zip": "10115"}', fenced=True) == ()


def test_a_schema_may_be_json_in_a_string() -> None:
    assert findings("null", '{"enum": [null]}') == ()
    assert findings("1", '{"enum": [null]}') == BREACH


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ("{", "schema: not JSON"),
        ({"if": {}}, "schema: #: 'if' is not supported"),
        ({"pattern": "(?=a)"}, "schema: #/pattern: RE2 does not take the pattern"),
    ],
)
def test_schemas_that_cannot_be_kept_are_refused(schema: dict[str, Any] | str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        findings("1", schema)


def test_without_the_engine_schemas_with_patterns_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    with pytest.raises(ConfigurationError, match=r"#/properties/zip/pattern: patterns need google-re2"):
        build(Settings(SCHEMA))
    assert build(Settings({"type": "string"})).check(read('"a"')) == ()
