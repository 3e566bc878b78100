"""Callers of the gateway, official and raw. Whatever any of them receives is searched for providers' keys."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NamedTuple

import httpx2
import msgspec
from openai import AsyncOpenAI, OpenAI

from tests.integration.gateway.evidence import assert_no_secret
from tests.integration.gateway.kit import CHAT, KEY, Gateway
from tests.integration.http.caller import Answer, Caller, calling

QUESTION: list[Any] = [{"role": "user", "content": "What is a signal box?"}]


def ask(text: str) -> list[Any]:
    """Messages with one question; what stands in double brackets steers the simulator."""
    return [{"role": "user", "content": text}]


class _Watched(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream
        self._tail = b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for data in self._stream:
            self._tail = self._tail[-64:] + data
            assert_no_secret(self._tail)
            yield data

    async def aclose(self) -> None:
        await self._stream.aclose()


class _AsyncTransport(httpx2.AsyncHTTPTransport):
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        assert_no_secret(repr(response.headers.raw).encode())
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Watched(response.stream)
        return response


class _Transport(httpx2.HTTPTransport):
    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = super().handle_request(request)
        assert_no_secret(repr(response.headers.raw).encode())
        assert isinstance(response.stream, httpx2.SyncByteStream)
        response.stream = _WatchedSync(response.stream)
        return response


class _WatchedSync(httpx2.SyncByteStream):
    def __init__(self, stream: httpx2.SyncByteStream) -> None:
        self._stream = stream
        self._tail = b""

    def __iter__(self) -> Iterator[bytes]:
        for data in self._stream:
            self._tail = self._tail[-64:] + data
            assert_no_secret(self._tail)
            yield data

    def close(self) -> None:
        self._stream.close()


@asynccontextmanager
async def sdk(gateway: Gateway, key: str = KEY, **options: Any) -> AsyncIterator[AsyncOpenAI]:
    """The official client, asynchronous, which tries once."""
    http_client = httpx2.AsyncClient(transport=_AsyncTransport(), timeout=30.0)
    settings: dict[str, Any] = {"api_key": key, "max_retries": 0, "http_client": http_client, **options}
    async with AsyncOpenAI(base_url=f"{gateway.url}/v1", **settings) as client:
        yield client


@contextmanager
def sync_sdk(gateway: Gateway, key: str = KEY, **options: Any) -> Iterator[OpenAI]:
    """The official client for threads, which tries once."""
    http_client = httpx2.Client(transport=_Transport(), timeout=30.0)
    settings: dict[str, Any] = {"api_key": key, "max_retries": 0, "http_client": http_client, **options}
    with OpenAI(base_url=f"{gateway.url}/v1", **settings) as client:
        yield client


class Told(NamedTuple):
    """An answer with its body read as JSON."""

    status: int
    fields: Mapping[bytes, bytes]
    json: Any
    body: bytes

    @property
    def error(self) -> dict[str, Any]:
        """The error in OpenAI's shape, every member of which must be there."""
        assert set(self.json) == {"error"}
        error: dict[str, Any] = self.json["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert type(error["message"]) is str
        assert error["message"]
        assert "Traceback" not in error["message"]
        assert ".py" not in error["message"]
        return error


class Watcher(Caller):
    """A raw caller that looks at everything it reads."""

    async def _more(self) -> bool:
        seen = len(self._read)
        is_more = await super()._more()
        assert_no_secret(bytes(self._read[max(0, seen - 64) :]))
        return is_more

    async def told(self, *, to: bytes = b"POST") -> Told:
        """The next answer, which must be JSON and name its request."""
        answer = await self.answer(to=to)
        assert answer.field(b"content-type") == b"application/json"
        return Told(answer.status, dict(answer.fields), msgspec.json.decode(answer.body or b"null"), answer.body)

    async def ask(self, body: bytes, *fields: bytes, key: str | None = KEY, path: bytes = CHAT) -> None:
        """Sends a chat request."""
        await self.send(chat(body, *fields, key=key, path=path))


@asynccontextmanager
async def raw(gateway: Gateway, *, receive_buffer: int = 0) -> AsyncIterator[Watcher]:
    """A raw connection to the gateway."""
    async with calling(gateway.port, receive_buffer=receive_buffer) as caller:
        yield Watcher(caller.socket)


async def once(gateway: Gateway, request: bytes, *, to: bytes = b"POST") -> Told:
    """The JSON answer to one raw request on a connection of its own."""
    async with raw(gateway) as caller:
        await caller.send(request)
        return await caller.told(to=to)


async def whole(gateway: Gateway, request: bytes, *, to: bytes = b"POST") -> Answer:
    """The answer to one raw request, of whatever type."""
    async with raw(gateway) as caller:
        await caller.send(request)
        return await caller.answer(to=to)


def chat(body: bytes, *fields: bytes, key: str | None = KEY, path: bytes = CHAT, method: bytes = b"POST") -> bytes:
    """A chat request as bytes."""
    lines = [b"Host: gateway", b"Content-Type: application/json", b"Content-Length: %d" % len(body), *fields]
    if key is not None:
        lines.append(b"Authorization: Bearer " + key.encode())
    return b"%b %b HTTP/1.1\r\n%b\r\n\r\n%b" % (method, path, b"\r\n".join(lines), body)


def asking(text: str = "What is a signal box?", model: str = "plain", **members: object) -> bytes:
    """The body of a chat request."""
    return msgspec.json.encode({"model": model, "messages": ask(text), **members})
