"""``stellwerk alerts``: lists what somebody was told of budgets, and tries channels, through the admin API."""

from __future__ import annotations

import argparse
import json
import sys
from itertools import islice
from typing import Any

from stellwerk.cli.admin_client import AdminClient, day, options_of, repeat_options, table

STATES = ("waiting", "delivered", "refused", "dropped")


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    options_of(parser)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="the last alerts, a line for each channel", allow_abbrev=False)
    listing.add_argument("--scope", metavar="SCOPE", help="only those of one, such as team:shop")
    listing.add_argument("--state", choices=STATES, help="only those with a delivery in this state")
    listing.add_argument("--last", type=_count, default=50, metavar="N", help="how many alerts (default: 50)")
    testing = actions.add_parser("test", help="send a message on a channel at once", allow_abbrev=False)
    testing.add_argument("channel", metavar="CHANNEL", help='the name of a notifier, or "log"')
    repeat_options((listing, testing))


def run(options: argparse.Namespace) -> int:
    """Does what was asked for; 1 when a channel that is tried does not take the message."""
    client = AdminClient(options)
    return _list(client, options) if options.action == "list" else _test(client, options)


def _list(client: AdminClient, options: argparse.Namespace) -> int:
    found = list(islice(client.pages("/alerts", scope=options.scope, state=options.state), options.last))
    if options.json:
        print(json.dumps(found))
    else:
        head = ("TIME", "SCOPE", "BUDGET", "AT", "SPENT", "OF USD", "CHANNEL", "STATE", "TRIED", "ERROR")
        print(table(head, [row for alert in found for row in _rows(alert)]))
    return 0


def _test(client: AdminClient, options: argparse.Namespace) -> int:
    tested = client.make("/alerts/test", {"channel": options.channel})
    if options.json:
        print(json.dumps(tested))
    elif tested["delivered"]:
        print(f"{options.channel} has taken the message {tested['id']}")
    else:
        print(f"{options.channel} has not taken the message: {tested['error']}", file=sys.stderr)
    return 0 if tested["delivered"] else 1


def _rows(alert: dict[str, Any]) -> list[tuple[str, ...]]:
    said = (
        day(alert["time_s"]),
        alert["scope"],
        alert["budget"],
        f"{alert['threshold']:.4%}".rstrip("%").rstrip("0").rstrip(".") + " %",
        alert["spent_usd"],
        alert["limit_usd"],
    )
    if not alert["deliveries"]:
        return [(*said, "-", "-", "-", "")]
    return [(*said, one["channel"], one["state"], str(one["attempts"]), one["error"]) for one in alert["deliveries"]]


def _count(text: str) -> int:
    number = int(text) if text.isdigit() else 0
    if not 1 <= number <= 10_000:
        raise argparse.ArgumentTypeError("a number from 1 to 10000")
    return number
