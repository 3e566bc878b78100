"""Callers that go away: whoever answers them hears it at once, and nothing that comes later reaches anyone else."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import pytest

from tests.integration.http.application import Pieces, Scene, Watch, echo, serving
from tests.integration.http.caller import Caller, calling, chunked, get
from tests.integration.http.loop import Clock, eventually, on_loop, settled

SOON_S = 0.1
DEPARTURES: dict[str, Callable[[Caller], None]] = {"FIN": Caller.close, "half-close": Caller.end, "RST": Caller.reset}


@pytest.mark.parametrize("departure", DEPARTURES)
@pytest.mark.parametrize("behind", [b"", get(b"/next"), b"GET /unfinished HTTP/1.1\r\nHo"], ids=["", "request", "part"])
@on_loop
async def test_an_owner_hears_at_once_that_its_caller_went(departure: str, behind: bytes) -> None:
    scene = Scene()
    delays = []
    async with serving(scene, Clock()) as (front, port):
        for turn in range(5):
            async with calling(port) as caller:
                await caller.send(get(b"/held"))
                await scene.holds(turn + 1)
                if behind:
                    await caller.send(behind)
                left_at = time.monotonic()
                DEPARTURES[departure](caller)
                await eventually(lambda: scene.watches[-1].gone)
                delays.append(scene.watches[-1].gone_at - left_at)
        await eventually(lambda: front.connections == 0)
    assert [watch.gone for watch in scene.watches] == [1] * 5
    assert statistics.median(delays) < SOON_S
    assert {path for _, path, _ in scene.seen} == {b"/held"}


@pytest.mark.parametrize("departure", DEPARTURES)
@on_loop
async def test_an_owner_hears_it_in_the_middle_of_a_stream(departure: str) -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (front, port), calling(port) as caller:
        await caller.send(get(b"/held"))
        await eventually(lambda: scene.held)
        scene.held[0].start(200, b"", b"first")
        await caller.at_least(10)
        DEPARTURES[departure](caller)
        await eventually(lambda: scene.watches[0].gone)
        assert not scene.held[0].is_open
        assert scene.held[0].outlet is None
        await eventually(lambda: front.connections == 0)


@pytest.mark.parametrize("departure", DEPARTURES)
@on_loop
async def test_an_owner_hears_it_while_its_caller_does_not_read(departure: str) -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (_, port), calling(port, receive_buffer=4096) as caller:
        await caller.send(get(b"/stream?100000"))
        await eventually(lambda: scene.watches and scene.watches[0].is_paused)
        DEPARTURES[departure](caller)
        await eventually(lambda: scene.watches[0].gone)


@on_loop
async def test_nothing_that_is_answered_late_reaches_the_next_caller() -> None:
    """The next connection may well have the same descriptor."""
    scene = Scene()
    async with serving(scene, Clock()) as (front, port):
        for turn in range(20):
            async with calling(port) as caller:
                await caller.send(get(b"/held/%d" % turn))
                await scene.holds(turn + 1)
                caller.reset()
            await eventually(lambda: front.connections == 0)
            async with calling(port) as other:
                await other.send(get(b"/other"))
                assert (await other.answer()).body == echo(b"GET", b"/other")
                late = scene.held[turn]
                late.start(200, b"", b"late")
                late.send(b"late")
                late.end()
                late.respond(200, b"", b"late")
                late.abort()
                late.pause_body()
                late.resume_body()
                await settled()
                assert other.is_silent
                await other.send(get(b"/again"))
                assert (await other.answer()).body == echo(b"GET", b"/again")


@on_loop
async def test_requests_behind_one_whose_caller_went_are_never_served() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (front, port), calling(port) as caller:
        await caller.send(get(b"/held") + get(b"/second") + get(b"/third"))
        await eventually(lambda: scene.held)
        caller.close()
        await eventually(lambda: front.connections == 0)
        scene.held[0].respond(200, b"", b"late")
        await settled()
        assert [path for _, path, _ in scene.seen] == [b"/held"]


@on_loop
async def test_what_was_answered_before_the_caller_closed_its_side_arrives() -> None:
    async with serving(Scene(), Clock()) as (_, port), calling(port) as caller:
        await caller.send(get(b"/a"))
        assert (await caller.answer()).status == 200
        await caller.send(get(b"/b"))
        caller.end()
        answer = await caller.rest()
        assert answer.endswith(echo(b"GET", b"/b")) or not answer


@pytest.mark.parametrize("cut", [1, 20, 45, -3])
@on_loop
async def test_a_connection_that_ends_in_the_middle_of_a_request_is_forgotten(cut: int) -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (front, port):
        for leave in DEPARTURES.values():
            async with calling(port) as caller:
                await caller.send(chunked(b"/", b"hello")[:cut])
                await eventually(lambda: front.connections == 1)
                leave(caller)
                await eventually(lambda: front.connections == 0)
    assert not scene.seen


@pytest.mark.parametrize("departure", DEPARTURES)
@on_loop
async def test_whoever_takes_a_body_hears_that_it_will_not_be_whole(departure: str) -> None:
    watches: list[Watch] = []

    class Taking(Scene):
        def accept(self, request: object) -> Pieces | None:
            super().accept(request)  # type: ignore[arg-type]
            taken = self.accepted[-1]
            taken.owner = Watch(taken)
            watches.append(taken.owner)
            return Pieces()

    scene = Taking()
    async with serving(scene, Clock()) as (front, port), calling(port) as caller:
        await caller.send(chunked(b"/taken", b"hello")[:-3])
        await eventually(lambda: watches)
        DEPARTURES[departure](caller)
        await eventually(lambda: front.connections == 0)
        assert watches[0].gone == 1
        assert not watches[0].request.is_open
        watches[0].request.pause_body()
        watches[0].request.resume_body()


@on_loop
async def test_whoever_takes_a_body_hears_that_it_was_refused_half_way() -> None:
    class Taking(Scene):
        def accept(self, request: object) -> Pieces | None:
            super().accept(request)  # type: ignore[arg-type]
            self.watches.append(Watch(self.accepted[-1]))
            self.accepted[-1].owner = self.watches[-1]
            return Pieces()

    scene, clock = Taking(), Clock()
    async with serving(scene, clock) as (_, port):
        for spoil in (b"no chunk size\r\n", b""):
            async with calling(port) as caller:
                await caller.send(chunked(b"/taken", b"hello")[:-5] + spoil)
                count = len(scene.refused)
                await eventually(lambda: scene.watches)
                await settled()
                clock.advance(0 if spoil else 31)
                assert (await caller.answer()).status == (400 if spoil else 408)
                assert len(scene.refused) == count + 1 or spoil
                assert scene.watches.pop().gone == 1


@on_loop
async def test_nobody_is_told_twice() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (front, port), calling(port) as caller:
        await caller.send(get(b"/held"))
        await eventually(lambda: scene.held)
        caller.end()
        await eventually(lambda: scene.watches[0].gone)
        caller.reset()
        await eventually(lambda: front.connections == 0)
        front.abort()
        assert scene.watches[0].gone == 1
