"""What optimizers save on each kind of prompt, and on a mix of kinds as agents have it.

`python -m benchmarks tokens PROMPTS.jsonl`. A line has `prompt` (or `text`), `kind`, and for kind `rag` `question` and
`answers`. The mix is by share of tokens: tools' declarations 15, JSON 25, documents to answer from 25, logs 5, Markdown
10, code 10, transcripts and chat 5 each. Declarations count twice: as they stand in texts, and beyond what minifying
saves, for in requests providers write them anew anyway.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from quicktok import get_encoding

from benchmarks.machine import this_machine
from stellwerk.cli.bench_tokens import table
from stellwerk.core.optimization import Level
from stellwerk.core.subject import Speaker
from stellwerk.core.vocabulary import O200K
from stellwerk.optimizing.figures import Figures
from stellwerk.optimizing.rewriting import Rewriter
from stellwerk.text.json_values import minified

MIX = {"tools": 15, "json": 25, "rag": 25, "log": 5, "markdown": 10, "code": 10, "meeting": 5, "chat_short": 5}
"""Percent of an agent's tokens, by kind."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table for each level."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks tokens")
    parser.add_argument("prompts", type=Path)
    options = parser.parse_args(arguments)
    with options.prompts.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    print(this_machine().line())
    count = get_encoding(O200K).count
    declared = [row.get("prompt") or row["text"] for row in rows if row["kind"] == "tools"]
    compact, plain = sum(count(minified(each)) for each in declared), sum(map(count, declared))
    for level in (Level.SAFE, Level.BALANCED, Level.AGGRESSIVE):
        rewriter = Rewriter(level)
        figures: defaultdict[str, Figures] = defaultdict(Figures)
        for row in rows:
            text, question = row.get("prompt") or row["text"], row.get("question") or ""
            begun = time.thread_time_ns()
            outcome = rewriter.rewrite(text, Speaker.USER, question)
            took = (time.thread_time_ns() - begun) // 1_000
            kinds = {row["kind"], "json" if row["kind"].startswith("json") else row["kind"], "all"}
            for kind in kinds:
                figures[kind].add(text, outcome, count, took, row.get("answers") or ())
        print(f"\n{level}, milliseconds of CPU:")
        print("\n".join(table(dict(sorted(figures.items())))))
        saved = {kind: figures[kind].saved for kind in MIX}
        in_texts = sum(share * saved[kind] for kind, share in MIX.items())
        if declared:
            saved["tools"] = 1 - figures["tools"].after / compact if figures["tools"].after < compact else 0.0
        beyond = sum(share * saved[kind] for kind, share in MIX.items())
        print(f"the mix: {in_texts:.1f} % with declarations in texts, {beyond:.1f} % with those of requests")
        if declared:
            print(f"declarations: {1 - compact / plain:.1%} by minifying, {saved['tools']:.1%} beyond that")
    return 0
