"""Names of people are found where words around announce them, in two languages, and when no list holds them."""

from importlib.resources import files

import pytest

from stellwerk.text.pii import names
from stellwerk.text.pii.tagger import Tagger
from stellwerk.text.reading import read

TAGGER = Tagger(files("stellwerk.text.pii").joinpath("names.bin").read_bytes())
UNHEARD = (
    ("Ondřej", "Vavrečka"), ("Thandiwe", "Nkosinathi"), ("Eberwin", "Stolzmüller"), ("Hrafnhildur", "Ketilsdottir"),
    ("Quirina", "Obermoser"), ("Nasrin", "Tabatabai"), ("Wolfhard", "Zschoche"), ("Ifeoma", "Adichukwu"),
    ("Mairead", "Gallacher"), ("Tancredi", "Passalacqua"), ("Brunhild", "Kwiatkowska"), ("Dunstan", "Featherstone"),
)  # fmt: skip
CUES = (
    "ich heiße {0} {1} und brauche Hilfe",
    "Hallo, mein Name ist {0} {1}.",
    "Hi, my name is {0} {1} and I need help.",
    "Hello, this is {0} {1} calling about my order.",
    "Sehr geehrte Frau {1}, vielen Dank.",
    "Bitte rufen Sie Herrn {1} zurück.",
    "Dear Mr. {1}, thank you.",
    "Please ask Mrs {0} {1} about it.",
    "Danke!\nMit freundlichen Grüßen\n{0} {1}",
    "Thanks a lot.\n\nBest regards,\n{0} {1}",
    "Dr. {1} hat mich krankgeschrieben.",
    "Hi, I'm {0} {1}, a customer.",
)


def found(text: str) -> list[str]:
    return [text[span.start : span.end] for span in names.spans(text, TAGGER)]


def test_of_names_with_cues_that_nobody_told_the_model_nine_in_ten_are_found() -> None:
    told = [cue.format(*name) for cue in CUES for name in UNHEARD]
    missed = [
        text
        for text, name in zip(told, UNHEARD * len(CUES), strict=True)
        if not any(name[1] in one for one in found(text))
    ]
    assert len(missed) <= len(told) // 10, missed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ich habe mit Prof. Dr. Sabine Bauer gesprochen.", ["Prof. Dr. Sabine Bauer"]),
        ("Wir trafen Ludwig van Beethoven und Clara Schumann.", ["Ludwig van Beethoven", "Clara Schumann"]),
        ("Written by Thomas J. Miller", ["Thomas J. Miller"]),
        ("Ask Peter", ["Peter"]),
        ("We work for Peter Miller GmbH and Thomas Group.", []),
        ("We use GraphQL, ESLint and YouTube with Ludwig McAllister.", ["Ludwig McAllister"]),
        ("Ask Mrs McAllister about it.", ["McAllister"]),
        ("my name is max and I wait", ["max"]),
        ("my name is not important.", []),
        ("Hallo  Zusammen", []),
        ("", []),
    ],
)
def test_names_are_whole_and_companies_are_none(text: str, expected: list[str]) -> None:
    assert found(text) == expected


def test_the_same_text_is_judged_alike_whatever_was_seen_before() -> None:
    text = read("Anna Schmidt fragt Herrn Öztürk.").passage.text
    fresh = Tagger(files("stellwerk.text.pii").joinpath("names.bin").read_bytes())
    assert fresh.names(text) == TAGGER.names(text) == TAGGER.names(text)


def test_a_word_without_end_is_judged_by_its_beginning_and_not_remembered() -> None:
    endless = "Abcdefgh" * 4_000
    text = f"{endless} wrote to Anna Schmidt."
    assert [text[start:end] for start, end, _ in TAGGER.names(text)] == ["Anna Schmidt"]
