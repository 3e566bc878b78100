"""A caller at the level of bytes: sends exactly what it is given and reads exactly what comes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

BLOCK = 262_144


class Answer(NamedTuple):
    """One answer as it stood on the wire; ``fields`` are the header lines with lower-case names, in order."""

    status: int
    fields: list[tuple[bytes, bytes]]
    body: bytes

    def field(self, name: bytes) -> bytes | None:
        """The value of a field that stands there at most once."""
        values = [value for known, value in self.fields if known == name]
        assert len(values) < 2
        return values[0] if values else None


class Caller:
    """One connection to a server, on a plain socket."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self._read = bytearray()
        self._has_ended = False

    async def send(self, data: bytes) -> None:
        """Sends all of it."""
        await asyncio.get_running_loop().sock_sendall(self.socket, data)

    async def answer(self, *, to: bytes = b"GET") -> Answer:
        """Reads the next answer; ``to`` is the method that it answers. Raises ``EOFError`` where it breaks off."""
        head = await self._until(b"\r\n\r\n")
        line, *lines = head[:-4].split(b"\r\n")
        assert line.startswith(b"HTTP/1.1 ")
        status = int(line[9:12])
        fields = []
        for each in lines:
            name, colon, value = each.partition(b": ")
            assert colon
            fields.append((name.lower(), value))
        bare = Answer(status, fields, b"")
        if status < 200 or to == b"HEAD":
            return bare
        length, coding = bare.field(b"content-length"), bare.field(b"transfer-encoding")
        if coding is not None:
            assert (coding, length) == (b"chunked", None)
            return bare._replace(body=await self._chunks())
        return bare._replace(body=await self._take(int(length)) if length is not None else await self.rest())

    async def rest(self) -> bytes:
        """Everything up to the end of the connection, which must come. A reset counts as the end."""
        while await self._more():
            pass
        rest = bytes(self._read)
        self._read.clear()
        return rest

    async def at_least(self, size: int) -> bytes:
        """Everything that is here once ``size`` bytes are."""
        while len(self._read) < size:
            if not await self._more():
                raise EOFError(bytes(self._read))
        rest = bytes(self._read)
        self._read.clear()
        return rest

    async def passes(self, mark: bytes) -> None:
        """Reads until this has come, and leaves it to be read."""
        while mark not in self._read:
            assert await self._more(), f"it ended without {mark!r}"

    @property
    def is_silent(self) -> bool:
        """Whether nothing has come that was not read, and the connection stands."""
        try:
            self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return not self._read
        return False

    def end(self) -> None:
        """Sends FIN and goes on reading."""
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Sends RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        """Closes."""
        self.socket.close()

    async def _more(self) -> bool:
        if not self._has_ended:
            try:
                data = await asyncio.get_running_loop().sock_recv(self.socket, BLOCK)
            except ConnectionError:
                data = b""
            self._has_ended = not data
            self._read += data
        return not self._has_ended

    async def _until(self, mark: bytes) -> bytes:
        while (end := self._read.find(mark)) < 0:
            if not await self._more():
                raise EOFError(bytes(self._read))
        return await self._take(end + len(mark))

    async def _take(self, size: int) -> bytes:
        while len(self._read) < size:
            if not await self._more():
                raise EOFError(bytes(self._read))
        taken = bytes(self._read[:size])
        del self._read[:size]
        return taken

    async def _chunks(self) -> bytes:
        parts = []
        while size := int(await self._until(b"\r\n"), 16):
            parts.append(await self._take(size))
            assert await self._take(2) == b"\r\n"
        assert await self._take(2) == b"\r\n"
        return b"".join(parts)


@asynccontextmanager
async def calling(port: int, *, receive_buffer: int = 0) -> AsyncIterator[Caller]:
    """A connection to a loopback port; a small ``receive_buffer`` makes a reader that stalls early."""
    connected = socket.socket()
    connected.setblocking(False)
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if receive_buffer:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    try:
        await asyncio.get_running_loop().sock_connect(connected, ("127.0.0.1", port))
        yield Caller(connected)
    finally:
        with contextlib.suppress(OSError):
            connected.close()


def get(path: bytes, *fields: bytes) -> bytes:
    """A GET of ``path`` with further header lines."""
    return b"GET %b HTTP/1.1\r\nHost: front\r\n%b\r\n" % (path, b"".join(line + b"\r\n" for line in fields))


def post(path: bytes, body: bytes, *fields: bytes) -> bytes:
    """A POST of ``body`` with its length and further header lines."""
    lines = b"".join(line + b"\r\n" for line in fields)
    return b"POST %b HTTP/1.1\r\nHost: front\r\nContent-Length: %d\r\n%b\r\n%b" % (path, len(body), lines, body)


def chunked(path: bytes, *chunks: bytes) -> bytes:
    """A POST of ``chunks``, each as one chunk."""
    framed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return b"POST %b HTTP/1.1\r\nHost: front\r\nTransfer-Encoding: chunked\r\n\r\n%b0\r\n\r\n" % (path, framed)
