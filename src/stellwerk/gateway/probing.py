"""Asks idle providers whether they are there and know us: one at a time, off the way of requests, at no cost.

Traffic is its own probe, so a provider is only asked after a time without any. One that cannot be asked for free never
is. A probe decides nothing: circuits go by calls alone.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping

import msgspec

from stellwerk.core.chat import ChatRequest, Message, Role
from stellwerk.core.health import QUOTA, QUOTA_CODES, UNREADABLE, Probe, failure_of
from stellwerk.core.part import Text
from stellwerk.core.snapshot import HealthSpec
from stellwerk.core.wire import FailureKind, WireRequest
from stellwerk.dialects.http_date import unix_s
from stellwerk.errors import UpstreamError
from stellwerk.gateway.configuration import Route
from stellwerk.gateway.masking import mask_body, proofs_in
from stellwerk.gateway.refusal import error_of
from stellwerk.http.call import Call, Patience, frame
from stellwerk.http.deadlines import NEVER, Deadlines
from stellwerk.http.fields import Headers, media_type
from stellwerk.http.pool import Pool
from stellwerk.http.tls import certificate_until
from stellwerk.ports.credential import Signing
from stellwerk.ports.provider import Counting, Probed
from stellwerk.supervisor.log import Log

MAX_BYTES = 65_536
"""So much of a refusal is read; of any other answer, the head tells enough."""
DAY_S = 86_400.0
_FIRST = 0.1
"""After a start, providers are asked within so much of the usual time: nothing is known of them yet."""
_JITTER = 0.2
_PAYMENT_REQUIRED = 402


class Probing:
    """The probes of one worker; only one of a host ``is_on_duty``. ``wall`` gives Unix time in seconds."""

    def __init__(self, pool: Pool, log: Log, wall: Callable[[], float]) -> None:
        self.is_on_duty = False
        self.results: dict[str, Probe] = {}
        """What is known, by provider."""
        self.deadline = NEVER
        self._pool = pool
        self._deadlines: Deadlines = pool.deadlines
        self._log = log
        self._wall = wall
        self._spec = HealthSpec()
        self._routes: dict[str, tuple[Route, ...]] = {}
        self._due: dict[str, float] = {}
        self._expiring: dict[str, float] = {}
        """When certificates expire of which that was told."""
        self._task: asyncio.Task[None] | None = None

    def adopt(self, spec: HealthSpec, routes: Mapping[str, tuple[Route, ...]]) -> None:
        """Goes by this from now on: every provider's routes, the first of them without a model.

        What is known of a provider that is reached in another way, or with other credentials, counts no more.
        """
        former, self._routes = self._routes, dict(routes)
        known = {name for name, own in routes.items() if name in former and _way(own) == _way(former[name])}
        if spec != self._spec:
            self._spec = spec
            self._due.clear()
        now, due = self._deadlines.clock(), self._due
        self.results = {name: probe for name, probe in self.results.items() if name in known}
        self._due = {
            name: due[name] if name in known and name in due else now + self._pause_s(_FIRST) for name in routes
        }
        self._plan()

    def begin(self, known: Mapping[str, Probe]) -> None:
        """Is on duty from now on; ``known`` is what the worker before has found."""
        self.is_on_duty = True
        self.results = {name: probe for name, probe in known.items() if name in self._routes}

    def stop(self) -> None:
        """Breaks off what is under way and begins nothing more."""
        self._due.clear()
        self._plan()
        if self._task is not None:
            self._task.cancel()

    def on_deadline(self, now: float) -> None:
        """Somebody is due: is asked if idle, and put off. Whoever else is due waits for the probe that runs."""
        for name in [name for name, due in self._due.items() if due <= now]:
            if self._task is None:
                self._due[name] = now + self._pause_s(1.0)
                if self.is_on_duty:
                    self._look_at(name, now)
        self._plan()

    # -- helpers

    def _pause_s(self, share: float) -> float:
        every_s = self._spec.probe_every_s
        draw = random.random()  # noqa: S311  # no secret
        return every_s * share * (1.0 + _JITTER * draw) if every_s else NEVER

    def _plan(self) -> None:
        self.deadline = NEVER if self._task is not None else min(self._due.values(), default=NEVER)
        if self.deadline < NEVER:
            self._deadlines.watch(self)
        else:
            self._deadlines.forget(self)

    def _look_at(self, name: str, now: float) -> None:
        routes = self._routes[name]
        quiet_since = now - self._spec.probe_every_s
        if any(one.standing.in_flight or one.standing.latest > quiet_since for one in routes):
            known = self.results.get(name, Probe())
            self._note(name, msgspec.structs.replace(known, certificate_until=routes[0].lane.certificate_until))
        else:
            self._task = asyncio.get_running_loop().create_task(self._ask(name, routes))

    async def _ask(self, name: str, routes: tuple[Route, ...]) -> None:
        try:
            probe = await self._probe(routes)
        except Exception as error:  # noqa: BLE001  # a plugin's defect costs its provider the probe, no more
            self._log.warning("probe_defect", provider=name, defect=type(error).__name__)
            probe = None
        finally:
            self._task = None
        if probe is not None and name in self._due and _way(self._routes[name]) == _way(routes):
            self._note(name, probe)
        self._plan()

    async def _probe(self, routes: tuple[Route, ...]) -> Probe | None:
        """What one call shows; ``None`` for a provider that cannot be asked for free."""
        route, began, sent = routes[0], self._deadlines.clock(), self._wall()
        hearing = Hearing(self._wall)
        try:
            wire = _wire(routes, sent)
            if wire is None:
                return None
            timeout_s = self._spec.probe_timeout_s
            patience = Patience(timeout_s, timeout_s, timeout_s, timeout_s)
            head = frame(wire.method, wire.path, route.authority, wire.fields, len(wire.body))
            hearing.call = call = Call(
                head, wire.body, hearing, is_streamed=True, patience=patience, expires=began + timeout_s
            )
            self._pool.send_alone(call, route.provider.origin)
            try:
                body = await hearing.whole
            finally:
                call.cancel()
        except UpstreamError as error:
            return Probe(began, failure_of(error), message=error.message, certificate_until=hearing.certificate_until)
        failure, message = _judge(route, wire, hearing, body)
        skew_s = _skew_s(hearing.headers, (sent + hearing.heard_at) / 2)
        return Probe(began, failure, hearing.status, message, hearing.certificate_until, skew_s)

    def _note(self, name: str, probe: Probe) -> None:
        """Keeps it, with the certificate that was seen last, and tells once of one that is about to expire."""
        until = probe.certificate_until or self.results.get(name, probe).certificate_until
        self.results[name] = msgspec.structs.replace(probe, certificate_until=until)
        if until is None or self._expiring.get(name) == until:
            return
        left = (until - self._wall()) / DAY_S
        if left < self._spec.certificate_days:
            self._expiring[name] = until
            self._log.warning("certificate_expires", provider=name, days=round(left, 1))


class Hearing:
    """Hears the answer to one probe: its head, and of a refusal the beginning of its body."""

    __slots__ = ("_left", "_pieces", "_wall", "call", "certificate_until", "headers", "heard_at", "status", "whole")

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._left = MAX_BYTES
        self._pieces: list[bytes] = []
        self.call: Call | None = None
        self.status = 0
        self.headers: Headers = {}
        self.heard_at = 0.0
        self.certificate_until: float | None = None
        self.whole: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def on_head(self, status: int, headers: Headers) -> bool:
        """Takes note; that is all there is to an answer that is none of refusal."""
        self.status, self.headers, self.heard_at = status, headers, self._wall()
        if self.call is not None and self.call.connection is not None:
            self.certificate_until = certificate_until(self.call.connection.transport)
        if status == 200:
            self._end()
        return True

    def on_body(self, data: bytes) -> None:
        """The next piece, until it is enough."""
        self._pieces.append(data[: self._left])
        self._left -= len(self._pieces[-1])
        if not self._left:
            self._end()

    def on_end(self) -> None:
        """The answer is whole."""
        self._end()

    def on_answer(self, status: int, headers: Headers, body: bytes) -> None:
        """Never called: every answer is streamed."""
        raise AssertionError(status, headers, body)

    def on_failure(self, error: UpstreamError) -> None:
        """There is no answer, or not all of it."""
        if not self.whole.done():
            self.whole.set_exception(error)

    def _end(self) -> None:
        if not self.whole.done():
            self.whole.set_result(b"".join(self._pieces))


def _way(routes: tuple[Route, ...]) -> object:
    return routes[0].provider.origin, routes[0].place


def _wire(routes: tuple[Route, ...], now: float) -> WireRequest | None:
    """The cheapest real request that there is; ``None`` where none is free. Raises ``UpstreamCredentials``."""
    home = routes[0]
    provider = home.provider
    if isinstance(provider, Probed):
        wire = provider.prepare_probe(home.credential)
    elif isinstance(provider, Counting) and len(routes) > 1:
        request = ChatRequest("", (Message(Role.USER, (Text("Hello"),)),))
        wire = provider.prepare_chat_count(request, routes[1].target, home.credential, b"")
    else:
        return None
    return provider.sign(wire, now) if isinstance(provider, Signing) else wire


def _judge(route: Route, wire: WireRequest, hearing: Hearing, body: bytes) -> tuple[str, str]:
    """Why an answer is none that a provider in order gives, and in words."""
    if hearing.status == 200:
        kind = media_type(hearing.headers).decode("ascii", "replace")
        return ("", "") if kind.endswith("json") else (UNREADABLE, f"It answers with {kind or 'nothing'}, not JSON.")
    told = mask_body(body, route.credential, *proofs_in(wire.fields))
    failure = route.provider.classify(hearing.status, hearing.headers, told, hearing.heard_at)
    if hearing.status == _PAYMENT_REQUIRED or failure.code in QUOTA_CODES:
        return QUOTA, failure.message
    if failure.kind is FailureKind.REFUSED:
        return "", ""  # such as a host without a list of models: it is there all the same
    return failure_of(error_of(failure)), failure.message


def _skew_s(headers: Headers, ours_s: float) -> float | None:
    """How far the clock of an answer is ahead, which tells whole seconds and was read about ``ours_s``."""
    theirs_s = unix_s(headers.get(b"date", b""))
    return None if theirs_s is None else round(theirs_s + 0.5 - ours_s, 1)
