"""Panels of real checks under a small policy, and answers in pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from stellwerk.core.chat import Message, Role
from stellwerk.core.part import Part
from stellwerk.core.reply import Candidate, Finish, Reply, StopReason
from stellwerk.core.stream import (
    Ended,
    Finished,
    RefusalDelta,
    Started,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolCallEnded,
    ToolCallStarted,
)
from stellwerk.core.subject import Subject
from stellwerk.core.taxonomy import Category, Hazard
from stellwerk.core.verdict import Action, Finding, Verdict
from stellwerk.guardrails import pii, secret_leak
from stellwerk.ports.guardrail import Guardrail
from stellwerk.screening.edits import Manner
from stellwerk.screening.judging import Panel


class Rule:
    """A check, what becomes of its findings, and what of its failures."""

    def __init__(
        self,
        name: str,
        check: Guardrail,
        action: Action = Action.MASK,
        actions: Mapping[Category, Action] | None = None,
        failure: str = "closed",
    ) -> None:
        self.name = name
        self.check = check
        self.action = action
        self.actions = actions or {}
        self.failure = failure

    def judge(self, subject: Subject, *, is_strict: bool = False) -> tuple[Verdict, ...]:
        """What becomes of a text."""
        try:
            findings = self.check.check(subject)
        except Exception as error:  # noqa: BLE001 - whatever a check may raise
            action = Action.BLOCK if self.failure == "closed" else Action.FLAG
            failed = Verdict(check=self.name, category=None, score=0, action=action, error=type(error).__name__)
            return (failed,)
        return tuple(
            Verdict(
                check=self.name,
                category=finding.category,
                score=finding.score,
                action=self.actions.get(finding.category, self.action),
                spans=finding.spans,
            )
            for finding in findings
            if finding.is_hit or is_strict
        )


class Word:
    """Finds a text that holds a word, as a whole. Without the word it scores a half."""

    def __init__(self, word: str, category: Category = Hazard.HATE) -> None:
        self.word = word
        self.category = category

    def check(self, subject: Subject) -> tuple[Finding, ...]:
        """One finding, a hit or not."""
        hit = self.word in subject.passage.text
        return (Finding(self.category, 1.0 if hit else 0.5, is_hit=hit),)


class Broken:
    """A check that raises."""

    def check(self, subject: Subject) -> tuple[Finding, ...]:
        """Nothing ever."""
        raise RuntimeError(subject.side)


PII = Rule("pii", pii.build(pii.Settings()))
SECRETS = Rule("secret_leak", secret_leak.build(secret_leak.Settings()))


def panel(*rules: Rule, manner: Manner | None = None) -> Panel:
    return Panel(rules or (PII, SECRETS), manner)


def streamed(pieces: Iterable[str], make: Callable[[str], StreamEvent] = TextDelta) -> list[StreamEvent]:
    """A stream that says these."""
    said = [make(piece) for piece in pieces if piece]
    return [Started("id", "model"), *said, Finished(Finish(StopReason.END)), Ended()]


def called(pieces: Iterable[str], name: str = "book", call: int = 0) -> list[StreamEvent]:
    """The events of a tool call."""
    said = [ToolCallDelta(call, piece) for piece in pieces if piece]
    return [ToolCallStarted(call, f"id{call}", name), *said, ToolCallEnded(call)]


Spoken = TextDelta | RefusalDelta | ThinkingDelta


def text_of(events: Iterable[StreamEvent], kind: type[Spoken] = TextDelta, candidate: int = 0) -> str:
    """What a candidate has said."""
    return "".join(
        event.text
        for event in events
        if isinstance(event, Spoken) and (type(event), event.candidate) == (kind, candidate)
    )


def arguments_of(events: Iterable[StreamEvent], call: int = 0) -> str:
    return "".join(event.arguments for event in events if isinstance(event, ToolCallDelta) and event.call == call)


def reply(*parts: Part) -> Reply:
    """A whole answer of these parts."""
    message = Message(Role.ASSISTANT, parts)
    return Reply("id", "model", (Candidate(message, 0, Finish(StopReason.END)),))


def splits(text: str) -> Iterable[Sequence[str]]:
    """Every cut in two, and letter by letter."""
    for at in range(1, len(text)):
        yield text[:at], text[at:]
    yield tuple(text)


def refused(events: Iterable[StreamEvent]) -> str:
    return text_of(events, RefusalDelta)
