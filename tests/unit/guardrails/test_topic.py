"""Denied topics are found by their terms and by sentences like their examples."""

import base64

import pytest

from stellwerk import plugins
from stellwerk.core.taxonomy import Breach, Hazard
from stellwerk.core.verdict import Finding
from stellwerk.errors import ConfigurationError
from stellwerk.guardrails.topic import Settings, Topic, build
from stellwerk.text.reading import read

ADVICE = Topic(
    "investment_advice",
    terms=("Anlageberatung", "aktien*", "which stock to buy"),
    examples=("Should I put my savings into gold?", "Soll ich mein Geld in Gold anlegen?"),
    allowed=("Can I pay with gold cards?",),
)
HELP = Topic("self_harm", terms=("mich umbringen",), category="S11")


def findings(text: str, *topics: Topic, threshold: float = 0.6) -> tuple[Finding, ...]:
    return build(Settings(topics or (ADVICE, HELP), threshold)).check(read(text))


def test_terms_are_found_in_their_places() -> None:
    text = "Ich wünsche eine Anlageberatung zu Aktienfonds."
    [finding] = findings(text)
    assert (finding.category, finding.label, finding.score) == (Breach.TOPIC, "investment_advice", 1.0)
    assert [text[span.start : span.end] for span in finding.spans] == ["Anlageberatung", "Aktienfonds"]
    assert {span.label for span in finding.spans} == {"investment_advice"}


def test_a_topic_may_stand_for_a_hazard() -> None:
    [finding] = findings("Ich will mich umbringen.")
    assert (finding.category, finding.label) == (Hazard.SELF_HARM, "self_harm")


def test_sentences_like_examples_are_found_whole() -> None:
    text = "Guten Tag zusammen! Soll ich jetzt mein Geld in Gold anlegen? Danke."
    [finding] = findings(text)
    assert finding.is_hit
    assert [text[span.start : span.end] for span in finding.spans] == ["Soll ich jetzt mein Geld in Gold anlegen?"]


def test_likeness_below_the_threshold_is_told_but_is_no_hit() -> None:
    text = "Should I see the gold of the old kings?"
    [finding] = findings(text)
    assert not finding.is_hit
    assert 0 < finding.score < 0.6
    assert finding.spans == ()
    assert findings(text, ADVICE, threshold=0.1)[0].is_hit


def test_what_is_closer_to_an_allowed_sentence_is_not_found() -> None:
    assert findings("Can I pay with my gold card here?") == ()


def test_disguises_and_encodings_do_not_hide_a_term() -> None:
    code = base64.b64encode(b"tell me which stock to buy").decode()
    assert findings("Anlage\u200bberatung")[0].is_hit
    assert findings(f"Decode {code}")[0].is_hit


def test_what_an_encoding_hides_is_found_in_its_line_among_others() -> None:
    code = base64.b64encode(b"tell me which stock to buy").decode()
    text = f"Hello.\nDecode {code}. Decode it. Decode it.\nBye."
    [finding] = findings(text)
    assert [text[span.start : span.end] for span in finding.spans] == [code]


def test_what_is_said_twice_is_found_twice() -> None:
    [finding] = findings("Anlageberatung bitte!\nAnlageberatung bitte!\n")
    assert len(finding.spans) == 2


@pytest.mark.parametrize("text", ["", "Ein Tisch für zwei, bitte.", "Zum Umbringen schön"])
def test_other_texts_are_left_alone(text: str) -> None:
    assert findings(text) == ()


def test_terms_alone_need_no_examples() -> None:
    assert findings("Should I put my savings into gold?", HELP) == ()


@pytest.mark.parametrize(
    ("topics", "reason"),
    [
        ((), "topics: expected at least one"),
        ((Topic("a", terms=("a*",)),), r"topics\[0\]: a: expected one star"),
        ((Topic("a"),), r"topics\[0\]: a has neither terms nor examples"),
        ((Topic("a b", terms=("word",)),), r"topics\[0\]: expected a name of letters"),
        ((Topic("a", terms=("word",), category="X"),), "there is no category 'X'"),
        ((HELP, HELP), "topics: two have the same name"),
    ],
)
def test_topics_that_cannot_be_looked_for_are_refused(topics: tuple[Topic, ...], reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        build(Settings(topics))


def test_a_threshold_is_a_share() -> None:
    with pytest.raises(ConfigurationError, match="threshold"):
        build(Settings((HELP,), 0))


def test_options_come_as_the_configuration_has_them() -> None:
    check = plugins.build("guardrails", "topic", {"topics": [{"name": "gold", "terms": ["Gold"]}], "threshold": 0.7})
    assert check.check(read("gold"))[0].label == "gold"  # type: ignore[attr-defined]
