"""A service asked about the texts of one request: the calls that it takes, and what is made of their answers.

A service that is away, slow, or says what cannot be understood has not judged: each text then has a verdict with the
reason. After several failures in a row it is left alone for a while, and fails at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
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
        "_done",
        "_judged",
        "_left",
        "_reasons",
        "_scheduler",
        "_service",
        "_subjects",
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
        """``done`` is told once all is said, never before ``start`` returns for what is asked."""
        if not isinstance(rule.check, RemoteGuardrail):
            raise TypeError("only a remote check is asked")
        self.rule = rule
        self.verdicts: list[tuple[Verdict, ...]] = [()] * len(subjects)
        """For each text."""
        self.has_failed = False
        self._check: RemoteGuardrail = rule.check
        self._service = service
        self._subjects = subjects
        self._scheduler = scheduler
        self._done = done
        self._calls: list[_Asked] = []
        self._judged: list[tuple[Portion, Sequence[tuple[Finding, ...]]]] = []
        self._reasons: dict[int, str] = {}
        self._left = 0

    @property
    def is_done(self) -> bool:
        """Whether nothing is waited for."""
        return not self._left

    def start(self, timeout_s: float) -> None:
        """Asks; at once done where there is nothing to ask about, or nobody to ask."""
        now = self._scheduler.deadlines.clock()
        asked = portions(self._subjects, max(1, self._check.max_texts), self._check.capacity)
        if now < self._service.blocked_until:
            self._reasons = dict.fromkeys(range(len(self._subjects)), OPEN)
            asked = ()
        self._left = max(1, len(asked))
        if not asked:
            self._scheduler.call_later(0.0, self._one_less)
        for portion in asked:
            self._send(portion, now + timeout_s, timeout_s)

    def cancel(self) -> None:
        """Nobody waits for it any more."""
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
        read: Sequence[tuple[Finding, ...]] | None = None
        reason = outcome if isinstance(outcome, str) else ""
        if not isinstance(outcome, str):
            try:
                read = self._check.read(portion.subjects, *outcome)
                if len(read) != len(portion.subjects):
                    read, reason = None, "it did not judge every text"
            except Exception as error:  # noqa: BLE001  # a check may be a plugin, which can fail in any way
                reason = _reason(error)
        if read is None:
            self._reasons |= dict.fromkeys(portion.owners, reason)
            self._service.failures += 1
            if self._service.failures >= FAILURES:
                self._service.failures = 0
                self._service.blocked_until = self._scheduler.deadlines.clock() + COOL_DOWN_S
        else:
            self._service.failures = 0
            self._judged.append((portion, read))
        self._one_less()

    def _one_less(self) -> None:
        self._left -= 1
        if not self._left:
            self._calls = []
            self._conclude()
            self._done(self)

    def _conclude(self) -> None:
        """A text of which a part was not judged has what was found in the others, and the reason besides."""
        found = together(len(self._subjects), self._judged)
        self.verdicts = [self.rule.verdicts(findings) for findings in found]
        for owner, reason in self._reasons.items():
            self.verdicts[owner] = (*self.verdicts[owner], self.rule.failed(reason))
        self.has_failed = bool(self._reasons)


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
