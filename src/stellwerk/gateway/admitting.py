"""Puts a request through its meters, and has it asked with what it was admitted with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from stellwerk.core.scope import BudgetSpec
from stellwerk.dialects.capping import capped
from stellwerk.errors import StellwerkError
from stellwerk.gateway.demand import demand_of, limited, look_back, look_closer
from stellwerk.gateway.stages.admit import Admission, Admitting

if TYPE_CHECKING:
    from stellwerk.core.acceptance import Acceptance
    from stellwerk.core.route import Target
    from stellwerk.gateway.configuration import Configuration
    from stellwerk.gateway.custody import Custody
    from stellwerk.gateway.exchange import Exchange
    from stellwerk.gateway.lease import Lease
    from stellwerk.gateway.meters import Meters
    from stellwerk.gateway.reply import Reply


def admit(
    meters: Meters,
    configuration: Configuration,
    exchange: Exchange,
    reply: Reply,
    acceptance: Acceptance | None,
    custody: Custody | None,
) -> None:
    """Starts the exchange when all that the request may come to has been taken, or answers with why it has not."""
    lease, model, targets = reply.lease, exchange.model, exchange.targets
    found = meters.of(scopes_of(lease, targets, configuration), configuration.directory)
    if not found:
        exchange.start(acceptance)
        return
    is_hard = any(isinstance(meter.spec, BudgetSpec) and meter.spec.is_hard for meter in found)
    demand = demand_of(lease.envelope, model, targets, is_cascade=acceptance is not None, is_hard=is_hard)

    def go(admission: Admission) -> None:
        lease.admission = admission
        try:
            lease.envelope, kept = limited(lease.envelope, model, targets, demand)
            if custody is not None and demand.is_capped and demand.output_tokens is not None:
                custody.envelope = capped(custody.envelope, demand.output_tokens // lease.envelope.choices)
        except StellwerkError as error:  # such as a limit that stands there twice
            exchange.fail(error)
            return
        exchange.targets = kept
        exchange.start(acceptance)

    admitting = Admitting(
        found,
        meters.purses,
        demand,
        partial(look_closer, reply.dialect, lease.envelope),
        partial(look_back, lease.envelope, model, targets),
        go,
        exchange.fail,
        reply.leave,
    )
    reply.request.owner = admitting
    admitting.start()


def scopes_of(lease: Lease, targets: Sequence[Target], configuration: Configuration) -> tuple[str, ...]:
    """Ids of the scopes that a request falls under: those of its key, and of what it asks for where that is metered."""
    if not configuration.is_metered:
        return lease.principal.scopes
    register, metered = configuration.directory.register, configuration.metered
    wanted = [f"model:{lease.envelope.model}", *(f"provider:{target.provider}" for target in targets)]
    wanted += [f"tag:{tag}" for tag in lease.tags.split(",") if tag]
    if register is None or not register.version:  # else it may have any of them
        wanted = [id_ for id_ in wanted if id_ in metered]
    return (*lease.principal.scopes, *dict.fromkeys(wanted))
