"""Streams that go wrong: before content the next target answers and nobody notices, after it the caller is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.integration.gateway.clients import Watcher, asking, chat, raw
from tests.integration.gateway.kit import SERVER, Gateway
from tests.integration.gateway.scenes import scripted, scripts
from tests.integration.gateway.upstream import (
    DONE,
    ERROR_EVENT,
    FINISH,
    LAST_CHUNK,
    ROLE,
    SOUND,
    STREAM_HEAD,
    USAGE,
    Act,
    Script,
    answers,
    chunk,
    completes,
    ends_after,
    refuses,
    said,
    stream,
    streams,
)
from tests.integration.http.caller import Answer
from tests.integration.http.loop import eventually, on_loop, settled
from tests.integration.http.provider import Upstream

CLEAN = b"".join((ROLE, said("Hel"), said("lo."), FINISH, DONE))
"""What a caller sees of a sound stream without usage."""
PLAIN_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
BEFORE_CONTENT: dict[str, Act] = {
    "nothing but FIN": ends_after(),
    "nothing but RST": ends_after(reset=True),
    "FIN in the head": ends_after(STREAM_HEAD[:40]),
    "FIN behind the head": ends_after(STREAM_HEAD),
    "FIN behind the preamble": ends_after(STREAM_HEAD + chunk(ROLE)),
    "RST behind the preamble": ends_after(STREAM_HEAD + chunk(ROLE), reset=True),
    "FIN within the first content": ends_after(STREAM_HEAD + chunk(ROLE) + chunk(said("Hel")[:60])),
    "FIN within a chunk": ends_after(STREAM_HEAD + chunk(ROLE) + chunk(said("Hel"))[:40]),
    "an end without content": streams(ROLE),
    "an end within the first content": streams(ROLE, said("Hel")[:60]),
    "an empty stream": answers(STREAM_HEAD + LAST_CHUNK),
    "comments and no events": streams(b": wait\n\n", b": wait\n\n"),
    "an error event": streams(ERROR_EVENT, DONE),
    "an error event behind the preamble": streams(ROLE, ERROR_EVENT),
    "an error event without an end": streams(ROLE, ERROR_EVENT[:-1]),
    "an end and no answer": streams(DONE),
    "a preamble, an end and no answer": streams(ROLE, DONE),
    "an end that is not ended and no answer": streams(DONE[:-2]),
    "objects of another kind": streams(b'data: {"status":"ok","result":[1,2,3]}\n\n', DONE),
    "an event that is no JSON": streams(b"data: oops\n\n", DONE),
    "a last event that is no JSON and ends in CR": streams(b"data: oops\r\r"),
    "a last event that is no JSON and is not ended": streams(b"data: oops"),
    "an event that is an array": streams(b"data: []\n\n", DONE),
    "broken UTF-8": streams(b'data: {"choices":"\xff"}\n\n', DONE),
    "a body shorter than announced": ends_after(PLAIN_HEAD + b"Content-Length: 1000\r\n\r\n" + ROLE),
    "a bad chunk size": answers(STREAM_HEAD + b"zz\r\n" + ROLE),
    "a head that is no HTTP": answers(b"ICY 200 OK\r\n\r\n"),
    "a page": answers(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"),
    "a whole answer": completes(),
    "gzip": answers(stream(*SOUND).replace(b"\r\n", b"\r\nContent-Encoding: gzip\r\n", 1)),
    "an event of 20 KB": streams(said("x" * 20_000)),
    "500": refuses(500),
    "503 in the middle of the night": refuses(503, b"<html><title>Maintenance</title></html>"),
    "429": refuses(429),
    "401": refuses(401),
    "302": refuses(302),
    "408": refuses(408),
}
SMALL_EVENTS = SERVER + "limits = { max_event_bytes = 10_000 }\n"


async def asked(caller: Watcher, *fields: bytes, **members: Any) -> Answer:
    """The answer to a request for a stream."""
    await caller.ask(asking(stream=True, **members), *fields)
    return await caller.answer(to=b"POST")


def error_in(tail: bytes) -> dict[str, object]:
    """The error event that a stream ends with; no closing event may follow it."""
    assert tail.endswith(b"\n\n")
    assert b"[DONE]" not in tail
    event = tail[:-2].rpartition(b"\n\n")[2]
    assert event.startswith(b"data: ")
    decoded = msgspec.json.decode(event[6:])
    assert set(decoded) == {"error"}
    error: dict[str, object] = decoded["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return error


@pytest.mark.parametrize("name", BEFORE_CONTENT)
@on_loop
async def test_a_fault_before_content_goes_unseen_while_another_target_is_left(tmp_path: Path, name: str) -> None:
    async with scripts(tmp_path, (BEFORE_CONTENT[name],), (streams(),), sections=SMALL_EVENTS) as (gateway, playing):
        async with raw(gateway) as caller:
            answer = await asked(caller)
            assert (answer.status, answer.body) == (200, CLEAN)
            assert answer.field(b"x-stellwerk-provider") == b"two"
            assert answer.field(b"x-stellwerk-attempts") == b"2"
        assert [len(one.requests) for one in playing] == [1, 1]
        event = await gateway.event()
        assert (event.outcome, event.provider, event.attempts) == ("complete", "two", 2)
        assert (event.input_tokens, event.output_tokens, event.finish) == (11, 7, "stop")


@pytest.mark.parametrize("name", BEFORE_CONTENT)
@on_loop
async def test_a_fault_before_content_is_an_error_with_a_status_when_no_target_is_left(
    tmp_path: Path, name: str
) -> None:
    once = {"retry": "{ same_target = 0 }"}
    async with scripted(tmp_path, BEFORE_CONTENT[name], sections=SMALL_EVENTS, **once) as (gateway, upstream):
        async with raw(gateway) as caller:
            await caller.ask(asking(stream=True))
            told = await caller.told()
            assert told.status in {502, 429, 504}
            assert told.error["message"]
            assert told.fields[b"x-stellwerk-attempts"] == b"1"
            upstream.play(streams())
            assert (await asked(caller)).body == CLEAN
        first = await gateway.event()
        assert (first.outcome, first.status, first.first_byte_us) == ("failed", told.status, 0)


@asynccontextmanager
async def begun(
    folder: Path, *further: bytes, wants_usage: bool = False
) -> AsyncIterator[tuple[Gateway, Script, Watcher, bytes]]:
    """A stream whose first content has reached its caller, held open by the test."""
    async with scripted(folder, None) as (gateway, upstream), raw(gateway) as caller:
        await caller.ask(asking(stream=True, stream_options={"include_usage": wants_usage}))
        await eventually(lambda: upstream.held)
        sent = ROLE + said("Hel")
        await upstream.held[0].send(STREAM_HEAD + chunk(ROLE) + chunk(said("Hel")) + b"".join(further))
        head = await caller._until(b"\r\n\r\n")
        assert b"200 OK" in head
        got = b""
        while len(got) < len(sent):
            size = int(await caller._until(b"\r\n"), 16)
            got += await caller._take(size)
            await caller._take(2)
        assert got == sent
        yield gateway, upstream, caller, sent


async def rest_of(caller: Watcher) -> bytes:
    """What follows until the stream's end, which must be well framed."""
    return await caller._chunks()


@pytest.mark.parametrize("wants_usage", [False, True], ids=["stripping", "passing"])
@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
@on_loop
async def test_a_stream_that_is_cut_after_content_ends_in_an_error_event(
    tmp_path: Path, reset: bool, wants_usage: bool
) -> None:
    async with begun(tmp_path, wants_usage=wants_usage) as (gateway, upstream, caller, _):
        await upstream.held[0].end(reset=reset)
        error = error_in(await rest_of(caller))
        assert error["code"] == "upstream_invalid"
        assert error["type"] == "server_error"
        event = await gateway.event()
        assert (event.outcome, event.status, event.error) == ("truncated", 200, "upstream_invalid")
        assert (event.attempts, len(upstream.requests)) == (1, 1)
        await caller.ask(asking())
        upstream.play(completes())
        assert (await caller.told()).status == 200


@on_loop
async def test_half_an_event_is_closed_before_the_error_event(tmp_path: Path) -> None:
    half = said("lo.")[:70]
    async with begun(tmp_path, wants_usage=True) as (gateway, upstream, caller, _):
        await upstream.held[0].send(chunk(half))
        await settled()
        await upstream.held[0].end()
        tail = await rest_of(caller)
        assert tail.startswith(half + b"\n\ndata: ")
        assert error_in(tail)["code"] == "upstream_invalid"
        assert (await gateway.event()).outcome == "truncated"


@on_loop
async def test_half_an_event_that_was_held_back_is_left_out(tmp_path: Path) -> None:
    """Nobody has to read an event that stops in the middle: the error is what comes next."""
    async with begun(tmp_path) as (gateway, upstream, caller, _):
        await upstream.held[0].send(chunk(said("lo.")[:70]))
        await settled()
        await upstream.held[0].end()
        tail = await rest_of(caller)
        assert tail.startswith(b'data: {"error":')
        assert error_in(tail)["code"] == "upstream_invalid"
        assert (await gateway.event()).outcome == "truncated"


@on_loop
async def test_a_stream_without_its_closing_event_is_not_ended_as_if_whole(tmp_path: Path) -> None:
    async with begun(tmp_path) as (gateway, upstream, caller, _):
        await upstream.held[0].send(chunk(FINISH) + chunk(USAGE) + LAST_CHUNK)
        tail = await rest_of(caller)
        assert tail.startswith(FINISH)
        assert "closing event" in str(error_in(tail)["message"])
        event = await gateway.event()
        assert (event.outcome, event.finish, event.input_tokens) == ("truncated", "stop", 11)


@on_loop
async def test_the_providers_own_error_event_is_handed_on_and_said_once(tmp_path: Path) -> None:
    async with begun(tmp_path) as (gateway, upstream, caller, _):
        await upstream.held[0].send(chunk(ERROR_EVENT) + LAST_CHUNK)
        assert await rest_of(caller) == ERROR_EVENT
        event = await gateway.event()
        assert (event.outcome, event.error) == ("truncated", "upstream_unavailable")


@on_loop
async def test_an_error_event_counts_as_one_even_when_the_provider_then_says_done(tmp_path: Path) -> None:
    async with begun(tmp_path) as (gateway, upstream, caller, _):
        await upstream.held[0].send(chunk(ERROR_EVENT) + chunk(DONE) + LAST_CHUNK)
        assert await rest_of(caller) == ERROR_EVENT + DONE
        event = await gateway.event()
        assert (event.outcome, event.error) == ("truncated", "upstream_unavailable")


@on_loop
async def test_a_whole_stream_counts_as_whole_though_the_connection_broke_behind_it(tmp_path: Path) -> None:
    async with begun(tmp_path) as (gateway, upstream, caller, _):
        await upstream.held[0].send(chunk(FINISH) + chunk(USAGE) + chunk(DONE))
        await settled()
        await upstream.held[0].end(reset=True)
        assert await rest_of(caller) == FINISH + DONE
        event = await gateway.event()
        assert (event.outcome, event.error, event.output_tokens) == ("complete", "", 7)


@on_loop
async def test_a_pause_of_60_s_between_events_ends_the_stream(tmp_path: Path) -> None:
    async with begun(tmp_path) as (gateway, upstream, caller, _):
        gateway.advance(59)
        await upstream.held[0].send(chunk(said("lo.")))
        await caller._until(b"lo.")
        gateway.advance(59)
        await settled()
        assert not gateway.events
        gateway.advance(2)
        await caller._until(b"\n\n\r\n")
        error = error_in(await rest_of(caller))
        assert error["code"] == "upstream_timeout"
        assert "60 s" in str(error["message"])
        await eventually(lambda: upstream.departed)
        event = await gateway.event()
        assert (event.outcome, event.status, event.error) == ("truncated", 200, "upstream_timeout")


@pytest.mark.parametrize("pieces", [1, 2, 3])
@on_loop
async def test_the_deadline_of_the_request_ends_with_the_first_content(tmp_path: Path, pieces: int) -> None:
    """However the first content arrives: alone in a chunk, with others, or split over two reads."""
    async with scripted(tmp_path, None, timeout_s=10) as (gateway, upstream), raw(gateway) as caller:
        await caller.ask(asking(stream=True))
        await eventually(lambda: upstream.held)
        first = chunk(said("Hel"))
        await upstream.held[0].send(STREAM_HEAD + chunk(ROLE))
        await settled()
        cuts = {1: (first,), 2: (first[:50], first[50:]), 3: (first + chunk(said("l")),)}[pieces]
        for piece in cuts:
            await upstream.held[0].send(piece)
            await settled()
        await caller._until(b"Hel")
        gateway.advance(30)
        await settled()
        assert not gateway.events
        await upstream.held[0].send(chunk(FINISH) + chunk(DONE) + LAST_CHUNK)
        assert (await gateway.event()).outcome == "complete"


@on_loop
async def test_a_preamble_is_held_for_5_s_and_then_sent(tmp_path: Path) -> None:
    async with scripts(tmp_path, (None,), (streams(),)) as (gateway, (first, second)), raw(gateway) as caller:
        await caller.ask(asking(stream=True))
        await eventually(lambda: first.held)
        await first.held[0].send(STREAM_HEAD + chunk(ROLE))
        await settled()
        gateway.advance(4.9)
        await settled()
        assert caller.is_silent
        gateway.advance(0.2)
        await caller._until(b"\r\n\r\n")
        assert ROLE in await caller.at_least(len(ROLE))
        await first.held[0].end()
        await gateway.event()
        assert b"upstream_invalid" in await caller.at_least(10)
        assert not second.requests
        assert gateway.events[0].outcome == "truncated"


@on_loop
async def test_a_head_alone_is_no_answer_however_early_it_comes(tmp_path: Path) -> None:
    acts = (None,), (streams(),)
    async with scripts(tmp_path, *acts, timeout_s=60) as (gateway, (first, second)), raw(gateway) as caller:
        await caller.ask(asking(stream=True))
        await eventually(lambda: first.held)
        await first.held[0].send(STREAM_HEAD)
        for _ in range(4):
            await settled()
            gateway.advance(4.0)
        assert caller.is_silent
        gateway.advance(20.0)
        assert (await caller.answer(to=b"POST")).body == CLEAN
        assert len(second.requests) == 1
        assert "; one/gpt-5-mini: upstream_timeout" in (await gateway.event()).route


@on_loop
async def test_a_long_answer_is_not_cut_because_its_preamble_had_to_be_sent_first(tmp_path: Path) -> None:
    """A model that thinks for longer than the preamble is held has as much time for its answer as any other."""
    async with scripted(tmp_path, None, timeout_s=20) as (gateway, upstream), raw(gateway) as caller:
        await caller.ask(asking(stream=True))
        await eventually(lambda: upstream.held)
        await upstream.held[0].send(STREAM_HEAD + chunk(ROLE))
        await settled()
        gateway.advance(6)
        await caller._until(b'"role":"assistant"')
        await upstream.held[0].send(chunk(said("Hel")))
        await caller._until(b"Hel")
        for _ in range(3):
            gateway.advance(15)
            await settled()
            await upstream.held[0].send(chunk(said("lo")))
            await caller._until(b"lo")
        await upstream.held[0].send(chunk(FINISH) + chunk(DONE) + LAST_CHUNK)
        assert (await gateway.event()).outcome == "complete"


@on_loop
async def test_a_preamble_without_content_is_bounded_by_the_deadline_even_after_it_was_sent(tmp_path: Path) -> None:
    async with scripted(tmp_path, None, timeout_s=20) as (gateway, upstream), raw(gateway) as caller:
        await caller.ask(asking(stream=True))
        await eventually(lambda: upstream.held)
        await upstream.held[0].send(STREAM_HEAD + chunk(ROLE))
        await settled()
        gateway.advance(6)
        await caller._until(b'"role":"assistant"')
        gateway.advance(15)
        event = await gateway.event()
        assert (event.outcome, event.error) == ("truncated", "upstream_timeout")


@on_loop
async def test_an_endless_preamble_is_not_kept_in_memory(tmp_path: Path) -> None:
    async with scripted(tmp_path, None) as (gateway, upstream), raw(gateway) as caller:
        await caller.ask(asking(stream=True))
        await eventually(lambda: upstream.held)
        await upstream.held[0].send(STREAM_HEAD + chunk(b": " + b"x" * 1_000 + b"\n\n") * 70)
        head = await caller._until(b"\r\n\r\n")
        assert b"200 OK" in head
        assert len(await caller.at_least(65_000)) >= 65_000
        await upstream.held[0].send(b"".join(map(chunk, SOUND)) + LAST_CHUNK)
        assert (await gateway.event()).outcome == "complete"


@on_loop
async def test_an_event_over_the_limit_after_content_ends_the_stream_in_an_error(tmp_path: Path) -> None:
    large = said("x" * 200_000)
    act = streams(ROLE, said("Hel"), large[:100], large[100:], FINISH, DONE)
    async with scripted(tmp_path, act, sections=SMALL_EVENTS) as (gateway, _), raw(gateway) as caller:
        answer = await asked(caller)
        assert answer.body.startswith(ROLE + said("Hel"))
        assert "10000 bytes" in str(error_in(answer.body)["message"])
        event = await gateway.event()
        assert (event.outcome, event.error) == ("truncated", "upstream_invalid")
        await eventually(lambda: gateway.upstream_connections == 0)


@on_loop
async def test_a_whole_stream_at_once_is_as_good_as_a_slow_one(tmp_path: Path) -> None:
    body = b"".join(SOUND)
    for act in (
        answers(PLAIN_HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body),
        ends_after(PLAIN_HEAD + b"\r\n" + body),
        answers(STREAM_HEAD + chunk(body) + LAST_CHUNK),
        answers(STREAM_HEAD + b"".join(chunk(bytes([byte])) for byte in body) + LAST_CHUNK),
        answers(stream(*SOUND).replace(b"text/event-stream", b"Text/Event-Stream ; charset=UTF-8")),
        answers(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + stream(*SOUND)),
        answers(stream(*SOUND).replace(b"0\r\n\r\n", b"0\r\nX-Trailer: x\r\n\r\n")),
    ):
        async with scripted(tmp_path, act) as (gateway, _), raw(gateway) as caller:
            assert (await asked(caller)).body == CLEAN
            assert (await gateway.event()).output_tokens == 7


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
@pytest.mark.parametrize("wants_usage", [False, True], ids=["stripping", "passing"])
@on_loop
async def test_a_stream_arrives_event_by_event(tmp_path: Path, wants_usage: bool, version: bytes) -> None:
    """Each event has reached its caller before the next one is made."""
    request = chat(asking(stream=True, stream_options={"include_usage": wants_usage}))
    async with scripted(tmp_path, None) as (gateway, upstream), raw(gateway) as caller:
        await caller.send(request.replace(b"HTTP/1.1", b"HTTP/" + version, 1))
        await eventually(lambda: upstream.held)
        await upstream.held[0].send(STREAM_HEAD, chunk(ROLE))
        await settled()
        texts = ["Hel", "lo", ", \u00e4", "!"]
        for text in texts:
            await upstream.held[0].send(chunk(said(text)))
            await caller._until(said(text))
        await upstream.held[0].send(chunk(FINISH))
        await caller._until(FINISH)
        await upstream.held[0].send(chunk(USAGE))
        if wants_usage:
            await caller._until(USAGE)
        await upstream.held[0].send(chunk(DONE))
        await caller._until(DONE)
        assert (await gateway.event()).outcome == "complete"
        await upstream.held[0].send(chunk(said("Nobody hears this.")))
        await upstream.held[0].send(chunk(said("Nor this.")), LAST_CHUNK)
        await settled()


@on_loop
async def test_a_small_event_over_a_small_limit_ends_a_stream_too(tmp_path: Path) -> None:
    tiny = SERVER + "limits = { max_event_bytes = 300 }\n"
    async with scripted(tmp_path, None, sections=tiny) as (gateway, upstream), raw(gateway) as caller:
        await caller.ask(asking(stream=True))
        await eventually(lambda: upstream.held)
        await upstream.held[0].send(STREAM_HEAD, chunk(ROLE), chunk(said("Hel")))
        await caller._until(said("Hel"))
        long = said("x" * 400)
        await upstream.held[0].send(chunk(long[:200]))
        await settled()
        await upstream.held[0].send(chunk(long[200:]))
        await caller._until(b"over 300 bytes")
        assert (await gateway.event()).outcome == "truncated"
        await eventually(lambda: upstream.departed)


@on_loop
async def test_requests_sent_ahead_are_answered_in_their_order(tmp_path: Path) -> None:
    acts = streams(), completes(), refuses(400), streams()
    async with scripted(tmp_path, *acts) as (gateway, upstream), raw(gateway) as caller:
        await caller.send(b"".join(chat(asking(stream=one)) for one in (True, False, False, True)))
        statuses = [(await caller.answer(to=b"POST")).status for _ in range(4)]
        assert statuses == [200, 200, 400, 200]
        await gateway.event(4)
        assert [event.is_stream for event in gateway.events] == [True, False, False, True]
        assert len(upstream.requests) == 4


@on_loop
async def test_an_old_client_gets_its_stream_without_chunks(tmp_path: Path) -> None:
    async with scripted(tmp_path, streams()) as (gateway, _), raw(gateway) as caller:
        request = asking(stream=True)
        await caller.ask(request)
        await caller.answer(to=b"POST")
    async with scripted(tmp_path, streams()) as (gateway, _), raw(gateway) as caller:
        await caller.send(
            b"POST /v1/chat/completions HTTP/1.0\r\nAuthorization: Bearer web-key-0123456789\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(request), request)
        )
        answer = await caller.answer(to=b"POST")
        assert answer.field(b"transfer-encoding") is None
        assert answer.body == CLEAN


@on_loop
async def test_a_stream_ends_with_its_closing_event_even_if_its_connection_does_not(tmp_path: Path) -> None:
    async with scripted(tmp_path, None, completes()) as (gateway, upstream), raw(gateway) as caller:
        await caller.ask(asking(stream=True))
        await eventually(lambda: upstream.held)
        await upstream.held[0].send(STREAM_HEAD, *map(chunk, SOUND))
        assert (await caller.answer(to=b"POST")).body == CLEAN
        assert (await gateway.event()).outcome == "complete"
        await upstream.held[0].send(chunk(said("Nobody hears this.")))
        await caller.ask(asking())
        assert (await caller.told()).status == 200
        assert gateway.upstream_connections == 2
        gateway.advance(6)
        await eventually(lambda: upstream.departed)
        assert gateway.upstream_connections == 1


@on_loop
async def test_a_stream_that_ends_soon_after_its_closing_event_leaves_its_connection_to_the_next(
    tmp_path: Path,
) -> None:
    async def act(upstream: Upstream) -> None:
        await upstream.send(STREAM_HEAD + b"".join(map(chunk, SOUND)))
        await settled()
        await upstream.send(LAST_CHUNK)

    async with scripted(tmp_path, act) as (gateway, upstream), raw(gateway) as caller:
        for _ in range(3):
            assert (await asked(caller)).body == CLEAN
            await settled(60)
        assert upstream.connections == 1
