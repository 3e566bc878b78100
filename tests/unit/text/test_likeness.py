"""Sentences are like examples by the words that say what they are about."""

import pytest

from stellwerk.text.likeness import Examples

EXAMPLES = Examples(
    {
        "advice": ["Which shares should I buy now?", "Soll ich meine Aktien jetzt verkaufen?"],
        "": ["Where is the share button?"],
    }
)


def likeness(sentence: str) -> float:
    found = EXAMPLES.closest(sentence)
    return found[1] if found else 0.0


def test_sentences_of_the_same_words_are_close() -> None:
    found = EXAMPLES.closest("Should I buy shares now?")
    assert found is not None
    assert found[0] == "advice"
    assert found[1] > 0.8


def test_the_same_sentence_is_as_close_as_can_be() -> None:
    assert likeness("soll ich meine aktie jetzt verkaufen") > 0.999


def test_an_example_of_nothing_can_be_the_closest_one() -> None:
    found = EXAMPLES.closest("Where is that share button?")
    assert found is not None
    assert found[0] == ""


def test_other_words_make_a_sentence_less_like() -> None:
    far = "Which restaurant shares recipes of soups that I could buy from a market nearby?"
    assert likeness(far) < 0.5 < likeness("Which shares should I buy?")


@pytest.mark.parametrize("sentence", ["Is this the one, and what is it?", "Something else entirely", ""])
def test_words_that_say_little_are_no_likeness(sentence: str) -> None:
    assert EXAMPLES.closest(sentence) is None


def test_little_words_count_where_others_are_shared() -> None:
    assert likeness("where is the share") > likeness("here this my share")


def test_examples_that_share_only_little_words_are_not_compared() -> None:
    examples = Examples({"one": ["The weather is fine"], "other": ["The sea is calm"]})
    found = examples.closest("Is the weather bad?")
    assert found is not None
    assert found[0] == "one"
