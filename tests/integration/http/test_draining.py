"""The end of a front: idle connections at once, the others with their answer, and nobody new."""

from __future__ import annotations

import asyncio

import pytest

from tests.integration.http.application import Scene, echo, serving
from tests.integration.http.caller import calling, get, post
from tests.integration.http.loop import Clock, eventually, on_loop, settled


@on_loop
async def test_idle_connections_end_at_once() -> None:
    async with serving(Scene(), Clock()) as (front, port), calling(port) as fresh, calling(port) as used:
        await used.send(get(b"/"))
        await used.answer()
        await eventually(lambda: front.connections == 2)
        await front.drain()
        assert await fresh.rest() == b""
        assert await used.rest() == b""
        with pytest.raises(ConnectionRefusedError):
            async with calling(port):
                pass


@on_loop
async def test_a_request_in_flight_is_finished_and_says_that_it_is_the_last() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (front, port), calling(port) as caller:
        await caller.send(get(b"/held"))
        await eventually(lambda: scene.held)
        draining = asyncio.create_task(front.drain())
        await settled()
        assert not draining.done()
        scene.held[0].respond(200, b"", b"whole")
        answer = await caller.answer()
        assert (answer.body, answer.field(b"connection")) == (b"whole", b"close")
        assert await caller.rest() == b""
        await draining


@on_loop
async def test_a_stream_that_has_begun_is_finished() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (front, port), calling(port) as caller:
        await caller.send(get(b"/held"))
        await eventually(lambda: scene.held)
        scene.held[0].start(200, b"", b"first")
        draining = asyncio.create_task(front.drain())
        await settled()
        scene.held[0].send(b"second")
        scene.held[0].end()
        assert (await caller.answer()).body == b"firstsecond"
        assert await caller.rest() == b""
        await draining


@on_loop
async def test_a_request_that_has_begun_to_arrive_is_still_served() -> None:
    async with serving(Scene(), Clock()) as (front, port), calling(port) as caller:
        whole = post(b"/a", b"hello")
        await caller.send(whole[:-2])
        await eventually(lambda: front.connections == 1)
        await settled()
        draining = asyncio.create_task(front.drain())
        await settled()
        await caller.send(whole[-2:])
        answer = await caller.answer()
        assert (answer.body, answer.field(b"connection")) == (echo(b"POST", b"/a", b"hello"), b"close")
        assert await caller.rest() == b""
        await draining


@on_loop
async def test_a_request_that_never_arrives_whole_does_not_hold_up_the_end() -> None:
    clock = Clock()
    async with serving(Scene(), clock) as (front, port), calling(port) as caller:
        await caller.send(b"GET / HT")
        await eventually(lambda: front.connections == 1)
        await settled()
        draining = asyncio.create_task(front.drain())
        await settled()
        clock.advance(11)
        await settled()
        clock.advance(3)
        await draining
        assert (await caller.answer()).status == 408


@on_loop
async def test_after_its_patience_ends_the_rest_is_broken_off_and_told() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (front, port), calling(port) as caller:
        await caller.send(get(b"/held"))
        await eventually(lambda: scene.held)
        draining = asyncio.create_task(front.drain())
        await settled()
        front.abort()
        await draining
        assert scene.watches[0].gone == 1
        assert await caller.rest() == b""


@on_loop
async def test_a_front_without_connections_drains_at_once() -> None:
    async with serving(Scene(), Clock()) as (front, _):
        await front.drain()
