"""The process's own log: a message is one line of it. It is never away."""

from __future__ import annotations

import msgspec

from stellwerk.core.wire import Origin
from stellwerk.ports.notifier import Means, Message, Notifier, Outcome, Receipt


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This channel has no options."""


class LogNotifier:
    """Writes the event ``alert`` with everything that the message says."""

    origins: tuple[Origin, ...] = ()

    def __init__(self, means: Means) -> None:
        self._line = means.line

    async def deliver(self, message: Message) -> Receipt:
        """One line."""
        self._line("alert", alert=msgspec.json.decode(message.body))
        return Receipt(Outcome.DELIVERED)


def build(settings: Settings, *, means: Means) -> Notifier:
    """The channel."""
    del settings
    return LogNotifier(means)
