"""The compute process writes prompts anew as workers do, and counts what that saves."""

from __future__ import annotations

import json
import time

import pytest
from quicktok import get_encoding

from stellwerk.compute.jobs import optimize
from stellwerk.compute.jobs.optimize import Counter
from stellwerk.compute.ticket import Abandoned, Ticket
from stellwerk.core.optimization import Level
from stellwerk.core.optimization_job import Asked, question, read_answer
from stellwerk.core.snapshot import OptimizeSpec
from stellwerk.core.vocabulary import O200K
from stellwerk.dialects.json_splice import splice
from stellwerk.optimizing.memo import Memo
from stellwerk.optimizing.requests import changes
from stellwerk.optimizing.rewriting import Rewriter

ROWS = json.dumps([{"id": n, "name": f"lamp {n}"} for n in range(60)], indent=2)
BODY = json.dumps({"messages": [{"role": "user", "content": ROWS}]}).encode()
ASKED = question(Asked(OptimizeSpec(Level.BALANCED), BODY))


def ticket(in_s: float = 10.0) -> Ticket:
    """One that is valid for a while."""
    return Ticket(time.monotonic() + in_s)


@pytest.fixture(autouse=True)
def afresh(monkeypatch: pytest.MonkeyPatch) -> Counter:
    """A process that has read no vocabulary, and remembers nothing."""
    counter = Counter()
    counter._is_read = True  # by nobody, so that no thread does it meanwhile
    monkeypatch.setattr(optimize, "counter", counter)
    monkeypatch.setattr(optimize, "_memo", Memo())
    return counter


def test_a_body_comes_out_as_workers_would_write_it() -> None:
    told = read_answer(optimize.run(ASKED, ticket()), len(BODY))
    assert told.edits == changes(BODY, Rewriter(Level.BALANCED)).edits


def test_savings_are_counted_once_the_vocabulary_is_there(afresh: Counter) -> None:
    first = read_answer(optimize.run(ASKED, ticket()), len(BODY))
    assert (first.is_exact, first.saved) == (False, changes(BODY, Rewriter(Level.BALANCED)).saved)
    afresh.read()
    told = read_answer(optimize.run(ASKED, ticket()), len(BODY))
    after = json.loads(splice(BODY, told.edits))["messages"][0]["content"]
    count = get_encoding(O200K).count
    assert told.is_exact
    assert told.edits == first.edits
    assert told.tokens == count(ROWS) - count(after)


def test_savings_are_estimated_where_nobody_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimize, "LIBRARY", "no_such_library")
    monkeypatch.setattr(optimize, "counter", Counter())
    for _ in range(2):
        assert not read_answer(optimize.run(ASKED, ticket()), len(BODY)).is_exact


def test_nobody_waits_any_more() -> None:
    late = ticket(-1.0)
    with pytest.raises(Abandoned):
        optimize.run(ASKED, late)


def test_what_is_no_question_is_refused() -> None:
    with pytest.raises(ValueError, match=r"."):
        optimize.run(b"\xc1", ticket())
