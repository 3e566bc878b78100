"""Conversations: the same name for every turn, another for every other, and a memory with an end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stellwerk.core.envelope import Envelope
from stellwerk.core.identity import Principal
from stellwerk.core.route import Kept
from stellwerk.gateway import conversations
from stellwerk.gateway.conversations import OPENING_BYTES, Conversations, conversation_of

ANNE, BERT = (Principal(name, "", frozenset()) for name in ("anne", "bert"))


def name(*turns: tuple[str, str], who: Principal = ANNE, model: str = "plain", session: bytes = b"") -> bytes:
    """Of a chat request with these messages."""
    messages = [{"role": role, "content": text} for role, text in turns]
    return name_of({"model": model, "messages": messages}, who=who, model=model, session=session)


def name_of(body: Any, *, who: Principal = ANNE, model: str = "plain", session: bytes = b"", **style: Any) -> bytes:
    """Of any body."""
    envelope = Envelope("openai_chat", model, is_stream=False, body=json.dumps(body, **style).encode())
    return conversation_of(who, session, envelope)


SYSTEM, FIRST, ANSWER, SECOND = ("system", "Be brief."), ("user", "Hi."), ("assistant", "Yes?"), ("user", "What?")


def test_the_turns_after_an_answer_have_one_name() -> None:
    second = name(SYSTEM, FIRST, ANSWER, SECOND)
    assert name(SYSTEM, FIRST, ANSWER, SECOND, ("assistant", "Well."), ("user", "Ah.")) == second
    assert name(SYSTEM, ("user", "Ho."), ANSWER, SECOND) != second
    assert name(("system", "Be long."), FIRST, ANSWER, SECOND) != second


def test_the_first_turn_has_the_name_of_all_that_follow() -> None:
    tail = {"stream": True, "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]}
    for style in ({}, {"separators": (",", ":")}, {"indent": 2}):
        turns = [{"role": role, "content": text} for role, text in (SYSTEM, FIRST, ANSWER, SECOND)]
        first = name_of({"model": "m", "messages": turns[:2], **tail}, **style)
        assert name_of({"model": "m", "messages": turns, **tail}, **style) == first
        assert name_of({"model": "m", "messages": turns[:1], **tail}, **style) != first


@pytest.mark.parametrize("body", [{"input": "Hi."}, {"prompt": "Once"}, {"messages": []}, {}])
def test_any_request_has_a_name(body: Any) -> None:
    assert name_of(body) == name_of(body)
    assert name_of(body) != name_of({"input": "Ho."})


def test_a_conversation_that_begins_with_an_answer_has_a_name() -> None:
    assert name(ANSWER, SECOND) == name(ANSWER, FIRST) != name(FIRST, ANSWER)


def test_it_is_the_callers_own_and_the_models() -> None:
    ours = name(SYSTEM, FIRST)
    assert name(SYSTEM, FIRST, who=BERT) != ours
    assert name(SYSTEM, FIRST, model="other") != ours
    assert name(FIRST, session=b"s1") != name(FIRST, session=b"s1", who=BERT)


def test_a_session_that_is_stated_is_the_conversation_whatever_is_said_in_it() -> None:
    assert name(FIRST, session=b"s1") == name(SECOND, session=b"s1")
    assert name(FIRST, session=b"s1") != name(FIRST, session=b"s2")
    assert name(FIRST, session=b"s1") != name(FIRST)


@pytest.mark.parametrize("style", [{}, {"separators": (",", ":")}], ids=["spaced", "dense"])
def test_answers_are_found_in_the_words_of_gemini_too(style: dict[str, Any]) -> None:
    def turns(*pairs: tuple[str, str]) -> bytes:
        contents = [{"role": role, "parts": [{"text": text}]} for role, text in pairs]
        return name_of({"contents": contents}, **style)

    second = turns(("user", "Hi."), ("model", "Yes?"), ("user", "What?"))
    assert turns(("user", "Hi.")) == second
    assert turns(("user", "Hi."), ("model", "Yes?"), ("user", "What?"), ("model", "Well."), ("user", "Ah.")) == second
    assert turns(("user", "Ho."), ("model", "Yes?"), ("user", "What?")) != second


def test_what_follows_a_long_opening_is_not_looked_at() -> None:
    opening = ("user", "x" * OPENING_BYTES)
    assert name(opening, ANSWER, SECOND) == name(opening, ANSWER, FIRST)


def test_the_least_recent_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "MOST", 2)
    memory = Conversations()
    assert memory.find(b"a") is None
    kept = {key: Kept("one/m", 10, at) for at, key in enumerate((b"a", b"b", b"c"))}
    memory.keep(b"a", kept[b"a"])
    memory.keep(b"b", kept[b"b"])
    memory.keep(b"a", kept[b"a"])
    memory.keep(b"c", kept[b"c"])
    assert memory.find(b"b") is None
    assert (memory.find(b"a"), memory.find(b"c")) == (kept[b"a"], kept[b"c"])
