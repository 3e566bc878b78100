"""Step 6 of a request: its texts are judged by local checks, and edited or refused as the policy wants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from stellwerk.core.subject import Side
from stellwerk.core.verdict import Action, Span, Verdict, apart
from stellwerk.dialects.utterances import Utterance, replaced
from stellwerk.errors import ContentBlocked, GuardrailUnavailable, StellwerkError
from stellwerk.screening.policy import Rule
from stellwerk.screening.report import Report
from stellwerk.text.reading import read

StandIn = Callable[[str, str], str]
"""Gives what stands for a value of a type in the texts that a provider sees."""
_EDITS = frozenset({Action.MASK, Action.PSEUDONYMIZE})


class Judged(msgspec.Struct, frozen=True):
    """One text, and all verdicts on it."""

    utterance: Utterance
    verdicts: tuple[Verdict, ...]


def steps(
    rules: Sequence[Rule], texts: Iterable[Utterance], report: Report, judged: list[Judged], *, is_strict: bool = False
) -> Iterator[None]:
    """Judges one text after the other, so that others come in between."""
    for utterance in texts:
        judged.append(judge(rules, utterance, report, is_strict=is_strict))
        yield


def judge(rules: Sequence[Rule], utterance: Utterance, report: Report, *, is_strict: bool = False) -> Judged:
    """What all local checks say of one text."""
    subject = read(utterance.text, speaker=utterance.speaker, side=Side.INPUT)
    verdicts: list[Verdict] = []
    for rule in rules:
        found = rule.judge(subject, is_strict=is_strict)
        report.note(Side.INPUT, rule.name, found)
        verdicts += found
    return Judged(utterance, tuple(verdicts))


def refusal(verdicts: Iterable[Verdict], message: str, help_texts: dict[str, str]) -> StellwerkError | None:
    """Why nothing may go on; ``None`` where it may."""
    blocking = [verdict for verdict in verdicts if verdict.action is Action.BLOCK]
    found = [verdict for verdict in blocking if verdict.error is None]
    if found:
        return ContentBlocked(_told(found, message, help_texts))
    if blocking:
        names = ", ".join(dict.fromkeys(verdict.check for verdict in blocking))
        return GuardrailUnavailable(f"Nothing passes without this guardrail, which could not run: {names}.")
    return None


def edited(judged: Iterable[Judged], body: bytes, stand_in: StandIn) -> bytes:
    """The body as the provider may see it: the same object where there is nothing to edit."""
    changes = []
    for one in judged:
        text = rewritten(one.utterance.text, one.verdicts, stand_in)
        if text is not None:
            changes.append((one.utterance, text))
    return replaced(body, changes)


def rewritten(text: str, verdicts: Iterable[Verdict], stand_in: StandIn) -> str | None:
    """A text without what was found in it; ``None`` where it stays as it is."""
    actions: dict[Span, Action] = {}
    for verdict in verdicts:
        if verdict.action in _EDITS:
            for span in verdict.spans:
                former = actions.get(span)
                if former is None or verdict.action.severity > former.severity:
                    actions[span] = verdict.action
    if not actions:
        return None
    pieces: list[str] = []
    after = 0
    for span in apart(list(actions)):
        value, kind = text[span.start : span.end], str(span.type)
        pieces += (text[after : span.start], f"[{kind}]" if actions[span] is Action.MASK else stand_in(kind, value))
        after = span.end
    return "".join((*pieces, text[after:]))


def _told(found: list[Verdict], message: str, help_texts: dict[str, str]) -> str:
    for verdict in found:
        if (help_text := help_texts.get(str(verdict.category))) is not None:
            return help_text
    reasons = dict.fromkeys(f"{verdict.check} found {verdict.category}" for verdict in found)
    return f"{message} ({', '.join(reasons)})"
