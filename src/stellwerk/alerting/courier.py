"""The courier: takes what is due out of the outbox and tells it on its channel, until that has it.

A channel that is away is tried again after a while that grows, up to an hour; the channels do not wait for one
another. Whoever is killed in between has a claim on the delivery that ends by itself, and somebody else repeats it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from stellwerk.alerting.channels import Channels
from stellwerk.alerting.store import AlertStore, Delivery, Verdict
from stellwerk.ports.notifier import Outcome
from stellwerk.supervisor.log import Log

FIRST_S = 2.0
LONGEST_S = 3_600.0
PATIENCE_S = 1.0
"""How long a round waits for a channel."""


class Courier:
    """Delivers for one process. ``draw`` is uniform in [0, 1): hosts that failed together do not come back together."""

    def __init__(
        self,
        store: AlertStore,
        channels: Channels,
        wall: Callable[[], float],
        draw: Callable[[], float],
        log: Log,
        *,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._store = store
        self._channels = channels
        self._wall = wall
        self._draw = draw
        self._log = log
        self._patience_s = patience_s
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._failing: set[str] = set()
        self._is_ending = False

    async def round(self) -> None:
        """Tells what is due, on each channel up to the first failure. Raises ``StoreUnavailable``.

        A channel that takes its time goes on after the round, and is passed over by the next ones until it is done.
        """
        for name in self._channels.names:
            if name not in self._serving:
                self._serving[name] = asyncio.create_task(self._serve(name))
        await asyncio.wait(self._serving.values(), timeout=self._patience_s)
        done = {name: task for name, task in self._serving.items() if task.done()}
        for name in done:
            del self._serving[name]
        errors = [None if task.cancelled() else task.exception() for task in done.values()]
        for error in filter(None, errors):
            raise error

    async def stop(self, within_s: float) -> None:
        """Ends after what is under way, or without it where that takes longer."""
        self._is_ending = True
        for task in self._serving.values():
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        if self._serving:
            _, late = await asyncio.wait(self._serving.values(), timeout=within_s)
            for task in late:
                task.cancel()
            await asyncio.wait(self._serving.values())
        self._serving.clear()

    # -- one channel

    async def _serve(self, channel: str) -> None:
        while not self._is_ending:
            delivery = await asyncio.to_thread(self._store.claim, channel, self._wall())
            if delivery is None or not await self._deliver(delivery):
                return

    async def _deliver(self, delivery: Delivery) -> bool:
        """Whether the channel can be asked for more."""
        receipt = await self._channels.deliver(delivery.channel, delivery.message)
        again_s = min(LONGEST_S, FIRST_S * 2.0 ** min(delivery.attempt - 1, 16)) * (0.5 + 0.5 * self._draw())
        verdict = Verdict(receipt.outcome, receipt.reason, again_s)
        await asyncio.to_thread(self._store.settle, delivery, verdict, self._wall())
        self._say(delivery.channel, verdict)
        return receipt.outcome is Outcome.DELIVERED

    def _say(self, channel: str, verdict: Verdict) -> None:
        """Once that a channel fails, and once that it does no longer."""
        if verdict.outcome is Outcome.DELIVERED:
            if channel in self._failing:
                self._failing.discard(channel)
                self._log.info("channel_works_again", channel=channel)
        elif channel not in self._failing or verdict.outcome is Outcome.REFUSED:
            self._failing.add(channel)
            self._log.warning("channel_fails", channel=channel, reason=verdict.reason)
