"""``stellwerk bench tokens``: what the optimizers save on prompts of your own, and what of these is still there."""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stellwerk.cli.json_lines import rows
from stellwerk.cli.optimize import LEVELS, contents, counter, rewriter_of, row_of

if TYPE_CHECKING:
    from stellwerk.optimizing.figures import Figures

SUMMARY = "what optimizers save on prompts of your own, and what of these is still there"
DESCRIPTION = """Runs the optimizers at every level over a file of prompts and prints, for each kind of prompt, tokens
saved, JSON values, numbers and names kept, and CPU times. A line is an object with `text` or `messages`, and optionally
`kind` (what it counts under), `question`, and `answers`, texts of which one should still be in a prompt with documents.
Nothing is sent anywhere."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the action takes."""
    add = parser.add_argument
    add("prompts", type=Path, metavar="PROMPTS.jsonl", help="the prompts")
    add("--level", choices=LEVELS, action="append", help="only this level, once or several times")
    add("--steps", metavar="NAMES", help="only these steps, with commas between them")
    add("--model", default="", metavar="MODEL", help="count in this model's vocabulary, if it is public")


def run(options: argparse.Namespace) -> int:
    """Prints a table for each level."""
    import msgspec

    document: dict[str, Any] = {"ok": True}
    lines: list[str] = []
    for level in options.level or LEVELS:
        figures = measured(options.prompts, level, options.steps, options.model)
        lines += [f"{level}:", *table(figures), ""]
        document[level] = {
            kind: {
                **{key: value for key, value in msgspec.to_builtins(one).items() if key != "micros"},
                "saved": round(one.saved, 6),
                "micros_p50": one.within(0.5),
                "micros_p99": one.within(0.99),
            }
            for kind, one in figures.items()
        }
    print(json.dumps(document) if options.json else "\n".join(lines).rstrip())
    return 0


def measured(path: Path, level: str, chosen: str | None = None, model: str = "") -> dict[str, Figures]:
    """Figures by kind, and of all together under ``all``. Raises ``ConfigurationError`` for a faulty file."""
    from stellwerk.core.subject import Speaker
    from stellwerk.optimizing.figures import Figures

    count, rewriter = counter(model), rewriter_of(level, chosen)
    by_kind: defaultdict[str, Figures] = defaultdict(Figures)
    everything = Figures()
    for row in rows(path, row_of, "measuring", "prompts"):
        for text in (row["text"],) if "text" in row else contents(row["messages"]):
            before = time.thread_time_ns()
            outcome = rewriter.rewrite(text, Speaker.USER, row.get("question") or "")
            took = (time.thread_time_ns() - before) // 1_000
            for figures in (by_kind[str(row.get("kind", "prompts"))], everything):
                figures.add(text, outcome, count, took, row.get("answers") or ())
    return {**dict(sorted(by_kind.items())), "all": everything}


def table(figures: dict[str, Figures]) -> list[str]:
    """One line for each kind."""
    head = (
        f"{'':14}{'texts':>7}{'tokens':>12}{'saved':>8}{'values':>10}{'numbers':>9}{'names':>8}{'answers':>9}{'p99':>9}"
    )
    return [
        head,
        *(
            f"{kind[:13]:14}{one.texts:>7,}{one.before:>12,}{one.saved:>8.1%}{_kept(one.values_kept, one.values):>10}"
            f"{_kept(one.numbers_kept, one.numbers):>9}{_kept(one.names_kept, one.names):>8}"
            f"{_kept(one.answered_after, one.answered):>9}{one.within(0.99) / 1e3:>6.1f} ms"
            for kind, one in figures.items()
        ),
    ]


def _kept(kept: int, of: int) -> str:
    return f"{kept / of:.1%}" if of else "-"
