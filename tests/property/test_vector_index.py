"""The vector index against exact sums: the same entries, less what has gone, and never more bytes than it may have."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from numpy.typing import NDArray

from stellwerk.compute.index import lists
from stellwerk.compute.index.lists import Lists
from stellwerk.compute.index.scope import EMPTY_BYTES, ENTRY_BYTES, Scope
from stellwerk.compute.index.store import Store

DIMENSIONS = 8
MAKER = b"maker"
NOW_MS = 1_000_000
LATER_MS = 2_000_000
ELEMENT = st.integers(-127, 127)
VECTOR = st.lists(ELEMENT, min_size=DIMENSIONS, max_size=DIMENSIONS).filter(any)
KEY = st.integers(0, 40)


def whole(values: list[int]) -> NDArray[np.int8]:
    return np.array(values, np.int8)


def cosine(one: list[int], other: list[int]) -> float:
    """Exactly, but for the last division."""
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return product / math.sqrt(sum(a * a for a in one) * sum(b * b for b in other))


@pytest.fixture(autouse=True)
def short_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists part and go after a few entries."""
    monkeypatch.setattr(lists, "LONGEST_LIST", 6)
    monkeypatch.setattr(lists, "SHORTEST_LIST", 2)


class OneScope(RuleBasedStateMachine):
    """Entries come, are replaced, go and expire: what is found is what an exact search finds."""

    @initialize()
    def begin(self) -> None:
        """An empty scope."""
        self.scope = Scope(MAKER, DIMENSIONS)
        self.held: dict[bytes, tuple[list[int], str, int]] = {}

    @rule(number=KEY, vector=VECTOR, text=st.text(max_size=5), is_old=st.booleans())
    def add(self, number: int, vector: list[int], text: str, is_old: bool) -> None:
        """An entry comes, perhaps in the place of another."""
        key = number.to_bytes(2, "little") + bytes(14)
        text = text.encode(errors="replace").decode()
        expires_ms = NOW_MS if is_old else LATER_MS
        self.scope.add(key, whole(vector), text, expires_ms)
        self.held.pop(key, None)
        self.held[key] = vector, text, expires_ms

    @rule(number=KEY)
    def remove(self, number: int) -> None:
        """One goes."""
        key = number.to_bytes(2, "little") + bytes(14)
        assert self.scope.remove(key) is (self.held.pop(key, None) is not None)

    @rule(count=st.integers(0, 5))
    def remove_oldest(self, count: int) -> None:
        """Some go."""
        self.scope.remove_oldest(count)
        for key in list(self.held)[:count]:
            del self.held[key]

    @rule(vector=VECTOR, most=st.integers(1, 10))
    def search(self, vector: list[int], most: int) -> None:
        """Somebody asks."""
        found = self.scope.search(whole(vector), most, NOW_MS)
        for key in list(self.held):
            if key not in self.scope:  # only what has expired may have gone by itself
                assert self.held.pop(key)[2] <= NOW_MS
        cosines = sorted(
            (cosine(vector, other) for other, _, expires_ms in self.held.values() if expires_ms > NOW_MS), reverse=True
        )
        old = sum(expires_ms <= NOW_MS for _, _, expires_ms in self.held.values())
        assert [each.cosine for each in found] == pytest.approx(cosines[: len(found)], abs=1e-5)
        assert len(found) == min(most, len(cosines)) or old
        for each in found:
            other, text, expires_ms = self.held[each.key]
            assert each.text == text
            assert each.cosine == pytest.approx(cosine(vector, other), abs=1e-5)
            assert expires_ms > NOW_MS

    @invariant()
    def counts_are_right(self) -> None:
        """Entries and bytes."""
        assert len(self.scope) == len(self.held)
        texts = sum(len(text.encode()) for _, text, _ in self.held.values())
        assert self.scope.size == EMPTY_BYTES + texts + (DIMENSIONS + ENTRY_BYTES) * len(self.held)


OneScope.TestCase.settings = settings(max_examples=20, stateful_step_count=50, deadline=None)
TestOneScope = OneScope.TestCase


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 60), st.booleans()), max_size=120))
@settings(max_examples=60, deadline=None)
def test_all_scopes_together_stay_within_their_bytes(steps: list[tuple[int, int, bool]]) -> None:
    most = 2 * EMPTY_BYTES + 20 * ENTRY_BYTES
    store = Store(most)
    for name, number, is_added in steps:
        scope, key = bytes([name]) * 16, bytes([number]) * 16
        if is_added:
            store.remember(scope, MAKER, whole([number + 1] + [1] * 7), key, "x" * number, LATER_MS)
        else:
            store.forget(scope, key)
        assert store.size <= most
    assert store.forget_all() >= 0
    assert (store.size, len(store)) == (0, 0)


def test_the_scope_used_longest_ago_loses_its_oldest_entries_first() -> None:
    store = Store(3 * EMPTY_BYTES)
    vector = whole([1] * DIMENSIONS)

    def found(scope: bytes) -> int:
        return len(store.recall(scope, MAKER, vector, 64, NOW_MS))

    for number in range(8):
        store.remember(b"a" * 16, MAKER, vector, bytes([number]) * 16, "", LATER_MS)
        store.remember(b"b" * 16, MAKER, vector, bytes([number]) * 16, "", LATER_MS)
    assert (found(b"b" * 16), found(b"a" * 16)) == (8, 8)
    for number in range(14):
        store.remember(b"a" * 16, MAKER, vector, bytes([100 + number]) * 16, "", LATER_MS)
    assert found(b"a" * 16) == 22
    assert 0 < found(b"b" * 16) < 8
    assert {each.key[0] for each in store.recall(b"b" * 16, MAKER, vector, 64, NOW_MS)} == set(
        range(8 - found(b"b" * 16), 8)
    )


def test_vectors_of_two_makers_are_never_compared() -> None:
    store, scope, vector = Store(), b"s" * 16, whole([1] * DIMENSIONS)
    store.remember(scope, b"one", vector, b"1" * 16, "one", LATER_MS)
    assert store.recall(scope, b"two", vector, 8, NOW_MS) == ()
    assert store.recall(scope, b"one", whole([1] * 9), 8, NOW_MS) == ()
    store.remember(scope, b"two", vector, b"2" * 16, "two", LATER_MS)
    assert [each.text for each in store.recall(scope, b"two", vector, 8, NOW_MS)] == ["two"]
    assert len(store) == 1


def test_an_entry_is_forgotten_wherever_it_is() -> None:
    store, vector = Store(), whole([1] * DIMENSIONS)
    for scope in (b"a" * 16, b"b" * 16):
        for number in (1, 2):
            store.remember(scope, MAKER, vector, bytes([number]) * 16, "", LATER_MS)
    assert store.forget_everywhere(b"\1" * 16) == 2
    assert store.forget_scope(b"a" * 16) == 1
    assert store.forget_scope(b"a" * 16) == 0
    assert not store.forget(b"a" * 16, b"\2" * 16)
    assert store.forget(b"b" * 16, b"\2" * 16)
    assert store.size == 0


@pytest.mark.parametrize("kind", ["alike", "spread"])
def test_among_many_the_closest_is_nearly_always_found(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(lists, "MOST_COMPARED", 1_000)
    monkeypatch.setattr(lists, "LONGEST_LIST", 96)
    dice = np.random.default_rng(7)
    middles = dice.standard_normal((150, 64))
    places = middles[dice.integers(0, 150, 6_000)] + (0.3 if kind == "alike" else 1.2) * dice.standard_normal(
        (6_000, 64)
    )
    vectors = np.rint(places * (127 / np.abs(places).max(axis=1, keepdims=True))).astype(np.int8)
    index = Lists(64)
    for label, vector in enumerate(vectors):
        index.add(label, vector, b"")
    asked = np.clip(vectors[::30] + dice.integers(-6, 7, (200, 64)), -127, 127).astype(np.int8)
    directions = vectors / np.linalg.norm(vectors.astype(float), axis=1, keepdims=True)
    right = [int(np.argmax(directions @ each.astype(float))) for each in asked]
    found = [index.search(each, 4)[0][0] for each in asked]
    assert np.mean(np.array(found) == right) >= 0.98


def test_equal_vectors_by_the_thousand_are_no_trouble() -> None:
    index, vector = Lists(DIMENSIONS), whole([3] * DIMENSIONS)
    for label in range(2_000):
        index.add(label, vector, b"")
    assert len(index.search(vector, 64)) == 64
    for label in range(2_000):
        index.remove(label)
    assert (len(index), index.search(vector, 8)) == (0, [])
