"""A second process: adopts the connections whose descriptors come over a Unix socket, and answers on them.

``python successor.py DESCRIPTOR`` reads from that socket and tells it how many it has.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys

import uvloop

from stellwerk.core.snapshot import LimitsSpec
from stellwerk.errors import RequestError
from stellwerk.http.deadlines import Deadlines
from stellwerk.http.front import Front
from stellwerk.http.request import BodySink, Request

MOST = 200


class Answering:
    """Answers with the number of its process."""

    def handle(self, request: Request) -> None:
        """Answers."""
        request.respond(
            200, b"x-process: %d\r\n" % os.getpid(), request.method + b" " + request.path + b" " + request.body
        )

    def accept(self, request: Request) -> BodySink | None:
        """Collects every body."""
        del request
        return None

    def refusal(self, error: RequestError, request: Request) -> tuple[bytes, bytes]:
        """The message."""
        del request
        return b"", str(error).encode()


async def main(descriptor: int) -> None:
    """Adopts and answers until the other end of the socket is closed."""
    loop = asyncio.get_running_loop()
    front = Front(Answering(), LimitsSpec(), Deadlines(loop.time, loop.call_at))
    with socket.socket(fileno=descriptor) as channel:
        channel.setblocking(False)
        while True:
            ready = asyncio.Event()
            loop.add_reader(channel, ready.set)
            await ready.wait()
            loop.remove_reader(channel)
            note, descriptors, _, _ = socket.recv_fds(channel, 1, MOST)
            if not note:
                break
            for each in descriptors:
                await front.adopt(each)
            await loop.sock_sendall(channel, b"%d\n" % front.connections)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
