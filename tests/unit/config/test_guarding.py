"""Guardrails in the configuration: what is compiled of them, and what is refused, where it stands."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stellwerk.config.compile import compile_file
from stellwerk.config.load import examine
from stellwerk.config.references import resolve
from stellwerk.core.snapshot import Snapshot
from stellwerk.core.subject import Side
from stellwerk.core.verdict import Action
from stellwerk.errors import ConfigurationError

HEAD = """
[[providers]]
name = "up"
kind = "compatible"
base_url = "http://127.0.0.1:9/v1"

[[models]]
name = "m"
targets = [{ provider = "up", model = "x" }]
MODEL

[[keys]]
name = "k"
key = "a-key-of-some-length-00001"
"""


@pytest.fixture
def compiled(tmp_path: Path) -> Callable[[str, str], Snapshot]:
    def compile_text(text: str, model: str = "") -> Snapshot:
        path = tmp_path / "stellwerk.toml"
        path.write_text(HEAD.replace("MODEL", model) + text)
        return compile_file(path)

    return compile_text


def test_a_check_has_defaults_of_its_own(compiled: Callable[..., Snapshot]) -> None:
    (spec,) = compiled('[[guardrails]]\nuse = "pii"').guardrails
    assert (spec.name, spec.on, spec.action, spec.failure) == ("pii", (Side.INPUT,), Action.MASK, "closed")


def test_a_hint_has_no_consequences_unless_that_is_written(compiled: Callable[..., Snapshot]) -> None:
    (spec,) = compiled('[[guardrails]]\nuse = "injection"').guardrails
    assert (spec.action, spec.actions) == (Action.BLOCK, {"HARMFUL": Action.OBSERVE})
    (spec,) = compiled('[[guardrails]]\nuse = "injection"\nactions = { HARMFUL = "flag" }').guardrails
    assert spec.actions == {"HARMFUL": Action.FLAG}


def test_what_is_written_holds(compiled: Callable[..., Snapshot]) -> None:
    snapshot = compiled(
        '[[guardrails]]\nuse = "pii"\nname = "people"\non = ["input", "log"]\naction = "pseudonymize"\n'
        'actions = { CREDIT_CARD = "block" }\nfailure = "open"\ntypes = ["PERSON", "CREDIT_CARD"]\n'
        '[screening]\nstream = "buffer"\nunmask_tools = { book = ["PERSON"] }\nhelp_texts = { S11 = "Call 112." }',
        'guardrails = ["people"]',
    )
    (spec,) = snapshot.guardrails
    assert (spec.name, spec.on, spec.action, spec.failure) == (
        "people",
        (Side.INPUT, Side.LOG),
        Action.PSEUDONYMIZE,
        "open",
    )
    assert spec.actions == {"CREDIT_CARD": Action.BLOCK}
    assert spec.options == {"types": ["PERSON", "CREDIT_CARD"]}
    assert snapshot.models[0].guardrails == ("people",)
    assert snapshot.screening.stream == "buffer"
    assert snapshot.screening.unmask_tools == {"book": ("PERSON",)}
    assert snapshot.screening.help_texts == {"S11": "Call 112."}


@pytest.mark.parametrize(
    ("text", "model", "said"),
    [
        ('[[guardrails]]\nuse = "pij"', "", "guardrails[0].use: expected"),
        ('[[guardrails]]\nuse = "pii"\nkinds = []', "", "guardrails[0].kinds: unknown key"),
        ('[[guardrails]]\nuse = "pii"\non = []', "", "guardrails[0].on"),
        ('[[guardrails]]\nuse = "pii"\n[[guardrails]]\nuse = "pii"', "", "expected a name of its own"),
        ("", 'guardrails = ["pii"]', 'found "pii"'),
    ],
)
def test_a_fault_is_told_where_it_is(compiled: Callable[..., Snapshot], text: str, model: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        compiled(text, model)
    assert said in caught.value.message


def test_a_policy_is_all_that_its_pack_has(compiled: Callable[..., Snapshot]) -> None:
    snapshot = compiled('[[guardrails]]\npolicy = "hospitality"', 'guardrails = ["hospitality"]')
    names = [spec.name for spec in snapshot.guardrails]
    assert "hospitality.pii" in names
    assert all(name.startswith("hospitality.") for name in names)
    assert snapshot.screening.unmask_tools is not None
    assert "S11" in snapshot.screening.help_texts
    assert snapshot.screening.message != "A guardrail does not let this through."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[guardrails]]\nname = "x"', "expected one of use and policy"),
        ('[[guardrails]]\nuse = "pii"\npolicy = "general"', "expected one of use and policy"),
        ('[[guardrails]]\npolicy = "general"\naction = "mask"', "a policy has no action"),
        ('[[guardrails]]\npolicy = "pirates"', "policy"),
    ],
)
def test_a_table_is_a_check_or_a_policy(compiled: Callable[..., Snapshot], text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        compiled(text)
    assert said in caught.value.message


def test_a_secret_in_the_file_of_a_check_without_a_name_is_found_again(
    compiled: Callable[[str, str], Snapshot],
) -> None:
    text = '[[guardrails]]\nuse = "pii"\n\n[[guardrails]]\nuse = "openai_moderation"\napi_key = "sk-in-the-file"\n'
    (_, spec) = compiled(text, "").guardrails
    assert resolve(spec.secrets["api_key"]) == "sk-in-the-file"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            (
                '[[guardrails]]\nuse = "pattern"\n[[guardrails.patterns]]\nname = "GOOD"\npattern = "a"\n'
                '[[guardrails.patterns]]\nname = "BAD"\npattern = "(a"'
            ),
            ":22: guardrails[0].patterns[1].pattern: RE2 does not take that of BAD: missing ): (a",
        ),
        (
            '[[guardrails]]\nuse = "pattern"\npatterns = [{ name = "A", pattern = "a", category = "B" }]',
            ":17: guardrails[0].patterns[0].category: there is no category 'B'",
        ),
        (
            '[[guardrails]]\nuse = "json_schema"\non = ["output"]\nschema = { type = "objekt" }',
            ":18: guardrails[0].schema: #/type: ",
        ),
        ('[[guardrails]]\nuse = "json_schema"\nschema = "{"', ":17: guardrails[0].schema: not JSON: "),
        (f'[[guardrails]]\nuse = "json_schema"\nschema = "{"[" * 100_000}"', "guardrails[0].schema: nested too deeply"),
        (
            '[[guardrails]]\nuse = "topic"\n[[guardrails.topics]]\nname = "x y"\nterms = ["z"]',
            ":17: guardrails[0].topics[0]: expected a name of letters",
        ),
        ('[[guardrails]]\nuse = "topic"\ntopics = []', ":17: guardrails[0].topics: expected at least one, found none"),
        ('[[guardrails]]\nuse = "grounding"\nsupport = 2.0', ":17: guardrails[0].support: expected a number above 0"),
        ('[[guardrails]]\nuse = "length"', ":15: guardrails[0]: expected a bound, such as max_characters, found none"),
        ('[[guardrails]]\nuse = "injection"\nthreshold = 2.0', ":15: guardrails[0]: thresholds are greater than 0"),
        (
            '[[guardrails]]\nuse = "pii"\nactions = { CREDITCARD = "block" }',
            ":17: guardrails[0].actions.CREDITCARD: expected a category",
        ),
        (
            '[[guardrails]]\nuse = "openai_moderation"\napi_key = "a-key-of-some-length"\non = ["log"]',
            ":18: guardrails[0].on: a check that asks a service cannot look at log",
        ),
    ],
)
def test_what_a_check_cannot_be_built_of_is_a_fault_of_the_file(
    compiled: Callable[..., Snapshot], text: str, said: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        compiled(text)
    (problem,) = caught.value.problems
    assert said in problem


def test_of_a_value_that_came_from_elsewhere_nothing_is_quoted(
    compiled: Callable[..., Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHEMA", '{"hidden word": 1}')
    with pytest.raises(ConfigurationError, match="it cannot be built") as caught:
        compiled('[[guardrails]]\nuse = "json_schema"\nschema = "env:SCHEMA"')
    assert "hidden word" not in caught.value.message


def test_a_policy_whose_package_is_missing_is_refused(
    compiled: Callable[..., Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    with pytest.raises(ConfigurationError, match=r"guardrails\[0\]\.policy: .*pip install 'stellwerk\[patterns\]'"):
        compiled('[[guardrails]]\npolicy = "legal"')


def test_checks_whose_options_or_secrets_are_at_fault_are_not_built_and_others_are(
    compiled: Callable[..., Snapshot],
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        compiled(
            '[[guardrails]]\nuse = "pattern"\npatern = []\n'
            '[[guardrails]]\nuse = "openai_moderation"\napi_key = "env:NOT_SET_ANYWHERE"\n'
            '[[guardrails]]\nuse = "length"\nmax_words = -1\n'
        )
    assert [line.split(": ")[1] for line in caught.value.problems] == [
        "guardrails[0].patterns",
        "guardrails[0].patern",
        "guardrails[1].api_key",
        "guardrails[2].max_words",
    ]


def test_what_nobody_finds_is_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "stellwerk.toml"
    named = (
        '[[guardrails]]\nuse = "pattern"\nactions = { BOOKING = "mask" }\n'
        'patterns = [{ name = "BOOKING", pattern = "a" }]\n'
    )
    screening = (
        '[screening]\nmasks = { IBAN = "hash", BOOKING = "drop" }\n'
        'help_texts = { S11 = "112", investment_advice = "?" }\n'
        'unmask_tools = { book = ["PERSON", "BOOKING", "PHONE"] }\n'
    )
    path.write_text(HEAD.replace("MODEL", "") + named + '[[guardrails]]\npolicy = "finance"\n' + screening)
    verdict = examine(path)
    assert verdict.problems == ()
    told = [warning.render("") for warning in verdict.warnings if warning.path[0] == "screening"]
    assert told == [
        ':22: screening.masks.IBAN: there is no category "IBAN", nor a pattern or topic of that name',
        ':24: screening.unmask_tools.book[2]: there is no category "PHONE", nor a pattern or topic of that name',
    ]
    path.write_text(HEAD.replace("MODEL", "") + "[screening]\nmasks = 1\nunmask_tools = { book = 1, x = [1] }\n")
    assert [warning for warning in examine(path).warnings if warning.path[0] == "screening"] == []
