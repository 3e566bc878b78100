"""What a prompt looks like: words, pairs and rough counts, bounded whatever the text."""

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.prompt_features import HEAD_CHARACTERS, TAIL_CHARACTERS, features


@given(st.text())
def test_any_text_has_each_feature_once_and_always_the_same(text: str) -> None:
    found = features(text)
    assert len(set(found)) == len(found) > 0
    assert all(0 <= feature < 2**32 for feature in found)
    assert sorted(features(text)) == sorted(found)


def test_case_does_not_change_words_but_is_counted() -> None:
    low, high = set(features("straße")), set(features("STRAßE"))
    assert len(low & high) == len(low) - 1


def test_the_order_of_words_matters_to_pairs_alone() -> None:
    one, other = set(features("weak strong model")), set(features("model strong weak"))
    assert len(one - other) == 2


def test_scripts_without_spaces_are_read_by_character() -> None:
    shared = set(features("東京大学")) & set(features("大学東京"))
    bare = set(features("")) & shared
    assert len(shared - bare) >= 4 + 2


def test_of_a_long_text_the_middle_is_not_read() -> None:
    head, tail = "a " * (HEAD_CHARACTERS // 2), " z" * (TAIL_CHARACTERS // 2)
    assert sorted(features(f"{head}{'left ' * 9}{tail}")) == sorted(features(f"{head}{'right ' * 9}{tail}"))
