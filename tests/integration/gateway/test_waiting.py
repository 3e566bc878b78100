"""Requests that wait for a target at its limit, in turns, and copies for a target whose answers nobody gets."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.integration.gateway.clients import asking, chat, once, raw, whole
from tests.integration.gateway.kit import model, provider, serving
from tests.integration.gateway.scenes import scripted, scripts
from tests.integration.gateway.upstream import COMPLETION, completes, refuses, script, streams
from tests.integration.http.loop import eventually, on_loop, settled
from tests.integration.http.provider import reply

QUEUE = {"queue": "{ length = 2, timeout_s = 10 }", "retry": "{ same_target = 0 }"}
WHOLE = reply(COMPLETION, b"Content-Type: application/json", b"Connection: close")


@on_loop
async def test_a_request_waits_until_the_provider_has_room_again(tmp_path: Path) -> None:
    acts = (refuses(429, b"{}", b"Retry-After: 9"), completes())
    async with scripted(tmp_path, *acts, **QUEUE) as (gateway, upstream), raw(gateway) as caller:
        assert (await once(gateway, chat(asking()))).status == 429
        gateway.clock.holds_pauses = True
        await caller.ask(asking())
        await eventually(lambda: gateway.clock.held_pauses)
        assert 8 < gateway.clock.pauses_s[-1] <= 9
        assert len(upstream.requests) == 1
        gateway.advance(9)
        gateway.clock.end_pauses()
        assert (await caller.told()).body == COMPLETION
        event = await gateway.event(2)
        assert event.attempts == 1
        assert event.overhead_us < 1_000_000


@on_loop
async def test_a_request_that_has_waited_long_enough_is_told_429(tmp_path: Path) -> None:
    acts = (refuses(429, b"{}", b"Retry-After: 99"), completes())
    async with scripted(tmp_path, *acts, **QUEUE) as (gateway, _), raw(gateway) as caller:
        assert (await once(gateway, chat(asking()))).status == 429
        gateway.clock.holds_pauses = True
        await caller.ask(asking())
        await eventually(lambda: gateway.clock.held_pauses)
        assert 9 < gateway.clock.pauses_s[-1] <= 10
        gateway.advance(10)
        gateway.clock.end_pauses()
        told = await caller.told()
        assert told.status == 429
        assert 88 <= int(told.fields[b"retry-after"]) <= 89


@on_loop
async def test_no_more_wait_than_there_is_room_for_and_who_leaves_makes_room(tmp_path: Path) -> None:
    acts = (refuses(429, b"{}", b"Retry-After: 9"), completes())
    async with scripted(tmp_path, *acts, **QUEUE) as (gateway, _), AsyncExitStack() as stack:
        assert (await once(gateway, chat(asking()))).status == 429
        gateway.clock.holds_pauses = True
        callers = [await stack.enter_async_context(raw(gateway)) for _ in range(2)]
        for number, caller in enumerate(callers, start=1):
            await caller.ask(asking())
            await eventually(lambda number=number: gateway.clock.held_pauses == number)  # type: ignore[misc]
        assert (await once(gateway, chat(asking()))).status == 429
        callers[0].close()
        await eventually(lambda: gateway.clock.held_pauses == 1)
        async with raw(gateway) as another:
            await another.ask(asking())
            await eventually(lambda: gateway.clock.held_pauses == 2)
            gateway.advance(9)
            gateway.clock.end_pauses()
            assert (await another.told()).status == 200
        assert (await callers[1].told()).status == 200


@on_loop
async def test_a_call_that_ends_lets_the_next_one_go(tmp_path: Path) -> None:
    acts = (None, refuses(429), None, completes())
    async with scripted(tmp_path, *acts, **QUEUE) as (gateway, upstream), AsyncExitStack() as stack:
        first, refused, second, third = [await stack.enter_async_context(raw(gateway)) for _ in range(4)]
        await first.ask(asking())
        await eventually(lambda: len(upstream.held) == 1)
        await refused.ask(asking())
        assert (await refused.told()).status == 429  # the provider takes one call at a time, it seems
        gateway.clock.holds_pauses = True
        await second.ask(asking())
        await settled()
        await third.ask(asking())
        await settled()
        assert len(upstream.requests) == 2
        await upstream.held[0].send(WHOLE)
        assert (await first.told()).status == 200
        await eventually(lambda: len(upstream.held) == 2)
        await upstream.held[1].send(WHOLE)
        assert [(await each.told()).status for each in (second, third)] == [200, 200]


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@on_loop
async def test_a_copy_goes_to_the_mirror_and_its_answer_nowhere(tmp_path: Path, is_stream: bool) -> None:
    sound = streams() if is_stream else completes()
    async with script(sound) as one, script(sound) as shadow:
        parts = (
            provider("one", one.base_url),
            provider("shadow", shadow.base_url),
            model("plain", "one", mirror='{ provider = "shadow", model = "gpt-next" }'),
        )
        async with serving(tmp_path, *parts) as gateway:
            told = await whole(gateway, chat(asking(stream=is_stream)))
            assert (told.status, told.field(b"x-stellwerk-provider")) == (200, b"one")
            await eventually(lambda: len(gateway.events) == 2)
            original, copy = sorted(gateway.events, key=lambda event: len(event.request_id))
            assert copy.request_id == f"{original.request_id}-mirror"
            assert (copy.provider, copy.provider_model, copy.outcome) == ("shadow", "gpt-next", "complete")
            assert copy.route == f"a copy of {original.request_id}"
            assert b"gpt-next" in shadow.requests[0]
            gateway.events.remove(copy)


@pytest.mark.parametrize("act", [refuses(500), refuses(400), None], ids=["down", "refusing", "silent"])
@on_loop
async def test_whatever_the_mirror_does_the_answer_is_untouched(tmp_path: Path, act: object) -> None:
    async with script(completes()) as one, script(act) as shadow:  # type: ignore[arg-type]
        parts = (
            provider("one", one.base_url),
            provider("shadow", shadow.base_url),
            model("plain", "one", mirror='{ provider = "shadow", model = "gpt-next" }', timeout_s=9),
        )
        async with serving(tmp_path, *parts) as gateway:
            told = await once(gateway, chat(asking()))
            assert (told.status, told.body) == (200, COMPLETION)
            await eventually(lambda: shadow.requests)
            gateway.advance(10)
            await eventually(lambda: len(gateway.events) == 2)
            gateway.events[:] = [event for event in gateway.events if not event.request_id.endswith("-mirror")]


@on_loop
async def test_a_share_of_nothing_is_copied_where_there_is_no_mirror(tmp_path: Path) -> None:
    async with scripts(tmp_path, (completes(),), (completes(),)) as (gateway, (_, two)):
        assert (await once(gateway, chat(asking()))).status == 200
        await settled()
        assert not two.requests


@on_loop
async def test_a_copy_falls_under_the_limits_of_its_model_and_provider_and_not_of_the_key(tmp_path: Path) -> None:
    key = "copied-key-0123456789"
    async with script(*[completes()] * 4) as one, script(*[completes()] * 4) as shadow:
        parts = (
            f'[[keys]]\nname = "copied"\nkey = "{key}"\nlimits = {{ rpm = 3 }}\n',
            provider("one", one.base_url),
            provider("shadow", shadow.base_url) + "limits = { rpm = 1 }\n",
            model("plain", "one", mirror='{ provider = "shadow", model = "gpt-next" }'),
        )
        async with serving(tmp_path, *parts) as gateway:
            assert [(await once(gateway, chat(asking(), key=key))).status for _ in range(3)] == [200, 200, 200]
            await eventually(lambda: len(gateway.events) == 6)
            copies = [event for event in gateway.events if event.request_id.endswith("-mirror")]
            assert sorted(event.status for event in copies) == [200, 429, 429]
            assert len(shadow.requests) == 1
            for copy in copies:
                gateway.events.remove(copy)
