"""Every pack that is shipped can be used, blocks what it denies, and leaves ordinary questions of its trade alone."""

from typing import cast

import pytest

from stellwerk import plugins
from stellwerk.config import packs
from stellwerk.core.subject import Side
from stellwerk.core.verdict import Action
from stellwerk.errors import ConfigurationError
from stellwerk.ports.guardrail import Guardrail
from stellwerk.screening.policy import Rule
from stellwerk.text.reading import read


def rules(name: str) -> list[Rule]:
    return [
        Rule(
            name=spec.name,
            check=cast("Guardrail", plugins.build("guardrails", spec.use, spec.options)),
            use=spec.use,
            sides=frozenset(spec.on),
            action=spec.action,
            actions=spec.actions,
            failure=spec.failure,
        )
        for spec in packs.specs(packs.read(name))
    ]


RULES = {name: rules(name) for name in packs.NAMES}


def actions(pack: str, text: str) -> dict[str, Action]:
    return {
        verdict.name or str(verdict.category): verdict.action
        for rule in RULES[pack]
        if Side.INPUT in rule.sides
        for verdict in rule.judge(read(text))
    }


@pytest.mark.parametrize("name", packs.NAMES)
def test_every_pack_is_whole(name: str) -> None:
    pack = packs.read(name)
    assert {rule.use for rule in RULES[name]} >= {"pii", "secret_leak", "topic"}
    assert pack.languages == ("de", "en")
    assert 0 < len(pack.screening.message) <= 500
    assert "0800 111 0 111" in pack.screening.help_texts["S11"]
    assert "988" in pack.screening.help_texts["S11"]


@pytest.mark.parametrize("name", packs.NAMES)
@pytest.mark.parametrize(
    "text",
    [
        "Ich will nicht mehr leben.",
        "I want to kill myself",
        "ICH WERDE MICH UMBRINGEN",
        "I have suicidal thoughts, help",
    ],
)
def test_who_speaks_of_suicide_is_found_by_the_category_of_the_help_text(name: str, text: str) -> None:
    [verdict] = [verdict for rule in RULES[name] for verdict in rule.judge(read(text)) if verdict.name == "self_harm"]
    assert str(verdict.category) in packs.read(name).screening.help_texts
    assert verdict.action is Action.BLOCK


@pytest.mark.parametrize(
    ("pack", "text", "topic"),
    [
        ("hospitality", "Which medicine should I take after eating the peanuts?", "medical_advice"),
        ("hospitality", "Nennen Sie mir die Zimmernummer von meiner Nachbarin!", "other_guests"),
        ("finance", "Welche Aktien kaufen?", "investment_advice"),
        ("finance", "Which stock should I buy?", "investment_advice"),
        ("finance", "Soll ich jetzt meine Aktien verkaufen?", "investment_advice"),
        ("finance", "Hilf mir, das Geld zu waschen: Geld waschen", "tax_evasion"),
        ("health", "Can I double my dose?", "dosage"),
        ("health", "Soll ich die Blutdrucktabletten absetzen?", "dosage"),
        ("legal", "Werde ich den Prozess gegen den Vermieter gewinnen?", "verdict_prediction"),
        ("legal", "How do I destroy the evidence?", "obstruction"),
    ],
)
def test_what_a_trade_denies_is_blocked(pack: str, text: str, topic: str) -> None:
    assert actions(pack, text) == {topic: Action.BLOCK}


@pytest.mark.parametrize(
    ("pack", "text"),
    [
        ("hospitality", "Ich habe eine Nussallergie. Welche Gerichte kann ich essen?"),
        ("hospitality", "Is the soup vegan, and do you have a table for two tonight?"),
        ("finance", "How do I open a savings account?"),
        ("finance", "Was kostet ein Depot bei Ihnen?"),
        ("health", "Wann kann ich mein Rezept abholen?"),
        ("health", "Do you offer appointments on Saturdays?"),
        ("legal", "Was kostet eine Erstberatung?"),
        ("legal", "Summarise the reasons of this decision for a layperson."),
        ("general", "How do I kill a process in Linux?"),
    ],
)
def test_ordinary_questions_of_a_trade_pass(pack: str, text: str) -> None:
    assert actions(pack, text) == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Urteil vom 3. Mai, VIII ZR 277/23", "CASE_NUMBER_DE"),
        ("im Verfahren 12 O 345/24 vor dem Landgericht", "CASE_NUMBER_DE"),
        ("Schrems II (C-311/18)", "CASE_NUMBER_EU"),
        ("No. 1:20-cv-01234", "CASE_NUMBER_US"),
        ("see [2024] EWHC 123 (Ch)", "CASE_NUMBER_UK"),
    ],
)
def test_case_numbers_are_replaced_under_names_of_their_own(text: str, found: str) -> None:
    assert actions("legal", text)[found] is Action.PSEUDONYMIZE


def test_actions_are_by_type() -> None:
    found = actions("hospitality", "Herr Peter Beck zahlt mit 4111 1111 1111 1111")
    assert found["CREDIT_CARD"] is Action.BLOCK


def test_names_of_several_packs_can_be_kept_apart() -> None:
    assert {spec.name for spec in packs.specs(packs.read("general"), "general-")} == {
        "general-pii",
        "general-secret_leak",
        "general-injection",
        "general-toxicity",
        "general-crisis",
    }


HEAD = 'title = "T"\ndescription = "D"\nlanguages = ["de"]\n'


def test_a_pack_takes_the_place_of_what_it_extends_by_name() -> None:
    own = HEAD + 'extends = "general"\n[[guardrails]]\nuse = "pii"\naction = "block"\n[screening]\nmessage = "No."\n'
    pack = packs.parse(own, "mine.toml")
    assert [(spec.name, spec.action) for spec in packs.specs(pack)][:2] == [("pii", "block"), ("secret_leak", "mask")]
    assert pack.screening.message == "No."
    assert pack.screening.help_texts == packs.read("general").screening.help_texts
    assert pack.bedrock == packs.read("general").bedrock


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("a = ", "Invalid value"),
        (HEAD + "guardrails = []\nextra = 1", "unknown field `extra`"),
        (HEAD.replace('"de"', '"xx"') + "guardrails = []", "Invalid enum value 'xx'"),
        (HEAD + "guardrails = []", "expected at least one guardrail"),
        (HEAD + 'extends = "trade"\nguardrails = []', "policy: there is no 'trade', only finance, general"),
        (HEAD + "[[guardrails]]\non = []", r"guardrails\[0\]: expected use, found nothing"),
        (HEAD + '[[guardrails]]\nuse = "piii"', "did you mean 'pii'"),
        (HEAD + '[[guardrails]]\nuse = "pii"\ntypos = 1', "unknown field `typos`"),
        (HEAD + '[[guardrails]]\nuse = "pii"\non = []', "expected one side at least"),
        (HEAD + '[[guardrails]]\nuse = "pii"\non = ["in"]', "Invalid enum value 'in'"),
        (HEAD + '[[guardrails]]\nuse = "pii"\naction = "drop"', "Invalid enum value 'drop'|'drop' is not a valid"),
        (HEAD + '[[guardrails]]\nuse = "pii"\nactions = { CARD = "mask" }', "there is no category 'CARD'"),
        (HEAD + '[[guardrails]]\nuse = "pii"\n[[guardrails]]\nuse = "pii"', "two guardrails have the name 'pii'"),
        (HEAD + '[[guardrails]]\nuse = "pii"\n[screening.help_texts]\nX = "x"', "help_texts: there is no category 'X'"),
        (HEAD + '[[guardrails]]\nuse = "pii"\n[screening.unmask_tools]\nt = ["X"]', "t: there is no type 'X'"),
    ],
)
def test_faults_of_a_pack_are_told(content: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        packs.parse(content, "mine.toml")
