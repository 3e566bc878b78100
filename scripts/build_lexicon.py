"""Writes the English lexicon of the semantic cache out of WordNet 3.0: what means the same, what the opposite.

``python scripts/build_lexicon.py --wordnet DIRECTORY`` reads its database (Debian: wordnet-base) and
writes ``src/stellwerk/semantic/data/english.txt.gz``. Kept are single words that occur in WordNet's tagged texts or
have an opposite, with their frequent senses only: a rare sense that two words share would let different questions
pass for the same. WordNet's licence permits use and redistribution with its notice, which the file begins with.
"""

from __future__ import annotations

import argparse
import gzip
import re
import sys
from collections import defaultdict
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "src/stellwerk/semantic/data/english.txt.gz"
PARTS = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
MOST_SENSES = {"n": 3, "v": 4, "a": 4, "r": 3}
NOTICE = (
    "# Derived from WordNet 3.0, Copyright 2006 by Princeton University. All rights reserved. Permission to use,",
    "# copy, modify and distribute is granted for any purpose and without fee, provided that this notice appears on",
    '# all copies. WordNet is provided "as is"; Princeton University makes no representations or warranties, express',
    "# or implied, of merchantability, fitness for a purpose, or that its use infringes no rights of third parties.",
)

Senses = dict[tuple[str, str], list[str]]


def main() -> int:
    """Builds the file and says what is in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--wordnet", type=Path, required=True, help="the folder with data.noun, index.noun, noun.exc ..."
    )
    folder = parser.parse_args().wordnet
    opposites, heads, kinds = relations(folder)
    opposed = {synset for pair in opposites for synset in pair}
    senses = frequent_senses(folder, opposed, heads)
    lines = [*NOTICE, *written(senses, opposites, heads, kinds), *irregular(folder, {word for word, _ in senses})]
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    with TARGET.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as packed:
        packed.write("\n".join(lines).encode() + b"\n")
    print(f"{TARGET}: {len(lines):,} lines, {TARGET.stat().st_size:,} bytes")
    return 0


def relations(folder: Path) -> tuple[set[tuple[str, str]], dict[str, str], dict[str, str]]:
    """Pairs of opposite synsets, the head of each satellite adjective, and the synset above each noun's or verb's."""
    opposites: set[tuple[str, str]] = set()
    heads: dict[str, str] = {}
    kinds: dict[str, str] = {}
    for name, part in PARTS.items():
        for line in records(folder / f"data.{name}"):
            fields = line.split(" | ")[0].split()
            own = part + fields[0]
            first = 4 + 2 * int(fields[3], 16)
            for place in range(first + 1, first + 1 + 4 * int(fields[first]), 4):
                symbol, offset, other_part = fields[place : place + 3]
                other = other_part.replace("s", "a") + offset
                if symbol == "!":
                    opposites.add((min(own, other), max(own, other)))
                elif symbol == "&" and fields[2] == "s":
                    heads.setdefault(own, other)
                elif symbol in {"@", "@i"}:
                    kinds.setdefault(own, other)
    return opposites, heads, kinds


def frequent_senses(folder: Path, opposed: set[str], heads: dict[str, str]) -> Senses:
    """Of each word and part of speech its senses, the frequent ones first."""
    found: Senses = {}
    for name, part in PARTS.items():
        for line in records(folder / f"index.{name}"):
            fields = line.split()
            word = fields[0]
            if not re.fullmatch(r"[a-z]{2,}", word):
                continue
            pointers = int(fields[3])
            tagged = int(fields[5 + pointers])
            synsets = [part + offset for offset in fields[6 + pointers :]]
            kept = synsets[: min(tagged, MOST_SENSES[part])]
            if not kept and any(synset in opposed or heads.get(synset) in opposed for synset in synsets[:1]):
                kept = synsets[:1]
            if kept:
                found[word, part] = kept
    return found


def written(senses: Senses, opposites: set[tuple[str, str]], heads: dict[str, str], kinds: dict[str, str]) -> list[str]:
    """Lines ``w WORD NUMBER…``, ``o NUMBER NUMBER``, ``h NUMBER NUMBER`` (satellite and head), ``k`` (kind above)."""
    numbers: dict[str, str] = {}

    def number(synset: str) -> str:
        return numbers.setdefault(synset, f"{synset[0]}{len(numbers):x}")

    words: dict[str, list[str]] = defaultdict(list)
    for (word, _), synsets in sorted(senses.items()):
        words[word] += [number(synset) for synset in synsets]
    lines = [f"w {word} {' '.join(found)}" for word, found in sorted(words.items())]
    known = set(numbers)
    for synset in sorted(known):
        if synset in heads:
            lines.append(f"h {number(synset)} {number(heads[synset])}")
        if synset in kinds and synset[0] == "n":
            lines.append(f"k {number(synset)} {number(kinds[synset])}")
    known = set(numbers)
    lines += [f"o {number(one)} {number(two)}" for one, two in sorted(opposites) if one in known and two in known]
    return lines


def irregular(folder: Path, words: set[str]) -> list[str]:
    """Lines ``x FORM WORD`` for forms that no rule of inflection undoes."""
    lines = set()
    for name in PARTS:
        for line in (folder / f"{name}.exc").read_text().splitlines():
            form, base = line.split()[:2]
            if base in words and re.fullmatch(r"[a-z]+", form) and form not in words:
                lines.add(f"x {form} {base}")
    return sorted(lines)


def records(path: Path) -> list[str]:
    """The lines of a database file behind its licence."""
    return [line for line in path.read_text(encoding="latin-1").splitlines() if not line.startswith("  ")]


if __name__ == "__main__":
    sys.exit(main())
