"""``stellwerk bench cache``: hits and wrong answers of the semantic cache, beside those of plain thresholds."""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stellwerk.errors import ConfigurationError, InvalidRequest

if TYPE_CHECKING:
    from stellwerk.cli.bench_policies import Figures
    from stellwerk.cli.bench_traffic import Asked
    from stellwerk.ports.embedder import Embedder

SUMMARY = "hits and wrong answers of the semantic cache on questions of your own"
DESCRIPTION = """Replays traffic made of questions that are the same, plain and with twins that mean something else, and
judges pairs. --groups: lines with `text` and `intent`; --duplicates: lines with `a`, `b` and `label`, 1 for two wordings
of one question; --hard: lines with `a`, `b`, `category` and `same_answer`. What the embedder has to see is embedded on
this machine; nothing is sent anywhere. Wilson's intervals of 95 %. Natural wordings are never told which of them agree,
so figures rest on the labels of the files."""
WORDINGS = 45
"""Of a group, at most."""
CLUSTERS = 1_000
TWINS = 150
TWIN_SHARE = 0.10
_SPARE = 3_000


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the action takes."""
    add = parser.add_argument
    add("--groups", type=Path, metavar="FILE", help="questions by intent: the first workload")
    add(
        "--duplicates", type=Path, metavar="FILE", nargs="+", default=[], help="pairs of questions: the second workload"
    )
    add("--hard", type=Path, metavar="FILE", help="pairs that are hard to tell apart")
    add("--requests", type=int, default=5_000, help="of a workload (default: %(default)s)")
    add("--seeds", type=int, default=1, metavar="N", help="runs of each workload (default: %(default)s)")
    add("--embedder", choices=("minilm", "multilingual"), default="minilm", help="default: %(default)s")
    add(
        "--max-error-rate",
        type=float,
        default=0.01,
        metavar="RATE",
        help="wrong answers allowed (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Prints a table for each workload, and one for the pairs."""
    if options.groups is None and not options.duplicates and options.hard is None:
        raise InvalidRequest("expected at least one of --groups, --duplicates, --hard")
    from stellwerk.cli.bench_policies import Remembering, judged_pairs
    from stellwerk.cli.cache_file import embedder

    placing = Remembering(embedder(options.embedder))
    document: dict[str, Any] = {"ok": True, "workloads": {}}
    lines: list[str] = []
    clusters, singles = _clusters(options.duplicates)
    workloads = {"groups": _intents(options.groups) if options.groups else {}, "duplicates": clusters}
    for name, groups in workloads.items():
        if groups:
            lines += _workload(name, groups, singles, options, placing, document["workloads"])
    if options.hard is not None:
        shares = judged_pairs(_rows(options.hard), placing)
        document["hard"] = shares
        lines += _hard(shares)
    print(json.dumps(document) if options.json else "\n".join(lines))
    return 0


def _workload(
    name: str,
    groups: Mapping[str, Sequence[str]],
    singles: Sequence[str],
    options: argparse.Namespace,
    placing: Embedder,
    document: dict[str, Any],
) -> list[str]:
    from stellwerk.cli.bench_policies import plain, stellwerk

    lines = []
    for is_twinned in (False, True):
        title = f"{name}, {'with twins' if is_twinned else 'natural'}"
        found: dict[str, Figures] = {}
        for seed in range(1, options.seeds + 1):
            asked = _asked(groups, singles, options.requests, seed, is_twinned=is_twinned)
            _progress(f"{title}, run {seed}")
            for threshold in (0.95, 0.90, 0.85, 0.80):
                _add(found, f"cosine >= {threshold:.2f}", plain(asked, placing, threshold))
            coins = random.Random(seed)  # noqa: S311  # so that figures can be had again
            _add(found, "stellwerk", stellwerk(asked, placing, options.max_error_rate, coins.random))
        _progress("")
        document[title] = {policy: figures.document() for policy, figures in found.items()}
        lines += [f"{title}: {options.requests:,} requests, {options.seeds} runs", _HEAD]
        lines += [figures.line(policy) for policy, figures in found.items()]
    return lines


_HEAD = f"  {'':16s}{'hits':>8s}{'late':>8s}{'wrong':>9s}{'late':>8s}{'95 % below':>12s}"


def _add(found: dict[str, Figures], policy: str, figures: Figures) -> None:
    found[policy] = figures if policy not in found else found[policy].with_those_of(figures)


def _asked(
    groups: Mapping[str, Sequence[str]], singles: Sequence[str], requests: int, seed: int, *, is_twinned: bool
) -> list[Asked]:
    from stellwerk.cli.bench_traffic import traffic
    from stellwerk.cli.bench_twins import twins

    made = twins(groups, TWINS, seed) if is_twinned else []
    return traffic(groups, singles, requests, seed, made, TWIN_SHARE if made else 0.0)


def _intents(path: Path) -> dict[str, list[str]]:
    groups: dict[str, set[str]] = defaultdict(set)
    for row in _rows(path):
        groups[str(row["intent"])].add(str(row["text"]))
    dice = random.Random(5)  # noqa: S311  # the same choice each time
    return {
        name: dice.sample(sorted(texts), min(WORDINGS, len(texts)))
        for name, texts in sorted(groups.items())
        if len(texts) > 1
    }


def _clusters(paths: Sequence[Path]) -> tuple[dict[str, list[str]], list[str]]:
    """Questions that pairs say are one, the largest clusters; and questions that no pair says so of."""
    leads: dict[str, str] = {}

    def lead(text: str) -> str:
        leads.setdefault(text, text)
        while leads[text] != text:
            leads[text] = leads[leads[text]]
            text = leads[text]
        return text

    for path in paths:
        for row in _rows(path):
            one, two = lead(str(row["a"])), lead(str(row["b"]))
            if row["label"] == 1:
                leads[one] = two
    clusters: dict[str, list[str]] = defaultdict(list)
    for text in list(leads):
        clusters[lead(text)].append(text)
    several = sorted(
        (texts for texts in clusters.values() if len(texts) > 1), key=lambda texts: (-len(texts), texts[0])
    )
    singles = sorted(texts[0] for texts in clusters.values() if len(texts) == 1)
    random.Random(7).shuffle(singles)  # noqa: S311  # the same choice each time
    return {f"cluster {number}": texts for number, texts in enumerate(several[:CLUSTERS])}, singles[:_SPARE]


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise ConfigurationError((f"{path}: the questions cannot be read: {error}",)) from error


def _hard(shares: Mapping[str, Mapping[str, float]]) -> list[str]:
    policies = list(next(iter(shares.values()), {}))
    lines = ["hard pairs, share accepted", f"  {'':16s}" + "".join(f"{policy:>16s}" for policy in policies)]
    for category, accepted in shares.items():
        lines.append(f"  {category:16s}" + "".join(f"{accepted[policy]:16.2f}" for policy in policies))
    return lines


def _progress(told: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{told}")
        sys.stderr.flush()
