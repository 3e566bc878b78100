"""Puts a request through its meters, and has it asked with what it was admitted with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from stellwerk.dialects.capping import capped
from stellwerk.errors import StellwerkError
from stellwerk.gateway.allowance import allowance
from stellwerk.gateway.demand import demand_of, limited, look_back, look_closer
from stellwerk.gateway.stages.admit import NOTHING_WEIGHED, Admission, Admitting, admit_at_once

if TYPE_CHECKING:
    from stellwerk.core.acceptance import Acceptance
    from stellwerk.core.route import Target
    from stellwerk.gateway.configuration import Configuration
    from stellwerk.gateway.custody import Custody
    from stellwerk.gateway.exchange import Exchange
    from stellwerk.gateway.lease import Lease
    from stellwerk.gateway.meters import Meters
    from stellwerk.gateway.reply import Reply
    from stellwerk.gateway.stages.admit import Demand


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
    if not found.meters:
        exchange.start(acceptance)
        return
    if found.told:
        reply.allowance = partial(allowance, found, reply.dialect.name, meters.wall)
    demand = NOTHING_WEIGHED
    if found.is_weighing:
        samples = acceptance.samples if acceptance is not None else 0
        demand = demand_of(lease.envelope, model, targets, samples=samples, is_hard=found.is_hard)
    try:
        admission = admit_at_once(found.meters, meters.purses, demand)
    except StellwerkError as error:
        exchange.fail(error)
        return
    if admission is not None:
        _go(exchange, reply, acceptance, custody, demand, admission)
        return
    admitting = Admitting(
        found.meters,
        meters.purses,
        demand,
        partial(look_closer, reply.dialect, lease.envelope),
        partial(look_back, lease.envelope, model, targets),
        partial(_go, exchange, reply, acceptance, custody, demand),
        exchange.fail,
        reply.leave,
    )
    reply.request.owner = admitting
    admitting.start()


def _go(
    exchange: Exchange,
    reply: Reply,
    acceptance: Acceptance | None,
    custody: Custody | None,
    demand: Demand,
    admission: Admission,
) -> None:
    """It is admitted: the answer is asked for, as long as it may be."""
    lease = reply.lease
    lease.admission = admission
    if demand.is_capped:
        try:
            lease.envelope, exchange.targets = limited(lease.envelope, exchange.model, exchange.targets, demand)
            if custody is not None and demand.output_tokens is not None:
                custody.envelope = capped(custody.envelope, demand.output_tokens // lease.envelope.choices)
        except StellwerkError as error:  # such as a limit that stands there twice
            exchange.fail(error)
            return
    exchange.start(acceptance)


def scopes_of(lease: Lease, targets: Sequence[Target], configuration: Configuration) -> tuple[str, ...]:
    """Ids of the scopes that a request falls under: those of its key, and of what it asks for where that is metered."""
    if not configuration.is_metered:
        return lease.principal.scopes
    directory, metered = configuration.directory, configuration.metered
    register = directory.register
    wanted = [f"model:{lease.envelope.model}", *(f"provider:{target.provider}" for target in targets)]
    wanted += [f"tag:{tag}" for tag in lease.tags.split(",") if tag]
    if register is None or not register.version:
        wanted = [id_ for id_ in wanted if id_ in metered]
    else:  # it may have any of them, but callers think of many tags that nobody is to remember
        wanted = [id_ for id_ in wanted if directory.scope(id_) is not None]
    return (*lease.principal.scopes, *dict.fromkeys(wanted))
