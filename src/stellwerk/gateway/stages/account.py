"""What did it come to? Opens a request's lease, and on settling records one event and counts."""

from __future__ import annotations

from collections.abc import Callable

from stellwerk.core.envelope import Envelope
from stellwerk.core.event import RequestEvent
from stellwerk.core.identity import Principal
from stellwerk.gateway.lease import Lease, Settlement
from stellwerk.gateway.metrics import Metrics

_NOBODY = Principal("", "", frozenset())


class Account:
    """The ledger of a worker."""

    __slots__ = ("_metrics", "_record", "in_flight")

    def __init__(self, record: Callable[[RequestEvent], None], metrics: Metrics) -> None:
        self._record = record
        self._metrics = metrics
        self.in_flight = 0

    def open(self, request_id: str, started_ms: int, principal: Principal, envelope: Envelope, tags: str) -> Lease:
        """Starts to account for a request."""
        self.in_flight += 1
        return Lease(self, request_id, started_ms, principal, envelope, tags)

    def refuse(
        self, request_id: str, started_ms: int, principal: Principal | None, envelope: Envelope, settlement: Settlement
    ) -> None:
        """Accounts for a request that was refused before anything was reserved for it."""
        self.in_flight += 1
        self.close(Lease(self, request_id, started_ms, principal or _NOBODY, envelope, ""), settlement)

    def close(self, lease: Lease, settlement: Settlement) -> None:
        """Ends the accounting of a request: one event, and the counters."""
        self.in_flight -= 1
        principal, envelope, usage = lease.principal, lease.envelope, settlement.usage
        target = settlement.target
        provider, _, provider_model = target.partition("/")
        latency_s = settlement.latency_s
        self._metrics.count(envelope.model, target, settlement)
        self._record(
            RequestEvent(
                lease.started_ms,
                lease.request_id,
                envelope.dialect,
                principal.key_name,
                principal.team,
                envelope.model,
                provider,
                provider_model,
                settlement.outcome.value,
                settlement.status,
                settlement.error,
                envelope.is_stream,
                settlement.attempts,
                int(latency_s * 1e6),
                int(settlement.first_byte_s * 1e6),
                int((latency_s - settlement.waited_s) * 1e6),
                usage.input_tokens,
                usage.output_tokens,
                usage.cache_read_tokens,
                usage.cache_write_tokens,
                usage.reasoning_tokens,
                len(envelope.body),
                settlement.reply_bytes,
                settlement.finish,
                lease.tags,
            )
        )
