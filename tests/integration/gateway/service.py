"""A small HTTP server that answers by function: an endpoint of credentials, or a provider that knows its keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

CONVERSE = (
    b'{"output":{"message":{"role":"assistant","content":[{"text":"Hello."}]}},"stopReason":"end_turn",'
    b'"usage":{"inputTokens":11,"outputTokens":7,"totalTokens":18},"metrics":{"latencyMs":1}}'
)
METADATA_TOKEN = b"metadata-token"


class Asked(NamedTuple):
    """One request as a service sees it."""

    method: str
    path: str
    fields: dict[str, str]
    body: bytes


Answering = Callable[[Asked], tuple[int, bytes]]


class Service:
    """A server on loopback; ``answer`` may be exchanged while it runs."""

    def __init__(self, answer: Answering) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.port = 0
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, for as long as the other side wants it."""
        self._writers.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
                fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                body = await reader.readexactly(int(fields.get("content-length", "0")))
                method, path, _ = first.split(" ")
                asked = Asked(method, path, fields, body)
                self.asked.append(asked)
                status, answer = self.answer(asked)
                kind = b"Content-Type: application/json\r\n"
                writer.write(b"HTTP/1.1 %d X\r\n%bContent-Length: %d\r\n\r\n%b" % (status, kind, len(answer), answer))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def close(self) -> None:
        """Ends every connection."""
        for writer in list(self._writers):
            writer.close()


@asynccontextmanager
async def service(answer: Answering) -> AsyncIterator[Service]:
    """A server that runs."""
    made = Service(answer)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        made.close()
        await server.wait_closed()


class Issuer:
    """Issues AWS credentials that live for a minute by the clock it is given, each with a number of its own."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self.wall = wall
        self.issued = 0
        self.is_away = False

    def credentials(self) -> tuple[int, bytes]:
        """The document with the next ones."""
        if self.is_away:
            return 503, b"away"
        self.issued += 1
        document = {
            "Code": "Success",
            "AccessKeyId": f"ASIA{self.issued}",
            "SecretAccessKey": "upstream-secret",
            "Token": "upstream-secret-token",
            "Expiration": datetime.fromtimestamp(self.wall() + 60, UTC).isoformat(),
        }
        return 200, msgspec.json.encode(document)

    def container(self, asked: Asked) -> tuple[int, bytes]:
        """As ECS answers."""
        return self.credentials() if asked.fields.get("authorization") == "task-token" else (401, b"")

    def instance(self, asked: Asked) -> tuple[int, bytes]:
        """As IMDSv2 answers."""
        if asked.path == "/latest/api/token":
            return (200, METADATA_TOKEN) if asked.method == "PUT" else (405, b"")
        if asked.fields.get("x-aws-ec2-metadata-token") != METADATA_TOKEN.decode():
            return 401, b""
        return self.credentials() if asked.path.endswith("/gateway") else (200, b"gateway")

    def bedrock(self, asked: Asked) -> tuple[int, bytes]:
        """A provider that takes the last credentials and those before, which have not expired."""
        signature = asked.fields.get("authorization", "")
        taken = {f"ASIA{number}" for number in (self.issued, self.issued - 1) if number > 0}
        return (200, CONVERSE) if any(f"Credential={one}/" in signature for one in taken) else (403, b"{}")
