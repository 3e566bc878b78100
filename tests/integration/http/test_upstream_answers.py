"""Answers of a provider, sound and unsound: what the caller is told, and whether the connection is used again."""

from __future__ import annotations

import contextlib
import socket

import pytest

from stellwerk.errors import UpstreamInvalid, UpstreamUnavailable
from tests.integration.http.caller import calling
from tests.integration.http.loop import eventually, on_loop, settled
from tests.integration.http.provider import Recorder, make_call, providing, reply

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
SHAPES = [(False, False), (True, True), (True, False)]
"""Collected because nobody streams, streamed, and collected because the sink says so."""


@pytest.mark.parametrize(("is_streamed", "streams"), SHAPES)
@on_loop
async def test_answers_with_a_length_come_over_one_connection(is_streamed: bool, streams: bool) -> None:
    async with providing() as (provider, lane):
        for turn in range(5):
            sink = Recorder(streams=streams)
            lane.send(make_call(sink, b"body %d" % turn, path=b"/%d" % turn, is_streamed=is_streamed))
            upstream = provider.connections[0] if turn else await provider.connection()
            request = await upstream.request()
            assert request.startswith(b"POST /%d HTTP/1.1\r\n" % turn)
            assert request.endswith(b"\r\n\r\nbody %d" % turn)
            await upstream.reply(b"answer %d" % turn, b"X-Turn: %d" % turn, status=230 + turn)
            assert await sink.ending() == ("end" if is_streamed and streams else "answer")
            assert (sink.status, sink.headers[b"x-turn"], sink.body) == (230 + turn, b"%d" % turn, b"answer %d" % turn)
        assert lane.size == 1


@pytest.mark.parametrize(("is_streamed", "streams"), SHAPES)
@on_loop
async def test_a_chunked_answer_is_put_together_and_the_connection_is_used_again(
    is_streamed: bool, streams: bool
) -> None:
    async with providing() as (provider, lane):
        for turn in range(3):
            sink = Recorder(streams=streams)
            lane.send(make_call(sink, is_streamed=is_streamed))
            upstream = provider.connections[0] if turn else await provider.connection()
            await upstream.request()
            for piece in (
                CHUNKED,
                b"5\r\nhello\r\n",
                b"1",
                b"0\r\n0123456789abcdef\r\n",
                b"3\r\nend\r\n0\r\n",
                b"\r\n",
            ):
                await upstream.send(piece)
                await settled()
            await sink.ending()
            assert sink.body == b"hello0123456789abcdefend"
            assert sink.chunks == ([b"5\r\nhello\r\n"] if is_streamed and streams else [])
        assert lane.size == 1


@pytest.mark.parametrize(("is_streamed", "streams"), SHAPES)
@on_loop
async def test_an_answer_may_end_with_its_connection(is_streamed: bool, streams: bool) -> None:
    async with providing() as (provider, lane):
        sink = Recorder(streams=streams)
        lane.send(make_call(sink, is_streamed=is_streamed))
        upstream = await provider.connection()
        await upstream.request()
        await upstream.send(UNTIL_CLOSE + b"some")
        await settled()
        await upstream.send(b"thing")
        upstream.end()
        assert await sink.ending() == ("end" if is_streamed and streams else "answer")
        assert sink.body == b"something"
        await eventually(lambda: lane.size == 0)


@on_loop
async def test_a_connection_whose_answer_ended_with_it_is_never_given_to_the_next_call() -> None:
    async with providing(connections=1) as (provider, lane):
        sinks = [Recorder() for _ in range(3)]
        for turn, sink in enumerate(sinks):
            lane.send(make_call(sink, path=b"/%d" % turn))
        first = await provider.connection()
        await first.request()
        await first.reply(b"kept alive")
        assert (await first.request()).startswith(b"POST /1 ")
        await first.send(UNTIL_CLOSE + b"until close")
        first.end()
        second = await provider.connection()
        assert (await second.request()).startswith(b"POST /2 ")
        await second.reply(b"fresh")
        assert [await sink.ending() for sink in sinks] == ["answer"] * 3
        assert [sink.body for sink in sinks] == [b"kept alive", b"until close", b"fresh"]
        assert await first.rest() == b""


@pytest.mark.parametrize("status", [204, 304])
@on_loop
async def test_a_status_without_a_body_ends_the_answer(status: int) -> None:
    async with providing() as (provider, lane):
        for turn in range(2):
            sink = Recorder()
            lane.send(make_call(sink, is_streamed=bool(turn)))
            upstream = provider.connections[0] if turn else await provider.connection()
            await upstream.request()
            await upstream.send(b"HTTP/1.1 %d Whatever\r\n\r\n" % status)
            await sink.ending()
            assert (sink.status, sink.body) == (status, b"")


@pytest.mark.parametrize("is_split", [False, True])
@on_loop
async def test_provisional_answers_are_passed_over(is_split: bool) -> None:
    async with providing() as (provider, lane):
        for turn in range(2):
            sink = Recorder()
            lane.send(make_call(sink, is_streamed=bool(turn)))
            upstream = provider.connections[0] if turn else await provider.connection()
            await upstream.request()
            early = b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nX-A: 1\r\n\r\n"
            whole = b"".join(early) + reply(b"final", b"X-B: 2")
            for start in range(0, len(whole), 7 if is_split else len(whole)):
                await upstream.send(whole[start : start + (7 if is_split else len(whole))])
                await settled(2)
            await sink.ending()
            assert (sink.status, sink.body) == (200, b"final")
            assert b"x-a" not in sink.headers
            assert sink.headers[b"x-b"] == b"2"
        assert lane.size == 1


@pytest.mark.parametrize("ending", [b"Connection: close", b"Connection: Close, x"], ids=["close", "list"])
@on_loop
async def test_a_connection_that_the_provider_will_close_is_not_used_again(ending: bytes) -> None:
    async with providing() as (provider, lane):
        for turn in range(2):
            sink = Recorder()
            lane.send(make_call(sink))
            upstream = await provider.connection()
            await upstream.request()
            await upstream.reply(b"%d" % turn, ending)
            await sink.ending()
            assert sink.body == b"%d" % turn
            assert await upstream.rest() == b""


@on_loop
async def test_an_answer_of_http_1_0_ends_the_connection() -> None:
    async with providing() as (provider, lane):
        sink = Recorder()
        lane.send(make_call(sink))
        upstream = await provider.connection()
        await upstream.request()
        await upstream.send(reply(b"old").replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert await sink.ending() == "answer"
        assert await upstream.rest() == b""


SURPLUS = {
    "garbage": b"garbage",
    "one byte": b"H",
    "an answer": reply(b"stolen"),
    "half an answer": reply(b"stolen")[:20],
    "a provisional answer": b"HTTP/1.1 100 Continue\r\n\r\n",
    "a chunk": b"5\r\nhello\r\n",
    "NUL": b"\x00",
}


@pytest.mark.parametrize("surplus", SURPLUS)
@pytest.mark.parametrize("answer", [reply(b"own", b"X-A: 1"), CHUNKED[:-2] + b"X-A: 1\r\n\r\n3\r\nown\r\n0\r\n\r\n"])
@pytest.mark.parametrize("is_streamed", [False, True])
@on_loop
async def test_bytes_behind_an_answer_are_nobodys_answer(surplus: str, answer: bytes, is_streamed: bool) -> None:
    async with providing(connections=1) as (provider, lane):
        sinks = [Recorder(), Recorder()]
        for turn, sink in enumerate(sinks):
            lane.send(make_call(sink, path=b"/%d" % turn, is_streamed=is_streamed))
        first = await provider.connection()
        await first.request()
        await first.send(answer + SURPLUS[surplus])
        second = await provider.connection()
        assert (await second.request()).startswith(b"POST /1 ")
        await second.reply(b"other")
        assert await sinks[1].ending() in {"end", "answer"}
        assert sinks[1].body == b"other"
        if await sinks[0].ending() == "failure":
            assert isinstance(sinks[0].failure, UpstreamInvalid)
        else:
            assert (sinks[0].body, sinks[0].headers[b"x-a"]) == (b"own", b"1")
        assert [len(sink.endings) for sink in sinks] == [1, 1]
        assert await first.rest() == b""


@pytest.mark.parametrize(
    "surplus", [reply(b"unasked"), b"x", b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"]
)
@on_loop
async def test_a_resting_connection_on_which_something_comes_unasked_is_dropped(surplus: bytes) -> None:
    async with providing() as (provider, lane):
        sink = Recorder()
        lane.send(make_call(sink))
        upstream = await provider.connection()
        await upstream.request()
        await upstream.reply(b"first")
        await sink.ending()
        await upstream.send(surplus)
        await eventually(lambda: lane.size == 0)
        other = Recorder()
        lane.send(make_call(other))
        fresh = await provider.connection()
        await fresh.request()
        await fresh.reply(b"second")
        await other.ending()
        assert other.body == b"second"


@on_loop
async def test_a_resting_connection_that_the_provider_closes_is_forgotten() -> None:
    async with providing() as (provider, lane):
        for end in ("end", "reset"):
            sink = Recorder()
            lane.send(make_call(sink))
            upstream = await provider.connection()
            await upstream.request()
            await upstream.reply(b"first")
            await sink.ending()
            assert lane.size == 1
            getattr(upstream, end)()
            await eventually(lambda: lane.size == 0)


BROKEN = {
    "in the status line": b"HTTP/1.1 20",
    "in the head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "before the body": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
    "in the body": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
    "before the first chunk": CHUNKED,
    "in a chunk size": CHUNKED + b"1",
    "in a chunk": CHUNKED + b"5\r\nhel",
    "before the last chunk": CHUNKED + b"5\r\nhello\r\n",
    "in the last chunk": CHUNKED + b"5\r\nhello\r\n0\r\n",
    "after a provisional answer": b"HTTP/1.1 100 Continue\r\n\r\n",
}


@pytest.mark.parametrize("end", ["end", "reset"])
@pytest.mark.parametrize("where", BROKEN)
@pytest.mark.parametrize("is_streamed", [False, True])
@on_loop
async def test_an_answer_that_breaks_off_is_a_failure_and_is_not_asked_for_again(
    where: str, end: str, is_streamed: bool
) -> None:
    async with providing() as (provider, lane):
        sink = Recorder()
        lane.send(make_call(sink, is_streamed=is_streamed))
        upstream = await provider.connection()
        await upstream.request()
        await upstream.send(BROKEN[where])
        await settled()
        getattr(upstream, end)()
        error = await sink.failed()
        assert isinstance(error, UpstreamInvalid)
        assert "broke off" in str(error)
        await settled()
        assert not provider.has_waiting_connection
        assert sink.endings == ["failure"]


UNSOUND = {
    "HTML without a head": b"<html><body>502 Bad Gateway</body></html>",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "HTTP/2": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",
    "TLS": b"\x15\x03\x01\x00\x02\x02\x46",
    "two different lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
    "a length that overflows": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhello",
    "length and coding": CHUNKED[:-2] + b"Content-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "a bad chunk size": CHUNKED + b"5x\r\nhello\r\n0\r\n\r\n",
    "a chunk that is longer than it says": CHUNKED + b"4\r\nhello\r\n0\r\n\r\n",
    "a chunk size that overflows": CHUNKED + b"10000000000000000\r\nhello",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
    "NUL in the head": b"HTTP/1.1 200 OK\r\nX-A: \x00\r\nContent-Length: 0\r\n\r\n",
    "obs-fold": b"HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n",
    "space before the colon": b"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
    "no number": b"HTTP/1.1 OK\r\n\r\n",
    "a status below 100": b"HTTP/1.1 020 OK\r\nContent-Length: 5\r\n\r\nhello" + reply(b"hello"),
    "HTTP/9.9": b"HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n",
    "another protocol after all": b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nabc",
    "a head of 300 KB": b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 300_000,
    "a head of many fields": b"HTTP/1.1 200 OK\r\n" + b"X-A: a\r\n" * 40_000,
    "provisional answers without end": b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000,
}


@pytest.mark.parametrize("what", UNSOUND)
@pytest.mark.parametrize("is_streamed", [False, True])
@on_loop
async def test_an_unsound_answer_is_refused_and_its_connection_dropped(what: str, is_streamed: bool) -> None:
    async with providing() as (provider, lane):
        sink = Recorder()
        lane.send(make_call(sink, is_streamed=is_streamed))
        upstream = await provider.connection()
        await upstream.request()
        await upstream.send(UNSOUND[what])
        assert isinstance(await sink.failed(), UpstreamInvalid)
        assert await upstream.rest() == b""
        await eventually(lambda: lane.size == 0)
        assert sink.endings == ["failure"]


@on_loop
async def test_html_with_a_proper_head_is_an_answer() -> None:
    async with providing() as (provider, lane):
        sink = Recorder(streams=False)
        lane.send(make_call(sink, is_streamed=True))
        upstream = await provider.connection()
        await upstream.request()
        await upstream.reply(b"<html>", b"Content-Type: text/html", status=502)
        assert await sink.ending() == "answer"
        assert (sink.status, sink.headers[b"content-type"], sink.body) == (502, b"text/html", b"<html>")


@pytest.mark.parametrize("coding", [b"gzip", b"identity", b"gzip, identity", b"gzip, chunked", b"chunked, chunked"])
@pytest.mark.parametrize("is_streamed", [False, True])
@on_loop
async def test_a_coding_that_nobody_asked_for_is_refused(coding: bytes, is_streamed: bool) -> None:
    async with providing() as (provider, lane):
        sink = Recorder()
        lane.send(make_call(sink, is_streamed=is_streamed))
        upstream = await provider.connection()
        await upstream.request()
        await upstream.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: %b\r\n\r\n5\r\nhello\r\n0\r\n\r\n" % coding)
        assert isinstance(await sink.failed(), UpstreamInvalid)
        assert sink.pieces == []
        assert await upstream.rest() == b""


@pytest.mark.parametrize("is_one_read", [True, False])
@pytest.mark.parametrize("framing", ["length", "chunks", "close"])
@on_loop
async def test_a_collected_answer_over_the_limit_fails_once(framing: str, is_one_read: bool) -> None:
    async with providing(max_reply_bytes=1000) as (provider, lane):
        sink = Recorder()
        lane.send(make_call(sink))
        upstream = await provider.connection()
        await upstream.request()
        body = b"x" * 1001
        whole = {
            "length": reply(body),
            "chunks": CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
            "close": UNTIL_CLOSE + body,
        }[framing]
        await upstream.send(whole if is_one_read else whole[:500])
        await settled()
        if not is_one_read:
            await upstream.send(whole[500:])
        assert isinstance(await sink.failed(), UpstreamInvalid)
        assert await upstream.rest() == b""
        assert sink.endings == ["failure"]


@on_loop
async def test_a_streamed_answer_has_no_such_limit() -> None:
    async with providing(max_reply_bytes=1000) as (provider, lane):
        sink = Recorder()
        lane.send(make_call(sink, is_streamed=True))
        upstream = await provider.connection()
        await upstream.request()
        await upstream.reply(b"x" * 100_000)
        assert await sink.ending() == "end"
        assert sink.body == b"x" * 100_000


@pytest.mark.parametrize("step", ["head", "body", "chunk"])
@pytest.mark.parametrize("is_one_read", [True, False])
@on_loop
async def test_a_call_that_is_cancelled_on_the_way_hears_nothing_more(step: str, is_one_read: bool) -> None:
    async with providing() as (provider, lane):
        sink = Recorder()
        call = make_call(sink, is_streamed=True)
        steps: list[str] = []

        def cancel(reached: str) -> None:
            steps.append(reached)
            if reached == step:
                call.cancel()

        sink.on_step = cancel
        lane.send(call)
        upstream = await provider.connection()
        await upstream.request()
        pieces = [CHUNKED, b"5\r\nhello\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n", b"5\r\nworld\r\n0\r\n\r\n"]
        for piece in [b"".join(pieces)] if is_one_read else pieces:
            with contextlib.suppress(ConnectionError):
                await upstream.send(piece)
            await settled()
        if is_one_read and step == "chunk":
            assert await sink.ending() == "end"
        else:
            assert await upstream.rest() == b""
            assert sink.endings == []
            assert steps[-1] == step
        await eventually(lambda: lane.size == (1 if sink.endings else 0))


@pytest.mark.parametrize("end", ["end", "reset"])
@on_loop
async def test_a_connection_that_went_stale_is_replaced_once_and_nobody_notices(end: str) -> None:
    async with providing(connections=1) as (provider, lane):
        first, second = Recorder(), Recorder()
        lane.send(make_call(first))
        upstream = await provider.connection()
        await upstream.request()
        lane.send(make_call(second, b"body", path=b"/again"))
        await upstream.reply(b"first")
        await upstream.request()
        getattr(upstream, end)()
        fresh = await provider.connection()
        assert (await fresh.request()).startswith(b"POST /again ")
        await fresh.reply(b"second")
        assert await second.ending() == "answer"
        assert second.body == b"second"


@on_loop
async def test_a_call_is_repeated_no_more_than_once() -> None:
    async with providing(connections=1) as (provider, lane):
        sink = Recorder()
        first = Recorder()
        lane.send(make_call(first))
        upstream = await provider.connection()
        await upstream.request()
        lane.send(make_call(sink))
        await upstream.reply(b"first")
        await upstream.request()
        upstream.end()
        fresh = await provider.connection()
        await fresh.request()
        fresh.end()
        error = await sink.failed()
        assert isinstance(error, UpstreamUnavailable)
        await settled()
        assert not provider.has_waiting_connection


@on_loop
async def test_a_fresh_connection_that_is_closed_without_a_word_is_not_repeated() -> None:
    async with providing() as (provider, lane):
        for end in ("end", "reset"):
            sink = Recorder()
            lane.send(make_call(sink))
            upstream = await provider.connection()
            await upstream.request()
            getattr(upstream, end)()
            assert isinstance(await sink.failed(), UpstreamUnavailable)
            await settled()
            assert not provider.has_waiting_connection


@on_loop
async def test_one_byte_of_an_answer_is_enough_to_repeat_nothing() -> None:
    async with providing(connections=1) as (provider, lane):
        first, second = Recorder(), Recorder()
        lane.send(make_call(first))
        upstream = await provider.connection()
        await upstream.request()
        lane.send(make_call(second))
        await upstream.reply(b"first")
        await upstream.request()
        await upstream.send(b"H")
        upstream.end()
        assert isinstance(await second.failed(), UpstreamInvalid)
        await settled()
        assert not provider.has_waiting_connection


@on_loop
async def test_an_answer_before_the_request_is_written_counts_but_ends_the_connection() -> None:
    async with providing() as (provider, lane):
        sink = Recorder()
        lane.send(make_call(sink, b"x" * 20_000_000))
        upstream = await provider.connection()
        await upstream.at_least(1)
        await upstream.reply(b"too large", status=413)
        assert await sink.ending() == "answer"
        assert (sink.status, sink.body) == (413, b"too large")
        while await upstream._more():
            upstream._read.clear()
        await eventually(lambda: lane.size == 0)


@pytest.mark.parametrize("size", [1, 65_536, 65_537, 5_000_000])
@on_loop
async def test_bodies_of_every_size_are_sent_whole(size: int) -> None:
    async with providing() as (provider, lane):
        sink = Recorder()
        lane.send(make_call(sink, b"x" * size))
        upstream = await provider.connection()
        assert (await upstream.request()).endswith(b"\r\n\r\n" + b"x" * size)
        await upstream.reply(b"")
        assert await sink.ending() == "answer"


@on_loop
async def test_whoever_is_answered_may_call_again_at_once() -> None:
    async with providing() as (provider, lane):
        sinks = [Recorder() for _ in range(10)]

        def again(number: int) -> None:
            if number < len(sinks):
                sinks[number].on_step = lambda step: again(number + 1) if step == "answer" else None
                lane.send(make_call(sinks[number], path=b"/%d" % number))

        again(0)
        upstream = await provider.connection()
        for number in range(10):
            assert (await upstream.request()).startswith(b"POST /%d " % number)
            await upstream.reply(b"%d" % number)
        assert await sinks[-1].ending() == "answer"
        assert [sink.body for sink in sinks] == [b"%d" % number for number in range(10)]
        assert lane.size == 1


@on_loop
async def test_a_finished_call_has_no_power_over_its_former_connection() -> None:
    async with providing() as (provider, lane):
        first, second = Recorder(), Recorder()
        done = make_call(first)
        lane.send(done)
        upstream = await provider.connection()
        await upstream.request()
        await upstream.reply(b"first")
        await first.ending()
        lane.send(make_call(second))
        await upstream.request()
        done.pause()
        done.resume()
        done.cancel()
        await upstream.reply(b"second")
        assert await second.ending() == "answer"
        assert second.body == b"second"


@on_loop
async def test_a_paused_answer_stops_and_goes_on_where_it_stopped() -> None:
    async with providing() as (provider, lane):
        sink = Recorder()
        call = make_call(sink, is_streamed=True)
        lane.send(call)
        upstream = await provider.connection()
        await upstream.request()
        await upstream.send(CHUNKED + b"3\r\none\r\n")
        await eventually(lambda: sink.body == b"one")
        call.pause()
        call.pause()
        await upstream.send(b"3\r\ntwo\r\n")
        await settled()
        assert sink.body == b"one"
        call.resume()
        call.resume()
        await eventually(lambda: sink.body == b"onetwo")
        sink.on_step = lambda step: call.pause() if step in {"body", "chunk"} else None
        await upstream.send(b"5\r\nthree\r\n0\r\n\r\n")
        assert await sink.ending() == "end"
        assert sink.body == b"onetwothree"
        again = Recorder()
        lane.send(make_call(again))
        await upstream.request()
        await upstream.reply(b"and the connection reads on")
        assert await again.ending() == "answer"


@on_loop
async def test_small_requests_leave_at_once() -> None:
    async with providing() as (provider, lane):
        lane.send(make_call(Recorder()))
        await (await provider.connection()).request()
        (connection,) = lane._members
        used = connection.transport.get_extra_info("socket")
        assert used.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


@on_loop
async def test_the_provider_sees_at_once_that_a_call_was_cancelled() -> None:
    async with providing() as (provider, lane):
        for is_begun in (False, True):
            call = make_call(Recorder(), is_streamed=True)
            lane.send(call)
            upstream = await provider.connection()
            await upstream.request()
            if is_begun:
                await upstream.send(CHUNKED + b"3\r\none\r\n")
                await settled()
            call.cancel()
            call.cancel()
            assert await upstream.rest() == b""
            await eventually(lambda: lane.size == 0)


@on_loop
async def test_repeated_fields_are_joined_and_padding_behind_what_frames_the_answer_is_overlooked() -> None:
    async with providing() as (provider, lane):
        sink = Recorder()
        lane.send(make_call(sink))
        upstream = await provider.connection()
        await upstream.request()
        await upstream.send(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked \r\nX-A:  1\r\nx-a: 2\r\n\r\n3\r\none\r\n0\r\n\r\n"
        )
        assert await sink.ending() == "answer"
        assert (sink.headers[b"x-a"], sink.body) == (b"1, 2", b"one")
        assert lane.size == 1


@on_loop
async def test_trailers_are_no_headers() -> None:
    async with providing() as (provider, lane):
        sink = Recorder()
        lane.send(make_call(sink))
        upstream = await provider.connection()
        await upstream.request()
        await upstream.send(CHUNKED + b"3\r\none\r\n0\r\nX-Late: 1\r\n\r\n")
        await sink.ending()
        assert sink.body == b"one"
        assert b"x-late" not in sink.headers


@on_loop
async def test_nobody_listening_is_reported_as_that() -> None:
    async with providing() as (provider, lane):
        provider.socket.close()
        with pytest.raises(ConnectionRefusedError):
            async with calling(provider.port):
                pass
        sink = Recorder()
        lane.send(make_call(sink))
        error = await sink.failed()
        assert isinstance(error, UpstreamUnavailable)
        assert "connection refused" in str(error)
