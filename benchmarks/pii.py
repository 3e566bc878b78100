"""Measures the check for personal data on labelled texts: F1 by type and source, false hits, and time by size.

`python -m benchmarks pii TEXTS.jsonl [--ordinary PROMPTS.jsonl]`. A line of the first has `text`, `source` and `spans`
of `start`, `end`, `type`; a hit counts when it has the type and covers half of the labelled part. A line of the second
has `text` and `label` (0: ordinary); what is found in one of those counts as false, but for names, places, dates, URLs.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles
from time import thread_time
from typing import Any

from benchmarks.machine import this_machine
from stellwerk.guardrails.pii import Settings, build, personal_data
from stellwerk.text.canonical import canonicalise
from stellwerk.text.reading import read

SAME = {"DOMAIN_NAME": "URL", "STREET_ADDRESS": "LOCATION", "DATE_OF_BIRTH": "DATE_TIME", "PER": "PERSON"}
UNSTRUCTURED = {"PERSON", "LOCATION", "DATE_TIME"}
OTHER_TASK = {"URL"}
SAMPLE = (
    "Hi, this is Maria Lopez, please summarise the document about our restaurant, order 48213377 of 2024-05-12, "
    "call +1 212 555 0143 or mail a.b@example.org. "
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks pii")
    parser.add_argument("texts", type=Path)
    parser.add_argument("--ordinary", type=Path)
    parser.add_argument("--misses", type=int, default=0, help="print so many misses and false hits of each type")
    options = parser.parse_args(arguments)
    print(this_machine().line())
    by_source = defaultdict(list)
    for row in _rows(options.texts):
        by_source[row["source"]].append(row)
    for source, rows in sorted(by_source.items()):
        _report(source, rows, options.misses)
    if options.ordinary:
        ordinary = [row for row in _rows(options.ordinary) if row["label"] == 0]
        _false_hits(ordinary, options.misses)
        print("\nOrdinary prompts, one after the other:")
        _times(_long(ordinary))
    print("\nA text full of personal data:")
    _times([SAMPLE * 200])
    return 0


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _found(text: str) -> list[tuple[int, int, str]]:
    passage = canonicalise(text)
    return [(*passage.span(span.start, span.end), str(span.type)) for span in personal_data(passage.text)]


def _report(source: str, rows: list[dict[str, Any]], misses: int) -> None:
    right: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    false: Counter[str] = Counter()
    for row in rows:
        wanted = [(span["start"], span["end"], SAME.get(span["type"], span["type"])) for span in row["spans"]]
        found = _found(row["text"])
        for gold in wanted:
            hit = any(_covers(gold, span) for span in found)
            (right if hit else missed)[gold[2]] += 1
            if not hit and missed[gold[2]] <= misses:
                print("  missed", gold[2], repr(row["text"][max(0, gold[0] - 30) : gold[1] + 20]))
        for span in found:
            if not any(_touches(gold, span) for gold in wanted):
                false[span[2]] += 1
                if false[span[2]] <= misses:
                    print("  false", span[2], repr(row["text"][span[0] : span[1]]), repr(row["text"][:100]))
    known = {*right, *false} & {*right, *missed} - UNSTRUCTURED
    print(
        f"\n{source}: {len(rows)} texts\n| type | precision | recall | F1 | labelled |\n| --- | --: | --: | --: | --: |"
    )
    for kind in sorted({*right, *false}):
        print(_line(kind, right[kind], missed[kind], false[kind]))
    totals = [sum(counts[kind] for kind in known) for counts in (right, missed, false)]
    print(_line("structured, micro", *totals))


def _covers(gold: tuple[int, int, str], span: tuple[int, int, str]) -> bool:
    shared = min(gold[1], span[1]) - max(gold[0], span[0])
    return gold[2] == span[2] and 2 * shared >= gold[1] - gold[0]


def _touches(gold: tuple[int, int, str], span: tuple[int, int, str]) -> bool:
    return gold[2] == span[2] and gold[0] < span[1] and span[0] < gold[1]


def _line(kind: str, right: int, missed: int, false: int) -> str:
    precision = right / max(1, right + false)
    recall = right / max(1, right + missed)
    score = 2 * right / max(1, 2 * right + missed + false)
    return f"| {kind} | {precision:.3f} | {recall:.3f} | {score:.3f} | {right + missed} |"


def _false_hits(ordinary: list[dict[str, Any]], shown: int) -> None:
    kinds: Counter[str] = Counter()
    for row in ordinary:
        for start, end, kind in _found(row["text"]):
            kinds[kind] += 1
            if kinds[kind] <= shown:
                print("  ordinary", kind, repr(row["text"][max(0, start - 30) : end + 10]))
    structured = sum(count for kind, count in kinds.items() if kind not in UNSTRUCTURED | OTHER_TASK)
    print(f"\n{len(ordinary)} ordinary prompts: {structured} structured hits; all: {dict(kinds.most_common())}")


def _times(texts: list[str]) -> None:
    """CPU time of a whole check, of texts cut to a size: what a core does that nobody else uses."""
    check = build(Settings())
    print("\n| size | least ms | p50 ms | p99 ms |\n| --: | --: | --: | --: |")
    for size in (200, 1_000, 4_000, 32_000):
        times = []
        for begin in range(0, 200 * size if size < 10_000 else 60 * size, size):
            subject = read(texts[begin // size % len(texts)][:size])
            begun = thread_time()
            check.check(subject)
            times.append((thread_time() - begun) * 1e3)
        print(f"| {size} | {min(times):.2f} | {quantiles(times, n=100)[49]:.2f} | {quantiles(times, n=100)[98]:.2f} |")


def _long(rows: list[dict[str, Any]]) -> list[str]:
    """Texts of 32 KB: every ordinary prompt once, put together in their order."""
    whole = "\n".join(row["text"] for row in rows)
    return [whole[begin : begin + 32_000] for begin in range(0, len(whole) - 32_000, 32_000)] or [SAMPLE * 200]
