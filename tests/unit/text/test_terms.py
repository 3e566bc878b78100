"""Terms are found in any case and inflection, whole words only, the longest one at each place."""

import time

import pytest

from stellwerk.text.terms import Terms


def found(terms: list[str], text: str) -> list[str]:
    return [text[start:end] for start, end, _ in Terms({"x": terms}).find(text)]


@pytest.mark.parametrize(
    ("term", "text", "hit"),
    [
        ("Anlageberatung", "Ihre ANLAGEBERATUNGEN bitte", "ANLAGEBERATUNGEN"),
        ("Arzt", "Fragen Sie die Ärzte!", "Ärzte"),
        ("Ärzte", "bei den Aerzten", "Aerzten"),
        ("Straße", "Straße", "Straße"),
        ("Straße", "STRASSE", "STRASSE"),
        ("Strasse", "in der Straße", "Straße"),
        ("which stock to buy", "So: which stocks, to buy?", "which stocks, to buy"),
        ("aktie*", "ein Aktientipp", "Aktientipp"),
        ("*anwalt", "des Rechtsanwalts", "Rechtsanwalts"),
        ("buy *coin", "buy Dogecoins now", "buy Dogecoins"),
        ("insider trad*", "INSIDER  TRADING", "INSIDER  TRADING"),
    ],
)
def test_terms_are_found_however_they_are_written(term: str, text: str, hit: str) -> None:
    assert found([term], text) == [hit]


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("Rat", "Vorrat und Rathaus"),
        ("wetten", "Das Wetter wird gut"),
        ("betting", "Doppelzimmer mit zwei Betten"),
        ("which stock to buy", "which stock should I buy"),
        ("which stock to buy", "which stock to"),
        ("aktie*", "akt"),
        ("*anwalt", "anw"),
        ("aktie*", "aktualisieren"),
        ("*anwalt", "Asphalt walt"),
        ("x", ""),
    ],
)
def test_other_words_are_not_taken_for_terms(term: str, text: str) -> None:
    assert found([term], text) == []


def test_each_name_is_told_of_its_longest_term() -> None:
    terms = Terms({"tax": ["tax", "tax evasion"], "crime": ["tax evasion scheme", "evasion"]})
    text = "a tax evasion scheme"
    assert sorted((name, text[start:end]) for start, end, name in terms.find(text)) == [
        ("crime", "evasion"),
        ("crime", "tax evasion scheme"),
        ("tax", "tax evasion"),
    ]


@pytest.mark.parametrize("term", ["", "?!", "a b c d e f g h i j k l m", "*", "ab*", "*x*", "*mitte*", "fein *"])
def test_what_can_be_no_term_is_refused(term: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        Terms({"x": [term]})


def test_thousands_of_terms_take_no_longer_than_a_few() -> None:
    text = "Ein ganz gewöhnlicher Satz über Speisen, Tische und Getränke am Abend. " * 60
    few, many = Terms({"x": ["qualle*", "kraut sieben"]}), Terms({"x": [f"wort{n} art{n}" for n in range(5_000)]})
    assert _least_time(many, text) < 5 * _least_time(few, text) + 0.001


def _least_time(terms: Terms, text: str) -> float:
    times = []
    for _ in range(7):
        before = time.perf_counter()
        assert list(terms.find(text)) == []
        times.append(time.perf_counter() - before)
    return min(times)
