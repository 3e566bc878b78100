"""The health of a host's targets: judged once a second by one of its workers, and told by whichever is asked.

That worker is the one of the lowest slot that is ready. It publishes its report on its page of the board; when it goes,
the next one continues from there. Health decides nothing: it neither routes requests nor makes a gateway unready.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from stellwerk.core.health import Health, Probe, State, judge
from stellwerk.gateway.configuration import Configuration, Route
from stellwerk.gateway.probing import DAY_S, Probing
from stellwerk.gateway.standing import Standing, Standings
from stellwerk.supervisor.log import Log

_WORRYING = frozenset({State.DEGRADED, State.DOWN, State.LIMITED})


class Report(msgspec.Struct, frozen=True):
    """What the worker on duty has found: targets by identity, probes by provider."""

    written_at: float = 0.0
    targets: dict[str, Health] = {}
    probes: dict[str, Probe] = {}


class Monitor:
    """One worker's part in it. ``wall`` gives Unix time in seconds."""

    def __init__(
        self,
        standings: Standings,
        probing: Probing,
        log: Log,
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self.probing = probing
        self._standings = standings
        self._log = log
        self._clock = clock
        self._wall = wall
        self._targets: tuple[tuple[str, str], ...] = ()
        self._report = Report()
        self._has_news = False
        """Whether the report is to be published, changed or not: it was another worker's."""

    @property
    def is_on_duty(self) -> bool:
        """Whether it is this worker that judges, and asks."""
        return self.probing.is_on_duty

    def adopt(self, configuration: Configuration) -> None:
        """Judges the targets of this configuration from now on, and has its providers asked."""
        routes: dict[str, dict[str, Route]] = {name: dict(home.routes) for name, home in configuration.homes.items()}
        targets: dict[tuple[str, str], None] = {}
        for model in configuration.models.values():
            for identity, route in model.routes.items():
                routes[route.target.provider][identity] = route
                targets[route.target.provider, route.target.model] = None
        self._targets = tuple(targets)
        known = {name: tuple(own.values()) for name, own in routes.items()}
        self.probing.adopt(configuration.snapshot.health, known)

    def take_over(self, told: Iterable[bytes]) -> None:
        """Is on duty from now on, and goes on from the newest report of those that were published."""
        self.hear(told)
        self.probing.begin(self._report.probes)
        self._has_news = True

    def leave(self) -> None:
        """Is not on duty any more."""
        self.probing.is_on_duty = False

    def hear(self, told: Iterable[bytes]) -> None:
        """Takes note of what the worker on duty has published.

        Left out are reports that cannot be read, an older version's, and those from before the host was started anew,
        when the clock was ahead of what it shows now.
        """
        now = self._clock()
        for dump in told:
            try:
                report = msgspec.msgpack.decode(dump, type=Report)
            except msgspec.MsgspecError:
                continue
            if self._report.written_at < report.written_at <= now:
                self._report = report

    def look(self) -> bool:
        """Judges every target. Returns whether there is anything new to publish."""
        before, now, wall_s = self._report, self._clock(), self._wall()
        targets: dict[str, Health] = {}
        for provider, model in self._targets:
            identity = f"{provider}/{model}"
            known = before.targets.get(identity, Health())
            standing = self._standings.of(identity)
            open_until = None if standing.breaker.is_closed else standing.breaker.until_s
            judged = judge(standing.all_signs, self.probing.results.get(provider), now, open_until=open_until)
            targets[identity] = health = known.become(*judged, wall_s)
            if health is not known:
                self._tell(identity, known, health)
        probes = dict(self.probing.results)
        has_news, self._has_news = self._has_news, False
        if not has_news and targets == before.targets and probes == before.probes:
            return False
        self._report = Report(now, targets, probes)
        return True

    def dump(self) -> bytes:
        """The report, for other workers; empty where it is not this one's."""
        return msgspec.msgpack.encode(self._report) if self.is_on_duty else b""

    def told(self) -> list[dict[str, object]]:
        """Every target, for ``/healthz?full``."""
        return [self._told(provider, model) for provider, model in self._targets]

    def gauges(self) -> dict[str, list[tuple[dict[str, str], float]]]:
        """Labelled values for ``/metrics``, by name. Labels come from the configuration."""
        up, is_open = [], []
        for provider, model in self._targets:
            labels = {"provider": provider, "model": model}
            state = self._report.targets.get(f"{provider}/{model}", Health()).state
            if state is not State.UNKNOWN:
                up.append((labels, float(state is not State.DOWN)))
            is_open.append((labels, float(not self._standings.of(f"{provider}/{model}").breaker.is_closed)))
        days, skews, wall_s = [], [], self._wall()
        for provider, probe in sorted(self._report.probes.items()):
            if probe.certificate_until is not None:
                days.append(({"provider": provider}, round((probe.certificate_until - wall_s) / DAY_S, 3)))
            if probe.clock_skew_s is not None:
                skews.append(({"provider": provider}, probe.clock_skew_s))
        return {
            "stellwerk_target_up": up,
            "stellwerk_target_circuit_open": is_open,
            "stellwerk_provider_certificate_days": days,
            "stellwerk_provider_clock_skew_seconds": skews,
        }

    # -- helpers

    def _tell(self, identity: str, former: Health, health: Health) -> None:
        """Writes down a change, unless it is that of a target which is well from the start."""
        if former.state is State.UNKNOWN and health.state is State.HEALTHY:
            return
        write = self._log.warning if health.state in _WORRYING else self._log.info
        write("target_state", target=identity, state=health.state.value, was=former.state.value, reason=health.reason)

    def _told(self, provider: str, model: str) -> dict[str, object]:
        identity = f"{provider}/{model}"
        standing = self._standings.of(identity)
        health, probe = self._report.targets.get(identity, Health()), self._report.probes.get(provider, Probe())
        now, wall_s, signs = self._clock(), self._wall(), standing.all_signs
        until = probe.certificate_until
        return {
            "provider": provider,
            "model": model,
            "state": health.state.value,
            "reason": health.reason,
            "since_s": health.since_s or None,
            "last_success_s": _unix(signs.succeeded_at, now, wall_s),
            "last_failure_s": _unix(signs.failed_at, now, wall_s),
            "last_failure": signs.failure or None,
            "circuit": _circuit(standing, now),
            "in_flight": standing.in_flight,
            "first_byte_p50_ms": _milliseconds(standing.quantile_s(0.5)),
            "first_byte_p95_ms": _milliseconds(standing.quantile_s(0.95)),
            "probed_s": _unix(probe.asked_at, now, wall_s),
            "probe_failure": probe.failure or None,
            "probe_message": probe.message or None,
            "certificate_days": None if until is None else round((until - wall_s) / DAY_S, 1),
            "clock_skew_s": probe.clock_skew_s,
            "changes": msgspec.to_builtins(health.changes),
        }


def _circuit(standing: Standing, now: float) -> str:
    if standing.breaker.is_closed:
        return "closed"
    return "open" if now < standing.breaker.until_s else "half-open"


def _unix(moment: float, now: float, wall_s: float) -> float | None:
    """Unix seconds of a moment of the monotonic clock; ``None`` for never."""
    return round(wall_s - (now - moment), 3) if moment else None


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1e3, 1)
