"""The channels of a configuration, and the one way out that they share: through an egress guard of their own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import cast

from stellwerk import plugins
from stellwerk.config.references import resolve
from stellwerk.core.egress_policy import Policy
from stellwerk.core.snapshot import LOG_CHANNEL, Snapshot
from stellwerk.egress.denials import written_to
from stellwerk.egress.fetch import Fetcher
from stellwerk.egress.guard import Guard
from stellwerk.egress.resolver import GuardedResolver
from stellwerk.http.deadlines import Deadlines, Timer
from stellwerk.http.pool import Pool
from stellwerk.http.resolver import SystemResolver
from stellwerk.http.tls import client_context
from stellwerk.ports.notifier import Means, Message, Notifier, Outcome, Receipt
from stellwerk.supervisor.log import Log

TIMEOUT_S = 10.0
"""How long an attempt may take, from the look-up of the name to the end of the answer."""
MAX_BYTES = 65_536
"""Of an answer, which says nothing but its status."""


class Channels:
    """Every channel by its name; there is always one to the log. Lives on one event loop.

    A configuration's own channels, and only those, may connect to where they are configured to.
    """

    def __init__(
        self, snapshot: Snapshot, wall: Callable[[], float], log: Log, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        """Raises ``ConfigurationError`` when a channel's secret cannot be had, or its plugin refuses."""
        self._guard = Guard(Policy(), time.monotonic, written_to(log))
        self._pool = Pool(
            Deadlines(time.monotonic, _call_at),
            GuardedResolver(SystemResolver(time.monotonic), self._guard),
            self._guard.check,
            client_context,
            connections_per_origin=1,
            max_reply_bytes=MAX_BYTES,
        )
        fetch = partial(Fetcher(self._pool, self._guard).fetch, timeout_s=timeout_s, max_bytes=MAX_BYTES)
        self._means = Means(fetch, wall, log.warning)
        self._notifiers: dict[str, Notifier] = {}
        self.told: tuple[str, ...] = ()
        """On which ones budgets' alerts are told."""
        self.adopt(snapshot)

    @property
    def names(self) -> tuple[str, ...]:
        """Those that there are."""
        return tuple(self._notifiers)

    def adopt(self, snapshot: Snapshot) -> None:
        """Takes another configuration. Raises ``ConfigurationError`` like the constructor, and changes nothing then."""
        found = {LOG_CHANNEL: self._built(LOG_CHANNEL, {})}
        for spec in snapshot.notifiers:
            secrets = {option: resolve(reference) for option, reference in spec.secrets.items()}
            found[spec.name] = self._built(spec.kind, {**spec.options, **secrets})
        self._guard.adopt(Policy.of(snapshot.egress, [origin for one in found.values() for origin in one.origins]))
        self._pool.reconsider()
        self._notifiers, self.told = found, snapshot.alerts.notify

    async def deliver(self, channel: str, message: Message) -> Receipt:
        """Tries once."""
        notifier = self._notifiers.get(channel)
        if notifier is None:
            return Receipt(Outcome.FAILED, "there is no such channel")
        try:
            return await notifier.deliver(message)
        except Exception as error:  # noqa: BLE001  # the code of others, which may fail in any way
            return Receipt(Outcome.FAILED, f"its plugin failed: {type(error).__name__}")

    def close(self) -> None:
        """Lets go of every connection."""
        self._pool.close()

    def _built(self, kind: str, options: dict[str, object]) -> Notifier:
        return cast("Notifier", plugins.build("notifiers", kind, options, means=self._means))


def _call_at(when: float, work: Callable[[], None]) -> Timer:
    return asyncio.get_running_loop().call_at(when, work)
