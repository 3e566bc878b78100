"""Compiles ``stellwerk.toml`` into the file that workers load.

``python -m stellwerk.config.compile CONFIG OUT [--version N]`` is a process of its own, so that what judges the
configuration never takes memory or time of those who serve. It prints problems and warnings as JSON lines and ends
with 0 when OUT was written, 1 when it was left as it is, 2 on wrong use.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # before pydantic: looking for them takes 40 ms

from stellwerk import plugins
from stellwerk.catalog.book import BOOK, enter
from stellwerk.catalog.load import load
from stellwerk.config.cache import Caching, cache_of, caching_of
from stellwerk.config.cards import Cards
from stellwerk.config.compiled import write
from stellwerk.config.identity import scopes
from stellwerk.config.load import Verdict, examine
from stellwerk.config.notation import split_address
from stellwerk.config.optimizing import spec_of
from stellwerk.config.problems import Problem, render_path
from stellwerk.config.routing import Model
from stellwerk.config.schema import Notifier, Provider, Server, Settings
from stellwerk.config.section import Section
from stellwerk.core.snapshot import (
    FORMAT,
    AdminSpec,
    AlertsSpec,
    BreakerSpec,
    CorsSpec,
    EgressSpec,
    HealthSpec,
    HedgeSpec,
    LimitsSpec,
    MediaSpec,
    MirrorSpec,
    ModelSpec,
    NotifierSpec,
    ProviderSpec,
    QueueSpec,
    RetrySpec,
    ServerSpec,
    Snapshot,
    StateSpec,
    TargetSpec,
    TlsSpec,
)
from stellwerk.errors import ConfigurationError

__all__ = ["compile_file", "main", "snapshot_of", "write"]


def compile_file(path: Path, *, version: int = 1, is_offline: bool = False) -> Snapshot:
    """The snapshot of a configuration file, for somebody who ``is_offline`` without looking up secrets.

    Raises ``ConfigurationError`` with every problem.
    """
    verdict = examine(path, is_offline=is_offline)
    if verdict.settings is None:
        raise ConfigurationError(verdict.lines)
    return snapshot_of(verdict.settings, path, version=version)


def snapshot_of(settings: Settings, source: Path, *, version: int) -> Snapshot:
    """The snapshot of validated settings, which came from the file ``source``.

    Raises ``ConfigurationError`` when the user's own models in the state directory cannot be used.
    """
    path = source.absolute()
    admin_host, admin_port = split_address(settings.admin.listen)
    directory = os.path.normpath(path.parent / settings.state.directory)
    providers = tuple(_provider(provider) for provider in settings.providers)
    cards = Cards(load(Path(directory)), providers, int(time.time() * 1000))
    return Snapshot(
        format=FORMAT,
        version=version,
        source=str(path),
        server=_server(settings.server),
        admin=AdminSpec(
            admin_host, admin_port, settings.admin.token, settings.admin.oidc.spec() if settings.admin.oidc else None
        ),
        state=StateSpec(
            directory=directory,
            retention_days=settings.state.retention_days,
            database=settings.state.database,
            shared=settings.state.shared,
            limits_when_away=settings.state.limits_when_away,
        ),
        providers=providers,
        models=tuple(_model(model, settings, cards) for model in settings.models),
        keys=tuple(key.spec() for key in settings.keys),
        scopes=scopes(settings),
        issuers=tuple(issuer.spec() for issuer in settings.issuers),
        egress=EgressSpec(settings.egress.mode, tuple(settings.egress.allow), tuple(settings.egress.private)),
        breaker=BreakerSpec(**settings.breaker.model_dump()),
        health=HealthSpec(**settings.health.model_dump()),
        notifiers=tuple(_notifier(notifier) for notifier in settings.notifiers),
        alerts=AlertsSpec(tuple(settings.alerts.notify)),
        guardrails=tuple(spec for guardrail in settings.guardrails for spec in guardrail.specs()),
        screening=settings.screening.spec(one.policy for one in settings.guardrails if one.policy is not None),
        cache=cache_of(settings.cache),
        media=MediaSpec(**{**settings.media.model_dump(), "types": tuple(settings.media.types)}),
    )


def main(arguments: Sequence[str]) -> int:
    """The command line described above; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m stellwerk.config.compile", description="Compiles a configuration.")
    parser.add_argument("config", type=Path, help="the configuration file")
    parser.add_argument("out", type=Path, help="the compiled file to write")
    parser.add_argument("--version", type=int, default=1, help="number of this version")
    given = parser.parse_args(arguments)
    verdict = examine(given.config)
    _report("warning", verdict.warnings, verdict)
    _report("error", verdict.problems, verdict)
    if verdict.settings is None:
        return 1
    snapshot = snapshot_of(verdict.settings, given.config, version=given.version)
    _enter_prices(snapshot)
    try:
        write(snapshot, given.out)
    except OSError as error:
        reason = f"the compiled file cannot be written: {(error.strerror or 'unknown reason').lower()}"
        _print({"level": "error", "file": str(given.out), "message": reason, "text": f"{given.out}: {reason}"})
        return 1
    return 0


def _enter_prices(snapshot: Snapshot) -> None:
    """Writes down the prices in use. A bill that cannot be computed again later is no reason not to serve."""
    cards = [target.card for model in snapshot.models for target in model.targets if target.card is not None]
    path = Path(snapshot.state.directory)
    try:
        enter(path, cards)
    except OSError as error:
        reason = f"the prices in use cannot be written down: {(error.strerror or 'unknown reason').lower()}"
        place = str(path / BOOK)
        _print({"level": "warning", "file": place, "message": reason, "text": f"{place}: {reason}"})


def _server(server: Server) -> ServerSpec:
    host, port = split_address(server.listen)
    return ServerSpec(
        host=host,
        port=port,
        workers=server.workers,
        drain_s=server.drain_s,
        tls=TlsSpec(server.tls.certificate, server.tls.key) if server.tls else None,
        trusted_proxies=tuple(server.trusted_proxies),
        cors=CorsSpec(tuple(server.cors.origins), server.cors.max_age_s) if server.cors else None,
        limits=LimitsSpec(**server.limits.model_dump()),
    )


def _provider(provider: Provider) -> ProviderSpec:
    return ProviderSpec(provider.name, provider.kind, *_options("providers", provider.kind, provider.model_extra))


def _notifier(notifier: Notifier) -> NotifierSpec:
    return NotifierSpec(notifier.name, notifier.kind, *_options("notifiers", notifier.kind, notifier.model_extra))


def _options(shelf: str, kind: str, given: dict[str, Any] | None) -> tuple[dict[str, Any], dict[str, str]]:
    """A plugin's options, and the references of those that are secrets."""
    given, secrets = given or {}, plugins.secrets(shelf, kind)
    options = {option: value for option, value in given.items() if option not in secrets}
    return options, {option: given[option] for option in secrets if option in given}


def _model(model: Model, general: Settings, cards: Cards) -> ModelSpec:
    caching = Caching(**{name: getattr(general.cache, name) for name in Caching.model_fields})
    return ModelSpec(
        name=model.name,
        targets=tuple(
            TargetSpec(
                target.provider,
                target.model,
                target.weight,
                cards.of(target.provider, target.model, target.prices),
            )
            for target in model.targets
        ),
        strategy=model.strategy,
        strategy_options=model.strategy_options,
        fallback=tuple(model.fallback),
        requires=tuple(model.requires),
        timeout_s=model.timeout_s,
        first_byte_timeout_s=model.first_byte_timeout_s,
        retry=RetrySpec(**_own(model.retry, general.retry)),
        hedge=HedgeSpec(**_own(model.hedge, general.hedge)),
        queue=QueueSpec(**_own(model.queue, general.queue)),
        optimize=spec_of(_own(model.optimize, general.optimize)),
        guardrails=None if model.guardrails is None else tuple(model.guardrails),
        mirror=MirrorSpec(**model.mirror.model_dump()) if model.mirror else None,
        prompt_cache=_own(model.optimize, general.optimize)["prompt_cache"],
        caching=caching_of(Caching(**_own(model.cache, caching))),
    )


def _own(own: Section | None, general: Section) -> dict[str, Any]:
    """The keys of a general section, and over them those that a model has of its own."""
    return {**general.model_dump(), **(own.model_dump(exclude_unset=True) if own is not None else {})}


def _report(level: str, problems: Iterable[Problem], verdict: Verdict) -> None:
    for problem in problems:
        _print(
            {
                "level": level,
                "file": verdict.file,
                "line": problem.line,
                "path": render_path(problem.path),
                "message": problem.message,
                "text": problem.render(verdict.file),
            }
        )


def _print(line: dict[str, Any]) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
