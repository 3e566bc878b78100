"""What a learned route saves, and the quality it keeps, on outcomes in a folder of the user's own."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean

import msgspec

from stellwerk.cli.outcomes import read
from stellwerk.core.learned_report import Report, report
from stellwerk.core.learned_training import Outcome, learn, split
from stellwerk.errors import ConfigurationError

RATIOS = (5.0, 10.0, 25.0)
"""How many times the weak model's price the strong one's is."""
SPLITS = 5


@dataclass(frozen=True, kw_only=True)
class Run:
    """One split of one file."""

    name: str
    seed: int
    learned: int
    found: Report


def main(arguments: Sequence[str] | None = None) -> int:
    """Learn from each file, and print a row for each split and one for their mean."""
    options = _options(arguments)
    paths = sorted(options.data.glob("route_*.jsonl"))
    if not paths:
        print(f"{options.data}: there is no route_*.jsonl", file=sys.stderr)
        return 2
    saved = " | ".join(f"saved at {ratio:g}x" for ratio in RATIOS)
    print(f"floor {options.floor:g}, confidence of the threshold {options.confidence:g}\n")
    print(f"| outcomes | split | learned | tested | AUC | to the weak | quality | {saved} | random: quality | saved |")
    print(f"| --- | --- {'| --: ' * (7 + len(RATIOS))}|")
    runs: list[Run] = []
    try:
        for path in paths:
            runs += _measured(path, options)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        written = [{**asdict(run), "found": msgspec.to_builtins(run.found)} for run in runs]
        options.json.write_text(json.dumps(written, indent=1) + "\n")
    return 0


def _measured(path: Path, options: argparse.Namespace) -> list[Run]:
    outcomes = read(path)
    test = read(options.test / path.name) if options.test else None
    runs = []
    for seed in range(1 if test else options.splits):
        run = _run(path.stem, outcomes, test, seed, options)
        interval = f" ({run.found.quality.low:.1%} to {run.found.quality.high:.1%})"
        _print(run.name, str(seed), [run], interval)
        runs.append(run)
    if len(runs) > 1:
        _print(path.stem, "**mean**", runs, "")
    return runs


def _run(name: str, outcomes: list[Outcome], test: list[Outcome] | None, seed: int, options: argparse.Namespace) -> Run:
    parts = split(outcomes, seed, is_tested=test is None)
    route = learn(parts.folds, options.confidence)
    found = report(route, route.cut(options.floor), test or parts.test, options.floor, RATIOS[1])
    return Run(name=name, seed=seed, learned=route.rows, found=found)


def _print(name: str, label: str, runs: Sequence[Run], interval: str) -> None:
    found = [run.found for run in runs]
    share = mean(each.share.value for each in found)
    cells = [
        name,
        label,
        f"{mean(run.learned for run in runs):,.0f}",
        f"{mean(each.rows for each in found):,.0f}",
        f"{mean(each.auc.value for each in found):.3f}",
        f"{share:.1%}",
        f"{mean(each.quality.value for each in found):.1%}{interval}",
        *(f"{share * (1 - 1 / ratio):.1%}" for ratio in RATIOS),
        f"{mean(each.random_quality for each in found):.1%}",
        f"{mean(each.random_saved for each in found):.1%} at {RATIOS[1]:g}x",
    ]
    print(f"| {' | '.join(cells)} |", flush=True)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.routing", description=__doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, metavar="DIR", help="a folder with route_*.jsonl")
    add("--test", type=Path, metavar="DIR", help="a folder with files of the same names, to measure on")
    add("--floor", type=float, default=0.99, help="share of the strong model's quality (default: %(default)s)")
    add("--confidence", type=float, default=0.9, help="how surely the threshold keeps it (default: %(default)s)")
    add("--splits", type=int, default=SPLITS, help="default: %(default)s")
    add("--json", type=Path, metavar="FILE", help="write all figures there")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
