"""Examples for the verifier: what neighbours in a cache say, and whether their answer would have been right.

From data that may train what ships: CLINC150 (CC BY 3.0), fow-cache (MIT), and twins made here. Questions that
the benchmarks are taken from (banking77, Quora pairs) never train.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stellwerk.cli.bench_traffic import Asked, traffic
from stellwerk.semantic.evidence import FLOOR, MOST, Candidate, judge, remembered, weigh
from stellwerk.semantic.lexicon import english
from stellwerk.semantic.normal import normal_form
from stellwerk.semantic.vocabulary import words

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
Example = tuple[tuple[float, ...], bool, str]

RUNS, REQUESTS, TWINS = 8, 3_500, 90
_ADDED = sorted(words("second new old business joint spare cheap weekly foreign broken extra red big main backup"))
_VERBS = sorted(
    words(
        "break hide count paint borrow print forget ignore share measure rename split postpone translate deny weigh "
        "polish inspect mute archive"
    )
)


def examples(folder: Path, embed: Embed) -> list[Example]:
    """Features, whether the answer was right, and where the example is from."""
    found = [example for run in range(RUNS) for example in _of_run(folder, embed, run)]
    return found + _pairs(folder, embed)


def _of_run(folder: Path, embed: Embed, run: int) -> list[Example]:
    """One cache that fills with the traffic of some intents; every lookup is an example."""
    groups, once = _intents(folder)
    dice = random.Random(run)  # noqa: S311  # the same examples each time
    chosen = dice.sample(sorted(groups), 60)
    size = 45 if run < 5 else 4  # many wordings of one answer, and few
    picked = {name: dice.sample(sorted(set(groups[name])), min(size, len(set(groups[name])))) for name in chosen}
    twins = _twins(picked, dice) if run % 2 else []
    asked = traffic(picked, once, REQUESTS, 100 + run, twins, 0.08 if twins else 0.0)
    return [(values, right, f"run {run}") for values, right in replayed(asked, embed)]


def replayed(asked: Sequence[Asked], embed: Embed) -> list[tuple[tuple[float, ...], bool]]:
    """What a cache without a threshold sees: each new text is looked up, then kept with its answer."""
    vectors = embed([each.text for each in asked])
    kept: list[int] = []
    forms: set[str] = set()
    found = []
    for place, each in enumerate(asked):
        form = normal_form(each.text)
        if form in forms:
            continue
        forms.add(form)
        if kept:
            cosines = vectors[kept] @ vectors[place]
            nearest = np.argsort(-cosines)[:MOST]
            near = [(asked[kept[at]], float(cosines[at])) for at in nearest if cosines[at] >= FLOOR]
            weighed = _weighed(each.text, near)
            if weighed is not None:
                found.append((weighed[1], weighed[0] == each.answer))
        kept.append(place)
    return found


def _weighed(text: str, near: Sequence[tuple[Asked, float]]) -> tuple[str, tuple[float, ...]] | None:
    turn = remembered(text)
    judged = [judge(turn, Candidate("", other.text, other.answer, cosine)) for other, cosine in near]
    weighed = weigh(judged)
    return None if weighed is None else (weighed[0].candidate.answer, weighed[1])


def _pairs(folder: Path, embed: Embed) -> list[Example]:
    """Pairs that people or a model judged, each as a cache of one entry."""
    pairs = [(row["a"], row["b"], row["same_answer"], "fow") for row in _rows(folder / "fow_pairs.jsonl")]
    one, two = embed([pair[0] for pair in pairs]), embed([pair[1] for pair in pairs])
    found: list[Example] = []
    for (a, b, same, source), cosine in zip(pairs, (one * two).sum(1), strict=True):
        weighed = _weighed(a, [(Asked(b, "", ""), float(cosine))]) if cosine >= FLOOR else None
        if weighed is not None:
            found.append((weighed[1], same, source))
    return found


def _intents(folder: Path) -> tuple[dict[str, list[str]], list[str]]:
    """Questions by intent, and questions without one."""
    groups: dict[str, list[str]] = defaultdict(list)
    for row in _rows(folder / "clinc150.jsonl"):
        groups[row["intent"]].append(row["text"])
    once = sorted(set(groups.pop("oos")))
    return dict(groups), once


def _twins(groups: dict[str, list[str]], dice: random.Random) -> list[tuple[str, str]]:
    lexicon = english()

    def is_noun(word: str) -> bool:
        base = lexicon.base(word)
        return len(word) > 3 and lexicon.is_known(word) and lexicon.is_noun(base) and not lexicon.is_verb(base)

    texts = [text for wordings in groups.values() for text in wordings]
    nouns = [word for word, _ in Counter(re.findall("[a-z]+", " ".join(texts))).most_common() if is_noun(word)][:400]
    taken = set(texts)
    found: list[tuple[str, str]] = []
    while len(found) < TWINS:
        twin = _twin(dice.choice(texts), nouns, dice)
        if twin is not None and twin not in taken:
            taken.add(twin)
            found.append((twin, f"twin {len(found)}"))
    return found


def _twin(text: str, nouns: Sequence[str], dice: random.Random) -> str | None:
    """The text about something else: a noun or a verb replaced, or a word put before a noun."""
    lexicon = english()
    written = text.split()
    places = [place for place, word in enumerate(written) if word in nouns]
    verbs = [place for place, word in enumerate(written) if len(word) > 3 and lexicon.is_verb(lexicon.base(word))]
    roll = dice.random()
    if places and roll < 0.8:
        place = dice.choice(places)
        base = lexicon.base(written[place])
        siblings = [word for word in nouns if word != written[place] and lexicon.are_siblings(lexicon.base(word), base)]
        if roll < 0.35 and siblings:
            new = [dice.choice(siblings)]
        else:
            new = [dice.choice(nouns)] if roll < 0.6 else [dice.choice((*_ADDED, *nouns)), written[place]]
        return " ".join([*written[:place], *new, *written[place + 1 :]])
    if verbs:
        place = dice.choice(verbs)
        return " ".join([*written[:place], dice.choice(_VERBS), *written[place + 1 :]])
    return None


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
