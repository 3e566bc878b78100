"""Offers of another protocol are declined: the request is served as HTTP/1.1, and its body stays its body."""

from __future__ import annotations

import pytest

from tests.integration.http.application import Scene, echo, serving
from tests.integration.http.caller import calling, get, post
from tests.integration.http.loop import Clock, eventually, on_loop, settled

H2C = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA")
CHUNKED = b"POST /a HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n"


@on_loop
async def test_an_offer_without_a_body_is_declined_and_the_connection_stays() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        for _ in range(3):
            await caller.send(get(b"/a", *H2C))
            assert (await caller.answer()).body == echo(b"GET", b"/a")
        await caller.send(get(b"/b", b"Connection: Upgrade", b"Upgrade: websocket") + get(b"/c"))
        assert [(await caller.answer()).body for _ in range(2)] == [echo(b"GET", b"/b"), echo(b"GET", b"/c")]


@pytest.mark.parametrize("size", [1, 5, 1000, 100_000])
@on_loop
async def test_a_body_behind_an_offer_is_that_requests_body(size: int) -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        await caller.send(post(b"/a", b"x" * size, *H2C))
        assert (await caller.answer()).body == echo(b"POST", b"/a", b"x" * size)


@on_loop
async def test_a_body_behind_an_offer_is_never_taken_for_a_request() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port):
        for probe in (
            post(b"/a", get(b"/smuggled"), *H2C),
            CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(get(b"/smuggled")), get(b"/smuggled")),
        ):
            async with calling(port) as caller:
                await caller.send(probe)
                assert (await caller.answer()).body == echo(b"POST", b"/a", get(b"/smuggled"))
    assert [path for _, path, _ in scene.seen] == [b"/a", b"/a"]


@pytest.mark.parametrize(
    "probe", [post(b"/a", b"hello", *H2C), CHUNKED + b"5\r\nhello\r\n0\r\n\r\n"], ids=["length", "chunked"]
)
@on_loop
async def test_a_body_behind_an_offer_may_arrive_in_any_pieces(probe: bytes) -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port):
        for cut in range(1, len(probe)):
            async with calling(port) as caller:
                await caller.send(probe[:cut])
                await settled(3)
                await caller.send(probe[cut:])
                assert (await caller.answer()).body == echo(b"POST", b"/a", b"hello")
    assert len(scene.seen) == len(probe) - 1


@on_loop
async def test_a_body_behind_an_offer_is_bounded() -> None:
    async with serving(Scene(), Clock(), max_body_bytes=100_000) as (_, port):
        async with calling(port) as caller:
            await caller.send(CHUNKED + b"186a1\r\n" + b"x" * 100_001)
            assert (await caller.answer()).status == 413
        async with calling(port) as caller:
            await caller.send(post(b"/a", b"", *H2C).replace(b"Content-Length: 0", b"Content-Length: 100001"))
            assert (await caller.answer()).status == 413


@on_loop
async def test_an_expectation_together_with_an_offer_is_met() -> None:
    async with serving(Scene(), Clock()) as (_, port), calling(port) as caller:
        await caller.send(post(b"/a", b"hello", *H2C, b"Expect: 100-continue")[:-5])
        assert (await caller.answer()).status == 100
        await caller.send(b"hello")
        assert (await caller.answer()).body == echo(b"POST", b"/a", b"hello")


@on_loop
async def test_a_long_pipeline_of_offers_is_served_or_refused_in_order() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        await caller.send(
            b"".join(get(b"/%d" % turn, *H2C) for turn in range(1500)) + get(b"/last", b"Connection: close")
        )
        for turn in range(1500):
            answer = await caller.answer()
            if answer.status == 400:
                break
            assert answer.body == echo(b"GET", b"/%d" % turn)
        await caller.rest()
    assert [path for _, path, _ in scene.seen][:1500] == [b"/%d" % turn for turn in range(min(1500, len(scene.seen)))]


@on_loop
async def test_an_offer_behind_a_slow_request_waits_its_turn() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        await caller.send(get(b"/held") + post(b"/a", b"hello", *H2C))
        await eventually(lambda: scene.held)
        assert caller.is_silent
        scene.held[0].respond(200, b"", b"first")
        assert (await caller.answer()).body == b"first"
        assert (await caller.answer()).body == echo(b"POST", b"/a", b"hello")


@on_loop
async def test_connect_is_refused() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port) as caller:
        await caller.send(b"CONNECT front:443 HTTP/1.1\r\nHost: front:443\r\n\r\n" + get(b"/inside"))
        assert (await caller.answer()).status == 400
        assert await caller.rest() == b""
        assert not scene.seen
