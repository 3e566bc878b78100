"""Who is asked next: other targets first, then the models that stand in, then the last one again, within limits."""

from __future__ import annotations

import time
from email.utils import formatdate
from pathlib import Path

import pytest

from tests.integration.gateway.clients import asking, chat, once, raw
from tests.integration.gateway.kit import UNBROKEN, model, provider, serving
from tests.integration.gateway.scenes import scripted, scripts
from tests.integration.gateway.upstream import (
    COMPLETION,
    ROLE,
    STREAM_HEAD,
    chunk,
    completes,
    refuses,
    said,
    script,
    streams,
)
from tests.integration.http.loop import eventually, on_loop, settled


def retry_after(seconds: float) -> bytes:
    """The header."""
    return b"Retry-After: %d" % seconds


@on_loop
async def test_the_next_target_is_asked_at_once_and_the_last_one_again_after_pauses(tmp_path: Path) -> None:
    failing = (refuses(503),)
    async with scripts(tmp_path, failing, failing, failing) as (gateway, playing):
        told = await once(gateway, chat(asking()))
        assert (told.status, told.fields[b"x-stellwerk-attempts"]) == (502, b"5")
        assert told.fields[b"x-stellwerk-provider"] == b"three"
        assert [len(one.requests) for one in playing] == [1, 1, 3]
        assert len(gateway.clock.pauses_s) == 2
        assert 0 <= gateway.clock.pauses_s[0] <= 0.25
        assert 0 <= gateway.clock.pauses_s[1] <= 0.5


@on_loop
async def test_targets_of_fallback_models_follow_the_models_own_each_once(tmp_path: Path) -> None:
    async with (
        script(refuses(500)) as one,
        script(refuses(500)) as two,
        script(refuses(500)) as three,
        script(completes()) as four,
    ):
        parts = [
            *(provider(name, each.base_url) for name, each in zip("abcd", (one, two, three, four), strict=True)),
            model("plain", "a", "b", fallback='["spare", "last"]'),
            model("spare", "b", "c", fallback='["last"]'),
            model("last", "a", "d/other"),
        ]
        async with serving(tmp_path, *parts) as gateway:
            told = await once(gateway, chat(asking()))
            assert (told.status, told.body) == (200, COMPLETION)
            assert told.fields[b"x-stellwerk-provider"] == b"d"
            assert told.fields[b"x-stellwerk-model"] == b"other"
            assert told.fields[b"x-stellwerk-attempts"] == b"4"
            assert [len(each.requests) for each in (one, two, three, four)] == [1, 1, 1, 1]
            assert b'"model":"other"' in four.bodies[0]
            event = await gateway.event()
            assert (event.model, event.provider, event.provider_model) == ("plain", "d", "other")


@on_loop
async def test_a_target_that_weighs_something_else_in_a_fallback_is_asked_once(tmp_path: Path) -> None:
    async with script(refuses(500)) as upstream:
        spare = model("spare", "a").replace("}", ", weight = 3 }")
        parts = provider("a", upstream.base_url), model("plain", "a", fallback='["spare"]', retry="{ same_target = 0 }")
        async with serving(tmp_path, *parts, spare) as gateway:
            assert (await once(gateway, chat(asking()))).status == 502
            assert len(upstream.requests) == 1


@pytest.mark.parametrize(
    ("retry", "attempts"),
    [
        ("{ attempts = 1 }", [1, 0]),
        ("{ attempts = 2 }", [1, 1]),
        ("{ attempts = 3 }", [1, 2]),
        ("{ same_target = 0 }", [1, 1]),
        ("{ same_target = 1 }", [1, 2]),
        ("{ same_target = 9, attempts = 20 }", [1, 10]),
        ("{ same_target = 9, attempts = 5 }", [1, 4]),
    ],
)
@on_loop
async def test_attempts_are_bounded(tmp_path: Path, retry: str, attempts: list[int]) -> None:
    failing = (refuses(500),)
    async with scripts(tmp_path, failing, failing, sections=UNBROKEN, retry=retry) as (gateway, playing):
        told = await once(gateway, chat(asking()))
        assert told.status == 502
        assert [len(one.requests) for one in playing] == attempts
        assert int(told.fields[b"x-stellwerk-attempts"]) == sum(attempts)
        assert (await gateway.event()).attempts == sum(attempts)
        assert max(gateway.clock.pauses_s, default=0) <= 4


@on_loop
async def test_the_general_retry_section_holds_where_the_model_says_nothing_else(tmp_path: Path) -> None:
    async with scripted(tmp_path, refuses(500), sections="[retry]\nsame_target = 1\n") as (gateway, upstream):
        assert (await once(gateway, chat(asking()))).status == 502
        assert len(upstream.requests) == 2


@pytest.mark.parametrize("status", [400, 404, 413, 422])
@on_loop
async def test_a_fault_of_the_request_is_not_shown_to_another_target(tmp_path: Path, status: int) -> None:
    async with scripts(tmp_path, (refuses(status),), (completes(),)) as (gateway, playing):
        assert (await once(gateway, chat(asking()))).status == status
        assert [len(one.requests) for one in playing] == [1, 0]


@pytest.mark.parametrize("status", [401, 403])
@on_loop
async def test_refused_credentials_are_not_tried_again_but_another_target_is(tmp_path: Path, status: int) -> None:
    async with scripts(tmp_path, (refuses(status),), (refuses(status),)) as (gateway, playing):
        told = await once(gateway, chat(asking()))
        assert (told.status, told.error["code"]) == (502, "upstream_credentials")
        assert [len(one.requests) for one in playing] == [1, 1]


@on_loop
async def test_a_short_retry_after_is_waited_for(tmp_path: Path) -> None:
    acts = (refuses(429, b"{}", retry_after(5)), completes())
    async with scripted(tmp_path, *acts) as (gateway, upstream):
        told = await once(gateway, chat(asking()))
        assert (told.status, told.fields[b"x-stellwerk-attempts"]) == (200, b"2")
        assert gateway.clock.pauses_s == [5]
        assert len(upstream.requests) == 2


@on_loop
async def test_milliseconds_and_dates_are_understood_too(tmp_path: Path) -> None:
    soon = formatdate(time.time() + 4, usegmt=True).encode()
    acts = (
        refuses(429, b"{}", b"Retry-After: 60", b"Retry-After-Ms: 1500"),
        refuses(429, b"{}", b"Retry-After: " + soon),
        completes(),
    )
    async with scripted(tmp_path, *acts) as (gateway, _):
        assert (await once(gateway, chat(asking()))).status == 200
        assert gateway.clock.pauses_s[0] == 1.5
        assert 1 < gateway.clock.pauses_s[1] <= 4


@on_loop
async def test_a_long_retry_after_is_not_waited_for_and_handed_on(tmp_path: Path) -> None:
    async with scripted(tmp_path, refuses(429, b"{}", b"Retry-After: 6")) as (gateway, upstream):
        told = await once(gateway, chat(asking()))
        assert (told.status, told.error["code"]) == (429, "upstream_rate_limited")
        assert told.error["type"] == "rate_limit_error"
        assert told.fields[b"retry-after"] == b"6"
        assert len(upstream.requests) == 1
        assert not gateway.clock.pauses_s


@on_loop
async def test_a_retry_after_that_stays_is_handed_on_in_the_end(tmp_path: Path) -> None:
    async with scripted(tmp_path, refuses(429, b"{}", b"Retry-After-Ms: 200")) as (gateway, upstream):
        told = await once(gateway, chat(asking()))
        assert told.status == 429
        assert told.fields[b"retry-after"] == b"1"
        assert len(upstream.requests) == 3
        assert all(pause >= 0.2 for pause in gateway.clock.pauses_s)


@pytest.mark.parametrize("value", [b"soon", b"-5", b"1e400", b"Wed, 99 Foo 2026 00:00:00 GMT"])
@on_loop
async def test_a_retry_after_that_is_no_time_is_none(tmp_path: Path, value: bytes) -> None:
    async with scripted(tmp_path, refuses(429, b"{}", b"Retry-After: " + value)) as (gateway, upstream):
        told = await once(gateway, chat(asking()))
        assert told.status == 429
        assert b"retry-after" not in told.fields
        assert len(upstream.requests) == 3


@on_loop
async def test_an_absurd_retry_after_does_not_become_an_absurd_header(tmp_path: Path) -> None:
    async with scripted(tmp_path, refuses(429, b"{}", b"Retry-After: 1e300")) as (gateway, _):
        told = await once(gateway, chat(asking()))
        assert told.status == 429
        assert len(told.fields.get(b"retry-after", b"")) < 12


@on_loop
async def test_an_overload_that_names_a_long_time_is_not_asked_again_within_it(tmp_path: Path) -> None:
    """``Retry-After`` stands with 503 as well (RFC 9110, section 15.6.4)."""
    async with scripted(tmp_path, refuses(503, b"{}", b"Retry-After: 30")) as (gateway, upstream):
        assert (await once(gateway, chat(asking()))).status == 502
        assert len(upstream.requests) == 1


@on_loop
async def test_nothing_is_tried_again_when_the_pause_is_longer_than_what_is_left(tmp_path: Path) -> None:
    async with scripted(tmp_path, refuses(429, b"{}", retry_after(3)), timeout_s=2.5) as (gateway, upstream):
        told = await once(gateway, chat(asking()))
        assert (told.status, told.fields[b"retry-after"]) == (429, b"3")
        assert len(upstream.requests) == 1
        assert not gateway.clock.pauses_s


@on_loop
async def test_nothing_is_tried_again_after_the_deadline(tmp_path: Path) -> None:
    async with scripts(tmp_path, (None,), (completes(),), timeout_s=10) as (gateway, (first, second)):
        async with raw(gateway) as caller:
            await caller.ask(asking())
            await eventually(lambda: first.held)
            gateway.clock._offset_s += 11
            await first.held[0].send(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
            told = await caller.told()
        assert told.status in {502, 504}
        assert told.fields[b"x-stellwerk-attempts"] == b"1"
        assert not second.requests


@on_loop
async def test_nothing_is_tried_again_once_content_has_gone_out(tmp_path: Path) -> None:
    async with scripts(tmp_path, (None,), (streams(),)) as (gateway, (first, second)), raw(gateway) as caller:
        await caller.ask(asking(stream=True))
        await eventually(lambda: first.held)
        await first.held[0].send(STREAM_HEAD + chunk(ROLE) + chunk(said("Hel")))
        await caller._until(b"Hel")
        await first.held[0].end(reset=True)
        await gateway.event()
        await settled()
        assert not second.requests


@on_loop
async def test_the_overhead_leaves_out_what_providers_and_pauses_took(tmp_path: Path) -> None:
    async with scripts(tmp_path, (None,), (None,)) as (gateway, (first, second)), raw(gateway) as caller:
        gateway.clock.holds_pauses = True
        await caller.ask(asking())
        await eventually(lambda: first.held)
        gateway.advance(3)
        await first.held[0].send(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
        await eventually(lambda: second.held)
        gateway.advance(4)
        await second.held[0].send(b"HTTP/1.1 503 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        await eventually(lambda: gateway.clock.held_pauses)
        second.play(completes())
        gateway.advance(1)
        gateway.clock.end_pauses()
        told = await caller.told()
        assert told.status == 200
        assert float(told.fields[b"x-stellwerk-overhead-ms"]) < 900
        event = await gateway.event()
        assert 8_000_000 <= event.latency_us < 9_000_000
        assert event.overhead_us < 900_000
        assert event.attempts == 3
