"""Of looking ahead: whatever an answer says, its guard finds all verdicts that it needs, and comes to the same."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stellwerk.compute.jobs.screen_answer import run
from stellwerk.compute.ticket import Abandoned, Ticket
from stellwerk.core.inspection import CheckSpec, InspectAnswer, Looks, question, read_looks
from stellwerk.core.opaque import Opaque
from stellwerk.core.part import (
    Audio,
    Citation,
    Document,
    OpaquePart,
    Part,
    Refusal,
    Text,
    TextSource,
    Thinking,
    ToolCall,
    ToolKind,
)
from stellwerk.core.reply import Finish, StopReason
from stellwerk.core.stream import Ended, Finished, RefusalDelta, StreamEvent, ThinkingDelta
from stellwerk.core.subject import Side, Subject
from stellwerk.core.verdict import Action, Finding, Verdict
from stellwerk.guardrails import length, pii, secret_leak
from stellwerk.screening.foresight import Listening, steps, texts_of
from stellwerk.screening.judging import Panel
from stellwerk.screening.policy import Rule
from stellwerk.screening.stream_guard import Mode, StreamGuard, guard_reply
from tests.unit.screening.panels import called, reply, streamed

KEY = "sk-ant-" + "a1B2c3D4" * 4
OUTPUT = frozenset({Side.OUTPUT})
WORDS = st.sampled_from(
    ["signal ", "box, ", "anna@example.com ", KEY + " ", "IBAN DE89 3704 0044 0532 0130 00. ", "\n", "{", '"', "信号"]
)
TEXTS = st.lists(st.tuples(WORDS, st.integers(1, 60)), max_size=6).map(
    lambda drawn: "".join(word * count for word, count in drawn)
)
PARTS: st.SearchStrategy[Part] = st.one_of(
    TEXTS.map(Text),
    TEXTS.map(lambda text: Text(text, citations=(Citation(title="T", cited_text=text[:300]),))),
    TEXTS.map(Thinking),
    TEXTS.map(Refusal),
    TEXTS.map(lambda text: Audio(None, transcript=text)),
    TEXTS.map(lambda text: ToolCall("1", "f", msgspec.json.encode({"to": text}).decode())),
    TEXTS.map(lambda text: ToolCall("1", "f", text, ToolKind.CUSTOM)),
    TEXTS.map(lambda text: Document(TextSource(text))),
    TEXTS.map(lambda text: OpaquePart("x", "y", msgspec.Raw(msgspec.json.encode({"a": text})))),
    TEXTS.map(lambda text: Text(text, opaque=Opaque("x", {"b": msgspec.Raw(msgspec.json.encode(text))}))),
)
SPECS = (
    CheckSpec("pii", "pii", {}, Action.MASK, {"IBAN_CODE": Action.BLOCK}, "degrade"),
    CheckSpec("secret_leak", "secret_leak", {}, Action.MASK, {}, "closed"),
    CheckSpec("length", "length", {"max_words": 300}, Action.FLAG, {}, "open"),
)
CHECKS: dict[str, Any] = {
    "pii": pii.build(pii.Settings()),
    "secret_leak": secret_leak.build(secret_leak.Settings()),
    "length": length.build(length.Settings(max_words=300)),
}


def rules(checks: dict[str, Any]) -> list[Rule]:
    """The same checks under their policies."""
    return [
        Rule(
            name=spec.name,
            check=checks[spec.use],
            action=spec.action,
            actions=spec.actions,
            failure=spec.failure,
            sides=OUTPUT,
        )
        for spec in SPECS
    ]


class Unasked:
    """A check that is not to be asked any more."""

    def check(self, subject: Subject) -> tuple[Finding, ...]:
        """Never called."""
        raise AssertionError(subject.original)


def ticket(in_s: float = 60.0) -> Ticket:
    """One that is valid for a while."""
    return Ticket(time.monotonic() + in_s)


@given(st.lists(PARTS, min_size=1, max_size=4), st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_guard_asks_nobody_any_more_and_says_the_same(parts: list[Part], is_held: bool) -> None:
    answer = msgspec.structs.replace(reply(parts[0]), candidates=reply(parts[0]).candidates)
    message = msgspec.structs.replace(answer.candidates[0].message, parts=tuple(parts))
    candidate = msgspec.structs.replace(answer.candidates[0], message=message)
    answer = msgspec.structs.replace(answer, candidates=(candidate,))
    mode = Mode.BUFFER if is_held else Mode.STREAM
    expected = guard_reply(answer, Panel(rules(CHECKS)), mode)
    asked = question(InspectAnswer(SPECS, texts_of(answer), is_held))
    known = read_looks(run(asked, ticket()))
    here: Looks = {}
    for _ in steps(texts_of(answer), Panel(rules(CHECKS), known=here), is_held=is_held):
        pass
    assert known == here
    unasked = Panel(rules(dict.fromkeys(CHECKS, Unasked())), known=dict(known))
    assert guard_reply(answer, unasked, mode) == expected


STREAMS = st.one_of(
    TEXTS.map(lambda text: streamed([text[:90], text[90:]])),
    TEXTS.map(lambda text: streamed([text], ThinkingDelta)),
    TEXTS.map(lambda text: streamed([text], RefusalDelta)),
    TEXTS.map(lambda text: called([msgspec.json.encode({"to": text}).decode(), ""])),
)


@given(st.lists(STREAMS, min_size=1, max_size=3), st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_guard_of_a_stream_that_is_held_asks_nobody_either(drawn: list[list[StreamEvent]], ends: bool) -> None:
    events: list[StreamEvent] = [event for part in drawn for event in part if not isinstance(event, Finished | Ended)]
    if ends:
        events += (Finished(Finish(StopReason.END)), Ended())

    def told(panel: Panel) -> tuple[list[StreamEvent], tuple[Verdict, ...]]:
        guard = StreamGuard(panel, Mode.BUFFER)
        out = [said for event in events for said in guard.feed(event)]
        return [*out, *guard.flush()], guard.verdicts

    listening = Listening()
    for event in events:
        listening.feed(event)
    listening.flush()
    known: Looks = {}
    for _ in steps(listening.take(), Panel(rules(CHECKS), known=known), is_held=True):
        pass
    unasked = Panel(rules(dict.fromkeys(CHECKS, Unasked())), known=dict(known))
    assert told(unasked) == told(Panel(rules(CHECKS)))
    assert not listening.take()


def test_what_is_not_foreseen_is_judged() -> None:
    known: Looks = {}
    text = f"{'Signals and switches. ' * 40} Mail anna@example.com"
    plain = guard_reply(reply(Text(text)), Panel(rules(CHECKS)))
    assert guard_reply(reply(Text(text)), Panel(rules(CHECKS), known=known)) == plain
    assert known


def test_a_check_that_fails_there_has_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("anna@example.com")

    monkeypatch.setattr(secret_leak.SecretCheck, "check", fail)
    answer = reply(Text("Mail anna@example.com"))
    known = read_looks(run(question(InspectAnswer(SPECS, texts_of(answer), is_held=False)), ticket()))
    assert [verdict.error for verdicts in known.values() for verdict in verdicts if verdict.error] == ["RuntimeError"]


def test_nobody_waits_any_more() -> None:
    asked = question(InspectAnswer(SPECS, texts_of(reply(Text("a"))), is_held=False))
    with pytest.raises(Abandoned):
        run(asked, ticket(-1.0))


def test_what_is_no_question_is_refused() -> None:
    with pytest.raises(ValueError, match=r"."):
        run(b"\xc1", ticket())
