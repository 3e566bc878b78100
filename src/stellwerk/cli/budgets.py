"""``stellwerk budgets``: lists, shows and sets what teams, keys, users and others may spend, through the admin API."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from stellwerk.cli.admin_client import AdminClient, options_of, piece, repeat_options, table
from stellwerk.cli.keys import PERIODS
from stellwerk.errors import NotFound

KINDS = ("organization", "team", "user", "key", "model", "provider", "tag")


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    options_of(parser)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="every budget, a line each", allow_abbrev=False)
    listing.add_argument("--kind", choices=KINDS, help="only those of such scopes")
    showing = actions.add_parser("show", help="the budgets of one scope", allow_abbrev=False)
    setting = actions.add_parser("set", help="give a scope a budget, or take it away", allow_abbrev=False)
    for action in (showing, setting):
        action.add_argument("scope", metavar="SCOPE", help="such as team:shop, key:web or tag:project=x")
    setting.add_argument("limit_usd", metavar="USD", nargs="?", help="dollars in each period")
    setting.add_argument("--period", choices=PERIODS, default="month", help="default: month")
    setting.add_argument("--name", default="", help="tells it from others of the same scope (default: its period does)")
    setting.add_argument("--time-zone", default="UTC", metavar="ZONE", help="where its periods begin (default: UTC)")
    setting.add_argument("--soft", action="store_true", help="only tell, refuse nothing")
    setting.add_argument("--remove", action="store_true", help="take it away")
    repeat_options((listing, showing, setting))


def run(options: argparse.Namespace) -> int:
    """Does what was asked for; 2 when an amount is missing, or given with --remove."""
    if options.action == "set" and (options.limit_usd is None) != options.remove:
        print("stellwerk budgets set: say either an amount in dollars or --remove", file=sys.stderr)
        return 2
    actions: dict[str, Callable[[AdminClient, argparse.Namespace], list[dict[str, Any]]]] = {
        "list": _list,
        "show": _show,
        "set": _set,
    }
    found = actions[options.action](AdminClient(options), options)
    if options.json:
        print(json.dumps(found if options.action == "list" else found[0]))
    else:
        rows = [_line(scope["scope"], budget) for scope in found for budget in scope["budgets"]]
        print(table(("SCOPE", "NAME", "USD", "PERIOD", "TIME ZONE", "KIND"), rows))
    return 0


def _list(client: AdminClient, options: argparse.Namespace) -> list[dict[str, Any]]:
    return list(client.pages("/budgets", kind=options.kind))


def _show(client: AdminClient, options: argparse.Namespace) -> list[dict[str, Any]]:
    return [client.read(f"/budgets/{piece(options.scope)}")]


def _set(client: AdminClient, options: argparse.Namespace) -> list[dict[str, Any]]:
    scope = client.read(f"/budgets/{piece(options.scope)}")
    label = options.name or options.period
    others = [budget for budget in scope["budgets"] if _label(budget) != label]
    if options.remove:
        if len(others) == len(scope["budgets"]):
            raise NotFound(f"{options.scope} has no budget {label}")
        budgets = others
    else:
        mine: dict[str, Any] = next((budget for budget in scope["budgets"] if _label(budget) == label), {})
        wished = {"limit_usd": options.limit_usd, "period": options.period, "name": options.name}
        budgets = [*others, {**mine, **wished, "time_zone": options.time_zone, "hard": not options.soft}]
    return [client.change("PUT", f"/budgets/{piece(options.scope)}", {"budgets": budgets}, scope["version"])]


def _label(budget: dict[str, Any]) -> str:
    return str(budget["name"] or budget["period"])


def _line(scope: str, budget: dict[str, Any]) -> tuple[str, ...]:
    kind = "hard" if budget["hard"] else "soft"
    return scope, budget["name"] or "-", budget["limit_usd"], budget["period"], budget["time_zone"], kind
