"""A provider that plays what a test wrote down: exact bytes, in order, with every end that a connection may have."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import msgspec

from tests.integration.http.provider import Provider, Upstream, reply

Act = Callable[[Upstream], Awaitable[None]]
"""Answers one request. Whoever closes the connection ends it."""

COMPLETION = (
    b'{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"gpt-5-mini","choices":[{"index":0,'
    b'"message":{"role":"assistant","content":"Hello."},"logprobs":null,"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18,"prompt_tokens_details":{"cached_tokens":4},'
    b'"completion_tokens_details":{"reasoning_tokens":3}}}'
)
ROLE = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":'
    b'[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n'
)
FINISH = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":'
    b'[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
)
USAGE = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[],'
    b'"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}\n\n'
)
DONE = b"data: [DONE]\n\n"
STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
ERROR_EVENT = (
    b'data: {"error":{"message":"The engine blew a fuse.","type":"server_error","param":null,"code":null}}\n\n'
)


def said(text: str) -> bytes:
    """An event with more text."""
    content = msgspec.json.encode(text)
    return (
        b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":'
        b'[{"index":0,"delta":{"content":%b},"finish_reason":null}]}\n\n' % content
    )


SOUND = (ROLE, said("Hel"), said("lo."), FINISH, USAGE, DONE)
"""The events of a sound stream."""


def chunk(data: bytes) -> bytes:
    """One HTTP chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def stream(*events: bytes) -> bytes:
    """A whole event stream on the wire, an HTTP chunk for each event."""
    return STREAM_HEAD + b"".join(map(chunk, events)) + LAST_CHUNK


def answers(wire: bytes) -> Act:
    """Answers with exact bytes and stays."""

    async def act(upstream: Upstream) -> None:
        await upstream.send(wire)

    return act


def refuses(status: int, body: bytes = b'{"error":{"message":"No."}}', *fields: bytes) -> Act:
    """Answers with a status."""
    return answers(reply(body, b"Content-Type: application/json", *fields, status=status))


def completes(body: bytes = COMPLETION) -> Act:
    """A sound whole answer."""
    return answers(reply(body, b"Content-Type: application/json"))


def streams(*events: bytes) -> Act:
    """A sound stream, or the one that is made of ``events``."""
    return answers(stream(*(events or SOUND)))


def ends_after(wire: bytes = b"", *, reset: bool = False) -> Act:
    """Sends bytes and ends the connection."""

    async def act(upstream: Upstream) -> None:
        if wire:
            await upstream.send(wire)
        if reset:
            upstream.reset()
        else:
            upstream.close()

    return act


class Held:
    """A connection whose request waits for the test to answer it; the gateway's end of it is watched."""

    def __init__(self, upstream: Upstream, departed: list[Upstream]) -> None:
        self._upstream = upstream
        self._departed = departed
        self._watching = asyncio.get_running_loop().create_task(self._watch())

    async def send(self, *wire: bytes) -> None:
        """Sends bytes."""
        await self._upstream.send(b"".join(wire))

    async def end(self, *, reset: bool = False) -> None:
        """Ends the connection."""
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)
        if reset:
            self._upstream.reset()
        else:
            self._upstream.close()

    async def _watch(self) -> None:
        await self._upstream.rest()
        self._departed.append(self._upstream)


class Script:
    """A provider whose n-th request is answered by the n-th act; after the last one it repeats the last.

    ``held`` requests are those whose act is ``None``: the test plays their connection itself.
    """

    def __init__(self, provider: Provider, acts: Sequence[Act | None]) -> None:
        self._provider = provider
        self._acts = deque(acts)
        self._tasks: set[asyncio.Task[None]] = set()
        self.requests: list[bytes] = []
        self.held: list[Held] = []
        self.departed: list[Upstream] = []
        self.failures: list[BaseException] = []

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._provider.port

    @property
    def base_url(self) -> str:
        """What the SDK takes."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def connections(self) -> int:
        """How many connections were opened to it."""
        return len(self._provider.connections)

    @property
    def bodies(self) -> list[bytes]:
        """The bodies that arrived."""
        return [request.partition(b"\r\n\r\n")[2] for request in self.requests]

    def play(self, *acts: Act | None) -> None:
        """Replaces what is still to come."""
        self._acts = deque(acts)

    async def serve(self) -> None:
        """Takes connections until it is cancelled."""
        while True:
            upstream = await self._provider.connection()
            task = asyncio.get_running_loop().create_task(self._serve(upstream))
            self._tasks.add(task)
            task.add_done_callback(self._done)

    async def close(self) -> None:
        """Ends everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for held in self.held:
            await held.end()
        for upstream in self._provider.connections:
            upstream.close()
        self._provider.socket.close()

    async def _serve(self, upstream: Upstream) -> None:
        try:
            while upstream.socket.fileno() >= 0:
                request = await upstream.request()
                self.requests.append(request)
                act = self._acts.popleft() if len(self._acts) > 1 else self._acts[0]
                if act is None:
                    self.held.append(Held(upstream, self.departed))
                    return
                await act(upstream)
        except (EOFError, ConnectionError):
            self.departed.append(upstream)
            upstream.close()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self.failures.append(failure)


@asynccontextmanager
async def script(*acts: Act | None) -> AsyncIterator[Script]:
    """A provider that plays ``acts``; none makes sound whole answers."""
    playing = Script(Provider(), acts or (completes(),))
    serving = asyncio.get_running_loop().create_task(playing.serve())
    try:
        yield playing
        assert not playing.failures
    finally:
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving
        await playing.close()
