"""Providers that repeat what they were called with: signatures, tokens and keys, in refusals and streams."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from stellwerk.dialects.aws_eventstream import Decoder
from stellwerk.dialects.bedrock_converse.frames import write_event, write_exception
from tests.integration.gateway.clients import asking, raw
from tests.integration.gateway.evidence import SECRET
from tests.integration.gateway.kit import CHAT, Gateway, model, serving
from tests.integration.gateway.scenes import scripted
from tests.integration.gateway.upstream import LAST_CHUNK, SOUND, Script, chunk, script, streams
from tests.integration.http.loop import eventually, on_loop
from tests.integration.http.provider import Upstream, reply

JSON = b"Content-Type: application/json"
FRAMES = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\nTransfer-Encoding: chunked\r\n\r\n"
CONVERSE = b"/model/plain/converse"
CONVERSE_BODY = b'{"messages":[{"role":"user","content":[{"text":"Hello"}]}]}'


class Echo:
    """A provider that answers with ``act``, made of the head of what it was asked."""

    script: Script

    def __init__(self, act: Callable[[str], bytes]) -> None:
        self._act = act

    async def __call__(self, upstream: Upstream) -> None:
        """Answers one request."""
        head = self.script.requests[-1].partition(b"\r\n\r\n")[0].decode()
        await upstream.send(self._act(head))


def proofs(head: str) -> list[str]:
    """What the head of a request signed by SigV4 holds of secrets."""
    found = re.search(r"Credential=(\w+)/.*Signature=(\w+)", head)
    token = re.search(r"x-amz-security-token: (.*)", head)
    assert found is not None
    assert token is not None
    return [found[1], found[2], token[1].strip()]


def refuses(head: str) -> bytes:
    """A refusal whose words repeat them, each broken up so that nothing but the very word could tell."""
    words = " and ".join(f"({proof})" for proof in proofs(head))
    return reply(json.dumps({"message": f"Seen {words} here."}).encode(), JSON, status=400)


BEDROCK = '\n[[providers]]\nname = "aws"\nkind = "bedrock"\nregion = "eu-central-1"\nbase_url = "{}"\n'


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Credentials of AWS."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "upstream-secret-id".replace("-", ""))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "word")
    monkeypatch.setenv("AWS_SESSION_TOKEN", f"{SECRET.decode()}/session+token==")
    return monkeypatch


@asynccontextmanager
async def asked(folder: Path, answer: Callable[[str], bytes]) -> AsyncIterator[tuple[Gateway, Script]]:
    """A gateway with AWS's credentials, whose provider answers with what it makes of the head of a request."""
    echo = Echo(answer)
    async with script(echo) as upstream:
        echo.script = upstream
        origin = upstream.base_url.removesuffix("/v1")
        async with serving(folder, BEDROCK.format(origin), model("plain", "aws/claude", timeout_s=9)) as gateway:
            # The first request may come before the credentials are there.
            await eventually(lambda: all(one._task.done() for one in gateway.parts.renewals._running.values()))
            yield gateway, upstream


def spoken(head: str) -> bytes:
    """A stream that says something and breaks off with words that repeat them."""
    words = " and ".join(f"({proof})" for proof in proofs(head))
    frames = (
        write_event("messageStart", {"role": "assistant"}),
        write_event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hello."}}),
        write_exception("modelStreamErrorException", f"Seen {words} here."),
    )
    return FRAMES + b"".join(map(chunk, frames)) + LAST_CHUNK


@on_loop
async def test_a_signature_that_is_repeated_in_a_refusal_is_not_handed_on(tmp_path: Path) -> None:
    async with asked(tmp_path, refuses) as (gateway, upstream), raw(gateway) as caller:
        for path, body in ((CHAT, asking()), (CONVERSE, CONVERSE_BODY)):
            await caller.ask(body, path=path)
            told = await caller.told()
            assert told.status == 400
            assert b"Seen ([redacted]) and ([redacted]) and ([redacted]) here." in told.body
            head = upstream.requests[-1].partition(b"\r\n\r\n")[0].decode()
            assert not any(proof.encode() in told.body for proof in proofs(head))


@on_loop
async def test_a_signature_that_is_repeated_late_in_a_stream_is_not_handed_on(tmp_path: Path) -> None:
    """Neither in another dialect nor in the provider's own, whose frames are not touched but replaced."""
    heard = []
    async with asked(tmp_path, spoken) as (gateway, upstream), raw(gateway) as caller:
        for path, body in ((CHAT, asking(stream=True)), (CONVERSE + b"-stream", CONVERSE_BODY)):
            await caller.ask(body, path=path)
            told = await caller.answer()
            heard.append(told.body)
            assert told.status == 200
            assert b"Hello." in told.body
            assert b"Seen ([redacted]) and ([redacted]) and ([redacted]) here." in told.body
            head = upstream.requests[-1].partition(b"\r\n\r\n")[0].decode()
            assert not any(proof.encode() in told.body for proof in proofs(head))
    decoder = Decoder()
    *_, last = decoder.feed(heard[1])
    assert last.headers[":exception-type"]
    assert decoder.is_between_frames


@pytest.mark.parametrize("is_escaped", [False, True])
@on_loop
async def test_a_key_that_is_repeated_late_in_a_stream_is_not_handed_on(tmp_path: Path, is_escaped: bool) -> None:
    key = "".join(f"\\u{ord(one):04x}" for one in "upstream-secret-one") if is_escaped else "upstream-secret-one"
    error = f'data: {{"error":{{"message":"Who is ({key})?"}}}}\n\n'.encode()
    async with scripted(tmp_path, streams(*SOUND[:3], error)) as (gateway, _), raw(gateway) as caller:
        await caller.ask(asking(stream=True))
        told = await caller.answer()
        assert b"Who is ([redacted])?" in told.body
        assert key.encode() not in told.body
        assert (await gateway.event()).outcome == "truncated"
