"""Abuse scores above harmless talk, in English and German."""

import pytest

from stellwerk import plugins
from stellwerk.core.taxonomy import Hint
from stellwerk.guardrails.toxicity import Settings, build
from stellwerk.text.reading import read

CHECK = build(Settings())


def score(text: str) -> float:
    (found,) = CHECK.check(read(text))
    assert found.category is Hint.TOXICITY
    return found.score


@pytest.mark.parametrize(
    ("abuse", "harmless"),
    [
        ("I hate immigrants, they are disgusting scum.", "I love immigrants, they are wonderful neighbours."),
        ("Ihr seid alle widerlicher Abschaum und ich hasse euch.", "Ihr seid alle wunderbar und ich mag euch."),
    ],
)
def test_abuse_scores_above_harmless_talk(abuse: str, harmless: str) -> None:
    assert score(abuse) > 0.5 > score(harmless)


def test_a_threshold_decides_what_is_a_hit() -> None:
    text = "I hate immigrants, they are disgusting scum."
    strict, mild = build(Settings(threshold=0.001)), build(Settings(threshold=1.0))
    assert [check.check(read(text))[0].is_hit for check in (strict, mild)] == [True, False]


def test_a_threshold_that_cannot_be_reached_is_refused() -> None:
    with pytest.raises(Exception, match="threshold"):
        plugins.build("guardrails", "toxicity", {"threshold": 0})


def test_an_empty_text_is_nothing() -> None:
    assert CHECK.check(read("")) == ()
