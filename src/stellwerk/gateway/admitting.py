"""Puts a request through its meters, and has it asked with what it was admitted with."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from stellwerk.dialects.capping import capped
from stellwerk.gateway.demand import demand_of, limited, prompt_tokens
from stellwerk.gateway.stages.admit import Admission, Admitting

if TYPE_CHECKING:
    from stellwerk.core.acceptance import Acceptance
    from stellwerk.core.route import Target
    from stellwerk.gateway.custody import Custody
    from stellwerk.gateway.exchange import Exchange
    from stellwerk.gateway.meters import Meters
    from stellwerk.gateway.reply import Reply


def admit(
    meters: Meters,
    exchange: Exchange,
    reply: Reply,
    targets: tuple[Target, ...],
    acceptance: Acceptance | None,
    custody: Custody | None,
) -> None:
    """Starts the exchange when all that the request may come to has been taken, or answers with why it has not."""
    lease, model = reply.lease, exchange.model
    demand = demand_of(lease.envelope, model, targets, is_cascade=acceptance is not None)

    def go(admission: Admission) -> None:
        lease.admission = admission
        lease.envelope, kept = limited(lease.envelope, model, targets, demand)
        if custody is not None and demand.is_capped and demand.output_tokens is not None:
            custody.envelope = capped(custody.envelope, demand.output_tokens // lease.envelope.choices)
        exchange.targets = kept
        exchange.start(acceptance)

    admitting = Admitting(
        meters.of(lease.principal.scopes),
        meters.purses,
        demand,
        partial(prompt_tokens, reply.dialect, lease.envelope),
        go,
        exchange.fail,
        reply.leave,
    )
    reply.request.owner = admitting
    admitting.start()
