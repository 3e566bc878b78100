"""What is remembered of texts."""

from __future__ import annotations

from stellwerk.core.optimization import Outcome
from stellwerk.optimizing.memo import Memo


def test_an_outcome_is_made_once() -> None:
    memo, made = Memo(), []

    def make() -> Outcome:
        made.append(1)
        return Outcome("x")

    assert memo.find(("a", 1), make) is memo.find(("a", 1), make)
    assert len(made) == 1
    memo.find(("b", 1), make)
    assert len(made) == 2


def test_bytes_are_bounded_and_the_longest_unused_goes_first() -> None:
    memo = Memo(most_bytes=3_000)
    for name in ("a", "b", "c"):
        memo.find((name,), lambda: Outcome("x" * 200))
    memo.find(("a",), lambda: Outcome("new"))
    memo.find(("d",), lambda: Outcome("x" * 200))
    assert memo.size <= 3_000
    assert memo.find(("a",), lambda: Outcome("new")).text == "x" * 200
    assert memo.find(("b",), lambda: Outcome("new")).text == "new"
    memo.find(("e",), lambda: Outcome("x" * 9_000))
    assert memo.size == 0
