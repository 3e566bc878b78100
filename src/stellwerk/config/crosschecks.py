"""Judges what sections say about one another: names that must exist or be free, circles, and addresses.

Works on the document instead of the validated settings, so that one wrong type does not hide everything else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from stellwerk.config import notation
from stellwerk.config.circles import circles
from stellwerk.config.grounding import Grounded, tables
from stellwerk.config.optimizing import allowed_steps
from stellwerk.config.problems import Path, Problem, quoted, unfit, unknown_name
from stellwerk.config.schema import ADMIN_LISTEN, SERVER_LISTEN
from stellwerk.core import egress_rules
from stellwerk.core.egress_policy import Policy
from stellwerk.core.optimization import Level
from stellwerk.core.snapshot import LOG_CHANNEL, EgressSpec


def problems_in(grounded: Grounded) -> Iterator[Problem]:
    """Every fault between sections."""
    for section in ("providers", "models", "keys", "organizations", "teams", "users", "issuers", "notifiers"):
        yield from _used_twice(_named(section, grounded), section, grounded)
    yield from _used_twice(_guardrails(grounded), "guardrails", grounded)
    yield from _dangling(grounded)
    yield from _channels(grounded)
    yield from _fallback_circles(grounded)
    yield from _listeners(grounded)


def warnings_in(grounded: Grounded) -> Iterator[Problem]:
    """Sections without which nothing can be served, and rules that do not do what they seem to."""
    if not grounded.document.get("models"):
        yield Problem(("models",), "there are none, so every request will be answered 404")
    if not (grounded.document.get("keys") or grounded.document.get("issuers")):
        yield Problem(("keys",), "there are none, so every request will be refused with 401")
    yield from _futile_rules(grounded)
    yield from _futile_steps(grounded)


def _futile_steps(grounded: Grounded) -> Iterator[Problem]:
    """Steps that a level does not allow."""
    general = grounded.document.get("optimize")
    general = general if isinstance(general, dict) else {}
    sections: list[tuple[Path, dict[str, Any]]] = [(("optimize",), general)]
    for place, entry in tables(grounded.document, "models"):
        if isinstance(own := entry.get("optimize"), dict):
            sections.append((("models", place, "optimize"), {**general, **own}))
    for path, section in sections:
        level = section.get("level", "off")
        if not isinstance(level, str) or level not in list(Level):
            continue
        allowed = allowed_steps(Level(level))
        for position, name in enumerate(_list(section, "steps")):
            if name not in allowed:
                yield Problem((*path, "steps", position), f"{quoted(name)} does nothing at level {quoted(level)}")


def _used_twice(named: list[tuple[str, int]], section: str, grounded: Grounded) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for name, place in named:
        if first.setdefault(name, place) != place:
            path: Path = (section, place, "name")
            found = f"{grounded.found(path, name)}, the name of {section}[{first[name]}]"
            yield Problem(path, unfit("a name of its own", found))


def _dangling(grounded: Grounded) -> Iterator[Problem]:
    providers = dict(_named("providers", grounded))
    models = dict(_named("models", grounded))
    for place, entry in tables(grounded.document, "models"):
        for position, target in tables(entry, "targets"):
            path = ("models", place, "targets", position, "provider")
            yield from _unless_known(target.get("provider"), "a provider", providers, path, grounded)
        if isinstance(mirror := entry.get("mirror"), dict):
            at: Path = ("models", place, "mirror", "provider")
            yield from _unless_known(mirror.get("provider"), "a provider", providers, at, grounded)
        for position, name in enumerate(_list(entry, "fallback")):
            yield from _unless_known(name, "a model", models, ("models", place, "fallback", position), grounded)
        for position, name in enumerate(_list(entry, "guardrails")):
            way: Path = ("models", place, "guardrails", position)
            yield from _unless_known(name, "a guardrail", dict(_guardrails(grounded)), way, grounded)
    for caller, entry in _callers(grounded):
        for position, name in enumerate(_list(entry, "models")):
            if name != "*":
                yield from _unless_known(name, "a model", models, (*caller, "models", position), grounded)


def _callers(grounded: Grounded) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Tables that say what somebody may ask for."""
    for place, entry in tables(grounded.document, "keys"):
        yield ("keys", place), entry
    for place, entry in tables(grounded.document, "issuers"):
        if isinstance(callers := entry.get("callers"), dict):
            yield ("issuers", place, "callers"), callers


def _guardrails(grounded: Grounded) -> list[tuple[str, int]]:
    """Their names and places: those of their checks, unless they have others."""
    entries = (
        (entry.get("name", entry.get("policy", entry.get("use"))), place)
        for place, entry in tables(grounded.document, "guardrails")
    )
    return [(name, place) for name, place in entries if isinstance(name, str)]


def _channels(grounded: Grounded) -> Iterator[Problem]:
    """Names of notifiers: that of the log is taken, and [alerts] names some that there are."""
    named = dict(_named("notifiers", grounded))
    if LOG_CHANNEL in named:
        path: Path = ("notifiers", named[LOG_CHANNEL], "name")
        yield Problem(path, unfit("a name of its own", f"{grounded.found(path, LOG_CHANNEL)}, which is always there"))
    section = grounded.document.get("alerts")
    for position, name in enumerate(_list(section, "notify") if isinstance(section, dict) else ()):
        at: Path = ("alerts", "notify", position)
        yield from _unless_known(name, "a notifier", (LOG_CHANNEL, *named), at, grounded)


def _unless_known(name: Any, what: str, known: Collection[str], path: Path, grounded: Grounded) -> Iterator[Problem]:
    if isinstance(name, str) and name not in known:
        yield Problem(path, unknown_name(what, name, known, grounded.found(path, name)))


def _fallback_circles(grounded: Grounded) -> Iterator[Problem]:
    entries = dict(tables(grounded.document, "models"))
    places: dict[str, int] = {}
    for name, place in _named("models", grounded):
        places.setdefault(name, place)
    for circle in circles({name: _list(entries[place], "fallback") for name, place in places.items()}):
        way = " → ".join(quoted(name) for name in circle.way)
        yield Problem(("models", places[circle.name], "fallback", circle.position), f"expected no circle, found {way}")


def _listeners(grounded: Grounded) -> Iterator[Problem]:
    server, admin = _address("server", SERVER_LISTEN, grounded), _address("admin", ADMIN_LISTEN, grounded)
    section = grounded.document.get("admin")
    path: Path = ("admin", "listen")
    if not isinstance(section, dict) or "listen" not in section:
        path = ("server", "listen")
    elif admin and not notation.is_loopback(admin[0]) and not section.keys() & {"token", "oidc"}:
        found = grounded.found(path, section["listen"])
        yield Problem(path, unfit("a loopback address, because admin.token is missing", found))
    if admin and server and server[1] == admin[1] != 0 and _overlap(server[0], admin[0]):
        other = "server.listen" if path[0] == "admin" else "admin.listen"
        yield Problem(path, unfit("an address of its own", f"port {admin[1]}, which {other} takes"))


def _futile_rules(grounded: Grounded) -> Iterator[Problem]:
    """A policy that judges nothing, and addresses that are listed and yet refused."""
    section = grounded.document.get("egress")
    if not isinstance(section, dict):
        return
    if section.get("mode") == "off":
        yield Problem(("egress", "mode"), "the gateway may connect to every destination")
    try:
        policy = Policy.of(EgressSpec("enforce", *(tuple(_list(section, key)) for key in ("allow", "private"))), ())
        entries = [egress_rules.entry(text) for text in _list(section, "allow")]
    except (AttributeError, TypeError, ValueError):
        return  # what is wrong with single values has been told
    for position, found in enumerate(entries):
        if not found.host.startswith("*") and not policy.judge_host(found.host, found.port).is_allowed:
            path = ("egress", "allow", position)
            told = grounded.found(path, section["allow"][position])
            yield Problem(path, f"{told} is not public, so it has no effect without a pair in egress.private")


def _overlap(host: str, other: str) -> bool:
    return host == other or notation.is_wildcard(host) or notation.is_wildcard(other)


def _address(section: str, default: str, grounded: Grounded) -> tuple[str, int] | None:
    table = grounded.document.get(section, {})
    listen = table.get("listen", default) if isinstance(table, dict) else None
    try:
        return notation.split_address(listen) if isinstance(listen, str) else None
    except ValueError:
        return None


def _named(section: str, grounded: Grounded) -> list[tuple[str, int]]:
    entries = tables(grounded.document, section)
    return [(entry["name"], place) for place, entry in entries if isinstance(entry.get("name"), str)]


def _list(table: dict[str, Any], key: str) -> list[Any]:
    values = table.get(key)
    return values if isinstance(values, list) else []
