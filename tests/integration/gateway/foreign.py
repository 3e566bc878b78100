"""A raw caller of one dialect and a provider of another that plays exact bytes: what each of them really gets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stellwerk.dialects.bedrock_converse.frames import write_event
from tests.integration.gateway.clients import Watcher, raw
from tests.integration.gateway.kit import Gateway, model, serving
from tests.integration.gateway.scenes import provider_of
from tests.integration.gateway.upstream import Act, Script, answers, chunk, completes, script, streams
from tests.integration.http.caller import Answer

MODELS = {
    "openai": "gpt-5.2",
    "responses": "gpt-5.2",
    "anthropic": "claude-sonnet-4-5",
    "gemini": "gemini-3-pro-preview",
    "bedrock": "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
}
PATHS = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "messages": "/v1/messages",
    "gemini": "/v1beta/models/plain:generateContent",
    "converse": "/model/plain/converse",
}
STREAMED = {
    "gemini": "/v1beta/models/plain:streamGenerateContent?alt=sse",
    "converse": "/model/plain/converse-stream",
}
"""Paths of dialects that do not ask for a stream in the body."""
FRAMES = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\nTransfer-Encoding: chunked\r\n\r\n"


@dataclass
class Foreign:
    """A caller and the provider behind the gateway."""

    gateway: Gateway
    script: Script
    _caller: Watcher
    _dialect: str

    async def ask(self, is_stream: bool = False, **body: Any) -> Answer:
        """One request; its members are the caller's dialect's."""
        path = PATHS[self._dialect]
        if self._dialect in STREAMED:
            path = STREAMED[self._dialect] if is_stream else path
        else:
            body = {"model": "plain", **body} | ({"stream": True} if is_stream else {})
        await self._caller.ask(json.dumps(body).encode(), path=path.encode())
        return await self._caller.answer(to=b"POST")

    async def told(self, **body: Any) -> Any:
        """The answer to one request, which must be a whole one."""
        answer = await self.ask(**body)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    @property
    def sent(self) -> Any:
        """The body that the provider was sent last."""
        return json.loads(self.script.requests[-1].partition(b"\r\n\r\n")[2])


@asynccontextmanager
async def foreign(folder: Path, dialect: str, kind: str, *acts: Act | None) -> AsyncIterator[Foreign]:
    """A caller of ``dialect`` and a provider of ``kind`` that plays ``acts``."""
    async with script(*acts) as playing:
        base = playing.base_url if kind in {"openai", "responses"} else playing.base_url.removesuffix("/v1")
        sections = provider_of(kind, base), model("plain", f"{kind}/{MODELS[kind]}", retry="{ attempts = 1 }")
        async with serving(folder, *sections) as gateway, raw(gateway) as caller:
            yield Foreign(gateway, playing, caller, dialect)


def whole(value: Any) -> Act:
    """A sound whole answer."""
    return completes(json.dumps(value).encode())


def events(*values: Any) -> Act:
    """A stream of server-sent events, each with its type as its name where it has one; text is sent as it is."""
    return streams(*(value.encode() if isinstance(value, str) else event(value) for value in values))


def event(value: Any) -> bytes:
    """One server-sent event."""
    kind = value.get("type") if isinstance(value, dict) else None
    name = f"event: {kind}\n" if isinstance(kind, str) else ""
    return f"{name}data: {json.dumps(value)}\n\n".encode()


def frames(*values: tuple[str, Any]) -> Act:
    """A stream of Bedrock's, of events with their payloads."""
    return answers(FRAMES + b"".join(chunk(write_event(*value)) for value in values) + b"0\r\n\r\n")


def heard(body: bytes) -> list[Any]:
    """The payloads of a stream of server-sent events."""
    lines = [line[5:].strip() for line in body.split(b"\n") if line.startswith(b"data:")]
    return [json.loads(line) for line in lines if line != b"[DONE]"]
