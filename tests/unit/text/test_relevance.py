"""How much documents have to do with a question."""

from __future__ import annotations

from stellwerk.text.relevance import Relevance

LAMPS = "The green lamp was bought in 1907 by Ada Lovelace. It stands in the hall."
TRAINS = "Trains leave the station every hour. The signal box was built in 1907."
FISH = "Herrings are fish. They live in the sea and are caught in winter."


def test_the_document_with_the_rare_words_of_the_question_is_the_best() -> None:
    asked = Relevance((TRAINS, LAMPS, FISH), "Who bought the green lamps?")
    assert asked.scores[1] > asked.scores[0]
    assert asked.scores[2] == 0
    assert asked.is_telling


def test_a_question_without_a_word_of_any_document_says_nothing() -> None:
    asked = Relevance((TRAINS, LAMPS), "How was this possible?")
    assert asked.scores == [0, 0]
    assert not asked.is_telling


def test_a_word_that_all_documents_have_says_nothing() -> None:
    assert not Relevance(("document one", "document two"), "Which document?").is_telling


def test_a_question_for_all_of_them_needs_all_of_them() -> None:
    assert not Relevance((TRAINS, LAMPS, FISH), "Compare the green lamp and the signal box").is_telling


def test_numbers_and_quotes_are_named() -> None:
    assert Relevance((), 'What of "signal box" and „Lampe“ in 1907, or 7?').named == ("signal box", "Lampe", "1907")


def test_no_documents_have_no_relevance() -> None:
    assert Relevance((), "Who?").scores == []
