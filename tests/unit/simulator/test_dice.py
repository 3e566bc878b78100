"""The seeded randomness."""

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.simulator.dice import Dice, digest


def test_the_same_seed_gives_the_same_numbers_on_every_machine() -> None:
    dice = Dice(digest(b"a", b"seed"))
    assert [dice.below(1_000) for _ in range(5)] == [582, 171, 60, 531, 700]
    assert digest(b"a", b"seed").hex() == "766301ea7825ff48234e7b1a7594bc03"


def test_where_a_part_ends_matters_to_the_digest() -> None:
    assert digest(b"ab", b"c") != digest(b"a", b"bc")


@given(st.binary(max_size=16), st.integers(-1_000, 1_000), st.integers(0, 1_000))
def test_every_throw_stays_within_its_bounds(seed: bytes, low: int, width: int) -> None:
    dice = Dice(seed)
    assert low <= dice.between(low, low + width) <= low + width
    assert 0 <= dice.below(width + 1) <= width
    assert dice.pick("abc") in "abc"
    assert len(dice.letters(12)) == 12


def test_luck_follows_its_probability() -> None:
    dice = Dice(b"luck")
    hits = sum(dice.has_luck(0.25) for _ in range(10_000))
    assert 2_300 < hits < 2_700
    assert not Dice(b"x").has_luck(0.0)
