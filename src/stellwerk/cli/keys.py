"""``stellwerk keys``: lists, shows, makes, changes, revokes and rotates virtual keys, through the admin API."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stellwerk.cli.admin_client import AdminClient, day, duration, moment, options_of, piece, repeat_options, table
from stellwerk.errors import NotFound, StellwerkError

if TYPE_CHECKING:
    from collections.abc import Sequence

PERIODS = ("minute", "hour", "day", "week", "month", "never")


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    options_of(parser)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="keys, a line each", allow_abbrev=False)
    listing.add_argument("--team", action="append", metavar="TEAM", help="only this team's; may be repeated")
    listing.add_argument("--user", metavar="USER", help="only this user's")
    listing.add_argument("--name", metavar="PREFIX", help="only those whose names begin so")
    showing = actions.add_parser("show", help="all that is known of one key", allow_abbrev=False)
    making = actions.add_parser("create", help="make a key; it is printed once", allow_abbrev=False)
    making.add_argument("name", metavar="NAME", help="the caller's name in logs and figures")
    making.add_argument("--team", metavar="TEAM", help="the team it belongs to")
    making.add_argument("--user", metavar="USER", help="the user it belongs to")
    making.add_argument("--rpm", type=int, metavar="N", help="requests a minute")
    making.add_argument("--tpm", type=int, metavar="N", help="tokens a minute")
    making.add_argument("--concurrency", type=int, metavar="N", help="requests at the same time")
    making.add_argument("--budget", metavar="USD", help="a hard budget in dollars")
    making.add_argument("--period", choices=PERIODS, default="month", help="of the budget (default: month)")
    changing = actions.add_parser("change", help="change what a key may do", allow_abbrev=False)
    able = changing.add_mutually_exclusive_group()
    able.add_argument("--enable", dest="enabled", action="store_const", const=True, help="let it in again")
    able.add_argument("--disable", dest="enabled", action="store_const", const=False, help="keep it out for now")
    revoking = actions.add_parser("revoke", help="end a key for good", allow_abbrev=False)
    rotating = actions.add_parser("rotate", help="make a second key of the same name and rights", allow_abbrev=False)
    rotating.add_argument(
        "--overlap", type=duration, default=86_400, metavar="TIME", help="how long the old one goes on (default: 1d)"
    )
    for action in (making, changing):
        _rights(action)
    rotating.add_argument("--expires", type=moment, metavar="WHEN", help="when the new one ends: 30d, or a date")
    for action in (showing, changing, revoking, rotating):
        action.add_argument("key", metavar="KEY", help="its id, or its name where only one key has it")
    repeat_options((listing, showing, making, changing, revoking, rotating))


def run(options: argparse.Namespace) -> int:
    """Does what was asked for."""
    actions: dict[str, Callable[[AdminClient, argparse.Namespace], None]] = {
        "list": _list,
        "show": _show,
        "create": _create,
        "change": _change,
        "revoke": _revoke,
        "rotate": _rotate,
    }
    actions[options.action](AdminClient(options), options)
    return 0


def _rights(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", action="append", dest="models", metavar="NAME", help="may ask for it; repeatable")
    parser.add_argument("--dialect", action="append", dest="dialects", metavar="NAME", help="may speak it; repeatable")
    parser.add_argument("--tag", action="append", metavar="NAME=VALUE", help="put on its requests; repeatable")
    parser.add_argument("--network", action="append", dest="networks", metavar="CIDR", help="may come from it")
    parser.add_argument("--expires", type=moment, metavar="WHEN", help="when it ends: 30d, or a date")


def _list(client: AdminClient, options: argparse.Namespace) -> None:
    found = list(client.pages("/keys", team=options.team, user=options.user, name=options.name))
    if options.json:
        print(json.dumps(found))
        return
    head = ("ID", "NAME", "TEAM", "USER", "MODELS", "EXPIRES", "STATE")
    print(table(head, [_line(key) for key in found]))


def _line(key: dict[str, Any]) -> Sequence[str]:
    state = "enabled" if key["enabled"] else "disabled"
    models = ",".join(key["models"])
    return key["id"], key["name"], key["team"] or "-", key["user"] or "-", models, day(key["expires_s"]), state


def _show(client: AdminClient, options: argparse.Namespace) -> None:
    _print(_found(client, options.key), options)


def _create(client: AdminClient, options: argparse.Namespace) -> None:
    body = {"name": options.name, **_given(options)}
    body |= {name: value for name in ("team", "user") if (value := getattr(options, name)) is not None}
    amounts = {"requests": options.rpm, "tokens": options.tpm, "concurrency": options.concurrency}
    body["limits"] = [{"metric": name, "amount": amount} for name, amount in amounts.items() if amount is not None]
    if options.budget is not None:
        body["budgets"] = [{"limit_usd": options.budget, "period": options.period}]
    _print(client.make("/keys", body), options)


def _change(client: AdminClient, options: argparse.Namespace) -> None:
    body = _given(options)
    if options.enabled is not None:
        body["enabled"] = options.enabled
    if not body:
        raise StellwerkError("nothing to change was given")
    key = _found(client, options.key)
    _print(client.change("PATCH", f"/keys/{piece(key['id'])}", body, key["version"]), options)


def _revoke(client: AdminClient, options: argparse.Namespace) -> None:
    key = _found(client, options.key)
    client.change("DELETE", f"/keys/{piece(key['id'])}", None, key["version"])
    print(json.dumps({"ok": True, "id": key["id"]}) if options.json else f"{key['id']} ({key['name']}) is revoked")


def _rotate(client: AdminClient, options: argparse.Namespace) -> None:
    key = _found(client, options.key)
    body = {"overlap_s": options.overlap}
    body |= {"expires_s": options.expires} if options.expires is not None else {}
    _print(client.make(f"/keys/{piece(key['id'])}/rotate", body), options)


def _given(options: argparse.Namespace) -> dict[str, Any]:
    given: dict[str, Any] = {
        name: value for name in ("models", "dialects", "networks") if (value := getattr(options, name)) is not None
    }
    if options.expires is not None:
        given["expires_s"] = options.expires
    if options.tag is not None:
        given["tags"] = dict(tag.partition("=")[::2] for tag in options.tag)
    return given


def _found(client: AdminClient, wanted: str) -> dict[str, Any]:
    """A key by its id, or by its name where only one key has it."""
    named = [key for key in client.pages("/keys", name=wanted) if key["name"] == wanted]
    if not named:
        if not wanted.startswith("key_"):
            raise NotFound(f"there is no key {wanted}")
        return client.read(f"/keys/{piece(wanted)}")
    if len(named) > 1:
        ids = ", ".join(key["id"] for key in named)
        raise StellwerkError(f"several keys have the name {wanted}: say which one by its id ({ids})")
    return named[0]


def _print(key: dict[str, Any], options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps(key))
        return
    limits = [f"{limit['amount']} {limit['metric']}" + _per(limit) for limit in key["limits"]]
    budgets = [f"{budget['limit_usd']} USD a {budget['period']}" for budget in key["budgets"]]
    facts = {
        "name": key["name"],
        "team": key["team"],
        "organization": key["organization"],
        "user": key["user"],
        "models": ", ".join(key["models"]),
        "dialects": ", ".join(key["dialects"]),
        "tags": ", ".join(f"{name}={value}" for name, value in key["tags"].items()),
        "networks": ", ".join(key["networks"]),
        "expires": day(key["expires_s"]),
        "state": "enabled" if key["enabled"] else "disabled",
        "limits": ", ".join(limits),
        "budgets": ", ".join(budgets),
        "key": f"{key['key']}  (shown this once)" if "key" in key else None,
    }
    print("\n".join([key["id"], *(f"  {name:13}{value}" for name, value in facts.items() if value)]))


def _per(limit: dict[str, Any]) -> str:
    return "" if limit["metric"] == "concurrency" else f" in {limit['per_s']} s"
