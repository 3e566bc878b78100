"""The smuggling corpus through a real proxy: it and the front never disagree about where a message ends."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict

import pytest

from tests.integration.http.application import MARK, SERVED, Scene, echo, serving
from tests.integration.http.caller import Answer, Caller, calling, get
from tests.integration.http.corpus import Probe, read_corpus
from tests.integration.http.loop import Clock, on_loop
from tests.integration.http.nginx import KINDS, NGINX, proxying

SILENCE_S = 1.0
CONNECTION = b"x-connection"


class Silence:
    """Knows how long nobody has said anything, so that a busy machine is not taken for a silent one."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def end(self) -> None:
        """Somebody said something."""
        self._since = time.monotonic()

    @property
    def is_long(self) -> bool:
        """Whether nothing more will be said."""
        return time.monotonic() - self._since > SILENCE_S


async def answers_of(caller: Caller, probe: Probe, silence: Silence) -> list[Answer]:
    """Everything that the proxy answers to a probe, until nobody has anything more to say."""
    answers: list[Answer] = []
    try:
        await caller.send(probe.data)
        while not silence.is_long:
            to = probe.seen[len(answers)][0] if len(answers) < len(probe.seen) else b"GET"
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SILENCE_S):
                    answers.append(await caller.answer(to=to))
                    silence.end()
    except (EOFError, ConnectionError):
        pass
    return answers


async def sent_through(port: int, probe: Probe, silence: Silence) -> list[Answer]:
    """The answers to a probe on a connection of its own."""
    async with calling(port) as caller:
        return await answers_of(caller, probe, silence)


def by_connection(scene: Scene) -> dict[bytes, list[bytes]]:
    """What the application answered to each of the proxy's callers. What has no mark was never sent by the proxy."""
    found: dict[bytes, list[bytes]] = defaultdict(list)
    for request in scene.requests:
        assert CONNECTION in request.headers, f"smuggled: {request.method!r} {request.path!r}"
        expected = b"" if request.method == b"HEAD" else echo(request.method, request.path, request.body)
        found[request.headers[CONNECTION]].append(expected)
    return found


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed (Debian package nginx-light)")
@pytest.mark.parametrize("kind", KINDS)
@on_loop
async def test_a_proxy_and_the_front_agree_about_every_probe(kind: str) -> None:
    scene = Scene()
    probes = read_corpus()
    async with serving(scene, Clock()) as (_, port), proxying(port) as ports:
        silence = Silence()
        results = await asyncio.gather(*(sent_through(ports[kind], probe, silence) for probe in probes.values()))
        seen = by_connection(scene)
        told: dict[bytes, list[bytes]] = defaultdict(list)
        for answer in (answer for answers in results for answer in answers):
            if answer.field(MARK) is not None:
                connection = answer.field(CONNECTION)
                assert connection is not None
                told[connection].append(answer.body)
        assert told == seen
        assert sum(len(answers) for answers in seen.values()) > 50
        await _nobody_was_poisoned(scene, ports[kind])


async def _nobody_was_poisoned(scene: Scene, port: int) -> None:
    """Whoever comes next, on fresh connections over all that the proxy keeps to the front, gets the own answer."""
    scene.requests.clear()

    async def ask(number: int) -> None:
        async with calling(port) as caller:
            await caller.send(get(b"/sentinel/%d" % number))
            answer = await caller.answer()
            assert (answer.field(MARK), answer.body) == (SERVED[13:-2], echo(b"GET", b"/sentinel/%d" % number))

    for start in range(0, 60, 20):
        await asyncio.gather(*(ask(number) for number in range(start, start + 20)))
    assert len(scene.requests) == 60
