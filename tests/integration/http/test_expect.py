"""``Expect: 100-continue``: a body is invited when it is wanted and its turn has come; a refusal comes instead."""

from __future__ import annotations

import pytest

from tests.integration.http.application import Scene, echo, serving
from tests.integration.http.caller import Caller, calling, get, post
from tests.integration.http.loop import Clock, eventually, on_loop, settled

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def expecting(path: bytes, length: int, *fields: bytes) -> bytes:
    """The head of a POST that waits for an invitation."""
    lines = b"".join(line + b"\r\n" for line in fields)
    return b"POST %b HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n%bContent-Length: %d\r\n\r\n" % (
        path,
        lines,
        length,
    )


async def invited(caller: Caller) -> None:
    """Reads the invitation, which must be all that came."""
    assert await caller.at_least(len(CONTINUE)) == CONTINUE


@on_loop
async def test_a_body_is_invited_and_then_served() -> None:
    async with serving(Scene(), Clock()) as (_, port), calling(port) as caller:
        for _ in range(3):
            await caller.send(expecting(b"/a", 5))
            await invited(caller)
            await caller.send(b"hello")
            assert (await caller.answer()).body == echo(b"POST", b"/a", b"hello")


@on_loop
async def test_the_expectation_may_be_written_in_any_case() -> None:
    async with serving(Scene(), Clock()) as (_, port), calling(port) as caller:
        await caller.send(expecting(b"/a", 5).replace(b"100-continue", b"100-Continue"))
        await invited(caller)


@on_loop
async def test_a_chunked_body_is_invited_too() -> None:
    async with serving(Scene(), Clock()) as (_, port), calling(port) as caller:
        await caller.send(
            b"POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n",
        )
        await invited(caller)
        await caller.send(b"5\r\nhello\r\n0\r\n\r\n")
        assert (await caller.answer()).body == echo(b"POST", b"/a", b"hello")


@on_loop
async def test_a_caller_that_does_not_wait_is_served_all_the_same() -> None:
    async with serving(Scene(), Clock()) as (_, port), calling(port) as caller:
        await caller.send(expecting(b"/a", 5) + b"hello" + get(b"/b"))
        answer = await caller.answer()
        if answer.status == 100:
            answer = await caller.answer()
        assert answer.body == echo(b"POST", b"/a", b"hello")
        assert (await caller.answer()).body == echo(b"GET", b"/b")


@pytest.mark.parametrize(("length", "status"), [(5, 401), (100_000_000, 413)])
@on_loop
async def test_an_unwanted_body_is_refused_before_it_is_sent(length: int, status: int) -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        await caller.send(expecting(b"/unwanted", length))
        answer = await caller.answer()
        assert (answer.status, answer.field(b"connection")) == (status, b"close")
        assert await caller.rest() == b""
        assert not scene.seen


@on_loop
async def test_a_refused_body_that_is_sent_anyway_is_never_taken_for_a_request() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        smuggled = get(b"/smuggled")
        await caller.send(expecting(b"/unwanted", len(smuggled)) + smuggled + get(b"/after"))
        assert (await caller.answer()).status == 401
        assert await caller.rest() == b""
        assert not scene.seen


@on_loop
async def test_an_unknown_expectation_is_refused() -> None:
    async with serving(Scene(), Clock()) as (_, port), calling(port) as caller:
        await caller.send(expecting(b"/a", 5).replace(b"100-continue", b"200-ok"))
        assert (await caller.answer()).status == 400


@on_loop
async def test_http_1_0_is_never_sent_an_invitation() -> None:
    async with serving(Scene(), Clock()) as (_, port), calling(port) as caller:
        await caller.send(expecting(b"/a", 5).replace(b"HTTP/1.1", b"HTTP/1.0"))
        await settled()
        assert caller.is_silent
        await caller.send(b"hello")
        assert (await caller.answer()).body == echo(b"POST", b"/a", b"hello")


@pytest.mark.parametrize("cut", [0, 10, 70])
@on_loop
async def test_a_pipelined_body_is_invited_after_the_answer_before_it(cut: int) -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        head = expecting(b"/a", 5)
        await caller.send(get(b"/held") + head[:cut])
        await eventually(lambda: scene.held)
        await caller.send(head[cut:])
        await settled()
        assert caller.is_silent
        scene.held[0].respond(200, b"", b"first")
        assert (await caller.answer()).body == b"first"
        await invited(caller)
        await caller.send(b"hello")
        assert (await caller.answer()).body == echo(b"POST", b"/a", b"hello")


@on_loop
async def test_a_pipelined_body_that_is_unwanted_is_refused_after_the_answer_before_it() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        await caller.send(get(b"/held") + expecting(b"/unwanted", 5))
        await eventually(lambda: scene.held)
        scene.held[0].respond(200, b"", b"first")
        assert (await caller.answer()).body == b"first"
        assert (await caller.answer()).status == 401
        assert await caller.rest() == b""


@on_loop
async def test_a_body_behind_a_served_request_is_invited() -> None:
    async with serving(Scene(), Clock()) as (_, port), calling(port) as caller:
        await caller.send(post(b"/1", b"x") + expecting(b"/2", 5))
        assert (await caller.answer()).body == echo(b"POST", b"/1", b"x")
        await invited(caller)
        await caller.send(b"hello")
        assert (await caller.answer()).body == echo(b"POST", b"/2", b"hello")
