"""Labelled texts for the models of the guardrails: how files are read, and which rows may be learned from together."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from stellwerk.text.canonical import canonicalise
from stellwerk.text.disguises import DISGUISES

FOLDS = 5
SHORT = 400
"""Characters of a text that can be buried, and that makes sense as a whole in a window."""
LONG = 600
HARD = frozenset({"notinject", "wildguard_benign", "xstest", "xstest_safe", "stl_safe"})
MADE_UP = "phrases"
"""The source of sentences put together from parts: they are learned from, never measured by."""
MISSPELT = (("typos", "dropped_letters"), ("no_spaces",))
"""What no reading can undo, so that it has to be learned: of each of these one, in turn."""
ODD = ("reversed", "", "commas", "")
"""How texts look odd, in turn. Backwards are harmless ones alone: of an attack the reading that undoes it is judged as
well."""
NOT_FREE = frozenset({"alpaca_harmless", "germeval2025_c2a", "germeval2025_vio", "self_instruct_seed"})
"""Sources whose licence does not allow to ship what was learned from them, or does not say so."""


class Row(msgspec.Struct, frozen=True):
    """One text: label 1 is an attack, a harmful request, or abuse. No two folds share a group."""

    text: str
    label: int
    group: str = ""
    kind: str = ""
    lang: str = ""
    source: str = "own"
    core: bool = True
    """Whether the label can be trusted on the text alone."""

    @property
    def fold(self) -> int:
        """Which fifth the row belongs to."""
        return zlib.crc32((self.group or self.text).encode("utf-8", "replace")) % FOLDS

    @property
    def is_hard(self) -> bool:
        """Whether it is harmless and looks otherwise."""
        return self.label == 0 and (self.kind == "hard_negative" or self.source in HARD)

    @property
    def plain(self) -> str:
        """The text without invisible disguises, as checks are given it."""
        return canonicalise(self.text).text


class Example(msgspec.Struct, frozen=True):
    """What is learned: a text, its label, and how much it counts."""

    text: str
    label: int
    weight: float = 1.0


def rows(paths: Iterable[Path], *, trusted: bool = False) -> list[Row]:
    """The rows of JSON lines. ``trusted`` takes every label as it stands, for files that do not say."""
    decoder = msgspec.json.Decoder(Row)
    found: dict[str, Row] = {}
    for path in paths:
        for line in path.read_bytes().splitlines():
            row = decoder.decode(line)
            if row.source not in NOT_FREE:
                found.setdefault(row.text, msgspec.structs.replace(row, core=True) if trusted else row)
    return list(found.values())


def examples(chosen: Iterable[Row]) -> list[Example]:
    """Each row as it stands, and misspelt where it is short enough to be typed: alike beside any other rows."""
    made = []
    for row in chosen:
        number = zlib.crc32(row.text.encode("utf-8", "replace")) % 100_000
        weight = (2.0 if row.is_hard else 1.0) * (0.5 if row.source == MADE_UP else 1.0)
        text = row.plain
        made.append(Example(text, row.label, weight))
        if len(text) < 1_500:
            names = [choices[number % len(choices)] for choices in MISSPELT]
            odd = ODD[number % len(ODD)]
            if odd and not (row.label and odd == "reversed"):
                names.append(odd)
            made += [Example(DISGUISES[name](text, number), row.label, weight / 2) for name in names]
    return made


def documents(ordinary: Sequence[Row], size: int = 3_000) -> list[str]:
    """Longer texts without attacks: long rows, and short ones of one source put together."""
    made = [row.plain[:size] for row in ordinary if len(row.text) > LONG]
    by_source: dict[str, list[str]] = {}
    for row in ordinary:
        if len(row.text) <= LONG and not row.is_hard:
            by_source.setdefault(row.source, []).append(row.plain)
    for source in sorted(by_source):
        joined = " ".join(by_source[source])
        made += [joined[start : start + size] for start in range(0, len(joined) - size + 1, size)]
    return made
