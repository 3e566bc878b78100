"""A service asked about the texts of one request: the calls that it takes, and what is made of their answers.

A service that is away, slow, or says what cannot be understood has not judged: each text then has a verdict with the
reason. After several failures in a row it is left alone for a while, and fails at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from stellwerk.core.subject import Subject
from stellwerk.core.verdict import Finding, Verdict
from stellwerk.errors import GuardrailUnavailable, StellwerkError, UpstreamTimeout
from stellwerk.http.call import Call, Patience, frame
from stellwerk.http.fields import Headers
from stellwerk.http.pool import Lane
from stellwerk.ports.credential import Signing
from stellwerk.ports.guardrail import RemoteGuardrail
from stellwerk.screening.portions import Portion, portions, together

if TYPE_CHECKING:
    from stellwerk.gateway.scheduler import Scheduler
    from stellwerk.screening.policy import Rule

FAILURES = 5
"""In a row, after which a service is left alone."""
COOL_DOWN_S = 10.0
LEAST_S = 0.05
"""What a check is given at least, however late it is."""
MOST_CALLS = 64
"""Of one check about one request: what is longer cannot be judged."""
TOO_LONG = "too long"
OPEN = "left alone after failures"
TIMEOUT = "timeout"


class Service(msgspec.Struct, eq=False):
    """How a remote check is reached, and how it has been doing."""

    lane: Lane
    authority: bytes
    failures: int = 0
    blocked_until: float = 0.0
    """In the event loop's clock."""


class Inquiry:
    """One check's question about the texts of one request: as many calls as it takes, all at once."""

    __slots__ = (
        "_calls",
        "_check",
        "_count",
        "_done",
        "_failed",
        "_is_cancelled",
        "_judged",
        "_left",
        "_portions",
        "_scheduler",
        "_service",
        "has_failed",
        "rule",
        "verdicts",
    )

    def __init__(
        self,
        rule: Rule,
        service: Service,
        subjects: tuple[Subject, ...],
        scheduler: Scheduler,
        done: Callable[[Inquiry], None],
    ) -> None:
        """``done`` is told once all is said, never before ``start`` returns."""
        if not isinstance(rule.check, RemoteGuardrail):
            raise TypeError("only a remote check is asked")
        self.rule = rule
        self.verdicts: list[tuple[Verdict, ...]] = [()] * len(subjects)
        """For each text, once all is said."""
        self.has_failed = False
        self._check: RemoteGuardrail = rule.check
        self._service = service
        self._count = len(subjects)
        self._portions = portions(subjects, max(1, rule.check.max_texts), rule.check.capacity)
        self._scheduler = scheduler
        self._done = done
        self._calls: list[_Asked] = []
        self._judged: list[tuple[Portion, Sequence[tuple[Finding, ...]]]] = []
        self._failed: dict[int, str] = {}
        """Why a text was not judged, by its place."""
        self._left = 0
        self._is_cancelled = False

    @property
    def is_done(self) -> bool:
        """Whether nothing is waited for."""
        return not self._left

    def start(self, timeout_s: float) -> None:
        """Asks, where there is something to ask about and somebody to ask."""
        now = self._scheduler.deadlines.clock()
        reason = OPEN if now < self._service.blocked_until else TOO_LONG if len(self._portions) > MOST_CALLS else ""
        if reason or not self._portions:
            self._failed = dict.fromkeys(range(self._count), reason) if reason else {}
            self._left = 1
            self._scheduler.call_later(0.0, self._one_less)
            return
        self._left = len(self._portions)
        for portion in self._portions:
            self._send(portion, now + timeout_s, timeout_s)

    def cancel(self) -> None:
        """Nobody waits for it any more."""
        self._is_cancelled = True
        for asked in self._calls:
            asked.cancel()
        self._calls = []

    def _send(self, portion: Portion, expires: float, timeout_s: float) -> None:
        try:
            wire = self._check.prepare(portion.subjects)
            if isinstance(self._check, Signing):
                wire = self._check.sign(wire, time.time())
        except Exception as error:  # noqa: BLE001  # a check may be a plugin, which can fail in any way
            reason = _reason(error)
            self._scheduler.call_later(0.0, lambda: self._told(portion, reason))
            return
        head = frame(wire.method, wire.path, self._service.authority, wire.fields, len(wire.body))
        asked = _Asked(lambda outcome: self._told(portion, outcome))
        patience = Patience(timeout_s, timeout_s, timeout_s, timeout_s)
        asked.call = call = Call(head, wire.body, asked, is_streamed=False, patience=patience, expires=expires)
        self._calls.append(asked)
        self._service.lane.send(call)

    def _told(self, portion: Portion, outcome: tuple[int, Headers, bytes] | str) -> None:
        service, reason = self._service, ""
        try:
            if isinstance(outcome, str):
                reason = outcome
            else:
                found = self._check.read(portion.subjects, *outcome)
                if len(found) != len(portion.subjects):
                    reason = "it did not judge every text"
                else:
                    self._judged.append((portion, found))
        except Exception as error:  # noqa: BLE001  # a check may be a plugin, which can fail in any way
            reason = _reason(error)
        if reason:
            self._failed.update(dict.fromkeys(portion.owners, reason))
            service.failures += 1
            if service.failures >= FAILURES:
                service.failures = 0
                service.blocked_until = self._scheduler.deadlines.clock() + COOL_DOWN_S
        else:
            service.failures = 0
        self._one_less()

    def _one_less(self) -> None:
        self._left -= 1
        if self._left or self._is_cancelled:
            return
        self._calls = []
        self.has_failed = bool(self._failed)
        found = together(self._count, self._judged)
        self.verdicts = [
            (
                *self.rule.verdicts(findings),
                *((self.rule.failed(self._failed[place]),) if place in self._failed else ()),
            )
            for place, findings in enumerate(found)
        ]
        self._done(self)


def inquire(
    rules: Iterable[Rule],
    services: Mapping[str, Service],
    subjects: tuple[Subject, ...],
    scheduler: Scheduler,
    left_s: float,
    on_told: Callable[[Inquiry], None],
) -> list[Inquiry]:
    """Asks several checks side by side, each for as long as it may take and while there is time left for all."""
    inquiries = [Inquiry(rule, services[rule.name], subjects, scheduler, on_told) for rule in rules]
    for inquiry in inquiries:
        inquiry.start(max(min(inquiry.rule.timeout_s, left_s), LEAST_S))
    return inquiries


class _Asked:
    """Hears one answer, whole."""

    __slots__ = ("_hear", "call")

    def __init__(self, hear: Callable[[tuple[int, Headers, bytes] | str], None]) -> None:
        self._hear = hear
        self.call: Call | None = None

    def cancel(self) -> None:
        """Does not hear it."""
        if self.call is not None:
            self.call.cancel()
            self.call = None

    def on_head(self, status: int, headers: Headers) -> bool:
        """Every answer is taken whole."""
        del status, headers
        return False

    def on_answer(self, status: int, headers: Headers, body: bytes) -> None:
        """A whole answer."""
        self.call = None
        self._hear((status, headers, body))

    def on_failure(self, error: StellwerkError) -> None:
        """No answer."""
        self.call = None
        self._hear(_reason(error))

    def on_body(self, data: bytes) -> None:
        """Never called: no answer is streamed."""
        raise AssertionError(data)

    def on_end(self) -> None:
        """Never called: no answer is streamed."""
        raise AssertionError


def _reason(error: Exception) -> str:
    """Why a service has not judged, in a word or two that hold nothing of what it was asked."""
    if isinstance(error, UpstreamTimeout):
        return TIMEOUT
    if isinstance(error, GuardrailUnavailable):
        return "no verdict"
    return error.code if isinstance(error, StellwerkError) else type(error).__name__
