"""The compute process writes prompts anew as workers do, and counts what that saves."""

from __future__ import annotations

import json
import time

import pytest
from quicktok import get_encoding

from stellwerk.compute.jobs import optimize
from stellwerk.compute.ticket import Abandoned, Ticket
from stellwerk.core.optimization import Level
from stellwerk.core.optimization_job import Asked, question, read_answer
from stellwerk.core.snapshot import OptimizeSpec
from stellwerk.core.vocabulary import O200K
from stellwerk.dialects.json_splice import splice
from stellwerk.optimizing.requests import changes
from stellwerk.optimizing.rewriting import Rewriter

ROWS = json.dumps([{"id": n, "name": f"lamp {n}"} for n in range(60)], indent=2)
BODY = json.dumps({"messages": [{"role": "user", "content": ROWS}]}).encode()
ASKED = question(Asked(OptimizeSpec(Level.BALANCED), BODY))


def ticket(in_s: float = 10.0) -> Ticket:
    """One that is valid for a while."""
    return Ticket(time.monotonic() + in_s)


def test_a_body_comes_out_as_workers_would_write_it() -> None:
    told = read_answer(optimize.run(ASKED, ticket()), len(BODY))
    assert told.edits == changes(BODY, Rewriter(Level.BALANCED)).edits
    assert optimize.run(ASKED, ticket()) == optimize.run(ASKED, ticket())


def test_savings_are_counted() -> None:
    told = read_answer(optimize.run(ASKED, ticket()), len(BODY))
    after = json.loads(splice(BODY, told.edits))["messages"][0]["content"]
    count = get_encoding(O200K).count
    assert told.is_exact
    assert told.tokens == count(ROWS) - count(after)


def test_savings_are_estimated_where_nobody_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimize, "_has_counter", False)
    optimize._counter.cache_clear()
    body = BODY.replace(b"lamp", b"bulb")
    told = read_answer(optimize.run(question(Asked(OptimizeSpec(Level.BALANCED), body)), ticket()), len(body))
    optimize._counter.cache_clear()
    assert not told.is_exact
    assert told.saved == changes(body, Rewriter(Level.BALANCED)).saved


def test_nobody_waits_any_more() -> None:
    late = ticket(-1.0)
    with pytest.raises(Abandoned):
        optimize.run(ASKED, late)


def test_what_is_no_question_is_refused() -> None:
    with pytest.raises(ValueError, match=r"."):
        optimize.run(b"\xc1", ticket())
