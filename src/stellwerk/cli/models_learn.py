"""``stellwerk models learn``: learns from outcomes which prompts a weak model answers as well as a strong one."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stellwerk.errors import ConfigurationError

if TYPE_CHECKING:
    from stellwerk.core.learned_report import Interval, Report
    from stellwerk.core.learned_route import Cut

DESCRIPTION = """Learns a model for the strategy `learned` from a file of outcomes: a JSON object a line, with
the text of a prompt and how good the answers of the weak and of the strong model were, from 0 to 1 or true and false.
A fifth of the prompts, chosen by their hash, is kept apart; on it, or on the file given with --test, the figures are
measured. Nothing is fetched or sent."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the action takes."""
    add = parser.add_argument
    add("--input", type=Path, required=True, metavar="FILE", help="the outcomes to learn from")
    add("--output", type=Path, required=True, metavar="MODEL", help="the file to write")
    add("--test", type=Path, metavar="FILE", help="outcomes to measure on; without it, a fifth of the input")
    add("--prompt-field", default="prompt", metavar="NAME", help="default: %(default)s")
    add("--weak-field", default="weak", metavar="NAME", help="default: %(default)s")
    add("--strong-field", default="strong", metavar="NAME", help="default: %(default)s")
    add("--floor", type=_share, default=0.99, help="share of the strong model's quality to keep (default: %(default)s)")
    add("--confidence", type=_confidence, default=0.9, help="how surely it is kept (default: %(default)s)")
    add("--price-ratio", type=_ratio, default=10.0, help="the strong model's price in weak ones (default: %(default)s)")
    add("--seed", type=int, default=0, help="chooses another split (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Learns, measures, and writes the model if it keeps the floor."""
    from stellwerk.cli.outcomes import read
    from stellwerk.core.learned_report import report
    from stellwerk.core.learned_route import encode
    from stellwerk.core.learned_training import learn, split

    fields = (options.prompt_field, options.weak_field, options.strong_field)
    outcomes = read(options.input, *fields)
    test = read(options.test, *fields) if options.test else None
    parts = split(outcomes, options.seed, is_tested=test is None)
    route = learn(parts.folds, options.confidence, _progress)
    cut = route.cut(options.floor)
    if cut is None:
        best = max((cut.at_least for cut in route.cuts), default=0.0)
        reason = f"no threshold was found to keep {options.floor:g} of the strong model's quality, at most {best:.3f}"
        raise ConfigurationError((f"{options.input}: {reason}; nothing was written. More outcomes make it surer.",))
    found = report(route, cut, test or parts.test, options.floor, options.price_ratio)
    _write(encode(route), options.output)
    if options.json:
        print(json.dumps(_document(options, route.rows, cut, found)))
    else:
        print("\n".join(_lines(options, route.rows, cut, found)))
    return 0


def _progress(done: int, fits: int) -> None:
    if sys.stderr.isatty():
        end = "\r\x1b[K" if done == fits else ""
        sys.stderr.write(end or f"\rlearning, {done} of {fits}")
        sys.stderr.flush()


def _write(content: bytes, path: Path) -> None:
    """Puts the file in place in one step: a gateway that reloads meanwhile finds the one before or this one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        reason = (error.strerror or "unknown reason").lower()
        raise ConfigurationError((f"{path}: the model cannot be written: {reason}",)) from error


def _lines(options: argparse.Namespace, learned: int, cut: Cut, found: Report) -> list[str]:
    floor, ratio = f"{options.floor * 100:g} %", f"{options.price_ratio:g}"
    beside = f"keeps {_percent(found.random_quality)} with the same share, or saves {_percent(found.random_saved)}"
    return [
        f"learned from {learned:,} outcomes, measured on {found.rows:,} others",
        f"weak alone      {_percent(found.weak)} right, strong alone {_percent(found.strong)}",
        f"AUC             {_within(found.auc, 1, 3)}",
        f"threshold       {cut.probability:.4f}, shown to keep {_percent(cut.at_least)}, wanted {floor}",
        f"to the weak     {_within(found.share)} % of the prompts",
        f"quality kept    {_within(found.quality)} % of the strong model's",
        f"saved           {_within(found.saved)} % where the strong model costs {ratio} times as much",
        f"random router   {beside} at {floor}",
        f"{options.output}: written; intervals are of 95 %",
    ]


def _document(options: argparse.Namespace, learned: int, cut: Cut, found: Report) -> dict[str, object]:
    import msgspec

    figures: dict[str, object] = msgspec.to_builtins(found)
    asked = {name: getattr(options, name) for name in ("floor", "confidence", "price_ratio", "seed")}
    return {
        "ok": True,
        "output": str(options.output),
        "learned_rows": learned,
        **asked,
        "cut": msgspec.to_builtins(cut),
        "test": figures,
    }


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _within(figure: Interval, factor: int = 100, digits: int = 1) -> str:
    value, low, high = (f"{part * factor:.{digits}f}" for part in (figure.value, figure.low, figure.high))
    return f"{value} ({low} to {high})"


def _number(text: str, low: float, high: float, told: str) -> float:
    value = float(text)
    if not (low < value < high and math.isfinite(value)):
        raise argparse.ArgumentTypeError(f"{text} is not {told}")
    return value


def _share(text: str) -> float:
    return _number(text, 0.0, 1.0000001, "a share above 0, at most 1")


def _confidence(text: str) -> float:
    return _number(text, 0.0, 1.0, "between 0 and 1")


def _ratio(text: str) -> float:
    return _number(text, 1.0, math.inf, "above 1")
