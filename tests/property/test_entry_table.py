"""A table of entries finds what was put, for as long as it may be found, and holds no more than it is allowed to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from stellwerk.core.cached import Entry, Purge
from stellwerk.core.entry_table import PURGES_AT_ONCE, EntryTable
from stellwerk.core.segmented_lru import PROTECTED_SHARE, SLOT_BYTES, SegmentedLru, Slot
from stellwerk.core.stored_entry import plain, restored, sealed, shrunk, unsealed

NOW_MS = 1_700_000_000_000


def digest(number: int) -> bytes:
    """A key."""
    return number.to_bytes(16, "big")


def entry_of(number: int, **fields: Any) -> Entry:
    """An entry that lives for a second, unless told otherwise."""
    given_ = {"key": digest(number), "scope": digest(0), "tenant": "t", "model": "m", "target": "p/m"}
    times = {"stored_ms": NOW_MS, "fresh_ms": NOW_MS + 500, "stale_ms": NOW_MS + 1_000}
    return Entry(**{**given_, "dialect": "openai_chat", "is_stream": False, "answer": b"{}", **times, **fields})


def kept(table: EntryTable, entry: Entry, now_ms: int = NOW_MS) -> bool:
    """Puts an entry as its plain bytes."""
    return table.put(entry, plain(entry), now_ms)


TENANTS = st.sampled_from(["a", "b", "c"])
TAGS = st.sampled_from(["red", "blue"])
NUMBERS = st.integers(1, 12)


class Table(RuleBasedStateMachine):
    """Beside a table, a dictionary of everything that was put and is not gone for a reason that can be said."""

    @initialize(room=st.sampled_from([3_000, 8_000, 100_000]), share=st.sampled_from([0.3, 1.0]))
    def begin(self, room: int, share: float) -> None:
        """A small table."""
        self.table = EntryTable(max_bytes=room, tenant_share=share, max_entry_bytes=5_000)
        self.share = int(room * share)
        self.room = room
        self.known: dict[bytes, Entry] = {}
        self.now_ms = NOW_MS

    @rule(
        number=NUMBERS,
        tenant=TENANTS,
        tags=st.lists(TAGS, max_size=2),
        aliases=st.lists(NUMBERS, max_size=2),
        size=st.integers(0, 6_000),
        lives_ms=st.integers(-1, 1_000),
        question=st.sampled_from(["", "why"]),
    )
    def put(
        self,
        number: int,
        tenant: str,
        tags: list[str],
        aliases: list[int],
        size: int,
        lives_ms: int,
        question: str,
    ) -> None:
        """Keeps an entry."""
        entry = entry_of(
            number,
            tenant=tenant,
            tags=tuple(tags),
            aliases=tuple(digest(100 + one) for one in aliases),
            answer=bytes(size),
            stored_ms=self.now_ms,
            stale_ms=self.now_ms + lives_ms,
            question=question,
        )
        self.known.pop(entry.key, None)
        if kept(self.table, entry, self.now_ms):
            self.known[entry.key] = entry
        else:
            too_large = len(plain(entry)) + SLOT_BYTES > min(self.share, 5_000) - 2 * 120
            assert too_large or lives_ms <= 0

    @rule(number=NUMBERS, is_alias=st.booleans())
    def get(self, number: int, is_alias: bool) -> None:
        """What is found is what was put last; what is not found was evicted, if it should be there."""
        key = digest(100 + number if is_alias else number)
        found = self.table.get(key, self.now_ms)
        if found is not None:
            assert found == self.known[found.key]
            assert found.stale_ms > self.now_ms
            assert key == found.key or key in found.aliases
        elif not is_alias and (entry := self.known.get(key)) is not None and entry.stale_ms > self.now_ms:
            assert self.table.evicted
            del self.known[key]

    @rule(
        purge=st.builds(
            Purge,
            tenant=st.none() | TENANTS,
            tag=st.none() | TAGS,
            key=st.none() | NUMBERS.map(digest) | NUMBERS.map(lambda number: digest(100 + number)),
            before_ms=st.none() | st.integers(NOW_MS, NOW_MS + 3_000),
        )
    )
    def purge(self, purge: Purge) -> None:
        """What is to go is gone at once. By an alias that several have, only the one goes that is found by it."""
        if purge.key is not None:
            found = self.table.get(purge.key, self.now_ms)
            taken = [found.key] if found is not None and purge.takes(found) else []
        else:
            taken = [key for key, entry in self.known.items() if purge.takes(entry)]
        self.table.purge(purge)
        for key in taken:
            del self.known[key]

    @rule(pause_ms=st.integers(0, 700))
    def wait(self, pause_ms: int) -> None:
        """Time passes."""
        self.now_ms += pause_ms

    @rule()
    def clear(self) -> None:
        """Everything goes."""
        self.table.clear()
        self.known.clear()

    @invariant()
    def holds_no_more_than_it_may(self) -> None:
        """In all, and by what it says."""
        if not hasattr(self, "table"):
            return
        figures = self.table.figures(self.now_ms)
        assert figures.size <= self.room
        assert 0 <= figures.entries <= len(self.known)
        assert (figures.entries == 0) == (figures.size == 0)
        if not figures.evicted:
            living = {key: one for key, one in self.known.items() if one.stale_ms > self.now_ms}
            assert figures.entries == len(living)
            assert {one.key for one in self.table.entries(self.now_ms)} == {
                key for key, one in living.items() if one.question
            }


TestTable = Table.TestCase
TestTable.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


class Naive:
    """The same order over one tenant's slots, as lists."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.probation: list[tuple[bytes, int]] = []
        self.protected: list[tuple[bytes, int]] = []

    def add(self, key: bytes, size: int) -> list[bytes]:
        """Who goes."""
        self.probation.append((key, size))
        gone = []
        while sum(size for _, size in self.probation + self.protected) > self.room:
            segment = self.probation if self.probation[:1] not in ([], [(key, size)]) else self.protected
            gone.append(segment.pop(0)[0])
        return gone

    def touch(self, key: bytes) -> None:
        """To the end of the protected ones, of which the first go back."""
        everything = self.probation + self.protected
        one = next(one for one in everything if one[0] == key)
        (self.protected if one in self.protected else self.probation).remove(one)
        self.protected.append(one)
        whole = sum(size for _, size in everything)
        while sum(size for _, size in self.protected) > whole * PROTECTED_SHARE:
            self.probation.append(self.protected.pop(0))

    def remove(self, key: bytes) -> None:
        """Wherever it is."""
        for segment in (self.probation, self.protected):
            segment[:] = [one for one in segment if one[0] != key]


STEPS = st.lists(st.tuples(st.sampled_from(["add", "touch", "touch", "remove"]), NUMBERS, st.integers(0, 900)))


@given(steps=STEPS)
def test_slots_of_a_tenant_go_in_the_order_of_two_lists(steps: Sequence[tuple[str, int, int]]) -> None:
    lru, naive, slots = SegmentedLru(5_000, 5_000), Naive(5_000), dict[bytes, Slot]()
    for act, number, size in steps:
        key = digest(number)
        if act == "add" and key not in slots:
            slots[key] = slot = Slot(key, "t", bytes(size), 0)
            gone = [one.key for one in lru.add(slot)]
            assert gone == naive.add(key, slot.size)
            for one in gone:
                del slots[one]
        elif act == "touch" and key in slots:
            lru.touch(slots[key])
            naive.touch(key)
        elif act == "remove" and key in slots:
            lru.remove(slots.pop(key))
            naive.remove(key)
        assert lru.size == sum(slot.size for slot in slots.values())


@given(steps=st.lists(st.tuples(TENANTS, st.integers(0, 900), st.booleans()), max_size=60))
def test_no_tenant_holds_more_than_its_share_and_the_newest_is_always_kept(steps: Any) -> None:
    lru, held = SegmentedLru(6_000, 2_500), dict[bytes, Slot]()
    for number, (tenant, size, is_touched) in enumerate(steps):
        slot = Slot(digest(number), tenant, bytes(size), 0)
        held[slot.key] = slot
        for gone in lru.add(slot):
            del held[gone.key]
        assert slot.key in held
        if is_touched:
            lru.touch(next(iter(held.values())))
        assert lru.size == sum(one.size for one in held.values()) <= 6_000
        for each in "abc":
            assert sum(one.size for one in held.values() if one.tenant == each) <= 2_500


def test_whoever_used_nothing_for_longest_makes_room_first() -> None:
    lru = SegmentedLru(3 * SLOT_BYTES, 3 * SLOT_BYTES)
    a, b, c, d = (Slot(digest(number), tenant, b"", 0) for number, tenant in enumerate("abcd"))
    for slot in (a, b, c):
        assert lru.add(slot) == []
    lru.touch(a)
    assert lru.add(d) == [b]


def test_what_is_new_stays_although_everything_else_is_protected() -> None:
    lru = SegmentedLru(3 * SLOT_BYTES, 3 * SLOT_BYTES)
    a, b = Slot(digest(1), "t", b"", 0), Slot(digest(2), "t", b"", 0)
    for slot in (a, b):
        lru.add(slot)
    lru.touch(a)
    lru.remove(b)
    assert lru.add(Slot(digest(3), "t", bytes(2 * SLOT_BYTES), 0)) == [a]


def test_what_was_used_twice_outlives_a_scan_of_what_is_used_once() -> None:
    table = EntryTable(max_bytes=100_000, tenant_share=1.0, max_entry_bytes=10_000)
    for number in range(20):
        kept(table, entry_of(number, answer=bytes(1_000)))
        table.get(digest(number), NOW_MS)
        table.get(digest(number), NOW_MS)
    for number in range(100, 1_000):
        kept(table, entry_of(number, answer=bytes(1_000)))
    assert sum(table.get(digest(number), NOW_MS) is not None for number in range(20)) >= 15


def test_tenants_that_come_and_go_leave_nothing_behind() -> None:
    table = EntryTable(max_bytes=5_000, tenant_share=1.0, max_entry_bytes=2_000)
    for number in range(2_000):
        kept(table, entry_of(number, tenant=f"t{number}"))
        if number % 2 or number < 500:
            table.purge(Purge(key=digest(number)))
    assert len(table._lru._orders) == table.entry_count < 10
    assert len(table._lru._heap) < 200


def test_an_entry_is_gone_when_its_time_is_over() -> None:
    table = EntryTable(max_bytes=5_000, tenant_share=1.0, max_entry_bytes=2_000)
    kept(table, entry_of(1))
    assert table.get(digest(1), NOW_MS + 999) is not None
    assert table.get(digest(1), NOW_MS + 1_000) is None
    assert (table.figures(NOW_MS).entries, table.expired) == (0, 1)


def test_purges_without_end_are_swept_in_between() -> None:
    table = EntryTable(max_bytes=10_000_000, tenant_share=1.0, max_entry_bytes=2_000)
    for number in range(2_000):
        kept(table, entry_of(number, tenant=f"t{number % 100}"))
    for number in range(50):
        table.purge(Purge(tenant=f"t{number}"))
        assert len(table._purges) <= PURGES_AT_ONCE
    assert table.get(digest(7), NOW_MS) is None
    assert table.get(digest(70), NOW_MS) is not None
    while table._purges:
        kept(table, entry_of(9_999))
    assert table.entry_count == 1_001


def test_an_entry_is_found_by_an_alias_until_another_has_it_as_its_key() -> None:
    table = EntryTable(max_bytes=100_000, tenant_share=1.0, max_entry_bytes=9_000)
    kept(table, entry_of(1, aliases=(digest(2), digest(3))))
    kept(table, entry_of(2, aliases=(digest(1),)))
    assert [table.get(digest(number), NOW_MS) == entry_of(2, aliases=(digest(1),)) for number in (1, 2, 3)] == [
        False,
        True,
        False,
    ]
    table.purge(Purge(key=digest(3)))
    assert table.get(digest(1), NOW_MS) is None
    assert table.get(digest(2), NOW_MS) is not None


def test_the_same_entry_is_held_as_other_bytes_unless_it_was_replaced() -> None:
    table = EntryTable(max_bytes=100_000, tenant_share=1.0, max_entry_bytes=90_000)
    entry = entry_of(1, answer=b"data: again and again\n\n" * 1_000)
    blob = plain(entry)
    assert table.put(entry, blob, NOW_MS)
    before = table.figures(NOW_MS).size
    table.get(entry.key, NOW_MS)
    table.replace(entry.key, blob, shrunk(blob))
    after = table.figures(NOW_MS).size
    assert after < before / 5
    table.replace(entry.key, blob, b"of a former one")
    table.replace(digest(2), blob, b"of nothing")
    assert table.get(entry.key, NOW_MS) == entry
    assert table.put(entry, b"no entry", NOW_MS)
    assert table.get(entry.key, NOW_MS) is None
    kept(table, entry)
    table.purge(Purge(tenant="t"))
    assert list(table.entries(NOW_MS)) == []


@given(answer=st.binary(max_size=3_000), times=st.integers(1, 8), cut=st.integers(0, 200), flip=st.integers(0, 12_000))
def test_an_entry_comes_back_whole_or_not_at_all(answer: bytes, times: int, cut: int, flip: int) -> None:
    entry = entry_of(1, answer=answer * times, tags=("red",), aliases=(digest(2),))
    blob = shrunk(plain(entry))
    assert len(blob) <= len(plain(entry))
    assert shrunk(blob) in (blob, shrunk(blob))
    assert restored(blob) == entry
    content = sealed(blob)
    assert unsealed(content) == blob
    assert unsealed(content[: len(content) - 1 - cut]) is None
    position = flip % len(content)
    assert unsealed(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :]) is None


@given(content=st.binary(max_size=200))
def test_bytes_of_others_are_no_entry(content: bytes) -> None:
    for blob in (content, b"\x00" + content, b"\x01" + content):
        restored(blob)
        assert unsealed(blob) is None or msgspec.msgpack.encode(blob)
    whole = shrunk(plain(entry_of(1, answer=bytes(5_000))))
    assert restored(whole[:-4]) is None
    assert restored(b"\x01") is None
    assert restored(b"\x02" + whole[1:]) is None
    assert restored(b"\x01no stream of zlib") is None
