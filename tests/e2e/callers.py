"""Callers of a gateway: single requests, and loads that note everything that happens to them."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, NamedTuple, Self

from openai import OpenAI

from tests.e2e.kit import PATIENCE_S, WEB_KEY, Gateway

CONNECTIONS = 16
"""So many connections reach both workers: the kernel spreads them, and to miss one of two would take 2^-15."""

_SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*\})? (\S+)')


class Answer(NamedTuple):
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def connect(address: str, *, tls: ssl.SSLContext | None = None) -> http.client.HTTPConnection:
    """A connection that is opened by its first request."""
    host, _, port = address.rpartition(":")
    if tls is not None:
        return http.client.HTTPSConnection(host.strip("[]"), int(port), timeout=PATIENCE_S, context=tls)
    return http.client.HTTPConnection(host.strip("[]"), int(port), timeout=PATIENCE_S)


def get(address: str, path: str, headers: Mapping[str, str] = {}, *, tls: ssl.SSLContext | None = None) -> Answer:
    """One GET over a connection of its own."""
    return _ask(connect(address, tls=tls), "GET", path, None, headers)


def ask(
    address: str,
    *,
    key: str = WEB_KEY,
    model: str = "smart",
    text: str = "Hello?",
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """One chat request over a connection of its own."""
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": text}]})
    return _ask(connect(address, tls=tls), "POST", "/v1/chat/completions", body, {"authorization": f"Bearer {key}"})


def statuses(address: str, **wishes: Any) -> set[int]:
    """The statuses of the same chat request at every worker."""
    return {ask(address, **wishes).status for _ in range(CONNECTIONS)}


def sdk(gateway: Gateway, *, key: str = WEB_KEY) -> OpenAI:
    """The official client, without second tries of its own."""
    return OpenAI(base_url=f"http://{gateway.address}/v1", api_key=key, max_retries=0, timeout=PATIENCE_S)


def question(text: str = "What is a signal box?") -> list[Any]:
    """Messages with one question; what stands in double brackets steers the simulator."""
    return [{"role": "user", "content": text}]


def samples(exposition: bytes) -> dict[str, float]:
    """Every sample of a Prometheus text by its name and labels; each belongs to a family with one type."""
    kinds: dict[str, str] = {}
    found: dict[str, float] = {}
    text = exposition.decode()
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in kinds, line
            assert kind in {"counter", "gauge", "histogram"}, line
            kinds[name] = kind
        elif not line.startswith("# HELP "):
            sample = _SAMPLE.fullmatch(line)
            assert sample is not None, line
            name, labels, value = sample.groups()
            assert kinds.get(name) or kinds.get(re.sub("_(bucket|sum|count)$", "", name)) == "histogram", line
            assert name + (labels or "") not in found, line
            found[name + (labels or "")] = float(value)
    return found


def totals(address: str) -> dict[str, float]:
    """What may only grow: the counters of ``/metrics``, and the counts of its histograms."""
    answer = get(address, "/metrics")
    assert answer.status == 200
    growing = re.compile(r"[a-z_]+_(total|bucket|sum|count)(\{|$)")
    return {name: value for name, value in samples(answer.body).items() if growing.match(name)}


def requests_counted(address: str) -> float:
    """How many requests have ended, as one worker says of the host."""
    return sum(value for name, value in totals(address).items() if name.startswith("stellwerk_requests_total"))


class Attempt(NamedTuple):
    """One request of a load: when it began, and its status, or what went wrong."""

    began_s: float
    status: int
    problem: str


class Load:
    """Callers that ask one request after the other, whatever happens to them, for as long as the context lasts."""

    def __init__(self, ask_once: Callable[[], int], *, callers: int = 4) -> None:
        self._ask_once = ask_once
        self._callers = callers
        self._executor = ThreadPoolExecutor(callers, thread_name_prefix="caller")
        self._running: list[Future[None]] = []
        self._is_over = False
        self.attempts: list[Attempt] = []

    def __enter__(self) -> Self:
        """Begins."""
        self._running = [self._executor.submit(self._call) for _ in range(self._callers)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends after the requests under way."""
        self._is_over = True
        self._executor.shutdown()
        for running in self._running:
            running.result()

    @property
    def failures(self) -> list[Attempt]:
        """Requests without a good answer."""
        return [attempt for attempt in self.attempts if attempt.problem or attempt.status != 200]

    def _call(self) -> None:
        while not self._is_over:
            began_s = time.monotonic()
            try:
                attempt = Attempt(began_s, self._ask_once(), "")
            except (OSError, http.client.HTTPException) as error:
                attempt = Attempt(began_s, 0, repr(error))
            self.attempts.append(attempt)


def _ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: str | None, headers: Mapping[str, str]
) -> Answer:
    try:
        connection.request(method, path, body, {"connection": "close", **headers})
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()
