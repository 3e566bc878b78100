"""Compares the catalogue that ships with a second opinion, and keeps where the two disagree, explained.

``python -m scripts.check_catalog JSON [--write]`` takes litellm's price file. Without ``--write`` it ends with 1 when
what it finds is not what ``tests/golden/prices/disagreements.json`` holds.
"""

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

from scripts.catalog_second_opinion import named
from stellwerk.catalog.load import load, vendored
from stellwerk.core.catalog import ModelCard
from stellwerk.core.model_name import REGIONAL, without_region
from stellwerk.core.price import Rates

GOLDEN = Path(__file__).parent.parent / "tests" / "golden" / "prices" / "disagreements.json"
SECTIONS = ("openai", "anthropic", "gemini", "bedrock", "deepseek", "xai", "mistral", "groq")
FIELDS = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
    "input_audio": "input_cost_per_audio_token",
    "output_audio": "output_cost_per_audio_token",
}
SUFFIXES = {"": "", "batch": "_batches", "flex": "_flex", "priority": "_priority"}
LARGE = re.compile(r"input_cost_per_token_above_(\d+)k_tokens")
NANOS_PER_USD = 10**9
CHAT = ("chat", "responses", "completion")

CLASSES = {
    "in-region": "Bedrock asks a tenth more for what stays in a region than for what is routed worldwide; a bare name "
    "stays in its region. The other list has the worldwide price there.",
    "no-own-rate": "Our source names no rate for this part, so that it costs what its whole does. The other list does.",
    "written-for-nothing": "The other list has cache writes at zero, because the host does not charge them beside "
    "input. Here they are a part of input and cost what it does.",
    "by-the-hour": "The host's price depends on the hour. Ours is that of midnight UTC, theirs that of the busy hours.",
    "moving-name": "A name that points to another model from time to time; the two lists caught it at different ones.",
    "rounded": "The other list rounds to whole nano-dollars for a token.",
    "by-region": "The other list has the price of this region.",
    "disputed": "The two lists differ and the maker's page was not at hand. Ours is kept.",
}
ROUNDED = 10**6
"""Nano-dollars a million that are one nano-dollar each."""

Disagreement = dict[str, str]


def main(arguments: list[str]) -> int:
    """Prints how much was compared and what each class of disagreement holds."""
    parser = argparse.ArgumentParser(prog="python -m scripts.check_catalog", description=__doc__)
    parser.add_argument("second", type=Path, metavar="JSON")
    parser.add_argument("--write", action="store_true", help="make what was found the new golden")
    given = parser.parse_args(arguments)
    second = json.loads(given.second.read_bytes(), parse_float=Decimal)
    counts: Counter[str] = Counter()
    found = [line for section in SECTIONS for line in _section(section, second, counts)]
    found.sort(key=lambda line: (line["class"], line["model"], line["field"]))
    classes = {name: CLASSES[name] for name in sorted({line["class"] for line in found})}
    lines = ",\n".join(json.dumps(line) for line in found)
    text = f'{{"classes": {json.dumps(classes, indent=1)},\n"disagreements": [\n{lines}\n]}}\n'
    print(f"compared: {counts['compared']}, equal: {counts['equal']}, disagreements: {len(found)}")
    for name, count in Counter(line["class"] for line in found).most_common():
        print(f"  {name}: {count}")
    if given.write:
        GOLDEN.parent.mkdir(parents=True, exist_ok=True)
        GOLDEN.write_text(text, encoding="utf-8")
        return 0
    return int(text != GOLDEN.read_text(encoding="utf-8"))


def _section(section: str, second: dict[str, Any], counts: Counter[str]) -> Iterator[Disagreement]:
    catalog = load()
    at_ms = int(datetime.combine(vendored().date, datetime.min.time(), UTC).timestamp() * 1000)
    for name, entry in named(section, second):
        card = catalog.find(section, name)
        if card is None or card.price is None or entry.get("mode") not in CHAT:
            continue
        for service, suffix in SUFFIXES.items():
            row = card.price.row(at_ms, service)
            if row.service != service:
                continue
            for above in (0, *(tier.above for tier in row.tiers)):
                size = f"_above_{-(-above // 1000)}k_tokens" if above else ""
                for field, theirs in _theirs(entry, size, suffix):
                    ours = _rate(row.for_prompt(above + 1), field)
                    label = " ".join(filter(None, (field, f"above {above}" if above else "", service)))
                    counts["compared"] += 1
                    counts["equal"] += ours == theirs
                    if ours != theirs:
                        yield {
                            "model": f"{section}/{name}",
                            "field": label,
                            "ours": _usd(ours),
                            "theirs": _usd(theirs),
                            "class": _class(card, name, row.for_prompt(above + 1), field, theirs),
                        }


def _theirs(entry: dict[str, Any], size: str, suffix: str) -> Iterator[tuple[str, int]]:
    for field, key in FIELDS.items():
        found = entry.get(f"{key}{size}{suffix}")
        if found is not None:
            yield field, int((Decimal(found) * NANOS_PER_USD * 10**6).to_integral_value(ROUND_HALF_EVEN))


def _rate(rates: Rates, field: str) -> int | None:
    """What a unit of a kind costs, by its own rate or by its whole's."""
    wholes = {"cache_write_1h": "cache_write", "input_audio": "input", "output_audio": "output"}
    own: int | None = getattr(rates, field)
    return own if own is not None else getattr(rates, wholes.get(field, "input"))


def _class(card: ModelCard, name: str, rates: Rates, field: str, theirs: int) -> str:
    ours = _rate(rates, field) or 0
    if card.id.startswith(REGIONAL) and abs(ours * 10 - theirs * 11) <= ROUNDED:
        return "in-region"
    if card.provider == "bedrock" and without_region(name):
        return "by-region" if getattr(rates, field) is not None else "no-own-rate"
    if field == "cache_write" and not theirs:
        return "written-for-nothing"
    if card.price is not None and any(row.hours and _rate(row.rates, field) == theirs for row in card.price.rows):
        return "by-the-hour"
    if name.endswith("-latest"):
        return "moving-name"
    if getattr(rates, field) is None:
        return "no-own-rate"
    return "rounded" if abs(ours - theirs) < ROUNDED else "disputed"


def _usd(nanos: int | None) -> str:
    if nanos is None:
        return "none"
    return f"{Decimal(nanos).scaleb(-9):f}".rstrip("0").rstrip(".") or "0"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
