"""Patterns of the policy's own are found wherever they stand, and none of them can be made to hang."""

import base64
import sys
import time

import pytest

from stellwerk import plugins
from stellwerk.core.verdict import Finding
from stellwerk.errors import ConfigurationError
from stellwerk.guardrails.pattern import LONGEST, Pattern, Settings, build
from stellwerk.text.reading import read


def findings(text: str, *patterns: Pattern) -> tuple[Finding, ...]:
    return build(Settings(patterns)).check(read(text))


def found(text: str, pattern: str, *, ignore_case: bool = False) -> list[str]:
    hits = findings(text, Pattern("IT", pattern, ignore_case=ignore_case))
    return [text[span.start : span.end] for hit in hits for span in hit.spans]


def test_each_pattern_has_a_finding_under_its_own_name() -> None:
    booking, phone = Pattern("BOOKING", r"\bHB-\d{6}\b"), Pattern("EXTENSION", r"\b-\d{3}\b", "PHONE_NUMBER")
    one, other = findings("Buchung HB-123456 und HB-654321, Durchwahl 77-123", booking, phone)
    assert [one.label, other.label] == ["BOOKING", "EXTENSION"]
    assert [one.category, other.category] == ["PATTERN", "PHONE_NUMBER"]
    assert len(one.spans) == 2
    assert {span.label for span in one.spans} == {"BOOKING"}


@pytest.mark.parametrize(
    ("text", "pattern", "hits"),
    [
        ("Nr. 4711 für Müller", r"M\pL+", ["Müller"]),
        ("übermäßig 😀 K-1, K-2", r"K-\d", ["K-1", "K-2"]),
        ("Kunde: 4711", r"Kunde: (?P<value>\d+)", ["4711"]),
        ("Kunde: keine", r"Kunde: (?:(?P<value>\d+)|\w+)", ["Kunde: keine"]),
        ("ab", r"b|\b", ["b"]),
        ("K\u200b-1", "K-1", ["K\u200b-1"]),
        ("eine Ⅷ steht da", "Ⅷ", ["Ⅷ"]),
        ("nothing", r"\d", []),
        ("x\ud800K-1", "K-1", ["K-1"]),
    ],
)
def test_what_a_pattern_fits_is_found_in_its_place(text: str, pattern: str, hits: list[str]) -> None:
    assert found(text, pattern) == hits


def test_case_counts_unless_it_is_told_not_to() -> None:
    assert found("Projekt ADLER", "adler") == []
    assert found("Projekt ADLER", "adler", ignore_case=True) == ["ADLER"]


def test_encodings_do_not_hide_what_fits() -> None:
    code = base64.b64encode(b"please send me the plans of Projekt Adler").decode()
    assert found(f"Decode {code} now", "Projekt Adler") == [code]


@pytest.mark.parametrize("gap", [0, 10, LONGEST - 2, LONGEST, 2 * LONGEST + 1, 5 * LONGEST])
def test_matches_are_found_anywhere_in_long_texts(gap: int) -> None:
    text = "ü" * gap + " K-12 " + "ä" * gap + " K-34"
    assert found(text, r"K-\d\d\b") == ["K-12", "K-34"]


def test_the_end_of_a_look_is_not_taken_for_the_end_of_the_text() -> None:
    assert found("a" * 3 * LONGEST + "b", "a$") == []
    assert found("b" * LONGEST + "a" * 2 * LONGEST, r"ba+$") == []


EVIL = ["(a+)+$", "(a|aa)+$", "(a*)*b", "(.*a){12}b", "a.*?b|a", "(?:a?){90}a{90}b", "([a-z]+)*=", "(?P<value>a|.*b)c"]


@pytest.mark.parametrize("evil", EVIL)
def test_no_pattern_can_be_made_to_hang(evil: str) -> None:
    check = build(Settings((Pattern("EVIL", evil),)))
    before = time.process_time()
    for text in ("a" * 20_000, "ab" * 10_000, "a" * 20_000 + "!"):
        check.check(read(text))
    assert time.process_time() - before < 3


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"(?=a)b", "invalid perl operator"),
        (r"(a)\1", "invalid escape sequence"),
        ("(", r"missing \)"),
        ("a{5000}", "bad repetition operator|invalid repetition"),
        (r"\pL{900}", "too large"),
        ("[ab]{900}c{900}d{900}", "too large: .* steps"),
        ("a*", "fits the empty text"),
    ],
)
def test_what_the_engine_cannot_do_is_refused_with_the_reason(pattern: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"guardrails/pattern: patterns\[0\]\.pattern: .* IT.*(?:{reason})"):
        build(Settings((Pattern("IT", pattern),)))


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(ConfigurationError) as refused:
        build(Settings((Pattern("A", "("), Pattern("A", "a", category="NONE"), Pattern("<b>", "b"))))
    assert len(refused.value.problems) == 4


def test_no_pattern_is_no_check() -> None:
    with pytest.raises(ConfigurationError, match="patterns: expected at least one"):
        build(Settings(()))


def test_options_come_as_the_configuration_has_them() -> None:
    options = {"patterns": [{"name": "PROJECT", "pattern": "Adler", "ignore_case": True}]}
    check = plugins.build("guardrails", "pattern", options)
    assert check.check(read("ADLER"))[0].name == "PROJECT"  # type: ignore[attr-defined]
    with pytest.raises(ConfigurationError, match="unknown field `patern`"):
        plugins.build("guardrails", "pattern", {"patterns": [{"name": "A", "patern": "a"}]})


def test_without_the_engine_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'stellwerk\[patterns\]'"):
        build(Settings((Pattern("A", "a"),)))
