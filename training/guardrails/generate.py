r"""Writes the examples that the injection check learns from, out of the lines in ``parts/``, always the same ones.

    python training/guardrails/generate.py          # writes train.jsonl, held_out.jsonl and harmful.jsonl beside it
    python training/guardrails/generate.py --check  # fails where the files are not what the parts make

A file of parts has families, each under a head ``== NAME KIND LABEL LANG``, and a line for each example. In a line
``<<a|b|c>>`` stands for one of the choices (every choice is an example of its own) and ``\n`` for a line break.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
KINDS = frozenset(
    [
        "direct",
        "indirect",
        "leak",
        "role_play",
        "exfiltration",
        "tool_abuse",
        "buried",
        "hard_negative",
        "ordinary",
        "harmful",
    ]
)
_HEAD = re.compile(r"== ([a-z0-9-]+) ([a-z_]+) ([01]) (de|en)")
_CHOICE = re.compile(r"<<(.+?)>>")


class Example(NamedTuple):
    """One line of a file that is learnt from."""

    text: str
    label: int
    kind: str
    lang: str
    group: str


def read(path: Path) -> Iterator[Example]:
    """The examples of a file of parts."""
    head = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("# "):
            continue
        if line.startswith("== "):
            head = _HEAD.fullmatch(line)
            if head is None or head[2] not in KINDS:
                raise ValueError(f"{path.name}:{number}: expected '== NAME KIND LABEL LANG', found {line!r}")
            continue
        if head is None:
            raise ValueError(f"{path.name}:{number}: a line before the first family")
        for text in choices(line):
            yield Example(text, int(head[3]), head[2], head[4], head[1])


def choices(line: str) -> Iterator[str]:
    """Every text that a line stands for."""
    parts = _CHOICE.split(line.replace("\\n", "\n"))
    options = [part.split("|") if place % 2 else [part] for place, part in enumerate(parts)]
    for chosen in itertools.product(*options):
        yield "".join(chosen)


def buried(hosts: list[str], attacks: list[Example], group: str, count: int) -> Iterator[Example]:
    """Attacks between the sentences of harmless documents; each document is a group of its own."""
    draw = random.Random(group)
    for number in range(count):
        place = number % len(hosts)
        sentences = re.split(r"(?<=[.!?]) ", hosts[place])
        attack = attacks[draw.randrange(len(attacks))]
        at = draw.randrange(1, len(sentences))
        text = " ".join([*sentences[:at], attack.text, *sentences[at:]])
        yield Example(text, 1, "buried", attack.lang, f"{group}-{place}")


def documents(path: Path) -> list[str]:
    """Documents are parted by empty lines; the lines of one belong together."""
    return [
        block.replace("\n", " ").strip() for block in path.read_text(encoding="utf-8").split("\n\n") if block.strip()
    ]


def build() -> dict[str, list[Example]]:
    """All files by their names."""
    parts = {path.stem: list(read(path)) for path in sorted((HERE / "parts").glob("*.txt"))}
    held_out = [each for stem, rows in parts.items() if stem.startswith("held_out") for each in rows]
    train = [each for stem, rows in parts.items() if not stem.startswith("held_out") for each in rows]
    for path in sorted((HERE / "parts").glob("*.documents")):
        lang = path.stem[:2]
        attacks = [each for each in train if each.label and each.lang == lang and len(each.text) < 250]
        attacks = [each for each in attacks if each.kind != "harmful" and "\n" not in each.text]
        hosts = documents(path)
        train += buried(hosts, attacks, f"{lang}-buried", 110 if lang == "de" else 100)
        train += [Example(host, 0, "ordinary", lang, f"{lang}-buried-{place}") for place, host in enumerate(hosts)]
    return {
        "train": _distinct([each for each in train if each.kind != "harmful"]),
        "harmful": _distinct([each for each in train if each.kind == "harmful"]),
        "held_out": _distinct(held_out),
    }


def _distinct(examples: list[Example]) -> list[Example]:
    return list({each.text: each for each in examples}.values())


def main() -> int:
    """Writes the files, or compares them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing, fail where a file is not up to date")
    options = parser.parse_args()
    stale = []
    for name, examples in build().items():
        path = HERE / f"{name}.jsonl"
        content = "".join(json.dumps(each._asdict(), ensure_ascii=False) + "\n" for each in examples)
        if options.check:
            stale += [path.name] if not path.exists() or path.read_text(encoding="utf-8") != content else []
            continue
        path.write_text(content, encoding="utf-8")
        attacks = sum(each.label for each in examples)
        groups = len({each.group for each in examples})
        print(f"{path.name}: {len(examples)} examples, {attacks} of them attacks, {groups} groups")
    if stale:
        print(f"not what the parts make: {', '.join(stale)}", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
