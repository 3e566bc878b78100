"""Guardrails in the configuration: what is compiled of them, and what is refused, where it stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stellwerk.config.compile import compile_file
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
