"""Whole answers that are none: a status and a reason for the caller, and the connection is not used again."""

from __future__ import annotations

import asyncio
import gzip
import html
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from tests.integration.gateway.clients import Watcher, asking, raw
from tests.integration.gateway.evidence import SECRET, provider_key
from tests.integration.gateway.kit import SERVER, UNBROKEN, Gateway, model, provider, serving
from tests.integration.gateway.scenes import scripted, scripts
from tests.integration.gateway.upstream import (
    COMPLETION,
    Act,
    answers,
    completes,
    ends_after,
    refuses,
    script,
    streams,
)
from tests.integration.http.application import listener
from tests.integration.http.loop import eventually, on_loop, settled
from tests.integration.http.provider import Provider, Upstream, reply

ONCE = {"retry": "{ same_target = 0 }"}
SMALL = SERVER + "limits = { max_reply_bytes = 2_000 }\n"
JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
HTML = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad</h1></body></html>"


def json_of(length: int, body: bytes = COMPLETION) -> bytes:
    """An answer with an announced length of its own choice."""
    return JSON_HEAD + b"Content-Length: %d\r\n\r\n%b" % (length, body)


SQUEEZED = gzip.compress(COMPLETION)
FAULTS: dict[str, tuple[Act, int, str]] = {
    "FIN instead of an answer": (ends_after(), 502, "upstream_unavailable"),
    "RST instead of an answer": (ends_after(reset=True), 502, "upstream_unavailable"),
    "FIN in the head": (ends_after(JSON_HEAD[:30]), 502, "upstream_invalid"),
    "FIN in the body": (ends_after(json_of(len(COMPLETION), COMPLETION[:50])), 502, "upstream_invalid"),
    "RST in the body": (ends_after(json_of(len(COMPLETION), COMPLETION[:50]), reset=True), 502, "upstream_invalid"),
    "more announced than sent": (ends_after(json_of(len(COMPLETION) + 64)), 502, "upstream_invalid"),
    "less announced than sent": (answers(json_of(len(COMPLETION) - 64)), 502, "upstream_invalid"),
    "two lengths": (
        answers(JSON_HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}   "),
        502,
        "upstream_invalid",
    ),
    "a chunk that never ends": (
        ends_after(JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"),
        502,
        "upstream_invalid",
    ),
    "no HTTP at all": (answers(b"SSH-2.0-OpenSSH_9.7\r\n"), 502, "upstream_invalid"),
    "a page with 200": (answers(reply(HTML, b"Content-Type: text/html")), 502, "upstream_invalid"),
    "a page with 502": (refuses(502, HTML), 502, "upstream_unavailable"),
    "nothing with 200": (answers(reply(b"")), 502, "upstream_invalid"),
    "another JSON": (completes(b'{"status":"ok","result":[1,2,3]}'), 502, "upstream_invalid"),
    "a JSON array": (completes(b"[]"), 502, "upstream_invalid"),
    "choices that are none": (completes(b'{"choices":{}}'), 502, "upstream_invalid"),
    "half a JSON": (completes(COMPLETION[:-10]), 502, "upstream_invalid"),
    "broken UTF-8": (completes(COMPLETION.replace(b"Hello", b"H\xffllo")), 502, "upstream_invalid"),
    "JSON 1,900 deep": (completes(b"[" * 1_900), 502, "upstream_invalid"),
    "an error with 200": (
        completes(b'{"error":{"message":"Out of paper.","code":500}}'),
        502,
        "upstream_invalid",
    ),
    "gzip that nobody asked for": (
        answers(reply(SQUEEZED, b"Content-Type: application/json", b"Content-Encoding: gzip")),
        502,
        "upstream_invalid",
    ),
    "an event stream": (streams(), 502, "upstream_invalid"),
    "201": (answers(reply(COMPLETION, status=201)), 502, "upstream_unavailable"),
    "a redirect": (answers(reply(b"", b"Location: http://127.0.0.1:1/", status=307)), 502, "upstream_unavailable"),
    "a body over the limit": (completes(COMPLETION + b" " * 3_000), 502, "upstream_invalid"),
    "a chunked body over the limit": (
        answers(JSON_HEAD + b"Transfer-Encoding: chunked\r\n\r\nbb8\r\n" + b" " * 3_000 + b"\r\n0\r\n\r\n"),
        502,
        "upstream_invalid",
    ),
    "a head without end": (answers(JSON_HEAD + b"X: " + b"x" * 300_000), 502, "upstream_invalid"),
    "a switch to another protocol": (
        answers(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\nPRI * HTTP/2.0"),
        502,
        "upstream_invalid",
    ),
    "408": (refuses(408), 504, "upstream_timeout"),
    "529": (refuses(529), 502, "upstream_unavailable"),
}
KEEPS_CONNECTION = frozenset(
    {
        "a page with 200",
        "a page with 502",
        "nothing with 200",
        "another JSON",
        "a JSON array",
        "choices that are none",
        "half a JSON",
        "broken UTF-8",
        "JSON 1,900 deep",
        "an error with 200",
        "gzip that nobody asked for",
        "an event stream",
        "201",
        "a redirect",
        "408",
        "529",
    }
)
"""Faults of content: where the answer ends is not in doubt."""


@pytest.mark.parametrize("name", FAULTS)
@on_loop
async def test_a_fault_is_told_with_status_and_reason(tmp_path: Path, name: str) -> None:
    act, status, code = FAULTS[name]
    async with scripted(tmp_path, act, sections=SMALL, **ONCE) as (gateway, upstream), raw(gateway) as caller:
        await caller.ask(asking())
        told = await caller.told()
        assert (told.status, told.error["code"]) == (status, code), told.error
        assert told.error["type"] == "server_error"
        assert told.fields[b"x-stellwerk-provider"] == b"one"
        assert told.fields[b"x-stellwerk-attempts"] == b"1"
        event = await gateway.event()
        assert (event.outcome, event.status, event.error, event.attempts) == ("failed", status, code, 1)
        if name not in KEEPS_CONNECTION:
            await eventually(lambda: gateway.upstream_connections == 0)
        connections = upstream.connections
        upstream.play(completes())
        await caller.ask(asking())
        assert (await caller.told()).body == COMPLETION
        assert upstream.connections == connections + (name not in KEEPS_CONNECTION)


@pytest.mark.parametrize("name", FAULTS)
@on_loop
async def test_a_fault_goes_unseen_while_another_target_is_left(tmp_path: Path, name: str) -> None:
    act, _, _ = FAULTS[name]
    async with scripts(tmp_path, (act,), (completes(),), sections=SMALL) as (gateway, playing):
        async with raw(gateway) as caller:
            await caller.ask(asking())
            told = await caller.told()
        assert (told.status, told.body) == (200, COMPLETION)
        assert told.fields[b"x-stellwerk-provider"] == b"two"
        assert told.fields[b"x-stellwerk-attempts"] == b"2"
        assert [len(one.requests) for one in playing] == [1, 1]
        event = await gateway.event()
        assert (event.outcome, event.provider, event.attempts, event.output_tokens) == ("complete", "two", 2, 7)


@on_loop
async def test_the_reason_names_what_was_wrong(tmp_path: Path) -> None:
    reasons = {
        "a page with 200": "502 Bad Gateway",
        "another JSON": "not a completion",
        "an error with 200": "Out of paper.",
        "a body over the limit": "2000 bytes",
        "nothing with 200": "empty",
        "gzip that nobody asked for": "gzip",
        "more announced than sent": "broke off",
    }
    for name, reason in reasons.items():
        async with scripted(tmp_path, FAULTS[name][0], sections=SMALL, **ONCE) as (gateway, _), raw(gateway) as caller:
            await caller.ask(asking())
            told = await caller.told()
            assert reason in told.error["message"], name
            assert "event stream was due" not in told.error["message"], name


@on_loop
async def test_the_reason_for_an_answer_where_a_stream_was_due_holds_what_the_provider_said(tmp_path: Path) -> None:
    act = completes(b'{"error":{"message":"Out of paper."}}')
    async with scripted(tmp_path, act, **ONCE) as (gateway, _), raw(gateway) as caller:
        await caller.ask(asking(stream=True))
        message = (await caller.told()).error["message"]
        assert "application/json" in message
        assert "event stream" in message


@on_loop
async def test_nobody_listens_there(tmp_path: Path) -> None:
    closed = listener()
    port = closed.getsockname()[1]
    closed.close()
    parts = (provider("one", f"http://127.0.0.1:{port}/v1"), model("plain", "one"), UNBROKEN)
    async with serving(tmp_path, *parts) as gateway, raw(gateway) as caller:
        for stream in (False, True):
            await caller.ask(asking(stream=stream))
            told = await caller.told()
            assert (told.status, told.error["code"]) == (502, "upstream_unavailable")
            assert "connection refused" in told.error["message"]
            assert told.fields[b"x-stellwerk-attempts"] == b"3"


@on_loop
async def test_there_is_no_such_host(tmp_path: Path) -> None:
    parts = (provider("one", "http://no-such-host.invalid/v1"), model("plain", "one", **ONCE))
    async with serving(tmp_path, *parts) as gateway, raw(gateway) as caller:
        await caller.ask(asking())
        told = await caller.told()
        assert (told.status, told.error["code"]) == (502, "upstream_unavailable")
        assert "could not be reached" in told.error["message"]


@pytest.mark.parametrize("status", [400, 404, 413, 422, 429, 500])
@on_loop
async def test_a_provider_that_repeats_our_key_is_not_quoted(tmp_path: Path, status: int) -> None:
    """Whatever the key looks like: hosts of one's own take any word for one."""
    key = b"upstream-secret-one"
    message = b'{"error":{"message":"You sent [%b], \\"%b\\".","param":"%b","code":"%b"}}' % (key, key, key, key)
    for body in (message, b"<pre>Authorization: Bearer %b</pre>" % key, b"authorization=%b" % key, key):
        async with scripted(tmp_path, refuses(status, body), **ONCE) as (gateway, _), raw(gateway) as caller:
            await caller.ask(asking())
            told = await caller.told()
            assert told.status == (502 if status == 500 else status)
            assert SECRET not in told.body


@on_loop
async def test_a_provider_that_repeats_our_key_in_an_answer_that_is_none_is_not_quoted(tmp_path: Path) -> None:
    for body in (
        b"<html><title>Debug</title>key: upstream-secret-one</html>",
        b'{"error":"Who is upstream-secret-one?"}',
        b'{"error":{"message":"Who is upstream-secret-one?"}}',
        b"upstream-secret-one",
    ):
        async with scripted(tmp_path, completes(body), **ONCE) as (gateway, _), raw(gateway) as caller:
            for is_stream in (False, True):
                await caller.ask(asking(stream=is_stream))
                told = await caller.told()
                assert told.status == 502
                assert SECRET not in told.body


@pytest.mark.parametrize("key", ["upstream-secret/one+two==", 'upstream-secret"\\"', "upstream-secret<&>'"])
@on_loop
async def test_a_key_is_recognised_however_the_provider_has_escaped_it(tmp_path: Path, key: str) -> None:
    text = msgspec.json.encode(f"You sent {key} here.")
    escaped = "".join(f"\\u{ord(character):04x}" for character in key).encode()
    bodies = (
        b'{"error":{"message":%b}}' % text,
        b'{"error":{"message":%b}}' % text.replace(b"/", b"\\/"),
        b'{"error":{"message":"You sent %b here."}}' % escaped,
        b"<html><body>You sent %b here.</body></html>" % html.escape(key).encode(),
    )
    async with script(*(refuses(400, body) for body in bodies)) as upstream:
        quoted = msgspec.json.encode(key).decode()
        section = provider("one", upstream.base_url).replace(f'"{provider_key("one")}"', quoted)
        async with serving(tmp_path, section, model("plain", "one")) as gateway, raw(gateway) as caller:
            for _ in bodies:
                await caller.ask(asking())
                told = await caller.told()
                assert told.status == 400
                assert "here." in told.error["message"]
                assert SECRET not in told.body


@on_loop
async def test_a_provider_that_repeats_our_key_in_a_stream_is_not_quoted(tmp_path: Path) -> None:
    error = b'data: {"error":{"message":"Key upstream-secret-one has expired."}}\n\n'
    async with scripted(tmp_path, streams(error), **ONCE) as (gateway, _), raw(gateway) as caller:
        await caller.ask(asking(stream=True))
        assert SECRET not in (await caller.told()).body


@pytest.mark.parametrize("key", ["x", "null", "error", "message", "EMPTY"])
@on_loop
async def test_a_key_that_is_an_everyday_word_does_not_garble_reasons(tmp_path: Path, key: str) -> None:
    """Hosts of one's own are often given any word for a key."""
    body = b'{"error":{"message":"The next message is null: EMPTY error.","code":null}}'
    async with script(refuses(400, body)) as upstream:
        one = provider("one", upstream.base_url).replace(provider_key("one"), key)
        async with serving(tmp_path, one, model("plain", "one")) as gateway, raw(gateway) as caller:
            await caller.ask(asking())
            assert (await caller.told()).error["message"] == "The next message is null: EMPTY error."


@on_loop
async def test_a_rested_connection_that_was_closed_meanwhile_costs_nobody_anything(tmp_path: Path) -> None:
    async def answers_and_closes(upstream: Upstream) -> None:
        await upstream.send(reply(COMPLETION, b"Content-Type: application/json"))
        upstream.close()

    async with scripted(tmp_path, answers_and_closes) as (gateway, upstream), raw(gateway) as caller:
        for number in range(1, 6):
            await caller.ask(asking())
            told = await caller.told()
            assert told.status == 200
            assert told.fields[b"x-stellwerk-attempts"] == b"1"
            assert len(upstream.requests) == number


LARGE = asking("x" * 16 * 2**20)


@asynccontextmanager
async def unread(folder: Path) -> AsyncIterator[tuple[Gateway, Watcher, Upstream]]:
    """A large request on its way to a provider that has not read it."""
    accepting = Provider()
    parts = provider("one", f"http://127.0.0.1:{accepting.port}/v1"), model("plain", "one")
    async with serving(folder, *parts) as gateway, raw(gateway) as caller:
        try:
            _, upstream = await asyncio.gather(caller.ask(LARGE), accepting.connection())
            yield gateway, caller, upstream
        finally:
            for one in accepting.connections:
                one.close()
            accepting.socket.close()


@on_loop
async def test_a_provider_that_answers_before_it_has_read_the_request_is_heard(tmp_path: Path) -> None:
    """As servers do that find a body too large by its announced length."""
    refusal = reply(b'{"error":{"message":"Too large for us."}}', b"Connection: close", status=413)
    async with unread(tmp_path) as (gateway, caller, upstream):
        await upstream.send(refusal)
        told = await caller.told()
        assert (told.status, told.error["message"]) == (413, "Too large for us.")
        await eventually(lambda: gateway.upstream_connections == 0, within_s=1)


@on_loop
async def test_a_provider_that_does_not_read_the_request_is_504(tmp_path: Path) -> None:
    async with unread(tmp_path) as (gateway, caller, _):
        await eventually(lambda: gateway.parts.account.in_flight == 1)
        await settled(50)
        gateway.advance(31)
        told = await caller.told()
        assert (told.status, told.error["code"]) == (504, "upstream_timeout")
        assert "could not be sent within 30 s" in told.error["message"]
        assert gateway.upstream_connections == 0


@on_loop
async def test_connections_are_used_again_after_sound_answers_and_refusals(tmp_path: Path) -> None:
    acts = [completes(), refuses(400), refuses(503), completes(), streams(), completes()]
    async with scripted(tmp_path, *acts) as (gateway, upstream), raw(gateway) as caller:
        for stream, status in ((False, 200), (False, 400), (False, 200), (True, 200), (False, 200)):
            await caller.ask(asking(stream=stream))
            assert (await caller.answer(to=b"POST")).status == status
        assert upstream.connections == 1
        assert gateway.upstream_connections == 1
        gateway.advance(56)
        await settled()
        assert gateway.upstream_connections == 0
