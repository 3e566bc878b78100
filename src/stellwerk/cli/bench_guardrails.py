"""``stellwerk bench guardrails``: how well the local checks find what is labelled in texts of your own."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stellwerk.errors import ConfigurationError, InvalidRequest

if TYPE_CHECKING:
    from stellwerk.core.learned_report import Interval
    from stellwerk.screening.figures import ScoreFigures, TypeFigures
    from stellwerk.screening.policy import Rule

CLASSIFIERS = ("injection", "harmful", "toxicity")
_SHOWN_EVERY_S = 0.2


SUMMARY = "how well checks find what is labelled in texts of your own"
DESCRIPTION = """Measures the local checks, and other tools on the same texts where they are installed. Files have an
object with `text` a line: those of --pii with `spans` of `start`, `end` and `type`, the others with `label`, 1 for what
is to be found and 0 for harmless. Nothing is sent anywhere."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the action takes."""
    add = parser.add_argument
    add("--pii", type=Path, metavar="FILE", help="texts with labelled personal data")
    add("--injection", type=Path, metavar="FILE", help="attacks on prompts, and harmless texts")
    add("--harmful", type=Path, metavar="FILE", help="harmful requests, and harmless texts")
    add("--toxicity", type=Path, metavar="FILE", help="abusive texts, and harmless ones")
    add(
        "--threshold",
        type=float,
        default=0.5,
        help="from which score on a text counts as found, of tools without a threshold of their own (%(default)s)",
    )
    add("--config", metavar="FILE", help="whose checks are measured; default: those that the package brings")
    add("--policy", metavar="PACK", help="measure the checks of a policy pack")


def run(options: argparse.Namespace) -> int:
    """Prints a table for each file."""
    files = {name: getattr(options, name) for name in ("pii", *CLASSIFIERS) if getattr(options, name) is not None}
    if not files:
        raise InvalidRequest("expected at least one of --pii, --injection, --harmful, --toxicity")
    from stellwerk.cli.bench_peers import PUBLISHED

    rules = _rules(options)
    document: dict[str, Any] = {"ok": True, "checks": [rule.name for rule in rules]}
    document["published"] = [published._asdict() for published in PUBLISHED]
    lines: list[str] = []
    for name, path in files.items():
        rows = list(_rows(path, "spans" if name == "pii" else "label"))
        measure = _pii if name == "pii" else _classifier
        lines += measure(name, path, rows, rules, options.threshold, document)
    if options.json:
        print(json.dumps(document))
    else:
        told = [f"{published.tool:20}{published.figure} ({published.source})" for published in PUBLISHED]
        print("\n".join((*lines, "published, not measured here:", *told)))
    return 0


def _rules(options: argparse.Namespace) -> list[Rule]:
    from stellwerk.cli.scan import rules_of, rules_of_specs
    from stellwerk.core.subject import Side
    from stellwerk.screening.scan import default_specs

    if options.config is None and options.policy is None:
        return rules_of_specs(default_specs(), Side.INPUT)[0]
    return rules_of(options.config, options.policy, Side.INPUT)[0]


def _pii(
    name: str, path: Path, rows: list[dict[str, Any]], rules: list[Rule], _threshold: float, document: dict[str, Any]
) -> list[str]:
    import msgspec

    from stellwerk.cli.bench_peers import presidio
    from stellwerk.screening.scan import run_checks

    def own(text: str) -> list[tuple[int, int, str]]:
        return [(span.start, span.end, span.label) for span in run_checks(text, rules).spans()]

    figures, micros = _spans_figures(rows, own)
    document[name] = {"texts": len(rows), "types": msgspec.to_builtins(figures), "micros": micros}
    peer = presidio()
    theirs: dict[str, TypeFigures] = {}
    if isinstance(peer, str):
        told = f"presidio: skipped, {peer}"
        document[name]["presidio"] = {"skipped": peer}
    else:
        theirs, their_micros = _spans_figures(rows, peer)
        document[name]["presidio"] = {"types": msgspec.to_builtins(theirs), "micros": their_micros}
        told = f"presidio: {_timed(their_micros)}"
    head = f"{'':24}{'labelled':>9}{'precision':>11}{'recall':>8}{'F1':>8}" + ("   presidio F1" if theirs else "")
    table = [
        f"{kind:24}{row.labelled:>9,}{row.precision:>11.3f}{row.recall:>8.3f}{row.f1:>8.3f}"
        + (f"{theirs[kind].f1:>14.3f}" if theirs else "")
        for kind, row in figures.items()
    ]
    return [f"personal data, {len(rows):,} texts of {path}", head, *table, f"stellwerk: {_timed(micros)}", told, ""]


def _spans_figures(
    rows: list[dict[str, Any]], find: Callable[[str], list[tuple[int, int, str]]]
) -> tuple[dict[str, TypeFigures], dict[str, int]]:
    from stellwerk.screening.figures import Tally

    tally = Tally()
    labels = [[(span["start"], span["end"], span["type"]) for span in row["spans"]] for row in rows]
    found, micros = _run(rows, find)
    for wanted, parts in zip(labels, found, strict=True):
        tally.add(wanted, parts)
    return tally.figures(), micros


def _classifier(
    name: str, path: Path, rows: list[dict[str, Any]], rules: list[Rule], threshold: float, document: dict[str, Any]
) -> list[str]:
    import msgspec

    from stellwerk.cli.bench_peers import SCORERS, Scorer
    from stellwerk.screening.scan import run_checks

    tools: dict[str, Callable[[], Scorer | str]] = {
        "stellwerk": lambda: Scorer(lambda text: run_checks(text, rules).scores()[name])
    }
    found: dict[str, Any] = {}
    lines = [f"{name}, {len(rows):,} texts of {path}"]
    for tool, load in (tools | SCORERS.get(name, {})).items():
        scorer = load()
        if isinstance(scorer, str):
            found[tool] = {"skipped": scorer}
            lines.append(f"{tool}: skipped, {scorer}")
            continue
        hits_from = threshold if scorer.threshold is None else scorer.threshold
        figures, micros = _scores_figures(path, rows, scorer.score, hits_from)
        found[tool] = {"texts": len(rows), "threshold": hits_from, **msgspec.to_builtins(figures), "micros": micros}
        lines += _score_lines(tool, figures, micros, hits_from)
    document[name] = found
    return [*lines, ""]


def _scores_figures(
    path: Path, rows: list[dict[str, Any]], score: Callable[[str], float], threshold: float
) -> tuple[ScoreFigures, dict[str, int]]:
    from stellwerk.screening.figures import score_figures

    scores, micros = _run(rows, score)
    try:
        pairs = [(value, row["label"] == 1) for value, row in zip(scores, rows, strict=True)]
        return score_figures(pairs, threshold), micros
    except ValueError as error:
        raise ConfigurationError((f"{path}: {error}",)) from error


def _score_lines(tool: str, figures: ScoreFigures, micros: dict[str, int], threshold: float) -> list[str]:
    return [
        f"{tool}: {figures.positives:,} to be found, {figures.negatives:,} harmless, intervals of 95 %",
        f"  AUC                     {_within(figures.auc)}",
        f"  recall at 1 % false     {_within(figures.recall_at_1_percent)}",
        f"  recall at 0.1 % false   {_within(figures.recall_at_01_percent)}",
        f"  found from {threshold:<5.3g}        {_within(figures.found)}",
        f"  false from {threshold:<5.3g}        {_within(figures.false)}",
        f"  {_timed(micros)}",
    ]


def _run(rows: list[dict[str, Any]], ask: Callable[[str], Any]) -> tuple[list[Any], dict[str, int]]:
    """What is said of each text, and how long it took in the middle and at the end."""
    results, times = [], []
    shown = time.monotonic()
    for number, row in enumerate(rows, 1):
        before = time.perf_counter_ns()
        results.append(ask(row["text"]))
        times.append((time.perf_counter_ns() - before) // 1_000)
        if sys.stderr.isatty() and time.monotonic() - shown > _SHOWN_EVERY_S:
            shown = time.monotonic()
            sys.stderr.write("\r\x1b[K" if number == len(rows) else f"\rmeasuring, {number:,} of {len(rows):,}")
            sys.stderr.flush()
    times.sort()
    return results, {"p50": times[len(times) // 2], "p99": times[int(0.99 * len(times))]}


def _rows(path: Path, field: str) -> Iterator[dict[str, Any]]:
    """Rows with a text and this field. Raises ``ConfigurationError`` for the first line that has none."""
    count = 0
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    count += 1
                    yield _row(line, field, f"{path}:{number}")
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise ConfigurationError((f"{path}: the texts cannot be read: {reason}",)) from error
    if not count:
        raise ConfigurationError((f"{path}: expected texts, found none",))


def _row(line: bytes, field: str, at: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
        is_whole = isinstance(row["text"], str) and _is_fit(row[field], field)
    except (ValueError, KeyError, TypeError, RecursionError):
        is_whole, row = False, {}
    if not is_whole:
        wanted = "spans of start, end and type" if field == "spans" else "a label of 0 or 1"
        raise ConfigurationError((f"{at}: expected an object with a text and {wanted}",))
    return dict(row)


def _is_fit(value: Any, field: str) -> bool:
    if field == "label":
        return value in {0, 1}
    return all(
        isinstance(span["start"], int) and isinstance(span["end"], int) and isinstance(span["type"], str)
        for span in value
    )


def _timed(micros: dict[str, int]) -> str:
    return f"half of the texts within {micros['p50']:,} µs, 99 % within {micros['p99']:,} µs"


def _within(figure: Interval) -> str:
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"
