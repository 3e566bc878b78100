"""What was said of a text is remembered within one caller, and never a failure."""

import pytest

from stellwerk.core.subject import Speaker
from stellwerk.core.taxonomy import Threat
from stellwerk.core.verdict import Verdict
from stellwerk.screening import memory as module
from stellwerk.screening.memory import Memory

TEXT = "x" * 200
SAID = ((Verdict(check="x", category=Threat.SECRET, score=1.0),), ())


def test_it_is_found_again_by_its_caller_alone() -> None:
    memory = Memory(b"secret")
    memory.keep("web", Speaker.USER, TEXT, SAID)
    assert memory.find("web", Speaker.USER, TEXT) == SAID
    assert memory.find("web", Speaker.TOOL, TEXT) is None
    assert memory.find("other", Speaker.USER, TEXT) is None
    assert memory.find("web", Speaker.USER, TEXT + "y") is None


def test_short_texts_and_failures_are_judged_anew() -> None:
    memory = Memory(b"secret")
    memory.keep("web", Speaker.USER, "short", SAID)
    assert memory.find("web", Speaker.USER, "short") is None
    memory.keep("web", Speaker.USER, TEXT, ((Verdict(check="x", category=None, score=0.0, error="timeout"),),))
    assert memory.find("web", Speaker.USER, TEXT) is None


def test_the_least_recent_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    memory = Memory(b"secret")
    for letter in "ab":
        memory.keep("web", Speaker.USER, letter * 200, SAID)
    assert memory.find("web", Speaker.USER, "a" * 200) is not None
    memory.keep("web", Speaker.USER, "c" * 200, SAID)
    assert memory.find("web", Speaker.USER, "b" * 200) is None
    assert memory.find("web", Speaker.USER, "a" * 200) is not None
