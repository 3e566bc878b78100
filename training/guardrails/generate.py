r"""Writes the examples that the injection check learns from, out of the lines in ``parts/``, always the same ones.

    python training/guardrails/generate.py          # writes train.jsonl, held_out.jsonl and harmful.jsonl beside it
    python training/guardrails/generate.py --check  # fails where the files are not what the parts make

A file of parts has families, each under a head ``== NAME KIND LABEL LANG``, and a line for each example. In a line
``<<a|b|c>>`` stands for one of the choices (every choice is an example of its own), ``{{base64:text}}`` for the text in
a code (see ``CODES``), and ``\n`` for a line break.
"""

from __future__ import annotations

import argparse
import base64
import codecs
import itertools
import json
import random
import re
import sys
from collections.abc import Callable, Iterator
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
_HEAD = re.compile(r"== ([a-z0-9-]+) ([a-z_]+) ([01]) ([a-z]{2})")
_CHOICE = re.compile(r"<<(.+?)>>")
_CODE = re.compile(r"\{\{(\w+):(.+?)\}\}")
CODES: dict[str, Callable[[str], str]] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "hex_apart": lambda text: text.encode().hex(" "),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "reversed": lambda text: text[::-1],
    "escapes": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    "percent": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "entities": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "commas": lambda text: ", ".join(text.split()),
}


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
        yield _CODE.sub(lambda code: CODES[code[1]](code[2]), "".join(chosen))


def buried(host: str, attacks: list[str], lang: str, group: str) -> Iterator[Example]:
    """Each of the attacks between two sentences of a harmless document."""
    draw = random.Random(group)
    sentences = re.split(r"(?<=[.!?]) ", host)
    for attack in attacks:
        at = draw.randrange(1, len(sentences))
        yield Example(" ".join([*sentences[:at], attack, *sentences[at:]]), 1, "buried", lang, group)


def blocks(path: Path) -> list[str]:
    """What stands between empty lines."""
    return [block.strip() for block in path.read_text(encoding="utf-8").split("\n\n") if block.strip()]


def build() -> dict[str, list[Example]]:
    """All files by their names."""
    parts = {path.stem: list(read(path)) for path in sorted((HERE / "parts").glob("*.txt"))}
    held_out = [each for stem, rows in parts.items() if stem.startswith("held_out") for each in rows]
    train = [each for stem, rows in parts.items() if not stem.startswith("held_out") for each in rows]
    for path in sorted((HERE / "parts").glob("*.documents")):
        hidden = blocks(path.with_name(f"{path.stem}.buried"))
        for place, (host, attacks) in enumerate(zip(blocks(path), hidden, strict=True)):
            group, text = f"{path.stem}-buried-{place}", host.replace("\n", " ")
            lines = [line for line in attacks.splitlines() if not line.startswith("#")]
            train += [Example(text, 0, "ordinary", path.stem, group), *buried(text, lines, path.stem, group)]
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
