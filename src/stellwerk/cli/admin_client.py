"""How commands speak to the admin API of this installation: address from ``run.json``, token from the configuration."""

from __future__ import annotations

import argparse
import http.client
import json
import re
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from stellwerk.errors import StellwerkError

TIMEOUT_S = 30.0
PREFIX = "/admin/v1"

_DURATION = re.compile(r"([1-9][0-9]{0,5})([smhdw])")
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def options_of(parser: argparse.ArgumentParser) -> None:
    """What every command of the admin API takes."""
    parser.add_argument("--config", default="stellwerk.toml", metavar="FILE", help="default: stellwerk.toml")
    parser.add_argument("--url", metavar="URL", help="of the admin API (default: where this installation runs)")


def repeat_options(actions: Sequence[argparse.ArgumentParser]) -> None:
    """The same options behind an action; what stands before it is not undone by its absence after it."""
    for action in actions:
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON document")
        action.add_argument("--config", default=argparse.SUPPRESS, metavar="FILE", help=argparse.SUPPRESS)
        action.add_argument("--url", default=argparse.SUPPRESS, metavar="URL", help=argparse.SUPPRESS)


class AdminClient:
    """Requests to the admin API. Raises ``StellwerkError`` with what a problem says, or why nobody answers."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Raises ``ConfigurationError`` or ``StellwerkError`` when there is no address or no token."""
        from stellwerk.config.compile import compile_file
        from stellwerk.config.references import resolve

        snapshot = compile_file(Path(options.config), is_offline=True)
        if snapshot.admin.token is None:
            raise StellwerkError("admin.token is not in the configuration: the admin API lets nobody in without it")
        self._token = resolve(snapshot.admin.token)
        self.configured = frozenset({f"key:{key.name}" for key in snapshot.keys} | {one.id for one in snapshot.scopes})
        """Keys and scopes of the configuration file, which go before those of the admin API."""
        self._url = urlsplit(options.url or _running(Path(snapshot.state.directory)))
        if self._url.scheme not in {"http", "https"} or not self._url.hostname:
            raise StellwerkError(f"{options.url}: expected a URL such as https://admin.example.com")

    def read(self, path: str, **query: object) -> dict[str, Any]:
        """What lies under a path below ``/admin/v1``; queries that are ``None`` are left out."""
        given = {name: value for name, value in query.items() if value is not None}
        found: dict[str, Any] = self._ask("GET", f"{path}?{urlencode(given, doseq=True)}" if given else path)
        return found

    def pages(self, path: str, **query: object) -> Iterator[dict[str, Any]]:
        """Every entry of a list, page by page."""
        cursor = None
        while True:
            page = self.read(path, **query, limit=200, cursor=cursor)
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    def make(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Makes something: once, even where the answer is lost and the request sent again."""
        headers = {"idempotency-key": secrets.token_urlsafe(16)}
        try:
            made: dict[str, Any] = self._ask("POST", path, body, headers)
        except Unanswered:
            made = self._ask("POST", path, body, headers)
        return made

    def change(self, method: str, path: str, body: Mapping[str, Any] | None, version: int) -> Any:
        """Changes the version that was read, and no other one."""
        return self._ask(method, path, body, {"if-match": f'"{version}"'})

    def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        connection = kind(str(self._url.hostname), self._url.port, timeout=TIMEOUT_S)
        sent = {"authorization": f"Bearer {self._token}", "content-type": "application/json", **(headers or {})}
        try:
            content = json.dumps(body) if body is not None else None
            connection.request(method, f"{self._url.path.rstrip('/')}{PREFIX}{path}", content, sent)
            answer = connection.getresponse()
            found = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unanswered(f"the admin API at {self._url.netloc} does not answer: {error}") from None
        finally:
            connection.close()
        return _understood(answer.status, found)


class Unanswered(StellwerkError):
    """Nobody knows whether it was done."""


def piece(text: str) -> str:
    """A name as a piece of a path."""
    return quote(text, safe=":=")


def moment(text: str) -> int:
    """Unix time of ``30d``, ``12h`` or ``2027-01-31`` (in UTC, with a time or without). Raises for argparse."""
    if found := _DURATION.fullmatch(text):
        return int(time.time()) + int(found[1]) * _UNITS[found[2]]
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("a time such as 30d, 12h or 2027-01-31") from None
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())


def duration(text: str) -> int:
    """Seconds of ``90s``, ``12h`` or ``1d``; 0 is none. Raises for argparse."""
    if text == "0":
        return 0
    if not (found := _DURATION.fullmatch(text)):
        raise argparse.ArgumentTypeError("a time such as 90s, 12h or 1d")
    return int(found[1]) * _UNITS[found[2]]


def day(seconds: float | None) -> str:
    """Unix time for people, in UTC."""
    return "never" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns under their names."""
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (head, *rows)]
    return "\n".join(line.rstrip() for line in lines)


def _running(state: Path) -> str:
    from stellwerk.supervisor.run_file import read

    run = read(state)
    address = run["addresses"].get("admin") if run else None
    if address is None:
        raise StellwerkError(f"no gateway runs with the state directory {state}; start it, or say --url")
    host, _, port = address.rpartition(":")
    local = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)
    return f"http://{local}:{port}"


def _understood(status: int, content: bytes) -> Any:
    try:
        found = json.loads(content) if content else None
    except ValueError:
        found = None
    if status < 400:
        return found
    if not isinstance(found, dict):
        raise StellwerkError(f"the admin API answers with status {status}")
    faults = [f"{fault['pointer'].removeprefix('#/body/')}: {fault['detail']}" for fault in found.get("errors", ())]
    raise StellwerkError(
        ": ".join(part for part in (found.get("title", ""), "; ".join(faults) or found["detail"]) if part)
    )
