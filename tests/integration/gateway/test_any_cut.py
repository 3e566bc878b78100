"""An answer that is cut at any byte is whole, or another target's, or says that it is not whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.gateway.clients import Watcher, asking, raw
from tests.integration.gateway.kit import UNBROKEN
from tests.integration.gateway.scenes import scripts
from tests.integration.gateway.upstream import (
    COMPLETION,
    DONE,
    FINISH,
    LAST_CHUNK,
    ROLE,
    STREAM_HEAD,
    USAGE,
    chunk,
    completes,
    ends_after,
    said,
    stream,
    streams,
)
from tests.integration.http.loop import on_loop
from tests.integration.http.provider import reply

EVENTS = (ROLE, said("Hel"), said("l\u00f6."), FINISH, USAGE, DONE)
OTHER = (ROLE, said("Another."), FINISH, USAGE, DONE)
WIRE = stream(*EVENTS)
FIRST_CONTENT = len(STREAM_HEAD + chunk(ROLE)) + len(chunk(EVENTS[1]))
"""Where the first event with content has come, and the end of its chunk with it."""
STRIDE = 5


def without_usage(events: tuple[bytes, ...]) -> bytes:
    """What a caller gets that did not ask for usage."""
    return b"".join(event for event in events if event is not USAGE)


async def outcome_of(caller: Watcher, *, wants_usage: bool) -> bytes:
    """The body of a streamed answer."""
    await caller.ask(asking(stream=True, stream_options={"include_usage": wants_usage}))
    answer = await caller.answer(to=b"POST")
    assert answer.status == 200
    return answer.body


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
@pytest.mark.parametrize("wants_usage", [False, True], ids=["stripping", "passing"])
@on_loop
async def test_a_stream_that_is_cut_at_any_byte(tmp_path: Path, wants_usage: bool, reset: bool) -> None:
    whole, other = (b"".join(events) if wants_usage else without_usage(events) for events in (EVENTS, OTHER))
    places = sorted({*range(0, len(WIRE), STRIDE), *range(len(WIRE) - 20, len(WIRE)), FIRST_CONTENT - 2})
    acts = tuple(ends_after(WIRE[:place], reset=reset) for place in places)
    async with scripts(tmp_path, acts, (streams(*OTHER),), sections=UNBROKEN) as (gateway, _), raw(gateway) as caller:
        for number, place in enumerate(places, start=1):
            body = await outcome_of(caller, wants_usage=wants_usage)
            event = await gateway.event(number)
            if event.provider == "two":
                assert (body, event.outcome) == (other, "complete"), place
                # RST may overtake what was sent before it.
                assert reset or place < FIRST_CONTENT, place
            elif event.outcome == "complete":
                # All but the line ends behind the closing event has come.
                assert body.rstrip(b"\n") == whole.rstrip(b"\n"), place
            else:
                begun, separator, error = body.rpartition(b'data: {"error":')
                assert separator, place
                assert error.endswith(b"\n\n"), place
                assert b"[DONE]" not in body, place
                assert whole.startswith((begun.removesuffix(b"\n\n"), begun)), place
                assert (event.outcome, event.status) == ("truncated", 200), place
        if not reset:
            outcomes = [(event.provider, event.outcome) for event in gateway.events]
            assert outcomes == sorted(
                outcomes, key=[("two", "complete"), ("one", "truncated"), ("one", "complete")].index
            )


@pytest.mark.parametrize("end", [b"data: [DONE]", b"data: [DONE]\n", b"data: [DONE]\r\n", b"data:[DONE]"], ids=repr)
@pytest.mark.parametrize("wants_usage", [False, True], ids=["stripping", "passing"])
@on_loop
async def test_a_closing_event_without_its_empty_line_closes_all_the_same(
    tmp_path: Path, wants_usage: bool, end: bytes
) -> None:
    act = streams(*EVENTS[:-1], end)
    async with scripts(tmp_path, (act,)) as (gateway, _), raw(gateway) as caller:
        body = await outcome_of(caller, wants_usage=wants_usage)
        assert b'"error"' not in body
        assert body.rstrip().endswith(end.strip())
        event = await gateway.event()
        assert (event.outcome, event.output_tokens) == ("complete", 7)


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
@on_loop
async def test_a_whole_reply_that_is_cut_at_any_byte(tmp_path: Path, reset: bool) -> None:
    other = COMPLETION.replace(b"Hello.", b"Another.")
    wire = reply(COMPLETION, b"Content-Type: application/json")
    framed = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(COMPLETION) + LAST_CHUNK
    cuts = [sound[:place] for sound in (wire, framed) for place in range(0, len(sound), 7)]
    acts = tuple(ends_after(cut, reset=reset) for cut in cuts)
    async with scripts(tmp_path, acts, (completes(other),), sections=UNBROKEN) as (gateway, _), raw(gateway) as caller:
        for number in range(1, len(cuts) + 1):
            await caller.ask(asking())
            told = await caller.told()
            assert (told.status, told.body) == (200, other)
            assert (await gateway.event(number)).provider == "two"
