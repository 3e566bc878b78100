"""Of a reading only the part that differs is looked at, and what is found there has its place in the original."""

from array import array

from stellwerk.core.passage import Passage
from stellwerk.text.canonical import canonicalise
from stellwerk.text.pii.spelled import spelled_out
from stellwerk.text.reading import changed, place


def test_the_part_that_differs_is_found() -> None:
    one = Passage("a" * 200 + "xyz" + "b" * 200, "a" * 200 + "xyz" + "b" * 200)
    other = Passage(one.original, "a" * 200 + "!" + "b" * 200)
    assert changed(one, other, 10) == (190, 211)
    assert changed(one, one, 10) == (393, 403)


def test_what_is_read_backwards_has_its_place() -> None:
    backwards = Passage("abc", "cba", array("q", [2, 1, 0]), array("q", [3, 2, 1]))
    assert place(backwards, 0, 2) == (1, 3)
    assert place(backwards, 0, 1) == (2, 3)


def test_signs_stand_where_their_words_stood() -> None:
    text = "an max (at) example punkt de"
    reading = spelled_out(Passage(text, text))
    assert reading is not None
    assert reading.text == "an max@example.de"
    assert reading.span(3, 17) == (3, len(text))
    assert reading.span(6, 7) == (6, 12)
    disguised = canonicalise("\u200b" + text)
    read_again = spelled_out(disguised)
    assert read_again is not None
    assert read_again.span(3, 17) == (4, len(text) + 1)
    assert spelled_out(Passage("so what", "so what")) is None
    assert spelled_out(Passage("see you at the dot at noon", "see you at the dot at noon")) is None
