"""Purges: whoever has not seen one cannot keep an entry past it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.cached import Purge
from stellwerk.core.purges import covered, is_gap, is_taken, read, written
from tests.caches import digest, entry_of

WORDS = st.none() | st.sampled_from(["", "t", "schön", "x" * 300])
DIGESTS = st.none() | st.integers(0, 9).map(digest)
PURGES = st.builds(Purge, WORDS, WORDS, WORDS, DIGESTS, DIGESTS, st.none() | st.integers(0, 1 << 50))


@given(purge=PURGES)
def test_a_purge_comes_back_as_it_was_written(purge: Purge) -> None:
    assert read(written(purge)) == purge


@given(content=st.binary(max_size=40))
def test_bytes_that_are_no_purge_take_everything(content: bytes) -> None:
    purge = read(content)
    assert purge == Purge() or isinstance(purge, Purge)
    assert read(b"\xc1" + content) == Purge()
    assert read(b"\x91\xa1\xff") == Purge()


def test_a_purge_takes_what_was_kept_by_somebody_who_had_not_seen_it() -> None:
    purges = [(5, Purge(tenant="t")), (6, Purge(tenant="u"))]
    assert is_taken(entry_of(1), 4, purges)
    assert not is_taken(entry_of(1), 5, purges)
    assert is_taken(entry_of(1, tenant="u"), 5, purges)
    assert not is_taken(entry_of(1, tenant="v"), 0, purges)


@given(seen=st.integers(1, 20), last=st.integers(1, 30), numbers=st.lists(st.integers(1, 40)))
def test_there_is_a_gap_where_a_number_is_missing_or_all_began_anew(seen: int, last: int, numbers: list[int]) -> None:
    missing = set(range(seen + 1, last + 1)).difference(numbers)
    assert is_gap(seen, last, numbers) == (bool(missing) or last < seen)


@given(seen=st.integers(0, 20), own=st.sets(st.integers(1, 30)).map(sorted))
def test_an_entry_comes_after_what_its_keeper_has_seen_and_its_own_purges_next_to_that(
    seen: int, own: list[int]
) -> None:
    after = covered(seen, own)
    assert after >= seen
    assert set(range(seen + 1, after + 1)).issubset(own)
    assert after + 1 not in own
