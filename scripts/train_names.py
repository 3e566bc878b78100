"""Trains the model of names in src/stellwerk/text/pii and writes its weights, or measures it by cross-validation.

``python -m scripts.train_names TEXTS.jsonl --given FILE… --family FILE --words FOLDER [--ordinary PROMPTS.jsonl]
[--write FILE]``; ``FOLDER`` is what ``build_word_classes.py`` reads.

A line of the first has ``text``, ``source`` and ``spans`` of ``start``, ``end``, ``type``. Only sources under licences
that permit it are learned from: GermEval 2014 (CC BY 4.0) and Presidio's synthetic set (MIT), beside the sentences of
``names_templates.py``, filled with names from lists in the form of the US Census (public domain), and prompts of
CLINC, BANKING77 and MASSIVE (CC BY) that hold no name. Other sources are measured, never learned.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

from scripts import names_templates as templates
from scripts.build_word_classes import build
from scripts.hashed_regression import fit, rounded
from stellwerk.text.pii import tagger
from stellwerk.text.pii.given_names import GIVEN_NAMES
from stellwerk.text.pii.names import spans
from stellwerk.text.pii.tagger import Tagger, described, near_buckets
from stellwerk.text.pii.word_classes import WordClasses

LEARNED = ("germeval14_de", "presidio_synth_v2")
ORDINARY = ("clinc_oos", "banking77", "massive_de", "cyberseceval_frr", "mt_bench")
FOLDS = 5
ROUNDS = 16
DROPPED = 0.5
RATE = 0.12
FILLED = 12
"""Times that each sentence of ours is filled."""
REAL = 2
"""So much more the labelled texts count than ours."""
SCALE = 24.0
PERSONS = {"PER", "PERSON"}


_SYLLABLES = "ka re mi to lu ben dor fel gar han ist jo kel lan mor nad ol pet ric sa tov ul ven wis xi yar zen"
SYLLABLES = _SYLLABLES.split()
TITLES = ("Dr.", "Prof. Dr.", "Dipl.-Ing.", "Mag.", "Ing.", "Herr", "Frau", "Mr.", "Mrs.", "Ms.", "Dr. med.")


def _listed(text: str) -> list[str]:
    return text.replace("\n", "|").strip("|").split("|")


WORDS = {
    "o": _listed(templates.ORGANISATIONS),
    "c": templates.PLACES.split(),
    "t": templates.TECHNOLOGIES.split(),
    "s": templates.STREETS.split(),
    "R": templates.ROLES_DE.split(),
    "E": _listed(templates.ROLES_EN),
    "V": _listed(templates.VERBS_DE),
    "W": _listed(templates.VERBS_EN),
}
"""What ``{o}`` and so on stand for."""


class Example(NamedTuple):
    """A text, where names stand in it, and its group: texts of one group are never split into learned and measured."""

    text: str
    names: list[tuple[int, int]]
    group: str


class Case(NamedTuple):
    """A word to judge: the buckets of its features, and whether it belongs to a name."""

    buckets: array[int]
    is_name: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and write where asked to."""
    parser = argparse.ArgumentParser(prog="train_names.py")
    parser.add_argument("texts", type=Path)
    parser.add_argument("--given", type=Path, nargs="+", required=True)
    parser.add_argument("--family", type=Path, required=True)
    parser.add_argument("--words", type=Path, required=True)
    parser.add_argument("--ordinary", type=Path)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args(arguments)
    chance = random.Random(7)  # noqa: S311 - the same weights each time
    given = [name for path in options.given for name in _census(path, 1500)]
    lists = Lists([*given, *[*GIVEN_NAMES, *templates.GIVEN_NAMES.split()] * 2], _census(options.family, 8000))
    made = list(_made(chance, lists))
    by_source = _labelled(options.texts)
    ordinary = _ordinary(options.ordinary) if options.ordinary else []
    measured = [example for source in LEARNED for example in by_source[source]]
    table = build(options.words, {*lists.given, *lists.family, *templates.FAMILY_NAMES.split()})
    model = Model(table, WordClasses(table), {})
    _report_folds(measured, by_source, made, ordinary, model)
    if options.write:
        table = model.trained([*made, *measured * REAL, *ordinary])
        options.write.write_bytes(table)
        print(f"{options.write}: {len(table):,} bytes, {sum(map(bool, table)):,} weights")
    return 0


class Lists(NamedTuple):
    """Names to fill sentences with, the frequent ones first."""

    given: list[str]
    family: list[str]


def _census(path: Path, most: int) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()[:most]
    return [line.split()[0].capitalize() for line in lines if line.strip()]


def _lines(path: Path) -> list[str]:
    with path.open(encoding="utf-8") as lines:
        return list(lines)


def _labelled(path: Path) -> dict[str, list[Example]]:
    by_source: dict[str, list[Example]] = defaultdict(list)
    for line in _lines(path):
        row = json.loads(line)
        names = [(span["start"], span["end"]) for span in row["spans"] if span["type"] in PERSONS]
        by_source[row["source"]].append(Example(row["text"], names, _template(row)))
    return by_source


def _template(row: dict[str, Any]) -> str:
    """The text without what was filled in: texts made of one sentence belong together."""
    if not row["source"].startswith("presidio"):
        return str(row["group"])
    text = row["text"]
    for span in sorted(row["spans"], key=lambda span: -span["start"]):
        text = text[: span["start"]] + "#" + text[span["end"] :]
    return re.sub(r"[#\d\W_]+", " ", text).strip().lower()[:40]


def _ordinary(path: Path) -> list[Example]:
    rows = (json.loads(line) for line in _lines(path))
    return [
        Example(row["text"], [], row["group"])
        for row in rows
        if row["label"] == 0 and row["source"] in ORDINARY and not _may_hold_name(row["text"])
    ]


def _may_hold_name(text: str) -> bool:
    return any(tagger.kind(word) in {"Given", "title"} for word in tagger.TOKEN.findall(text))


def _made(chance: random.Random, lists: Lists) -> Iterator[Example]:
    texts = f"{templates.GERMAN}\n{templates.ENGLISH}\n{templates.WITHOUT}\n{templates.AROUND}"
    for text in filter(None, texts.split("\n")):
        for _ in range(FILLED):
            yield _filled(text.replace("\\n", "\n"), chance, lists)


def _filled(text: str, chance: random.Random, lists: Lists) -> Example:
    parts: list[str] = []
    names: list[tuple[int, int]] = []
    for part in re.split(r"(\{[a-zA-Z]\})", text):
        filled = _value(part[1], chance, lists) if part[:1] == "{" and part[2:] == "}" else part
        if part in {"{n}", "{f}", "{g}"}:
            start = sum(map(len, parts))
            names.append((start, start + len(filled)))
        parts.append(filled)
    if chance.random() < 0.3:
        parts.append(chance.choice((" Danke!", " Bitte antworte kurz.", " Thanks.", "\n", " Please answer briefly.")))
    return Example("".join(parts), names, text)


def _value(what: str, chance: random.Random, lists: Lists) -> str:
    if what in WORDS:
        return chance.choice(WORDS[what])
    if what == "d":
        return str(chance.randrange(10, 99999))
    given = chance.choice(lists.given)
    family = chance.choice(templates.FAMILY_NAMES.split() if chance.random() < 0.4 else lists.family)
    if chance.random() < 0.2:
        given, family = _invented(chance), _invented(chance)
    if what in "gy":
        return given
    if what in "fx":
        return family
    middle = chance.choice(("", "", "", "", "", f" {family[0]}.", f" {chance.choice(lists.given)}", " von", " van der"))
    title = chance.choice(TITLES) if chance.random() < 0.15 else ""
    return f"{given}{middle} {family}" if not title else f"{title} {given} {family}"


def _invented(chance: random.Random) -> str:
    """A word that no list holds, so that the model learns what stands around names."""
    return "".join(chance.sample(SYLLABLES, chance.randrange(2, 4))).capitalize()


class Model(NamedTuple):
    """What is the same in each part of a cross-validation: the classes of words, and the cases of each text."""

    table: bytes
    classes: WordClasses
    known: dict[str, list[Case]]

    def trained(self, examples: Iterable[Example]) -> bytes:
        """The weights, and behind them the classes of words."""
        cases = [case for example in examples for case in self._cases(example)]
        buckets, labels = [case.buckets for case in cases], [case.is_name for case in cases]
        weights = fit(buckets, labels, 1 << tagger.BITS, rounds=ROUNDS, dropped=DROPPED, rate=RATE)
        return rounded(weights, SCALE) + self.table

    def _cases(self, example: Example) -> list[Case]:
        if example.text not in self.known:
            self.known[example.text] = list(_cases(example, self.classes))
        return self.known[example.text]


def _cases(example: Example, classes: WordClasses) -> Iterator[Case]:
    found = [(hit.group(), hit.start()) for hit in tagger.TOKEN.finditer(example.text)]
    words = ["\n", "\n", *(word for word, _ in found), "\n", "\n"]
    is_after_name = False
    for place, (word, start) in enumerate(found, 2):
        is_name = any(first <= start < last for first, last in example.names)
        if tagger.is_candidate(word):
            yield Case(array("l", _features(words, place, is_after_name, classes)), is_name)
        is_after_name = is_name


def _features(words: list[str], place: int, is_after_name: bool, classes: WordClasses) -> list[int]:  # noqa: FBT001 - as the tagger has it
    around = [described(word, classes) for word in words[place - 2 : place + 3]]
    before, last, here, following, after = around
    return [
        *tagger.own_buckets(words[place], here),
        *(
            bucket
            for side, other in enumerate((before, last, following, after))
            for bucket in near_buckets(other)[side]
        ),
        *tagger.joint_buckets(before, last, here, following, is_after_name),
    ]


def _report_folds(
    measured: list[Example],
    by_source: dict[str, list[Example]],
    made: list[Example],
    ordinary: list[Example],
    model: Model,
) -> None:
    """Every text of a source that is learned from is scored by weights that saw nothing of its group."""
    sources = {example.text: source for source, examples in by_source.items() for example in examples}
    sentences = {example.group for example in made}
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for fold in range(FOLDS):
        held = [example for example in measured if _fold(example) == fold]
        table = model.trained(
            example
            for example in (*made, *measured * REAL, *ordinary)
            if example.group in sentences or _fold(example) != fold
        )
        fitted = Tagger(table)
        for example in held:
            _count(fitted, example, counts[sources[example.text]])
        for example in ordinary:
            if _fold(example) == fold:
                _count(fitted, example, counts["ordinary"])
        if not fold:
            for source in set(by_source) - set(LEARNED):
                for example in by_source[source]:
                    _count(fitted, example, counts[f"{source} (never learned)"])
    print("| source | precision | recall | F1 | names | false |\n| --- | --: | --: | --: | --: | --: |")
    for source, (right, missed, false, _) in sorted(counts.items()):
        score = 2 * right / max(1, 2 * right + missed + false)
        print(
            f"| {source} | {right / max(1, right + false):.3f} | {right / max(1, right + missed):.3f} | {score:.3f} "
            f"| {right + missed} | {false} |"
        )


def _fold(example: Example) -> int:
    return crc32(example.group.encode()) % FOLDS


def _count(fitted: Tagger, example: Example, counts: list[int]) -> None:
    found = [(span.start, span.end) for span in spans(example.text, fitted)]
    for first, last in example.names:
        hit = any(2 * (min(last, end) - max(first, start)) >= last - first for start, end in found)
        counts[0 if hit else 1] += 1
    counts[2] += sum(not any(first < end and start < last for first, last in example.names) for start, end in found)


if __name__ == "__main__":
    raise SystemExit(main())
