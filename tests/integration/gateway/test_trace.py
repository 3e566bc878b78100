"""Trace context goes on as it came; what is malformed is dropped, never repaired (W3C Trace Context, section 3)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.gateway.clients import asking, chat, once
from tests.integration.gateway.scenes import scripted, scripts
from tests.integration.gateway.upstream import completes, refuses
from tests.integration.http.loop import on_loop

PARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
STATE = b"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"


def traced(request: bytes) -> list[bytes]:
    """The trace lines that reached the provider."""
    return [line for line in request.split(b"\r\n") if line.lower().startswith(b"trace")]


@on_loop
async def test_a_sound_context_reaches_every_attempt(tmp_path: Path) -> None:
    async with scripts(tmp_path, (refuses(500),), (completes(),)) as (gateway, playing):
        await once(gateway, chat(asking(), b"traceparent: " + PARENT, b"tracestate: " + STATE))
        for one in playing:
            assert traced(one.requests[0]) == [b"traceparent: " + PARENT, b"tracestate: " + STATE]


@on_loop
async def test_a_parent_alone_is_enough(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, upstream):
        await once(gateway, chat(asking(), b"traceparent: " + PARENT))
        assert traced(upstream.requests[0]) == [b"traceparent: " + PARENT]


@pytest.mark.parametrize(
    "parent",
    [
        b"",
        b"x",
        PARENT.upper(),
        PARENT[:-1],
        PARENT + b"0",
        PARENT + b"-more",
        PARENT.replace(b"-", b"_"),
        b"ff" + PARENT[2:],
        b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01",
        b"00-0af7651916cd43dd8448eb211c80319c-" + b"0" * 16 + b"-01",
        PARENT + b", " + PARENT,
    ],
    ids=range(11),
)
@on_loop
async def test_a_malformed_context_is_dropped_and_the_request_served(tmp_path: Path, parent: bytes) -> None:
    async with scripted(tmp_path) as (gateway, upstream):
        told = await once(gateway, chat(asking(), b"traceparent: " + parent, b"tracestate: " + STATE))
        assert told.status == 200
        assert traced(upstream.requests[0]) == []


@on_loop
async def test_a_state_without_a_parent_is_dropped(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, upstream):
        await once(gateway, chat(asking(), b"tracestate: " + STATE))
        assert traced(upstream.requests[0]) == []


@on_loop
async def test_one_callers_context_never_stays_for_the_next(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, upstream):
        await once(gateway, chat(asking(), b"traceparent: " + PARENT))
        await once(gateway, chat(asking()))
        assert traced(upstream.requests[1]) == []
