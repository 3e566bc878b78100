"""The answer to one request. It owns the request's lease: ending it, in whatever way, settles exactly once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from stellwerk.core import savings
from stellwerk.core.cost import format_usd, nanos_of
from stellwerk.core.event import Outcome, RequestEvent
from stellwerk.core.reply import ReplyFacts
from stellwerk.core.route import Kept, Target
from stellwerk.core.usage import Usage
from stellwerk.errors import (
    LimitExceeded,
    Overloaded,
    StellwerkError,
    UpstreamError,
    UpstreamRateLimited,
    UpstreamRefused,
)
from stellwerk.gateway.lease import Lease
from stellwerk.gateway.masking import mask, proofs_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from stellwerk.gateway.configuration import Route
    from stellwerk.gateway.conversations import Conversations
    from stellwerk.gateway.dialect import Dialect
    from stellwerk.gateway.prompt_caching import Marking
    from stellwerk.gateway.stages.optimize import Savings
    from stellwerk.http.request import Request
    from stellwerk.ports.clock import Clock
    from stellwerk.screening.report import Report

NO_USAGE = Usage()
JSON = b"content-type: application/json\r\n"
LONGEST_RETRY_AFTER_S = 86_400
CLIENT_CLOSED_REQUEST = 499
"""The status on record for a caller that left before its answer (nginx's convention)."""


class Reply(msgspec.Struct, eq=False):
    """Writes the answer in the caller's dialect and keeps the times that accounting needs."""

    request: Request
    dialect: Dialect
    lease: Lease
    _clock: Clock
    why: str = ""
    """Why these targets, in this order; and what was found of those that did not answer."""
    route: Route | None = None
    """The target that is being asked, or has answered."""
    attempts: int = 0
    waited_s: float = 0.0
    first_byte: float = 0.0
    size: int = 0
    warning: bytes = b""
    """A rendered header line: what of the request the provider was not told."""
    losers: tuple[Route, ...] = ()
    """Targets that were asked besides the one that answered, and may have done the work as well."""
    extra_nanos: int = 0
    """What was paid for answers that did not do."""
    signed: bytes = b""
    """The rendered header lines of the last request that was signed."""
    is_estimated: bool = False
    """Whether the provider has not said what it used, or not all of it."""
    usage_details: str = ""
    """Counts that most calls do not have."""
    report: Report | None = None
    """What guardrails have come to."""
    words: Callable[[str], str] | None = None
    """What of a provider's words about a failure the caller may read."""
    told: Callable[[], bytes] | None = None
    """Renders header lines that tell of them."""
    shortened: Savings | None = None
    """What optimizers have saved of the prompt."""
    allowance: Callable[[], bytes] | None = None
    """Renders header lines that tell what the caller's limits leave it."""
    cache: str = ""
    """How the answer was found, or why none was looked for, in a word; empty where there is no cache."""
    is_cached: bool = False
    """Whether the answer is one that was given before, or is given to somebody else: it costs nothing."""
    cached_nanos: int | None = None
    """What it cost then, where that is known."""
    cache_fields: bytes = b""
    """Rendered header lines that tell of that."""
    on_settled: Callable[[RequestEvent], None] | None = None
    """Hears how the request has ended."""
    conversation: bytes = b""
    """Names the conversation, where the strategy minds who answered it."""
    conversations: Conversations | None = None
    marking: Marking | None = None
    """Marks the prompt for providers' caches, and knows what that has saved."""
    reference: Target | None = None
    """The target that whoever answers is compared with for what routing has saved."""
    saved: dict[str, int] | None = None
    """What was saved so far, in nano-dollars, by kind (see ``core/savings.py``)."""

    def save(self, kind: str, nanos: int) -> None:
        """Puts on record what was saved, or lost where it is negative."""
        self.saved = saved = self.saved or {}
        saved[kind] = saved.get(kind, 0) + nanos

    def respond(self, body: bytes, facts: ReplyFacts, now: float, kind: bytes = JSON) -> None:
        """A provider's whole answer, which came ``now``, handed on; ``kind`` are header lines that say what it is."""
        self.first_byte = now
        self.size = len(body)
        usage = facts.usage
        cost_nanos = self._cost_nanos(usage)
        fields = self._fields(kind, now)
        if cost_nanos is not None:
            fields += b"x-stellwerk-cost-usd: %b\r\n" % format_usd(cost_nanos)
        self.request.respond(200, fields, body)
        self._settle("complete", 200, now, usage or NO_USAGE, "", facts.finish, cost_nanos)

    def start(self, first: bytes) -> None:
        """The first bytes of a stream."""
        now = self.first_byte = self._clock()
        self.size = len(first)
        kind = self.dialect.stream_fields(self.lease.envelope)
        self.request.start(200, self._fields(kind, now), first)

    def end(self, usage: Usage | None, finish: str) -> None:
        """A stream has been handed on whole."""
        self.request.end()
        self._settle("complete", 200, self._clock(), usage or NO_USAGE, "", finish, self._cost_nanos(usage))

    def break_off(self, rest: bytes, error: StellwerkError, usage: Usage | None, finish: str) -> None:
        """A stream ends before it is whole; ``rest`` are its last bytes, with the event that says so."""
        self.request.send(rest)
        self.request.end()
        cost_nanos = self._cost_nanos(usage)
        self._settle("truncated", 200, self._clock(), usage or NO_USAGE, error.code, finish, cost_nanos)

    def fail(self, error: StellwerkError) -> None:
        """No answer: the caller gets an error in its own dialect."""
        now = self._clock()
        status = status_of(error)
        fields = self._fields(JSON, now) + self.dialect.error_fields(error) + _retry_after(error)
        self.request.respond(status, fields, self.dialect.error(self.masked(error)))
        self._settle("failed", status, now, NO_USAGE, error.code, "", 0)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What the provider was called with and the caller may not read."""
        return (self.route.credential if self.route is not None else "", *proofs_in(self.signed))

    def hide(self, text: str) -> str:
        """The text without what the provider was called with, and as guardrails let it through."""
        text = mask(text, *self.secrets)
        return self.words(text) if self.words is not None and text else text

    def masked(self, error: StellwerkError) -> StellwerkError:
        """The error without what the provider was called with, wherever its words may have carried it."""
        error.message = self.hide(error.message)
        if error.param is not None:
            error.param = self.hide(error.param)
        if isinstance(error, UpstreamError) and error.upstream_code is not None:
            error.upstream_code = self.hide(error.upstream_code)
        return error

    def lose(self, route: Route) -> None:
        """A target was asked whose answer nobody gets, and may want to be paid for it."""
        self.losers += (route,)
        if self.lease.admission is not None:
            self.lease.admission.forgo()
            self.lease.admission.turn_from(route.target.provider)

    def turn_to(self, route: Route) -> None:
        """A target is asked; whoever was asked before may have counted that."""
        if self.route is not None and self.route is not route and self.lease.admission is not None:
            self.lease.admission.turn_from(self.route.target.provider)
        self.route = route

    def turn_down(self, route: Route, usage: Usage | None, *, is_taken_back: bool = False) -> None:
        """A target's answer does not do, and is paid all the same; or does after all, and counts as the answer."""
        nanos, tokens = None, 0
        if usage is not None and (tokens := usage.total_tokens):
            nanos = nanos_of(usage, route.target.card, self.lease.started_ms)
        admission, provider = self.lease.admission, route.target.provider
        if is_taken_back:
            nanos, tokens = -(nanos or 0), -tokens
        self.extra_nanos += nanos or 0
        if admission is not None:
            admission.turn_from(provider, nanos, tokens)

    def can_pay_again(self) -> bool:
        """Whether what the request may cost is there for another target as well."""
        return self.lease.admission is None or self.lease.admission.renew()

    def note(self, error: StellwerkError) -> None:
        """The caller is told of an error by somebody else: this only puts it on record."""
        self._settle("failed", status_of(error), self._clock(), NO_USAGE, error.code, "", 0)

    def cancel(self, usage: Usage | None, finish: str) -> None:
        """The caller has gone, while a provider was at work for it."""
        status = 200 if self.first_byte else CLIENT_CLOSED_REQUEST
        cost_nanos = self._cost_nanos(usage)
        self._settle("cancelled", status, self._clock(), usage or NO_USAGE, "cancelled", finish, cost_nanos)

    def leave(self) -> None:
        """The caller has gone before anybody was at work for it."""
        self._settle("cancelled", CLIENT_CLOSED_REQUEST, self._clock(), NO_USAGE, "cancelled", "", 0)

    def estimated(self, told: Usage | None, output_tokens: int) -> Usage | None:
        """What a call that was broken off has used: as ``told``, but at least what must have been.

        That is the prompt, and what came of the answer. ``None`` where the prompt is no text that can be weighed.
        """
        from stellwerk.gateway.unreported import prompt_tokens  # most calls are told of

        told = told or NO_USAGE
        input_tokens = told.input_tokens or self._known_tokens() or prompt_tokens(self.dialect, self.lease.envelope)
        if not input_tokens:
            return None
        used = msgspec.structs.replace(
            told, input_tokens=input_tokens, output_tokens=max(told.output_tokens, output_tokens)
        )
        self.is_estimated = used != told
        return used

    def _known_tokens(self) -> int | None:
        """How many tokens prompts like this one have had at this target, where that is known."""
        return self.route.standing.factors.known(self.lease.envelope.body) if self.route is not None else None

    def _cost_nanos(self, usage: Usage | None) -> int | None:
        """What the call cost; ``None`` where nobody can say: it used something, and was not counted or has no price."""
        route = self.route
        if self.is_cached:
            return 0
        if usage is None or route is None:
            return None
        rates = route.per_token
        if rates is None or not usage.is_plain:
            self.usage_details = usage.details
            return nanos_of(usage, route.target.card, self.lease.started_ms)
        fresh, read, output = rates
        cached = usage.cache_read_tokens
        return (usage.input_tokens - cached) * fresh + cached * read + usage.output_tokens * output

    def _extra_nanos(self, usage: Usage) -> int:
        """What was paid for answers that the caller did not get; of losers the prompt, which they may have read."""
        input_tokens = usage.input_tokens
        if self.losers and not input_tokens:
            from stellwerk.gateway.unreported import prompt_tokens  # most requests are answered

            input_tokens = prompt_tokens(self.dialect, self.lease.envelope)
            self.is_estimated = True
        asked = Usage(input_tokens)
        nanos = (nanos_of(asked, route.target.card, self.lease.started_ms) for route in self.losers)
        return self.extra_nanos + sum(each for each in nanos if each is not None)

    def _reckon(self, route: Route, usage: Usage) -> None:
        """Puts on record what marks and the choice of the target have saved."""
        at_ms = self.lease.started_ms
        if self.marking is not None:
            self.save(savings.PROMPT_CACHE, self.marking.settle(route, usage, at_ms))
        if self.reference is not None:  # answers that were turned down are what the choice has cost
            nanos = savings.of_route(usage, route.target.card, self.reference.card, at_ms) - self.extra_nanos
            self.save(savings.ROUTING, nanos)
        if self.shortened is not None:
            self.save(savings.OPTIMIZERS, self.shortened.nanos(usage, route.target.card, at_ms) or 0)

    def _fields(self, kind: bytes, now: float) -> bytes:
        route = self.route
        guardrail = self.told() if self.told is not None else b""
        if self.marking is not None and (why := self.marking.reason(route)):
            guardrail += b"x-stellwerk-prompt-cache: %b\r\n" % why.encode()
        overhead_ms = (now - self.request.received - self.waited_s) * 1e3
        shortened = self.shortened.fields() if self.shortened is not None else b""
        return b"%b%b%b%b%b%bx-stellwerk-attempts: %d\r\nx-stellwerk-overhead-ms: %.3f\r\n" % (
            kind,
            route.fields if route is not None else b"",
            self.warning,
            guardrail,
            self.cache_fields + shortened,
            self.allowance() if self.allowance is not None else b"",
            self.attempts,
            max(0.0, overhead_ms),
        )

    def _settle(
        self,
        outcome: Outcome,
        status: int,
        now: float,
        usage: Usage,
        error: str,
        finish: str,
        cost_nanos: int | None,
    ) -> None:
        lease, received, route = self.lease, self.request.received, self.route
        if self.is_cached:
            if route is not None and outcome == "complete":
                tier, nanos = self.cache.partition(";")[0], self.cached_nanos
                if nanos is None:
                    nanos = savings.of_answer(usage, route.target.card, lease.started_ms)
                self.save(savings.of_tier(tier), nanos)
            usage = NO_USAGE  # nobody was asked: it was used when the answer came first
        elif self.conversations is not None and route is not None and outcome == "complete":
            tokens = usage.input_tokens + usage.output_tokens
            self.conversations.keep(self.conversation, Kept(route.target.identity, tokens, now))
        principal, envelope = lease.principal, lease.envelope
        if usage.input_tokens and route is not None and outcome == "complete":
            route.standing.factors.learn(envelope.body, usage.input_tokens)
        latency_s = now - received
        # Once a stream runs, its length is the provider's doing.
        extra_nanos = self._extra_nanos(usage) if self.losers or self.extra_nanos else 0
        if cost_nanos is not None:
            cost_nanos += extra_nanos
        own_s = (self.first_byte or now) - received - self.waited_s
        if route is not None and usage.input_tokens and (self.marking or self.reference or self.shortened):
            self._reckon(route, usage)
        if self.marking is not None:
            self.marking.close(route if outcome != "failed" else None)
        event = RequestEvent(
            lease.started_ms,
            lease.request_id,
            envelope.dialect,
            principal.key_name,
            principal.team,
            envelope.model,
            route.target.provider if route is not None else "",
            route.target.model if route is not None else "",
            outcome,
            status,
            error,
            envelope.is_stream,
            self.attempts,
            int(latency_s * 1e6),
            int((self.first_byte - received) * 1e6) if self.first_byte else 0,
            int(own_s * 1e6),
            usage.input_tokens,
            usage.output_tokens,
            usage.cache_read_tokens,
            usage.cache_write_tokens,
            usage.reasoning_tokens,
            len(envelope.body),
            self.size,
            finish,
            lease.tags,
            cost_nanos,
            extra_nanos,
            self.why,
            self.is_estimated,
            usage.service_tier,
            self.usage_details,
            route.price_version if route is not None else "",
            usage.reported_nanos,
            self.report.record() if self.report is not None else "",
            self.cache,
            savings.tell(self.saved) if self.saved else "",
            self.marking.reason(route) if self.marking is not None else "",
            self.shortened.record() if self.shortened is not None else "",
            self.shortened.changes.tokens if self.shortened is not None else 0,
            principal.organization,
        )
        lease.settle(event)
        if self.on_settled is not None:
            settled, self.on_settled = self.on_settled, None
            settled(event)


def status_of(error: StellwerkError) -> int:
    """The status a caller sees: a provider's refusal of the request itself keeps the provider's."""
    return error.upstream_status if isinstance(error, UpstreamRefused) else error.status


def _retry_after(error: StellwerkError) -> bytes:
    if isinstance(error, UpstreamRateLimited | Overloaded | LimitExceeded) and error.retry_after_s is not None:
        return b"retry-after: %d\r\n" % max(1, math.ceil(min(error.retry_after_s, LONGEST_RETRY_AFTER_S)))
    return b""
