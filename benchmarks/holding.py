"""Measures the guard of streamed answers: how much it holds back, what it costs, and whether pieces change the result.

`python -m benchmarks holding TEXTS.jsonl [--most N]`. A line has `text`, which comes as an answer in pieces of four
characters, under the checks for personal data and secrets. The delay is how many characters have come and not gone out,
after each piece; `split` counts answers that differ from the whole one, `segments` those that differ from what the
checks say of the text in one look.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from statistics import mean, quantiles
from time import perf_counter

from benchmarks.machine import this_machine
from stellwerk.core.stream import Ended, TextDelta
from stellwerk.core.subject import Subject
from stellwerk.core.verdict import Action, Verdict
from stellwerk.guardrails import pii, secret_leak
from stellwerk.ports.guardrail import Guardrail
from stellwerk.screening.answer_editing import Kind, edit_once
from stellwerk.screening.edits import apply
from stellwerk.screening.holding import Hold
from stellwerk.screening.judging import Panel
from stellwerk.screening.stream_guard import Guarding, StreamGuard

PIECE = 4
SIZES = (1_000, 4_000, 32_000)


class _Masked:
    """Masks what a check finds."""

    failure = "closed"

    def __init__(self, check: Guardrail) -> None:
        self._check = check

    def judge(self, subject: Subject, *, is_strict: bool = False) -> tuple[Verdict, ...]:  # noqa: ARG002 - no scores
        """The verdicts on one text."""
        return tuple(
            Verdict(check="check", category=found.category, score=found.score, action=Action.MASK, spans=found.spans)
            for found in self._check.check(subject)
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks holding")
    parser.add_argument("texts", type=Path)
    parser.add_argument("--most", type=int, default=1_000)
    options = parser.parse_args(arguments)
    print(this_machine().line())
    with options.texts.open(encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in islice(lines, options.most)]
    panel = Panel([_Masked(pii.build(pii.Settings())), _Masked(secret_leak.build(secret_leak.Settings()))])
    _delays(texts, panel)
    _times("\n".join(texts), panel)
    return 0


def _delays(texts: list[str], panel: Panel) -> None:
    long = ["\n\n".join(texts[start : start + 12]) for start in range(0, len(texts), 12)]
    for name, answers in (("alone", texts), ("twelve together", long)):
        delays: list[int] = []
        firsts: list[int] = []
        split = segments = 0
        for text in answers:
            whole, _ = edit_once(Guarding(panel, Hold()), Kind.TEXT, text)
            segments += whole != apply(text, panel.look(text).edits).text
            guard = StreamGuard(panel)
            out = ""
            first = None
            for start in range(0, len(text), PIECE):
                out += _said(guard.feed(TextDelta(text[start : start + PIECE])))
                delays.append(max(0, start + PIECE - len(out)))
                first = start + PIECE if first is None and out else first
            out += _said(guard.feed(Ended()))
            split += out != whole
            firsts.append(first or len(text))
        cuts = quantiles(delays, n=100)
        print(
            f"{name:>16}: {len(answers)} answers, {sum(map(len, answers))} characters; delay mean {mean(delays):.0f}, "
            f"p50 {cuts[49]:.0f}, p99 {cuts[98]:.0f}; first after {mean(firsts):.0f}; "
            f"split {split}, segments {segments}"
        )


def _times(text: str, panel: Panel) -> None:
    for size in SIZES:
        part = (text * (size // len(text) + 1))[:size]
        held, direct = [], []
        for _ in range(5):
            start = perf_counter()
            edit_once(Guarding(panel, Hold()), Kind.TEXT, part)
            held.append(perf_counter() - start)
            start = perf_counter()
            panel.look(part)
            direct.append(perf_counter() - start)
        print(f"{size:>16}: {min(held) * 1e3:.2f} ms held back, {min(direct) * 1e3:.2f} ms in one look")


def _said(events: Sequence[object]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


if __name__ == "__main__":
    raise SystemExit(main())
