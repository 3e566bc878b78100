"""Trains the weights of the checks `injection` and `toxicity`, and writes them where the package keeps them.

``python -m scripts.train_guardrails --injection FILE… --harmful FILE… --toxicity FILE…`` takes JSON lines with `text`,
`label`, `group`, and where known `kind`, `lang`, `source`, `core`. Only rows whose licence allows to ship what was
learned may be given. Each head is learned from all rows; its scale is set by the scores that ordinary texts get from
heads which have not seen them. The same files give the same weights.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from scripts import guardrail_fit
from scripts.guardrail_folds import Learner, anywhere, by_fold, calibrated, from_elsewhere, ordinary, pages, unseen
from scripts.guardrail_phrases import phrases
from scripts.guardrail_rows import Row, rows
from stellwerk.text.ngrams import Head, dump
from stellwerk.text.reading import read

WEIGHTS = Path(__file__).parent.parent / "src/stellwerk/guardrails/weights"


def main(arguments: Sequence[str] | None = None) -> int:
    """Train everything that files are given for."""
    parser = argparse.ArgumentParser(prog="python -m scripts.train_guardrails", description=__doc__)
    for task in ("injection", "harmful", "toxicity"):
        parser.add_argument(f"--{task}", type=Path, nargs="+", required=True)
    parser.add_argument("--only", choices=("injection", "toxicity"), help="the weights of one check")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--folds", type=Path, help="a directory for what folds learn, which figures are taken from")
    options = parser.parse_args(arguments)
    attacks = [*rows(options.injection), *phrases()]
    core = [row for row in attacks if row.core]
    requests = beside(rows(options.harmful, trusted=True), core)
    abuse = beside(rows(options.toxicity, trusted=True), core)
    options.out.mkdir(parents=True, exist_ok=True)
    if options.only != "toxicity":
        heads = (
            whole(guardrail_fit.direct, core, from_elsewhere(core), kept=options.folds),
            buried(core, options.folds),
            whole(guardrail_fit.harmful, requests, ordinary(requests), kept=options.folds),
        )
        write(options.out / "injection", heads, [*core, *requests])
    if options.only != "injection":
        head = whole(guardrail_fit.toxicity, abuse, ordinary(core), kept=options.folds)
        write(options.out / "toxicity", (head,), abuse)
    return 0


def beside(own: list[Row], core: list[Row]) -> list[Row]:
    """Rows of a task, and the ordinary prompts of another: a model has to know those too."""
    return [*own, *(row for row in core if row.label == 0)]


def whole(learn: Learner, chosen: list[Row], prompts: list[Row], *, kept: Path | None) -> Head:
    """A head that judges texts as a whole. Its scale is set by the prompts."""
    scores = unseen(by_fold(learn, chosen, kept), prompts)
    return msgspec.structs.replace(learn(chosen), calibration=calibrated(scores))


def buried(chosen: list[Row], kept: Path | None) -> Head:
    """The head for what is buried in longer texts. Its scale is set by texts of 3,000 characters."""
    heads = by_fold(guardrail_fit.untrusted, chosen, kept)
    scores = np.array([anywhere(heads[fold], read(page)) for fold, page in pages(chosen)])
    return msgspec.structs.replace(guardrail_fit.untrusted(chosen), calibration=calibrated(scores))


def write(stem: Path, heads: tuple[Head, ...], chosen: list[Row]) -> None:
    """The weights, and beside them what they were learned from."""
    data = dump(heads)
    stem.with_suffix(".ngrams").write_bytes(data)
    card = {
        "heads": {head.name: {"weights": int((head.weights != 0).sum()), "bias": head.bias} for head in heads},
        "rows": dict(sorted(Counter(f"{row.source} {row.label}" for row in chosen).items())),
    }
    stem.with_suffix(".json").write_bytes(msgspec.json.format(msgspec.json.encode(card), indent=2) + b"\n")
    print(f"{stem.name}: {len(data):,} bytes, {', '.join(head.name for head in heads)}")


if __name__ == "__main__":
    raise SystemExit(main())
