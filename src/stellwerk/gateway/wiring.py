"""The composition root of a worker: from a compiled configuration to everything that serves requests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, cast

from stellwerk import plugins
from stellwerk.config.register import Register
from stellwerk.core.able import sift
from stellwerk.core.breaker import Rules
from stellwerk.core.egress_policy import Policy
from stellwerk.core.event import RequestEvent
from stellwerk.core.route import Target
from stellwerk.core.scope import ScopeKind
from stellwerk.core.sealed_id import place_of
from stellwerk.core.snapshot import BreakerSpec, Snapshot
from stellwerk.egress.denials import written_to
from stellwerk.egress.fetch import Fetcher
from stellwerk.egress.guard import Guard
from stellwerk.egress.resolver import GuardedResolver
from stellwerk.gateway.app import App
from stellwerk.gateway.callers import record_of
from stellwerk.gateway.configuration import Configuration, Route
from stellwerk.gateway.descriptors import connections_per_origin
from stellwerk.gateway.directory import Directory, digest
from stellwerk.gateway.endpoints.operation import Operation
from stellwerk.gateway.issuers import issuers_of, trusting
from stellwerk.gateway.media import Media
from stellwerk.gateway.metrics import Metrics
from stellwerk.gateway.models import guards_of, home_of, model_of, spare_of, targets_of
from stellwerk.gateway.monitor import Monitor
from stellwerk.gateway.paths import Paths
from stellwerk.gateway.pipeline import Pipeline
from stellwerk.gateway.probing import Probing
from stellwerk.gateway.renewals import Renewals
from stellwerk.gateway.routes import route_to
from stellwerk.gateway.scheduler import Scheduler
from stellwerk.gateway.speeches import speech_of
from stellwerk.gateway.stages.account import Account
from stellwerk.gateway.standing import Standings
from stellwerk.gateway.upstreams import IN_HEADERS, egress_of, embedder_of, providers_of, secrets_of, token
from stellwerk.gateway.vault import Vault
from stellwerk.http.cors import Cors
from stellwerk.http.deadlines import Deadlines, Timer
from stellwerk.http.front import Front
from stellwerk.http.pool import Pool
from stellwerk.http.resolver import SystemResolver
from stellwerk.http.tls import client_context
from stellwerk.ports.store import EventStore
from stellwerk.supervisor.log import Log

if TYPE_CHECKING:
    from stellwerk.gateway.guarding import Guarding
    from stellwerk.gateway.inquiry import Service
    from stellwerk.gateway.recollection import Recollection
    from stellwerk.gateway.vectors import Vectors

_COMMON = (ScopeKind.MODEL, ScopeKind.PROVIDER, ScopeKind.TAG)
"""Scopes that requests of every key fall under."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """The parts of one running gateway that its process has to do with."""

    front: Front
    pool: Pool
    app: App
    pipeline: Pipeline
    account: Account
    metrics: Metrics
    guard: Guard
    vault: Vault
    media: Media
    renewals: Renewals
    standings: Standings
    monitor: Monitor
    log: Log


def assemble(
    snapshot: Snapshot,
    deadlines: Deadlines,
    call_later: Callable[[float, Callable[[], None]], Timer],
    record: Callable[[RequestEvent], None],
    operation: Operation,
    log: Log,
    *,
    wall: Callable[[], float] = time.time,
    register: Register | None = None,
) -> Gateway:
    """A gateway that serves ``snapshot`` as soon as its front listens; ``wall`` gives Unix time in seconds.

    Keys that are not in the configuration are found in ``register``.

    Fetching the providers' credentials begins at once, and nothing waits for it. Raises ``ConfigurationError``.
    """
    limits = snapshot.server.limits
    guard = Guard(Policy(), deadlines.clock, written_to(log))
    pool = Pool(
        deadlines,
        GuardedResolver(SystemResolver(deadlines.clock), guard),
        guard.check,
        client_context,
        connections_per_origin=connections_per_origin(),
        max_reply_bytes=limits.max_reply_bytes,
    )
    standings = Standings()
    configuration = configure(snapshot, pool, standings, record, register, wall)
    guard.adopt(configuration.egress)
    metrics = Metrics(configuration.models)
    account = Account(record, metrics)
    media = Media(pool, guard, snapshot.media)
    vault = Vault(Path(snapshot.state.directory))
    _redact(account, log, configuration, vault)
    pipeline = Pipeline(configuration, account, Scheduler(deadlines, call_later, log, media), vault)
    pipeline.recollection = _recollect(None, configuration, pool)
    app = App(pipeline, Paths(limits), operation, log)
    renewals = Renewals(Fetcher(pool, guard).fetch, deadlines, log, wall)
    renewals.adopt({**configuration.providers, **configuration.checks}, configuration.issuers)
    monitor = Monitor(standings, Probing(pool, log, wall), log, deadlines.clock, wall)
    monitor.adopt(configuration)
    front = Front(app, limits, deadlines)
    return Gateway(front, pool, app, pipeline, account, metrics, guard, vault, media, renewals, standings, monitor, log)


def adopt(gateway: Gateway, snapshot: Snapshot) -> None:
    """Serves ``snapshot`` from now on; requests under way finish with the version they began with.

    Raises ``ConfigurationError`` and changes nothing when it cannot be used.
    """
    former_directory = gateway.pipeline.configuration.directory
    configuration = configure(
        snapshot,
        gateway.pool,
        gateway.standings,
        gateway.account.record,
        former_directory.register,
        former_directory.wall,
        gateway.pipeline.configuration.services,
    )
    recollection = _recollect(gateway.pipeline.recollection, configuration, gateway.pool)
    limits = snapshot.server.limits
    gateway.metrics.know(configuration.models)
    gateway.pool.max_reply_bytes = limits.max_reply_bytes
    gateway.front.limits = limits
    gateway.app.paths = Paths(limits)
    former = gateway.pipeline.configuration.models.values()
    # Requests under way may still turn to a provider that is gone, until their time is up.
    gateway.guard.adopt(configuration.egress, grace_s=max((model.timeout_s for model in former), default=0.0))
    gateway.pool.reconsider()
    gateway.media.adopt(snapshot.media)
    gateway.renewals.adopt({**configuration.providers, **configuration.checks}, configuration.issuers)
    gateway.monitor.adopt(configuration)
    gateway.pipeline.recollection = recollection
    _redact(gateway.account, gateway.log, configuration, gateway.vault)
    gateway.pipeline.configuration = configuration


def _redact(account: Account, log: Log, configuration: Configuration, vault: Vault) -> None:
    """Has records written as the configuration wants them from now on."""
    account.redaction = redaction = configuration.redaction
    if redaction is not None:
        redaction.key = lambda: vault.mask_key
    log.redact = redaction.text if redaction is not None else None


def configure(
    snapshot: Snapshot,
    pool: Pool,
    standings: Standings,
    record: Callable[[RequestEvent], None],
    register: Register | None = None,
    wall: Callable[[], float] = time.time,
    services: Mapping[str, Service] = {},
) -> Configuration:
    """Everything that requests depend on, from one version of the configuration.

    Secrets are resolved here, in the worker. Raises ``ConfigurationError`` when one cannot be, or a plugin refuses.
    """
    secrets = secrets_of(snapshot)
    providers = providers_of(snapshot, secrets)
    credentials = {name: next(filter(None, map(found.get, IN_HEADERS)), "") for name, found in secrets.items()}
    sifted = {spec.name: sift(targets_of(spec), spec.requires) for spec in snapshot.models}
    targets = {name: found.able for name, found in sifted.items()}
    models = {spec.name: spec for spec in snapshot.models}
    dialects = {provider.dialect for provider in providers.values()}
    spoken = {dialect: speech_of(dialect, snapshot.server.limits) for dialect in dialects}

    kinds = {spec.name: spec.kind for spec in snapshot.providers}

    def reach(target: Target) -> Route:
        name, standing = target.provider, standings.of(target.identity)
        return route_to(target, providers[name], credentials[name], pool, spoken, standing, kinds[name])

    guarding, issuers = _guarding(snapshot, pool, services), issuers_of(snapshot.issuers)
    trusted_proxies = tuple(ip_network(network) for network in snapshot.server.trusted_proxies)
    metered = frozenset(one.id for one in snapshot.scopes if one.kind in _COMMON and (one.limits or one.budgets))
    checks = guarding.remote if guarding is not None else {}
    configuration = Configuration(
        snapshot=snapshot,
        directory=trusting(_directory(snapshot, register, trusted_proxies, wall), snapshot.issuers, issuers),
        models={
            spec.name: model_of(
                spec,
                targets[spec.name],
                spare_of(spec, models, targets),
                sifted[spec.name].reasons,
                reach,
                record,
                guarding,
                snapshot,
            )
            for spec in snapshot.models
        },
        homes={spec.name: home_of(spec.name, reach, guards_of(guarding, None)) for spec in snapshot.providers},
        cors=Cors.of(snapshot.server.cors),
        trusted_proxies=trusted_proxies,
        admin_digest=digest(token(snapshot.admin.token).encode()) if snapshot.admin.token is not None else b"",
        egress=egress_of(snapshot, {**providers, **checks}, issuers),
        services=guarding.services if guarding is not None else {},
        checks=checks,
        redaction=guarding.redaction() if guarding is not None else None,
        providers=providers,
        issuers=issuers,
        metered=metered,
        is_metered=bool(metered) or (register is not None and register.version > 0),
    )
    ways = {
        target.identity: (providers[target.provider].origin, place_of(target.provider, credentials[target.provider]))
        for own in targets.values()
        for target in own
    }
    standings.adopt(_rules(snapshot.breaker), ways)
    return configuration


def _guarding(snapshot: Snapshot, pool: Pool, services: Mapping[str, Service]) -> Guarding | None:
    """The guardrails, where there are any: nobody else loads them."""
    if not snapshot.guardrails:
        return None
    from stellwerk.gateway.guarding import Guarding

    return Guarding(snapshot, pool, services)


def _recollect(former: Recollection | None, configuration: Configuration, pool: Pool) -> Recollection | None:
    """What is remembered of answers from now on; nothing where none are kept. The former cache stays, if it may."""
    if not any(model.caching is not None for model in configuration.models.values()):
        _let_go(former)
        return None
    spec = configuration.snapshot.cache
    if former is not None and former.spec == spec:
        return former
    from stellwerk.config.caching import open_cache
    from stellwerk.gateway.recollection import Recollection

    snapshot = configuration.snapshot
    vectors = _vectors(snapshot, pool)
    opened = open_cache(snapshot.state, spec, workers=snapshot.server.workers)
    _let_go(former)
    return Recollection(opened, spec, vectors)


def _let_go(former: Recollection | None) -> None:
    """Closes a cache, which may wait until everything is written."""
    if former is not None:
        threading.Thread(target=former.cache.close, name="former-cache").start()


def _vectors(snapshot: Snapshot, pool: Pool) -> Vectors | None:
    """The service that the cache's embedder asks, where it asks one."""
    embedder = embedder_of(snapshot)
    if embedder is None:
        return None
    from stellwerk.gateway.vectors import Vectors

    return Vectors(embedder, pool)


def _directory(
    snapshot: Snapshot,
    register: Register | None,
    trusted: tuple[IPv4Network | IPv6Network, ...],
    wall: Callable[[], float],
) -> Directory:
    return Directory(
        keys={token(spec.key): record_of(spec) for spec in snapshot.keys},
        scopes={scope.id: scope for scope in snapshot.scopes},
        register=register,
        trusted=trusted,
        wall=wall,
    )


def _rules(spec: BreakerSpec) -> Rules | None:
    if not spec.enabled:
        return None
    return Rules(spec.failures, spec.rate, spec.window_s, spec.cool_down_s, spec.max_cool_down_s)


def open_events(snapshot: Snapshot) -> EventStore:
    """The store of this worker's events."""
    directory = Path(snapshot.state.directory) / "events"
    options = {"retention_days": snapshot.state.retention_days}
    return cast("EventStore", plugins.build("stores", "sqlite", options, directory=directory))
