"""``stellwerk cache purge``: lets answers go from the cache of every worker and host, through the admin API."""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from pathlib import Path

from stellwerk.cli.admin_client import AdminClient, duration, moment, options_of
from stellwerk.errors import NotFound

SUMMARY = "let answers go"
DESCRIPTION = """Lets answers go from the cache: those that have all of what is said, in every worker, and on every
host that shares the cache, within a second. The exit status is 1 when the cache does not take it: then nothing was
purged."""
_AGE = re.compile(r"[1-9][0-9]{0,5}[smhdw]")
_DIGEST = re.compile(r"[0-9a-f]{32}")


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    options_of(parser)
    parser.add_argument("--tenant", metavar="TENANT", help="answers of one, such as team:acme/shop or everyone")
    parser.add_argument("--model", metavar="NAME", help="answers of one model")
    parser.add_argument("--request", metavar="ID", help="the answer that a request got")
    parser.add_argument("--tag", metavar="TAG", help="answers with a tag, such as document=42")
    parser.add_argument("--key", type=_digest, metavar="HEX", help="one answer, by its key")
    parser.add_argument(
        "--before", type=_before, metavar="WHEN", help="stored before 2027-01-31, or longer than 2h ago"
    )
    parser.add_argument("--all", action="store_true", help="everything")


def run(options: argparse.Namespace) -> int:
    """Does it; 2 when nothing is said, or something beside --all."""
    keys = _concerned(options) if options.request else [options.key]
    said = {"tenant": options.tenant, "model": options.model, "tag": options.tag, "before_s": options.before}
    asked = {name: value for name, value in {**said, "key": keys[0]}.items() if value is not None}
    if options.all == bool(asked):
        print("stellwerk cache purge: say either what is to go or --all", file=sys.stderr)
        return 2
    client, purged = AdminClient(options), list[str]()
    for key in keys:
        asked = {"all": True} if options.all else {**asked, "key": key} if key is not None else asked
        purged.append(client.make("/cache/purge", asked)["purged"])
    words = ", ".join(purged)
    print(json.dumps({"purged": words}) if options.json else f"purged: {words}")
    return 0


def _concerned(options: argparse.Namespace) -> list[str | None]:
    """Keys of the answer that a request got, or that was kept of it: somebody says that it was no good."""
    from stellwerk.config.compile import compile_file
    from stellwerk.core.cache_record import concerned
    from stellwerk.stores.sqlite.read import find_event

    directory = Path(compile_file(Path(options.config), is_offline=True).state.directory)
    event = find_event(directory / "events", options.request)
    if event is None:
        raise NotFound(f"No request with the id {options.request} is on record.")
    found = concerned(event.cache)
    if not found.shared + found.own:
        raise NotFound(f"The request {options.request} was not answered from the cache, nor was its answer kept.")
    return [key.hex() for key in found.shared + found.own]


def _digest(text: str) -> str:
    if not _DIGEST.fullmatch(text.lower()):
        raise argparse.ArgumentTypeError("32 hexadecimal digits")
    return text.lower()


def _before(text: str) -> int:
    return int(time.time()) - duration(text) if _AGE.fullmatch(text) else moment(text)
