"""Trains the verifier of the semantic cache and writes ``src/stellwerk/semantic/data/verifier.json``.

``python -m scripts.train_verifier --data DIRECTORY`` with clinc150.jsonl and fow_pairs.jsonl in it.
Needs the extra ``semantic`` for the embedder. The same data give the same file. Prints how well examples are told apart
that did not train: each run of traffic in its turn.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from scripts.boosting import Floats, GrownTree, boosted, scores
from scripts.verifier_examples import Embed, examples

TARGET = Path(__file__).resolve().parent.parent / "src/stellwerk/semantic/data/verifier.json"
RISING = {"cosine", "cosine_high", "margin", "support", "nothing_left"}
FALLING = {"siblings", "nouns_replaced", "left_over"}
FOW_COUNTS = 3.0
"""Pairs written to be hard count so many times."""


def main() -> int:
    """Trains, measures, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    folder = parser.parse_args().data

    import msgspec

    from stellwerk.semantic.evidence import NAMES
    from stellwerk.semantic.verifier import Tree, Verifier

    found = examples(folder, _embedder())
    rows = np.array([values for values, _, _ in found])
    labels = np.array([right for _, right, _ in found], float)
    sources = np.array([source for _, _, source in found])
    counts = np.where(sources == "fow", FOW_COUNTS, 1.0)
    signs = [1 if name in RISING else -1 if name in FALLING else 0 for name in NAMES]
    print(f"{len(found):,} examples, {labels.mean():.3f} right")
    for source in sorted(set(sources)):
        held = sources == source
        start, trees = _fit(rows[~held], labels[~held], counts[~held], signs)
        scored = scores(rows[held], start, trees)
        by_cosine = _area(rows[held, 0], labels[held])
        print(f"{source:8s} {_area(scored, labels[held]):.3f}, by the cosine alone {by_cosine:.3f}")
    start, trees = _fit(rows, labels, counts, signs)
    rounded = tuple(
        Tree(tuple(asked), tuple(round(each, 6) for each in thresholds), tuple(round(each, 5) for each in leaves))
        for asked, thresholds, leaves in trees
    )
    TARGET.write_bytes(msgspec.json.encode(Verifier(NAMES, round(start, 5), rounded)) + b"\n")
    print(f"{TARGET}: {TARGET.stat().st_size:,} bytes")
    return 0


def _fit(rows: Floats, labels: Floats, counts: Floats, signs: list[int]) -> tuple[float, list[GrownTree]]:
    return boosted(rows, labels, counts, signs, trees=100, rate=0.08, hold=5.0, fewest=40)


def _area(scored: Floats, labels: Floats) -> float:
    """The chance that a right one scores higher than a wrong one."""
    ranks = np.empty(len(scored))
    ranks[np.argsort(scored, kind="stable")] = np.arange(1, len(scored) + 1)
    right = labels > 0.5
    return float((ranks[right].mean() - (right.sum() + 1) / 2) / max((~right).sum(), 1))


def _embedder() -> Embed:
    from stellwerk.embedders import minilm

    return minilm.build(minilm.Settings()).embed


if __name__ == "__main__":
    sys.exit(main())
