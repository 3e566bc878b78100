"""``stellwerk optimize``: runs the prompt optimizers over a file of prompts, offline.

A line of the input is a JSON object with `text` or `messages` (and `id`, and optionally `question`). A line of the
output is the same, changed, with `tokens_before` and `tokens_after` of the content, counted exactly, `steps` with the
tokens that each has saved, and `micros`, the CPU time of this prompt's steps. With --decode, own notations are written
out again.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stellwerk.cli.json_lines import rows
from stellwerk.errors import ConfigurationError

if TYPE_CHECKING:
    from stellwerk.optimizing.rewriting import Rewriter

LEVELS = ("safe", "balanced", "aggressive")
_WARM_UP = 'Wie viele? 1 [{"a": 1, "b": [2]}, {"a": 3, "b": [4]}]\n\n```\n1 2\n```\n\n<html>'

Count = Callable[[str], int]


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add = parser.add_argument
    add("--level", choices=LEVELS, default="safe", help="how much may happen to a prompt (default: %(default)s)")
    add("--steps", metavar="NAMES", help="only these steps of the level, with commas between them")
    add(
        "--min-tokens",
        type=int,
        default=None,
        metavar="N",
        help="texts with fewer tokens, as estimated, stay as they are",
    )
    add("--model", default="", metavar="MODEL", help="count in this model's vocabulary, if it is public")
    add("--input", type=Path, required=True, metavar="IN.jsonl", help="the prompts")
    add("--output", type=Path, required=True, metavar="OUT.jsonl", help="the file to write")
    add("--decode", action="store_true", help="undo tables and folded logs of an optimized file instead")


def run(options: argparse.Namespace) -> int:
    """Writes a line for each prompt, then prints what was saved."""
    count = counter(options.model)
    rewriter = rewriter_of(options.level, options.steps, options.min_tokens)
    totals: Counter[str] = Counter()
    steps: Counter[str] = Counter()
    micros: list[int] = []
    draft = options.output.with_name(f".{options.output.name}.{os.getpid()}.tmp")
    try:
        with draft.open("wb") as output:
            for row in rows(options.input, row_of, "decoding" if options.decode else "optimizing", "prompts"):
                made = decoded(row) if options.decode else optimized(row, rewriter, count)
                if not options.decode:
                    totals.update(before=made["tokens_before"], after=made["tokens_after"])
                    steps.update(made["steps"])
                    micros.append(made["micros"])
                totals["lines"] += 1
                output.write(json.dumps(made, ensure_ascii=False).encode(errors="backslashreplace") + b"\n")
        draft.replace(options.output)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise ConfigurationError((f"{options.output}: the results cannot be written: {reason}",)) from error
    finally:
        draft.unlink(missing_ok=True)
    _report(options, totals, steps, micros)
    return 0


def counter(model: str) -> Count:
    """Counts tokens exactly. Raises ``ConfigurationError`` where the library is missing that does."""
    from stellwerk.core.vocabulary import O200K, vocabulary_of

    try:
        from quicktok import get_encoding
    except ImportError:
        problem = "exact counts need the extra `tokens`: pip install 'stellwerk[tokens]'"
        raise ConfigurationError((problem,)) from None
    count: Count = get_encoding(vocabulary_of(model).name if model else O200K).count
    return count


def rewriter_of(level: str, chosen: str | None = None, min_tokens: int | None = None) -> Rewriter:
    """The steps of a level. Raises ``ConfigurationError`` for a step that there is none of."""
    from stellwerk.core.optimization import Level
    from stellwerk.core.subject import Speaker
    from stellwerk.optimizing.rewriting import MIN_TOKENS, Rewriter

    names = None if chosen is None else tuple(name.strip() for name in chosen.split(",") if name.strip())
    made = Rewriter(Level(level), names, MIN_TOKENS if min_tokens is None else min_tokens)
    Rewriter(Level(level), names, 0).rewrite(_WARM_UP, Speaker.USER)  # what is made on first use is no prompt's time
    return made


def optimized(row: dict[str, Any], rewriter: Rewriter, count: Count) -> dict[str, Any]:
    """The row with its text or its messages changed, and what that came to."""
    from stellwerk.core.optimization import shared
    from stellwerk.core.subject import Speaker
    from stellwerk.dialects.json_splice import splice
    from stellwerk.optimizing.requests import changes

    question = row.get("question") or ""
    if "messages" in row:
        body = json.dumps({"messages": row["messages"]}, ensure_ascii=False).encode(errors="replace")
        before = time.thread_time_ns()
        found = changes(body, rewriter, question)
        changed = splice(body, found.edits) if found.edits else body
        took = time.thread_time_ns() - before
        given: Any = json.loads(changed)["messages"] if found.edits else row["messages"]
        made, saved = {**row, "messages": given}, found.saved
        counts = [sum(map(count, contents(messages))) for messages in (row["messages"], given)]
    else:
        before = time.thread_time_ns()
        outcome = rewriter.rewrite(row["text"], Speaker.USER, question)
        took = time.thread_time_ns() - before
        made, saved = {**row, "text": outcome.text}, dict(outcome.saved)
        counts = [count(row["text"]), count(outcome.text)]
    return {
        **made,
        "tokens_before": counts[0],
        "tokens_after": counts[1],
        "steps": shared(saved, counts[0] - counts[1]),
        "micros": took // 1_000,
    }


def decoded(row: dict[str, Any]) -> dict[str, Any]:
    """The row with tables and logs as they were."""
    from stellwerk.optimizing.notations import decoded as written_out

    def through(held: Any) -> Any:
        if isinstance(held, str):
            return written_out(held)
        if isinstance(held, list):
            return [through(each) for each in held]
        return {name: through(each) for name, each in held.items()} if isinstance(held, dict) else held

    return {name: through(held) if name in {"text", "messages"} else held for name, held in row.items()}


def contents(held: Any) -> Iterator[str]:
    """The texts of messages."""
    if isinstance(held, str):
        yield held
    elif isinstance(held, list):
        for each in held:
            yield from contents(each)
    elif isinstance(held, dict):
        for name in ("content", "text"):
            if name in held:
                yield from contents(held[name])


def row_of(line: bytes) -> dict[str, Any]:
    """A prompt: a text or messages, perhaps with a question. Raises ``ValueError`` for what is none."""
    row = json.loads(line)
    is_prompt = isinstance(row, dict) and (isinstance(row.get("text"), str) or isinstance(row.get("messages"), list))
    if not is_prompt:
        raise ValueError("expected an object with a text or messages")
    if not isinstance(row.get("question") or "", str):
        raise ValueError("expected a text as question")  # noqa: TRY004  # the file's fault, told with the others
    found: dict[str, Any] = row
    return found


def _report(options: argparse.Namespace, totals: Counter[str], steps: Counter[str], micros: list[int]) -> None:
    before, after, lines = totals["before"], totals["after"], totals["lines"]
    share = 1 - after / before if before else 0.0
    times = sorted(micros) or [0]
    p50, p99 = (times[int(part * (len(times) - 1))] for part in (0.5, 0.99))
    if options.json:
        summary = {"lines": lines, "tokens_before": before, "tokens_after": after, "saved": round(share, 6)}
        took = {"micros_p50": p50, "micros_p99": p99}
        print(json.dumps({"ok": True, "output": str(options.output), **summary, "steps": dict(steps), **took}))
        return
    if not options.decode:
        print(f"{lines:,} prompts at {options.level}: {before:,} tokens became {after:,}, {share:.1%} less")
        for name, part in steps.most_common():
            print(f"  {name:<16} {part:>10,}")
        print(f"CPU time of a prompt's steps: half within {p50:,} µs, 99 % within {p99:,} µs")
    print(f"{options.output}: written")
