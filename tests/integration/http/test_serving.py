"""One connection, many requests: framing of answers, keep-alive, pipelining, methods, versions, forms of the target."""

from __future__ import annotations

import socket

import pytest

from tests.integration.http.application import SERVED, Scene, echo, serving
from tests.integration.http.caller import calling, chunked, get, post
from tests.integration.http.loop import Clock, eventually, on_loop, settled


@on_loop
async def test_a_connection_serves_one_request_after_the_other() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (front, port), calling(port) as caller:
        for turn in range(20):
            await caller.send(post(b"/%d" % turn, b"x" * turn))
            answer = await caller.answer()
            assert (answer.status, answer.body) == (200, echo(b"POST", b"/%d" % turn, b"x" * turn))
            assert answer.field(b"connection") is None
        assert front.connections == 1
        assert front.served == 20


@on_loop
async def test_an_answer_has_a_date_and_a_length() -> None:
    async with serving(Scene(), Clock()) as (_, port), calling(port) as caller:
        await caller.send(get(b"/"))
        answer = await caller.answer()
        date = answer.field(b"date")
        assert date is not None
        assert date.endswith(b" GMT")
        assert answer.field(b"content-length") == b"%d" % len(answer.body)


@on_loop
async def test_a_head_that_arrives_byte_by_byte_is_one_request() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        for byte in post(b"/slowly", b"body", b"X-Long: value"):
            await caller.send(bytes([byte]))
            await settled(2)
        assert (await caller.answer()).body == echo(b"POST", b"/slowly", b"body")
        assert scene.requests[0].headers[b"x-long"] == b"value"


@on_loop
async def test_pipelined_requests_are_answered_in_order() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        for _ in range(5):
            await caller.send(b"".join(get(b"/%d" % turn) for turn in range(200)))
            for turn in range(200):
                assert (await caller.answer()).body == echo(b"GET", b"/%d" % turn)
        assert [path for _, path, _ in scene.seen] == [b"/%d" % turn for turn in range(200)] * 5


@on_loop
async def test_pipelined_requests_wait_for_a_slow_first_one() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        await caller.send(get(b"/held") + get(b"/second"))
        await eventually(lambda: scene.held)
        await caller.send(get(b"/third"))
        await settled()
        assert [path for _, path, _ in scene.seen] == [b"/held"]
        assert caller.is_silent
        scene.held[0].respond(200, SERVED, b"first")
        assert [(await caller.answer()).body for _ in range(3)] == [
            b"first",
            echo(b"GET", b"/second"),
            echo(b"GET", b"/third"),
        ]


@on_loop
async def test_two_slow_requests_are_served_one_at_a_time() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        await caller.send(get(b"/held/1") + get(b"/held/2") + get(b"/3"))
        await eventually(lambda: len(scene.held) == 1)
        scene.held[0].respond(200, b"", b"one")
        assert (await caller.answer()).body == b"one"
        await eventually(lambda: len(scene.held) == 2)
        scene.held[1].start(200, b"")
        scene.held[1].send(b"two")
        scene.held[1].end()
        assert (await caller.answer()).body == b"two"
        assert (await caller.answer()).body == echo(b"GET", b"/3")


@on_loop
async def test_an_answer_of_the_application_that_reports_an_error_does_not_end_the_connection() -> None:
    async with serving(Scene(), Clock()) as (_, port), calling(port) as caller:
        await caller.send(get(b"/1") + get(b"/broken") + get(b"/3"))
        assert [(await caller.answer()).status for _ in range(3)] == [200, 500, 200]


@on_loop
async def test_an_invalid_second_request_is_refused_after_the_first_answer_and_ends_the_connection() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        await caller.send(get(b"/held") + b"GET / HTTP/1.1\r\nHost : x\r\n\r\n" + get(b"/never"))
        await eventually(lambda: scene.held)
        assert caller.is_silent
        scene.held[0].respond(200, b"", b"first")
        assert (await caller.answer()).body == b"first"
        answer = await caller.answer()
        assert (answer.status, answer.field(b"connection")) == (400, b"close")
        assert await caller.rest() == b""
        assert [path for _, path, _ in scene.seen] == [b"/held"]


@on_loop
async def test_large_bodies_may_be_pipelined_in_front_of_unfinished_requests() -> None:
    """What one read brings may end anywhere in the next request; earlier bodies do not count against it."""
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        for size in (70_000, 150_000):
            for rest in (get(b"/next", b"X-Field: 1"), chunked(b"/next", b"a", b"b")):
                for cut in (5, len(rest) // 2, len(rest) - 7):
                    await caller.send(post(b"/held", b"x" * size) + rest[:cut])
                    await eventually(lambda: scene.held)
                    scene.held.pop().respond(200, b"", b"held")
                    assert (await caller.answer()).body == b"held"
                    for piece in (rest[cut : cut + 3], rest[cut + 3 :]):
                        await settled()
                        assert caller.is_silent
                        await caller.send(piece)
                    assert (await caller.answer()).status == 200


@on_loop
async def test_chunked_requests_are_put_together() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        await caller.send(chunked(b"/a", b"one", b"two" * 1000, b"3") + chunked(b"/b") + get(b"/c"))
        assert (await caller.answer()).body == echo(b"POST", b"/a", b"one" + b"two" * 1000 + b"3")
        assert (await caller.answer()).body == echo(b"POST", b"/b")
        assert (await caller.answer()).body == echo(b"GET", b"/c")


@on_loop
async def test_trailers_never_become_headers() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        whole = chunked(b"/a", b"one")
        await caller.send(whole[:-2] + b"Authorization: Bearer stolen\r\nX-Late: 1\r\n\r\n" + get(b"/b"))
        assert (await caller.answer()).body == echo(b"POST", b"/a", b"one")
        assert (await caller.answer()).body == echo(b"GET", b"/b")
        assert b"authorization" not in scene.requests[0].headers
        assert b"x-late" not in scene.requests[0].headers


@on_loop
async def test_a_body_may_be_taken_piece_by_piece() -> None:
    pieces: list[bytes] = []

    class Sink:
        def on_piece(self, piece: bytes) -> None:
            pieces.append(piece)

    scene = Scene()
    scene.sink = Sink()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        whole = chunked(b"/taken", b"one", b"two")
        await caller.send(whole[:-10])
        await eventually(lambda: b"".join(pieces).startswith(b"one"))
        assert not scene.seen
        await caller.send(whole[-10:])
        assert (await caller.answer()).body == echo(b"POST", b"/taken")
        assert b"".join(pieces) == b"onetwo"


@on_loop
async def test_a_streamed_answer_is_chunked_and_the_connection_stays() -> None:
    async with serving(Scene(), Clock()) as (_, port), calling(port) as caller:
        await caller.send(get(b"/stream?5") + get(b"/after"))
        answer = await caller.answer()
        assert answer.body == b"".join(b"%08d" % number * 128 for number in range(1, 6))
        assert (await caller.answer()).body == echo(b"GET", b"/after")


@on_loop
async def test_the_first_bytes_of_a_streamed_answer_travel_with_its_head() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        await caller.send(get(b"/held"))
        await eventually(lambda: scene.held)
        request = scene.held[0]
        request.start(200, b"", b"first")
        outlet = request.outlet
        assert outlet is not None
        outlet.emit(b"6\r\nsecond\r\n")
        request.send(b"")
        request.send(b"third")
        request.end()
        assert request.outlet is None
        assert (await caller.answer()).body == b"firstsecondthird"


@pytest.mark.parametrize("path", [b"/", b"/broken", b"/stream?5"])
@on_loop
async def test_an_answer_to_head_has_no_body(path: bytes) -> None:
    async with serving(Scene(), Clock()) as (_, port), calling(port) as caller:
        await caller.send(get(path).replace(b"GET", b"HEAD") + get(b"/after"))
        assert (await caller.answer(to=b"HEAD")).body == b""
        assert (await caller.answer()).body == echo(b"GET", b"/after")


@on_loop
async def test_an_answer_to_head_names_the_length_that_get_would_have_or_none() -> None:
    async with serving(Scene(), Clock()) as (_, port), calling(port) as caller:
        await caller.send(get(b"/").replace(b"GET", b"HEAD"))
        assert (await caller.answer(to=b"HEAD")).field(b"content-length") == b"%d" % len(echo(b"HEAD", b"/"))
        await caller.send(get(b"/stream?5").replace(b"GET", b"HEAD"))
        assert (await caller.answer(to=b"HEAD")).field(b"content-length") is None


@pytest.mark.parametrize("status", [204, 304])
@on_loop
async def test_a_status_that_excludes_a_body_has_neither_length_nor_coding(status: int) -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        await caller.send(get(b"/held/1") + get(b"/held/2") + get(b"/after"))
        await eventually(lambda: scene.held)
        scene.held[0].respond(status, b"")
        await eventually(lambda: len(scene.held) == 2)
        scene.held[1].start(status, b"")
        scene.held[1].end()
        for _ in range(2):
            answer = await caller.answer(to=b"HEAD")
            assert (answer.field(b"content-length"), answer.field(b"transfer-encoding")) == (None, None)
        assert (await caller.answer()).body == echo(b"GET", b"/after")


@on_loop
async def test_http_1_0_closes_after_an_answer_and_streams_without_chunks() -> None:
    async with serving(Scene(), Clock()) as (_, port):
        for path in (b"/", b"/stream?3"):
            async with calling(port) as caller:
                await caller.send(b"GET %b HTTP/1.0\r\n\r\n" % path)
                answer = await caller.answer()
                assert answer.field(b"transfer-encoding") is None
                assert answer.field(b"connection") == b"close"
                assert answer.body
                assert await caller.rest() == b""


@on_loop
async def test_http_1_0_may_ask_to_keep_the_connection() -> None:
    async with serving(Scene(), Clock()) as (_, port), calling(port) as caller:
        for _ in range(2):
            await caller.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert (await caller.answer()).field(b"connection") == b"keep-alive"
        await caller.send(b"GET /stream?3 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert (await caller.answer()).field(b"connection") == b"close"
        assert await caller.rest() == b""


@pytest.mark.parametrize("value", [b"close", b"Close", b"foo, close", b"close, foo"])
@on_loop
async def test_connection_close_is_obeyed_and_confirmed(value: bytes) -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (front, port), calling(port) as caller:
        await caller.send(get(b"/", b"Connection: " + value) + get(b"/never"))
        assert (await caller.answer()).field(b"connection") == b"close"
        assert await caller.rest() == b""
        assert len(scene.seen) == 1
        caller.close()
        await eventually(lambda: front.connections == 0)


@on_loop
async def test_a_target_in_absolute_form_is_served_by_its_path() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        await caller.send(get(b"http://front/a?b=c") + get(b"HTTP://FRONT/") + get(b"http://front"))
        assert [(await caller.answer()).status for _ in range(3)] == [200, 200, 200]
        assert [(each.path, each.query) for each in scene.requests] == [(b"/a", b"b=c"), (b"/", b""), (b"/", b"")]


@on_loop
async def test_options_asks_about_the_server_as_a_whole_with_an_asterisk() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        await caller.send(get(b"*").replace(b"GET", b"OPTIONS"))
        assert (await caller.answer()).body == echo(b"OPTIONS", b"*")
        await caller.send(get(b"*"))
        assert (await caller.answer()).status == 400


@on_loop
async def test_the_query_is_what_follows_the_first_question_mark() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        await caller.send(get(b"/a%20b?c=?&d") + get(b"/plain"))
        assert [(await caller.answer()).status for _ in range(2)] == [200, 200]
        assert [(each.path, each.query) for each in scene.requests] == [(b"/a%20b", b"c=?&d"), (b"/plain", b"")]


@on_loop
async def test_repeated_headers_are_joined_and_names_are_lower_case() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        await caller.send(get(b"/", b"X-List: a", b"x-list:b", b"X-LIST:\t  c"))
        await caller.answer()
        assert scene.requests[0].headers[b"x-list"] == b"a, b, c"


@on_loop
async def test_padding_behind_the_values_that_the_front_reads_is_overlooked() -> None:
    async with serving(Scene(), Clock()) as (_, port), calling(port) as caller:
        await caller.send(
            b"POST /a HTTP/1.1\r\nHost: x \r\nTransfer-Encoding: chunked \r\nExpect: 100-continue \r\n\r\n"
        )
        assert (await caller.answer()).status == 100
        await caller.send(b"0\r\n\r\n")
        assert (await caller.answer()).body == echo(b"POST", b"/a")


@on_loop
async def test_the_application_sees_where_a_request_comes_from_and_when_it_was_whole() -> None:
    scene, clock = Scene(), Clock()
    async with serving(scene, clock) as (_, port), calling(port) as caller:
        await caller.send(get(b"/held"))
        await eventually(lambda: scene.held)
        assert scene.held[0].peer == "127.0.0.1"
        assert scene.held[0].received == clock.now
        scene.held[0].respond(200, b"")
        assert scene.held[0].peer == ""


@on_loop
async def test_extra_fields_stand_in_the_head_of_whatever_answer_comes() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        await caller.send(get(b"/held/1") + get(b"/held/2"))
        await eventually(lambda: scene.held)
        scene.held[0].extra_fields = b"x-extra: 1\r\n"
        scene.held[0].respond(200, b"")
        await eventually(lambda: len(scene.held) == 2)
        scene.held[1].extra_fields = b"x-extra: 2\r\n"
        scene.held[1].start(200, b"")
        scene.held[1].end()
        assert [(await caller.answer()).field(b"x-extra") for _ in range(2)] == [b"1", b"2"]


@on_loop
async def test_an_aborted_answer_breaks_off_so_that_nobody_takes_it_for_whole() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (front, port), calling(port) as caller:
        await caller.send(get(b"/held"))
        await eventually(lambda: scene.held)
        scene.held[0].start(200, b"", b"part")
        await caller.at_least(10)
        scene.held[0].abort()
        with pytest.raises(EOFError):
            await caller.answer()
        await eventually(lambda: front.connections == 0)


@on_loop
async def test_an_answer_that_was_given_cannot_be_given_again() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        await caller.send(get(b"/held") + get(b"/after"))
        await eventually(lambda: scene.held)
        for _ in range(2):
            scene.held[0].respond(200, b"", b"once")
        scene.held[0].start(200, b"")
        scene.held[0].send(b"late")
        scene.held[0].end()
        assert (await caller.answer()).body == b"once"
        assert (await caller.answer()).body == echo(b"GET", b"/after")
        assert caller.is_silent


@on_loop
async def test_small_answers_leave_at_once_on_accepted_connections() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        await caller.send(get(b"/held"))
        await eventually(lambda: scene.held)
        connection = scene.held[0]._connection
        assert connection is not None
        accepted = connection.transport.get_extra_info("socket")
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
