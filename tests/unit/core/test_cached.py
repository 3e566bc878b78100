"""What a cache keeps: entries survive storage, and a purge takes those that have all of what it says."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from stellwerk.core.cached import Entry, Purge, packed, unpacked

ENTRY = Entry(b"k" * 16, b"s" * 16, "team:shop", "smart", "north/gpt", "openai_chat", False, b"{}", 1, 2, 3)
OTHER = Entry(b"o" * 16, b"z" * 16, "team:bank", "quick", "north/gpt", "openai_chat", False, b"{}", 9, 10, 11)


KEYS = st.binary(min_size=16, max_size=16)
COUNTS = st.integers(0, 2**50)
ENTRIES = st.builds(
    Entry,
    key=KEYS,
    scope=KEYS,
    stored_ms=COUNTS,
    fresh_ms=COUNTS,
    stale_ms=COUNTS,
    input_tokens=COUNTS,
    output_tokens=COUNTS,
    nanos=COUNTS | st.none(),
)


@given(ENTRIES)
def test_an_entry_comes_back_as_it_was(entry: Entry) -> None:
    assert unpacked(packed(entry)) == entry
    assert entry.size >= len(entry.answer)


@given(st.binary(max_size=200))
def test_what_is_no_entry_is_none(content: bytes) -> None:
    assert unpacked(content) is None


@given(st.integers(0, 200))
def test_half_an_entry_is_none(at: int) -> None:
    whole = packed(ENTRY)
    assert at >= len(whole) or unpacked(whole[:at]) is None


def test_keys_of_another_length_are_none() -> None:
    assert unpacked(packed(msgspec.structs.replace(ENTRY, key=b"short"))) is None
    assert unpacked(packed(msgspec.structs.replace(ENTRY, scope=b"short"))) is None


def test_a_purge_takes_what_has_all_that_it_says() -> None:
    entry = msgspec.structs.replace(ENTRY, tags=("faq",), aliases=(b"a" * 16,))
    assert Purge().takes(entry)
    assert Purge(tenant="team:shop", model="smart", tag="faq", scope=b"s" * 16, before_ms=2).takes(entry)
    assert Purge(key=b"k" * 16).takes(entry)
    assert Purge(key=b"a" * 16).takes(entry)
    for purge in (
        Purge(tenant=OTHER.tenant),
        Purge(model=OTHER.model),
        Purge(tag="news"),
        Purge(key=OTHER.key),
        Purge(scope=OTHER.scope),
        Purge(before_ms=1),
        Purge(tenant="team:shop", tag="news"),
    ):
        assert not purge.takes(entry)
