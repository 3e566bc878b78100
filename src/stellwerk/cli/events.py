"""``stellwerk events``: lists what was recorded, shows a request's bill, exports, and compares with an invoice."""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from stellwerk.core.event import Outcome
from stellwerk.errors import ConfigurationError, InvalidRequest, NotFound

if TYPE_CHECKING:
    from stellwerk.cli.money import Money
    from stellwerk.core.event import RequestEvent

CONFIG = "stellwerk.toml"
FILTERS = {"model": "model", "key": "key_name", "team": "team", "provider": "provider", "outcome": "outcome"}
"""Options, and the fields of an event that they choose by."""

SHOW = """Prints what was recorded of a request, and its bill, line by line: how much of what, at which rate. The bill
is computed again from the usage on record with the price that held then (`prices.jsonl` in the state directory); the
last lines say what was counted, on whose word, and whether it is the same. The exit status is 1 when it is not."""

RECONCILE = """Compares the events of one provider with the costs that it has exported as CSV: the cost export of the
OpenAI and Anthropic consoles, DeepSeek's, an AWS cost and usage report (only its rows of Amazon Bedrock count), or any
table with a date, an amount and perhaps a model. Days are UTC. For each day and model, or each day where the invoice
names no model that is on record, ours and theirs are set side by side. The exit status is 1 when any of them differs
by more than the tolerance, 2 when the file cannot be read."""

_AGO = re.compile(r"(\d{1,5})([mhd])")
_UNIT_S = {"m": 60, "h": 3600, "d": 86_400}


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("--config", default=CONFIG, metavar="FILE", help="default: %(default)s")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="the latest requests, a line each", allow_abbrev=False)
    filters(listing)
    listing.add_argument("--limit", type=_count, default=50, metavar="N", help="at most so many (default: %(default)s)")
    listing.add_argument("--before", type=_cursor, metavar="CURSOR", help="the next page, as the last one names it")
    showing = actions.add_parser("show", help="one request with its bill", description=SHOW, allow_abbrev=False)
    showing.add_argument("id", metavar="ID", help="the request's id (header x-request-id)")
    exporting = actions.add_parser("export", help="every request as JSON lines or CSV", allow_abbrev=False)
    filters(exporting)
    exporting.add_argument("--format", choices=("jsonl", "csv"), default="jsonl", help="default: %(default)s")
    comparing = actions.add_parser(
        "reconcile", help="compare with a provider's invoice", description=RECONCILE, allow_abbrev=False
    )
    comparing.add_argument("invoice", type=Path, metavar="INVOICE", help="the provider's CSV file")
    comparing.add_argument("--provider", required=True, metavar="NAME", help="whose it is, as configured")
    comparing.add_argument(
        "--tolerance", type=_share, default=1.0, metavar="PERCENT", help="accepted difference (default: %(default)s)"
    )
    for action in (listing, showing, exporting, comparing):
        # Suppressed: what stands before the action must not be undone by its absence after it.
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON document")
        action.add_argument("--config", default=argparse.SUPPRESS, metavar="FILE", help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Does what was asked for."""
    actions: dict[str, Callable[[argparse.Namespace], int]] = {
        "list": _list,
        "show": _show,
        "export": _export,
        "reconcile": _reconcile,
    }
    try:
        status = actions[options.action](options)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def _list(options: argparse.Namespace) -> int:
    from stellwerk.cli.events_view import HEAD, described, line

    state, money = opened(options)
    # One more than is shown tells whether there is another page.
    found = list(recorded(state, options, limit=options.limit + 1, before=options.before))
    shown = found[: options.limit]
    cursor = f"{shown[-1].started_ms}:{shown[-1].request_id}" if len(found) > len(shown) else None
    if options.json:
        print(json.dumps({"events": [described(event) for event in shown], "next": cursor}))
        return 0
    for text in (HEAD, *(line(event, money) for event in shown)) if shown else ("no requests are on record",):
        print(text)
    if cursor:
        print(f"more: --before {cursor}")
    return 0


def _show(options: argparse.Namespace) -> int:
    from stellwerk.catalog.book import entries
    from stellwerk.cli.events_view import bill_lines, described, described_bill, facts
    from stellwerk.core.bill import bill_of
    from stellwerk.stores.sqlite.feedback import find_feedback
    from stellwerk.stores.sqlite.read import find_event

    state, money = opened(options)
    event = find_event(state / "events", options.id)
    if event is None:
        raise NotFound(f"no request {options.id!r} is on record in {state / 'events'}")
    entry = entries(state).get(event.price_version) if event.price_version else None
    bill = bill_of(event, entry.price if entry is not None else None)
    feedback = find_feedback(state / "events", event)
    if options.json:
        said = {"feedback": {"value": feedback.value, "comment": feedback.comment}} if feedback is not None else {}
        print(json.dumps({**described(event), **said, "bill": described_bill(bill)}))
    else:
        print("\n".join((*facts(event, feedback), "", *bill_lines(event, bill, money))))
    return 1 if bill.is_wrong else 0


def _export(options: argparse.Namespace) -> int:
    """A line for each request, newest first, of which never more than a page is in memory."""
    from stellwerk.cli.events_view import described

    state, _ = opened(options)
    rows = (described(event) for event in recorded(state, options))
    if options.format == "csv":
        from stellwerk.core.event import RequestEvent

        table = csv.DictWriter(sys.stdout, RequestEvent.__struct_fields__, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
        return 0
    for row in rows:
        sys.stdout.write(json.dumps(row) + "\n")
    return 0


def _reconcile(options: argparse.Namespace) -> int:
    from stellwerk.cli.invoices import read
    from stellwerk.cli.reconciliation import compare, lines_of
    from stellwerk.stores.sqlite.read import read_events

    state, money = opened(options)
    try:
        charges = read(options.invoice)
    except InvalidRequest as error:
        if options.json:
            print(json.dumps({"ok": False, "problems": [error.message]}))
        else:
            print(error.message, file=sys.stderr)
        return 2
    days = [charge.day for charge in charges]
    only = {"provider": options.provider}
    events = read_events(state / "events", first_day=min(days), last_day=max(days), only=only)
    found = compare(charges, events, options.tolerance / 100)
    if options.json:
        print(json.dumps(found.as_dict()))
    else:
        print("\n".join(lines_of(found, money)))
    return 0 if found.agrees else 1


def opened(options: argparse.Namespace) -> tuple[Path, Money]:
    """The state directory, and how money is shown. Raises ``ConfigurationError``."""
    from stellwerk.cli.money import Money
    from stellwerk.config.load import examine  # brings pydantic

    path = Path(options.config)
    verdict = examine(path, is_offline=True)  # no secret is needed to look at what was
    if verdict.settings is None:
        raise ConfigurationError(verdict.lines)
    display = verdict.settings.display
    return path.absolute().parent / verdict.settings.state.directory, Money(display.currency, display.per_usd)


def recorded(
    state: Path, options: argparse.Namespace, limit: int | None = None, before: tuple[int, str] | None = None
) -> Iterator[RequestEvent]:
    """The events that the options choose, newest first. Raises ``StoreUnavailable``."""
    from stellwerk.stores.sqlite.day_file import DAY_MS, EPOCH, days_in
    from stellwerk.stores.sqlite.read import read_events

    directory, since_ms = state / "events", options.since or 0
    days = days_in(directory).values() if directory.is_dir() else ()
    if not days:
        return iter(())
    only = {field: value for name, field in FILTERS.items() if (value := getattr(options, name)) is not None}
    first, last = max(min(days), since_ms // DAY_MS), max(days)
    if before is not None:
        last = min(last, before[0] // DAY_MS)
    first_day, last_day = EPOCH + timedelta(days=first), EPOCH + timedelta(days=last)
    return read_events(
        directory, first_day=first_day, last_day=last_day, limit=limit, before=before, only=only, since_ms=since_ms
    )


def filters(parser: argparse.ArgumentParser) -> None:
    """The options that choose events."""
    parser.add_argument(
        "--since", type=_moment, metavar="WHEN", help="a day or time in UTC (2026-11-25), or how long ago (30m, 6h, 7d)"
    )
    for name in FILTERS:
        choices = get_args(Outcome) if name == "outcome" else None
        parser.add_argument(f"--{name}", choices=choices, metavar=None if choices else "NAME", help=f"of this {name}")


def _moment(text: str) -> int:
    if ago := _AGO.fullmatch(text):
        return int((time.time() - int(ago[1]) * _UNIT_S[ago[2]]) * 1000)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a day, a time or how long ago, found {text!r}") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _cursor(text: str) -> tuple[int, str]:
    stamp, _, request_id = text.partition(":")
    if not (stamp.isdecimal() and len(stamp) < 17 and request_id):
        raise argparse.ArgumentTypeError(f"expected what `more:` names, found {text!r}")
    return int(stamp), request_id


def _count(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= 100_000):
        raise argparse.ArgumentTypeError(f"expected a number from 1 to 100000, found {text!r}")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 100:
        raise argparse.ArgumentTypeError(f"expected a percentage from 0 to 100, found {text!r}")
    return share
