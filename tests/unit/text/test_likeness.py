"""Sentences are like examples by the words that say what they are about."""

from stellwerk.text.likeness import Examples

EXAMPLES = Examples(
    {
        "advice": ["Which shares should I buy now?", "Soll ich meine Aktien jetzt verkaufen?"],
        "": ["Where is the share button?"],
    }
)


def test_sentences_of_the_same_words_are_close() -> None:
    text = "Hello there. Should I buy shares now? Bye."
    [(start, end, name, likeness)] = [hit for hit in EXAMPLES.closest(text) if hit[3] > 0.5]
    assert (text[start:end], name) == ("Should I buy shares now?", "advice")
    assert likeness > 0.8


def test_the_same_sentence_is_as_close_as_can_be() -> None:
    assert max(hit[3] for hit in EXAMPLES.closest("soll ich meine aktie jetzt verkaufen")) > 0.999


def test_an_example_of_nothing_can_be_the_closest_one() -> None:
    assert [name for *_, name, _ in EXAMPLES.closest("Where is that share button?")] == [""]


def test_other_words_make_a_sentence_less_like() -> None:
    [(*_, close)] = EXAMPLES.closest("Which shares should I buy?")
    [(*_, far)] = EXAMPLES.closest("Which restaurant shares recipes of soups that I could buy from a market nearby?")
    assert far < 0.5 < close


def test_words_that_say_little_are_no_likeness() -> None:
    assert list(EXAMPLES.closest("Is this the one, and what is it?")) == []
    assert list(EXAMPLES.closest("")) == []


def test_little_words_count_where_others_are_shared() -> None:
    with_little = [hit[3] for hit in EXAMPLES.closest("where is the share")]
    without = [hit[3] for hit in EXAMPLES.closest("here this my share")]
    assert with_little > without


def test_examples_that_share_only_little_words_are_not_compared() -> None:
    examples = Examples({"one": ["The weather is fine"], "other": ["The sea is calm"]})
    assert [name for *_, name, _ in examples.closest("Is the weather bad?")] == ["one"]
