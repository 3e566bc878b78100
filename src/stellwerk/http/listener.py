"""What the event loop talks to while somebody else than a connection's parser hears what comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Listener(asyncio.BaseProtocol):
    """Stands in for a connection: ``hear`` takes the data, the connection everything else."""

    __slots__ = ("_connection", "data_received")

    def __init__(self, connection: asyncio.Protocol, hear: Callable[[bytes], None]) -> None:
        self._connection = connection
        self.data_received = hear

    def eof_received(self) -> None:
        """The peer has closed its side."""
        self._connection.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._connection.connection_lost(exc)

    def resume_writing(self) -> None:
        """What was sent is on its way."""
        self._connection.resume_writing()
