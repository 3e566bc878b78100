"""Handing over: idle connections move to another process while their callers hold them, and none of them notices."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from stellwerk.core.snapshot import LimitsSpec
from tests.integration.http.application import Scene, echo, serving
from tests.integration.http.caller import Caller, calling, get, post
from tests.integration.http.loop import Clock, eventually, on_loop, settled

ROOT = Path(__file__).parents[3]
CALLERS = 100
BATCH = 40
LIMITS = LimitsSpec()


@contextlib.asynccontextmanager
async def succeeding() -> AsyncIterator[tuple[int, socket.socket]]:
    """A second process, and the socket over which it takes descriptors."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            Path(__file__).with_name("successor.py"),
            str(theirs.fileno()),
            pass_fds=[theirs.fileno()],
            env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src")))},
        )
        theirs.close()
        ours.setblocking(False)
        try:
            yield process.pid, ours
        finally:
            ours.close()
            await process.wait()


async def hand_over(channel: socket.socket, descriptors: list[int]) -> int:
    """Sends descriptors and closes them here; how many connections the other process then has."""
    count = 0
    for start in range(0, len(descriptors), BATCH):
        socket.send_fds(channel, [b"x"], descriptors[start : start + BATCH])
        count = int(await asyncio.get_running_loop().sock_recv(channel, 100))
    for each in descriptors:
        os.close(each)
    return count


@on_loop
async def test_a_hundred_idle_connections_move_to_another_process_and_no_caller_notices() -> None:
    scene = Scene()
    async with (
        serving(scene, Clock()) as (front, port),
        succeeding() as (successor, channel),
        contextlib.AsyncExitStack() as stack,
    ):
        callers = [await stack.enter_async_context(calling(port)) for _ in range(CALLERS)]
        for number, caller in enumerate(callers):
            await caller.send(post(b"/%d" % number, b"before"))
        for number, caller in enumerate(callers):
            assert (await caller.answer()).body == echo(b"POST", b"/%d" % number, b"before")
        descriptors = front.give_up_idle()
        assert len(descriptors) == CALLERS
        assert await hand_over(channel, descriptors) == CALLERS
        await eventually(lambda: front.connections == 0)
        for _ in range(3):
            for number, caller in enumerate(callers):
                assert caller.is_silent
                await caller.send(post(b"/%d" % number, b"after"))
            for number, caller in enumerate(callers):
                answer = await caller.answer()
                assert answer.field(b"x-process") == b"%d" % successor
                assert answer.body == b"POST /%d after" % number
        assert len(scene.seen) == CALLERS


@on_loop
async def test_what_callers_send_while_they_are_moved_is_answered() -> None:
    """Bytes that arrive after the first process stopped reading wait in the kernel for the second."""
    async with (
        serving(Scene(), Clock()) as (front, port),
        succeeding() as (successor, channel),
        contextlib.AsyncExitStack() as stack,
    ):
        callers = [await stack.enter_async_context(calling(port)) for _ in range(CALLERS)]
        for caller in callers:
            await caller.send(get(b"/before"))
            await caller.answer()
        descriptors = front.give_up_idle()
        for caller in callers:
            await caller.send(get(b"/meanwhile"))
        assert await hand_over(channel, descriptors) == CALLERS
        for caller in callers:
            assert (await caller.answer()).field(b"x-process") == b"%d" % successor


@on_loop
async def test_connections_that_are_busy_stay() -> None:
    scene, clock = Scene(), Clock()
    async with serving(scene, clock) as (front, port), contextlib.AsyncExitStack() as stack:

        async def caller() -> Caller:
            return await stack.enter_async_context(calling(port))

        answered, half, body, stalled, refused = [await caller() for _ in range(5)]
        await answered.send(get(b"/held"))
        await half.send(b"GET / HT")
        await body.send(post(b"/", b"hello")[:-1])
        await stalled.send(get(b"/held/2") + get(b"/behind"))
        await refused.send(b"GET / HTTP/1.1\r\n\r\n")
        assert (await refused.answer()).status == 400
        await eventually(lambda: len(scene.held) == 2)
        await settled()
        assert front.give_up_idle() == []
        await half.send(b"TP/1.1\r\nHost: x\r\n\r\n")
        await body.send(b"o")
        for request in scene.held:
            request.respond(200, b"", b"held")
        assert [(await each.answer()).status for each in (answered, half, body, stalled, stalled)] == [200] * 5


@on_loop
async def test_an_unread_answer_keeps_its_connection() -> None:
    scene = Scene()
    async with serving(scene, Clock()) as (front, port), calling(port, receive_buffer=4096) as caller:
        await caller.send(get(b"/held"))
        await eventually(lambda: scene.held)
        scene.held[0].respond(200, b"", b"x" * 10_000_000)
        await settled()
        assert front.give_up_idle() == []
        assert len((await caller.answer()).body) == 10_000_000
        await settled()
        (descriptor,) = front.give_up_idle()
        os.close(descriptor)


@on_loop
async def test_an_adopted_connection_may_rest_as_long_as_any_other() -> None:
    clock = Clock()
    async with serving(Scene(), clock) as (old, port), serving(Scene(), clock) as (new, _), calling(port) as caller:
        await caller.send(get(b"/"))
        await caller.answer()
        (descriptor,) = old.give_up_idle()
        await new.adopt(descriptor)
        await eventually(lambda: (old.connections, new.connections) == (0, 1))
        clock.advance(LIMITS.keep_alive_s - 0.1)
        await settled()
        assert caller.is_silent
        await caller.send(get(b"/again"))
        assert (await caller.answer()).status == 200
        clock.advance(LIMITS.keep_alive_s + 0.1)
        assert await caller.rest() == b""


@on_loop
async def test_an_adopted_connection_that_never_speaks_is_closed() -> None:
    clock = Clock()
    async with serving(Scene(), clock) as (old, port), serving(Scene(), clock) as (new, _), calling(port) as caller:
        await eventually(lambda: old.connections == 1)
        (descriptor,) = old.give_up_idle()
        await new.adopt(descriptor)
        await eventually(lambda: new.connections == 1)
        clock.advance(LIMITS.keep_alive_s + 0.1)
        assert await caller.rest() == b""


@on_loop
async def test_a_connection_whose_caller_left_meanwhile_is_adopted_and_forgotten() -> None:
    clock = Clock()
    async with serving(Scene(), clock) as (old, port), serving(Scene(), clock) as (new, _):
        for leave in (Caller.close, Caller.reset):
            async with calling(port) as caller:
                await caller.send(get(b"/"))
                await caller.answer()
                (descriptor,) = old.give_up_idle()
                leave(caller)
                await new.adopt(descriptor)
                await eventually(lambda: new.connections == 0)


@on_loop
async def test_a_front_without_room_closes_what_it_should_adopt() -> None:
    clock = Clock()
    async with (
        serving(Scene(), clock) as (old, port),
        serving(Scene(), clock, max_connections=1) as (new, _),
        calling(port) as one,
        calling(port) as two,
    ):
        for caller in (one, two):
            await caller.send(get(b"/"))
            await caller.answer()
        for descriptor in old.give_up_idle():
            await new.adopt(descriptor)
        await eventually(lambda: new.turned_away == 1)
        assert sorted([one.is_silent, two.is_silent]) == [False, True]
