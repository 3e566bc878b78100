"""``stellwerk cache explain``: why a request was answered from the cache or was not, and how two questions compare."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stellwerk.errors import NotFound

if TYPE_CHECKING:
    from stellwerk.core.event import RequestEvent

SUMMARY = "why an answer was or was not served"
DESCRIPTION = """Says of a request on record how its answer was found, or why none was; or, with --question and
--against, how the semantic tier compares two questions: their likeness, what in them forbids to give one the answer of
the other, and the chance that it would be right beside what a hit needs before anything was learned."""
CONFIG = "stellwerk.toml"
EMBEDDERS = ("minilm", "multilingual")
MEANINGS = {
    "exact": "an equal request had been answered before",
    "normalized": "a request had been answered before whose last turn differs in its writing alone",
    "semantic": "the answer to a question that means the same",
    "miss": "no answer was there that may serve",
    "bypass": "the request is one that the cache leaves alone",
    "": "the model's answers are not kept",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("id", nargs="?", metavar="ID", help="the request's id (header x-request-id)")
    parser.add_argument("--config", default=CONFIG, metavar="FILE", help="default: %(default)s")
    parser.add_argument("--question", metavar="TEXT", help="a last turn")
    parser.add_argument("--against", metavar="TEXT", help="the last turn of a request that was answered")
    parser.add_argument("--embedder", choices=EMBEDDERS, default=EMBEDDERS[0], help="default: %(default)s")


def run(options: argparse.Namespace) -> int:
    """Explains; 2 when it is not said what."""
    texts = (options.question, options.against)
    if bool(options.id) == all(texts) or (any(texts) and not all(texts)):
        print("stellwerk cache explain: say either a request's ID or both --question and --against", file=sys.stderr)
        return 2
    found = _of_request(options) if options.id else _of_texts(options)
    if options.json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        print("\n".join(_lines(found)))
    return 0


def _of_request(options: argparse.Namespace) -> dict[str, Any]:
    from stellwerk.config.compile import compile_file
    from stellwerk.stores.sqlite.read import find_event

    snapshot = compile_file(Path(options.config), is_offline=True)
    event: RequestEvent | None = find_event(Path(snapshot.state.directory) / "events", options.id)
    if event is None:
        raise NotFound(f"No request with the id {options.id} is on record.")
    tier, _, details = event.cache.partition(";")
    tier, _, why = tier.partition(": ")
    told: dict[str, Any] = {"request": event.request_id, "model": event.model, "cache": tier, "meaning": MEANINGS[tier]}
    if why:
        told["reason"] = why
    return {**told, **dict(pair.split("=", 1) for pair in details.split() if "=" in pair)}


def _of_texts(options: argparse.Namespace) -> dict[str, Any]:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from stellwerk.cli.cache_file import embedder
    from stellwerk.semantic.cacheable import bypass_reason
    from stellwerk.semantic.decision import decide, explained
    from stellwerk.semantic.evidence import Candidate
    from stellwerk.semantic.normal import normal_form
    from stellwerk.semantic.threshold import Scope

    question, against = options.question, options.against
    why = bypass_reason(question)
    if why is not None:
        return {"cache": "bypass", "reason": why}
    if question == against:
        return {"cache": "exact"}
    if normal_form(question) == normal_form(against):
        return {"cache": "normalized", "form": normal_form(question)}
    one, other = embedder(options.embedder).embed((question, against))
    decision = decide(question, (Candidate("that", against, "that", float(one @ other)),), Scope(0.01), 1.0)
    return {"cache": "semantic" if decision.is_hit else "miss", **explained(decision)}


def _lines(found: dict[str, Any]) -> list[str]:
    lines = [f"{name:10} {value}" for name, value in found.items() if name != "neighbours"]
    for one in found.get("neighbours", ()):
        lines.append(f"{'beside':10} {one['text']!r}, cosine {one['cosine']}")
        lines += (
            f"{'':10} {each['kind']}: {each['detail']}{' (forbids)' if each['forbids'] else ''}"
            for each in one["differs"]
        )
    return lines
