"""Answers in the words and numbers of their sources are supported; others are found where they stand."""

import pytest

from stellwerk.core.subject import Side
from stellwerk.errors import ConfigurationError
from stellwerk.guardrails.grounding import Settings, build
from stellwerk.text.reading import read

SOURCE = (
    "Das Zimmer kostet 1.240,50 Euro je Woche. Frühstück ist im Preis enthalten und wird bis 10.30 Uhr serviert. "
    "Guests may cancel their booking free of charge until 14 days before arrival."
)


DEFAULT = Settings()


def score(answer: str, settings: Settings = DEFAULT, sources: tuple[str, ...] = (SOURCE,)) -> float | None:
    found = build(settings).check(read(answer, side=Side.OUTPUT, sources=sources, question="Was kostet ein Zimmer?"))
    return found[0].score if found else None


def parts(answer: str) -> list[str]:
    [finding] = build(Settings()).check(read(answer, side=Side.OUTPUT, sources=(SOURCE,)))
    return [answer[span.start : span.end] for span in finding.spans]


@pytest.mark.parametrize(
    "answer",
    [
        "Das Zimmer kostet 1240,50 Euro je Woche, und das Frühstück ist enthalten.",
        "Bookings can be cancelled free of charge, up to 14 days before the arrival of the guests.",
        "ZIMMER KOSTEN 1,240.50 EURO JE WOCHE.",
    ],
)
def test_answers_in_the_words_of_their_sources_are_supported(answer: str) -> None:
    assert score(answer) == 0


def test_what_no_source_says_is_found_where_it_stands() -> None:
    answer = "Das Zimmer kostet 1.240,50 Euro je Woche. Unsere Sauna öffnet täglich neben dem beheizten Schwimmbad."
    assert parts(answer) == ["Unsere Sauna öffnet täglich neben dem beheizten Schwimmbad."]
    assert score(answer) == 0.5


def test_a_number_that_no_source_has_is_found_alone() -> None:
    answer = "Das Zimmer kostet 1.340,50 Euro je Woche."
    assert parts(answer) == ["1.340,50"]
    assert score(answer, Settings(numbers=False)) == 0


def test_the_threshold_makes_a_hit() -> None:
    answer = "Das Zimmer kostet 1.240,50 Euro je Woche. Unsere Sauna öffnet täglich neben dem beheizten Schwimmbad."
    subject = read(answer, sources=(SOURCE,))
    assert build(Settings(threshold=0.5)).check(subject)[0].is_hit
    assert not build(Settings(threshold=0.6)).check(subject)[0].is_hit


@pytest.mark.parametrize(("answer", "sources"), [("Alles frei erfunden, jedes Wort davon.", ()), ("Gern.", (SOURCE,))])
def test_nothing_is_said_without_sources_or_sentences(answer: str, sources: tuple[str, ...]) -> None:
    assert score(answer, sources=sources) is None


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (Settings(support=0), "support: expected a number above 0"),
        (Settings(threshold=1.5), "threshold: .* found 1.5"),
        (Settings(least_words=0), "least_words: expected at least 1"),
    ],
)
def test_shares_that_are_none_are_refused(settings: Settings, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        build(settings)
