"""``stellwerk models``: shows what is known of models, explains where a request would go, and learns from outcomes."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from stellwerk.cli import models_learn
from stellwerk.errors import ConfigurationError, InvalidRequest, ModelNotFound, NotFound

if TYPE_CHECKING:
    from stellwerk.core.catalog import Catalog, ModelCard

ACTIONS = ("list", "show", "update", "explain", "learn")
CONFIG = "stellwerk.toml"
DIALECTS = (
    "openai_chat",
    "openai_responses",
    "openai_completions",
    "anthropic_messages",
    "gemini",
    "bedrock_converse",
)
"""Those of chat, in which a request may be."""
CLOSE = 5
"""How many similar names are offered for one that is not known."""

UPDATE = """Takes a file of models and keeps it as models.json in the state directory, over the catalogue that ships: a
model in it replaces what is known of the same provider and id, or adds to the catalogue. Nothing is fetched: this
version reads the file that you give it and opens no connection. A running gateway takes the file up when it next loads
its configuration (SIGHUP). Without the file in the state directory the shipped catalogue holds again."""

EXPLAIN = """Decides where a request would go, as the gateway does, without starting or asking anything: no secret is
looked up. Each target of the model is listed in the order in which it would be tried, or with what keeps the request
from it: a capability that the catalogue says it lacks, or a prompt that is certainly longer than its context. Fallback
models follow. All targets are taken to be well. The exit status is 1 when no target is able, 2 when the request cannot
be read."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("--config", default=None, metavar="FILE", help=f"default: {CONFIG}, if there is one")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="every model, a line each", allow_abbrev=False)
    listing.add_argument("--provider", metavar="KIND", help="a kind of provider, or the name of a compatible host")
    showing = actions.add_parser("show", help="all that is known of one model", allow_abbrev=False)
    showing.add_argument("id", metavar="ID", help="a model's name, or provider/name for that provider's alone")
    updating = actions.add_parser(
        "update", help="take a newer list of models from a file", description=UPDATE, allow_abbrev=False
    )
    updating.add_argument("--from", dest="source", type=Path, required=True, metavar="FILE", help="the JSON file")
    explaining = actions.add_parser(
        "explain", help="where a request would go, and why", description=EXPLAIN, allow_abbrev=False
    )
    explaining.add_argument("--request", type=Path, required=True, metavar="FILE", help="the body of a chat request")
    explaining.add_argument("--model", metavar="NAME", help="ask for this model (default: the request's)")
    explaining.add_argument("--dialect", choices=DIALECTS, help="its dialect (default: found by its shape)")
    learning = actions.add_parser(
        "learn",
        help="learn from outcomes which prompts a weak model does for",
        description=models_learn.DESCRIPTION,
        allow_abbrev=False,
    )
    models_learn.arguments(learning)
    for action in (listing, showing, updating, explaining, learning):
        # Suppressed: what stands before the action must not be undone by its absence after it.
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON document")
        action.add_argument("--config", default=argparse.SUPPRESS, metavar="FILE", help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Does what was asked for."""
    actions: dict[str, Callable[[argparse.Namespace], int]] = {
        "list": _list,
        "show": _show,
        "update": _update,
        "explain": _explain,
        "learn": models_learn.run,
    }
    try:
        status = actions[options.action](options)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def _list(options: argparse.Namespace) -> int:
    from stellwerk.catalog.load import load
    from stellwerk.cli.models_view import line

    catalog = load(_state(options))
    cards = [card for card in catalog if options.provider in {None, card.provider}]
    if not cards:
        known = ", ".join(sorted({card.provider for card in catalog}))
        message = f"no models of {options.provider!r} are known; there are those of {known}"
        raise NotFound(message)
    if options.json:
        _print_json(cards)
        return 0
    now_ms = int(time.time() * 1000)
    for card in cards:
        print(line(card, now_ms))
    return 0


def _show(options: argparse.Namespace) -> int:
    from stellwerk.catalog.load import load
    from stellwerk.cli.models_view import page

    catalog = load(_state(options))
    found = _found(catalog, options.id)
    if not found:
        raise NotFound(_unknown(catalog, options.id))
    if options.json:
        _print_json(found)
        return 0
    print("\n\n".join(page(card) for card in found))
    return 0


def _update(options: argparse.Namespace) -> int:
    from stellwerk.catalog.update import adopt

    state = _state(options)
    if state is None:
        raise ConfigurationError((f"{CONFIG}: there is no such file, and with it no state directory; give --config",))
    try:
        content = options.source.read_bytes()
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise ConfigurationError((f"{options.source}: the models cannot be read: {reason}",)) from error
    changes = adopt(content, state, str(options.source))
    if options.json:
        print(json.dumps({"ok": True, **changes.as_dict()}))
        return 0
    for what, names in (("new", changes.added), ("new price", changes.repriced), ("changed", changes.changed)):
        for name in names:
            print(f"{what}: {name}")
    print(f"{changes.path}: models of {changes.date}, {changes.unchanged} as they were; reload to use them")
    return 0


def _explain(options: argparse.Namespace) -> int:
    from stellwerk.cli.models_explain import explain, lines_of
    from stellwerk.cli.models_request import read_request
    from stellwerk.config.compile import compile_file  # brings pydantic

    snapshot = compile_file(Path(options.config or CONFIG), is_offline=True)
    try:
        body = options.request.read_bytes()
        asked = read_request(body, options.dialect, options.model, max_depth=snapshot.server.limits.max_json_depth)
        explanation = explain(snapshot, asked, int(time.time() * 1000))
    except OSError as error:
        return _misused(options, f"the request cannot be read: {(error.strerror or 'unknown reason').lower()}")
    except (InvalidRequest, ModelNotFound) as error:
        return _misused(options, error.message)
    if options.json:
        print(json.dumps(explanation.as_dict()))
    else:
        print("\n".join(lines_of(explanation)))
    return 1 if explanation.problem else 0


def _misused(options: argparse.Namespace, reason: str) -> int:
    told = f"{options.request}: {reason}"
    if options.json:
        print(json.dumps({"ok": False, "problems": [told]}))
    else:
        print(told, file=sys.stderr)
    return 2


def _state(options: argparse.Namespace) -> Path | None:
    """The state directory of the configuration; ``None`` when none is given and none lies in the working directory."""
    if options.config is None and not Path(CONFIG).exists():
        return None
    from stellwerk.config.load import load as load_settings  # brings pydantic

    path = Path(options.config or CONFIG)
    return path.absolute().parent / load_settings(path).state.directory


def _found(catalog: Catalog, name: str) -> list[ModelCard]:
    """Cards by ``provider/name``, else those of every provider that knows the name."""
    provider, _, model = name.partition("/")
    if model and (card := catalog.find(provider, model)):
        return [card]
    sections = dict.fromkeys(card.provider for card in catalog)
    cards = [card for section in sections if (card := catalog.find(section, name)) and card.provider == section]
    return list({(card.provider, card.id): card for card in cards}.values())


def _unknown(catalog: Catalog, name: str) -> str:
    from difflib import get_close_matches

    names = sorted({known for card in catalog for known in (card.id, f"{card.provider}/{card.id}")})
    close = get_close_matches(name, names, n=CLOSE)
    offered = f"; did you mean {', '.join(close)}?" if close else ""
    return f"no model {name!r} is known, so it would be unpriced{offered}"


def _print_json(cards: list[ModelCard]) -> None:
    from stellwerk.catalog.load import vendored
    from stellwerk.cli.models_view import described

    shipped = vendored()
    document = {
        "date": str(shipped.date),
        "sources": [{"name": source.name, "version": source.version} for source in shipped.sources],
        "models": [described(card) for card in cards],
    }
    sys.stdout.write(json.dumps(document) + "\n")
