"""A transport in memory, for tests that feed an engine more bytes in more ways than sockets would bear."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from stellwerk.core.snapshot import LimitsSpec
from stellwerk.http.front import Application, Front
from stellwerk.http.server import ServerConnection
from tests.integration.http.loop import Clock


class Wire(asyncio.Transport):
    """One end of a connection: keeps what the protocol writes, and gives it what the test feeds."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self.protocol = protocol
        self.written = bytearray()
        self.is_aborted = False
        self.is_lost = False
        self.is_paused = False
        self.has_ended = False
        self._is_closing = False
        protocol.connection_made(self)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Somebody else hears from now on."""
        self.protocol = cast("asyncio.Protocol", protocol)

    def feed(self, data: bytes) -> bool:
        """Delivers bytes, as a read does; False once the connection has ended."""
        if not self._is_closing and data:
            self.protocol.data_received(data)
        return not self.loses_if_closing()

    def end(self) -> None:
        """The other side sends FIN."""
        if not self._is_closing and not self.protocol.eof_received():
            self.close()
        self.loses_if_closing()

    def lose(self, reason: Exception | None = None) -> None:
        """The connection breaks."""
        if not self.is_lost:
            self._is_closing = self.is_lost = True
            self.protocol.connection_lost(reason)

    def loses_if_closing(self) -> bool:
        """Tells the protocol about the end that it asked for, later, as a loop does; whether there was one."""
        if self._is_closing:
            self.lose()
        return self._is_closing

    def write(self, data: Any) -> None:
        """Keeps it, unless the connection is gone."""
        if not self._is_closing:
            assert not self.has_ended
            self.written += data

    def writelines(self, list_of_data: Any) -> None:
        """Keeps all of it."""
        for data in list_of_data:
            self.write(data)

    def write_eof(self) -> None:
        """Ends the writing side."""
        self.has_ended = True

    def can_write_eof(self) -> bool:
        """It can."""
        return True

    def close(self) -> None:
        """Ends the connection once all is written."""
        self._is_closing = True

    def abort(self) -> None:
        """Breaks the connection off."""
        self._is_closing = self.is_aborted = True

    def is_closing(self) -> bool:
        """Whether it has ended or is about to."""
        return self._is_closing

    def pause_reading(self) -> None:
        """Remembers."""
        self.is_paused = True

    def resume_reading(self) -> None:
        """Remembers."""
        self.is_paused = False

    def get_write_buffer_size(self) -> int:
        """Everything has left at once."""
        return 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """The other end's address."""
        return ("127.0.0.1", 1) if name == "peername" else default


def connect(application: Application, clock: Clock, limits: LimitsSpec | None = None) -> Wire:
    """A caller's connection to a front, in memory."""
    front = Front(application, limits if limits is not None else LimitsSpec(), clock.deadlines)
    return Wire(ServerConnection(front))
