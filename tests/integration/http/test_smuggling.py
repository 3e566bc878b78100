"""The smuggling corpus against the front: whatever is sent, there is one opinion about where a message ends."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.integration.http.application import Scene, echo, serving
from tests.integration.http.caller import calling, get
from tests.integration.http.corpus import Probe, read_corpus
from tests.integration.http.loop import Clock, on_loop, settled
from tests.integration.http.wire import connect

PROBES = read_corpus()
MOST_CUTS = 400


def test_the_corpus_is_large_and_most_of_it_is_refused() -> None:
    assert len(PROBES) >= 300
    assert sum(1 for probe in PROBES.values() if probe.refused) >= 200


@pytest.mark.parametrize("name", PROBES)
@on_loop
async def test_a_probe_has_the_outcome_that_it_must_have(name: str) -> None:
    probe, scene = PROBES[name], Scene()
    async with serving(scene, Clock()) as (_, port):
        async with calling(port) as caller:
            await caller.send(probe.data)
            for method, path, body in probe.seen:
                assert (await caller.answer(to=method)).body == (b"" if method == b"HEAD" else echo(method, path, body))
            if probe.refused:
                answer = await caller.answer()
                assert (answer.status, answer.field(b"connection")) == (probe.refused, b"close")
                assert await caller.rest() == b""
            elif probe.ends:
                assert await caller.rest() == b""
            elif probe.leaves:
                await settled()
                assert caller.is_silent
                caller.end()
                assert await caller.rest() == b""
            else:
                await caller.send(get(b"/sentinel"))
                assert (await caller.answer()).body == echo(b"GET", b"/sentinel")
                assert caller.is_silent
                assert scene.seen.pop() == (b"GET", b"/sentinel", b"")
        assert scene.seen == probe.seen
        async with calling(port) as other:
            await other.send(get(b"/sentinel"))
            assert (await other.answer()).body == echo(b"GET", b"/sentinel")


def outcome(probe: Probe, pieces: Iterable[bytes]) -> tuple[list[tuple[bytes, bytes, bytes]], bool, bool]:
    """What the application saw, whether something was refused, and whether the connection is at its end."""
    scene = Scene()
    wire = connect(scene, Clock())
    is_open = True
    for piece in pieces:
        is_open = wire.feed(piece) and not wire.has_ended
    del probe
    return scene.seen, bool(scene.refused), is_open


@pytest.mark.parametrize("name", [name for name in PROBES if not name.startswith("size:")])
def test_a_probe_has_the_same_outcome_in_whatever_pieces_it_arrives(name: str) -> None:
    probe = PROBES[name]
    data = probe.data[:5000]
    whole = outcome(probe, [data])
    assert whole == outcome(probe, [data[at : at + 1] for at in range(len(data))])
    for cut in range(1, len(data), max(1, len(data) // MOST_CUTS)):
        assert outcome(probe, [data[:cut], data[cut:]]) == whole, cut
