"""The compute process judges as workers do, and a check that fails has not run."""

from __future__ import annotations

import time

import pytest

from stellwerk.compute.jobs.screen import run
from stellwerk.compute.ticket import Abandoned, Ticket
from stellwerk.core.inspection import Inspect, question, read_answer
from stellwerk.core.subject import Side, Speaker
from stellwerk.guardrails import pii
from stellwerk.text.reading import read

TEXTS = (("mail a.b@example.com", Speaker.USER), ("nothing", Speaker.USER))
ASKED = question(Inspect((("pii", {"types": ["EMAIL_ADDRESS"]}), ("secret_leak", {})), TEXTS, Side.INPUT))


def ticket(in_s: float = 10.0) -> Ticket:
    """One that is valid for a while."""
    return Ticket(time.monotonic() + in_s)


def test_findings_are_those_of_the_check() -> None:
    (first, second) = read_answer(run(ASKED, ticket()))
    assert first == [pii.build(pii.Settings(types=("EMAIL_ADDRESS",))).check(read(TEXTS[0][0])), ()]
    assert second == [(), ()]


def test_a_check_that_fails_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a.b@example.com")

    monkeypatch.setattr(pii.PiiCheck, "check", fail)
    ((found, secrets), _) = read_answer(run(ASKED, ticket()))
    assert (found, secrets) == ("RuntimeError", ())


def test_nobody_waits_any_more() -> None:
    late = ticket(-1.0)
    with pytest.raises(Abandoned):
        run(ASKED, late)


def test_what_is_no_question_is_refused() -> None:
    with pytest.raises(ValueError, match=r"."):
        run(b"\xc1", ticket())
