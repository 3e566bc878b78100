"""One event for every request, however it ended, and nothing left over."""

from __future__ import annotations

import asyncio
import gc
import random
import time
from pathlib import Path

import msgspec
import pytest

from stellwerk.core.event import RequestEvent
from stellwerk.simulator import PlannedFault
from tests.integration.gateway.clients import Watcher, asking, chat, once, raw
from tests.integration.gateway.kit import Gateway, model
from tests.integration.gateway.scenes import scripted, simulated, simulator
from tests.integration.gateway.upstream import (
    COMPLETION,
    DONE,
    FINISH,
    LAST_CHUNK,
    ROLE,
    STREAM_HEAD,
    USAGE,
    chunk,
    said,
)
from tests.integration.http.caller import Answer
from tests.integration.http.loop import eventually, on_loop, settled

REQUESTS = 200
FAULTS = (
    *("close", "reset", "cut", "cut; reset", "stall", "hang", "malformed", "malformed; shape=html"),
    *("malformed; shape=wrong_shape", "malformed; shape=empty", "short_length", "short_length; length_offset=-8"),
    *("no_done", "error_in_stream", "error_in_stream; after_events=0", "400", "401", "404", "422", "429", "500", "503"),
    *("429; retry_after_s=30", "429; retry_after_s=1", "cut; after_events=0", "stall; after_events=0", "none"),
)


MODELS = ("plain", "both", "both", "none")


class Told(msgspec.Struct):
    """What one caller saw."""

    request_id: str
    status: int = 0
    body: bytes = b""
    left: bool = False


async def call(gateway: Gateway, dice: random.Random, models: tuple[str, ...] = MODELS) -> Told | None:
    """One caller: asks for something, perhaps for something that fails, perhaps leaves; ``None``: it left at once."""
    fault = dice.choice(FAULTS) if dice.random() < 0.6 else "none"
    at = f"; at={dice.choice(('one', 'two'))}" if dice.random() < 0.7 else ""
    text = f"[[fault={fault}; tokens={dice.randrange(1, 40)}{at}]] {dice.random()}"
    fields = [b"x-stellwerk-timeout: 0.%d" % dice.randrange(1, 4)] if dice.random() < 0.2 else []
    body = asking(text, stream=dice.random() < 0.6, model=dice.choice(models))
    async with raw(gateway) as caller:
        await caller.ask(body if dice.random() < 0.95 else body[:-1], *fields)
        if dice.random() < 0.15:
            leave(caller, dice)
            return None
        head = await caller._until(b"\r\n\r\n")
        told = Told(request_id=head.partition(b"x-request-id: ")[2][:32].decode(), status=int(head[9:12]))
        if dice.random() < 0.15:
            leave(caller, dice)
            told.left = True
            return told
        caller._read[:0] = head
        answer: Answer = await caller.answer(to=b"POST")
        told.body = answer.body
        return told


def leave(caller: Watcher, dice: random.Random) -> None:
    """Goes, in one of two ways."""
    (caller.reset if dice.random() < 0.5 else caller.close)()


async def time_passes(gateway: Gateway) -> None:
    """Once only those are left whom nobody will answer, lets time go by until they have been told."""
    while True:
        before = len(gateway.events)
        await settled(200)
        if before == len(gateway.events) and gateway.parts.account.in_flight:
            gateway.advance(30)


def agrees(told: Told, event: RequestEvent) -> bool:
    """Whether the record is what the caller saw."""
    if told.left:
        return event.outcome in {"cancelled", "complete", "truncated", "failed"} and event.status == told.status
    if told.status != 200:
        return (event.outcome, event.status) == ("failed", told.status) and bool(event.error)
    is_whole = told.body.endswith(DONE) or told.body.startswith(b'{"id"')
    if is_whole and b'"error"' not in told.body:
        return (event.outcome, event.error, event.reply_bytes) == ("complete", "", len(told.body))
    return event.outcome == "truncated" and b'"error"' in told.body and event.status == 200


@pytest.mark.parametrize("seed", range(3))
@on_loop
async def test_whatever_happens_there_is_one_event_for_each_request(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    plan = PlannedFault(kind=503, probability=0.05)
    providers = (simulator("one", plan), simulator("two", plan))
    more = model("both", "one", "two", "one/gpt-5") + model("none", "two", retry="{ same_target = 0 }")
    async with simulated(tmp_path, *providers, sections=more) as (gateway, upstreams):
        passing = asyncio.ensure_future(time_passes(gateway))
        tellings = await asyncio.gather(*(call(gateway, random.Random(dice.random())) for _ in range(REQUESTS)))
        await eventually(lambda: gateway.parts.account.in_flight == 0)
        passing.cancel()
        events = {event.request_id: event for event in gateway.events}
        assert len(events) == len(gateway.events) == gateway.asked <= REQUESTS
        wrong = [
            (told, events[told.request_id]) for told in tellings if told and not agrees(told, events[told.request_id])
        ]
        assert not wrong
        assert all(event.attempts <= 6 and 0 <= event.overhead_us <= event.latency_us for event in gateway.events)
        assert {event.outcome for event in gateway.events} == {"complete", "failed", "truncated", "cancelled"}
        await eventually(lambda: all(one.report()["in_flight"] == 0 for one in upstreams))
        assert not gateway.logged


@on_loop
async def test_nothing_of_a_request_outlives_it(tmp_path: Path) -> None:
    kinds = ("Exchange", "Attempt", "StreamReply", "Call", "Reply", "Lease", "PassThrough")
    async with simulated(tmp_path, simulator("one"), simulator("two")) as (gateway, _):
        passing = asyncio.ensure_future(time_passes(gateway))
        await asyncio.gather(*(call(gateway, random.Random(seed), ("plain",)) for seed in range(100)))
        await eventually(lambda: gateway.parts.account.in_flight == 0)
        passing.cancel()
        gateway.advance(6)
        await settled(100)
        gc.collect()
        alive = [kind.__name__ for thing in gc.get_objects() if "stellwerk" in str((kind := type(thing)).__module__)]
        assert not [name for name in alive if name in kinds]


@on_loop
async def test_the_record_of_a_whole_reply_is_complete(tmp_path: Path) -> None:
    async with scripted(tmp_path, None) as (gateway, upstream), raw(gateway) as caller:
        began_ms = int(time.time() * 1_000)
        body = asking()
        await caller.ask(body, b"x-stellwerk-tags: feature=search,env=test")
        await eventually(lambda: upstream.held)
        gateway.advance(2)
        await upstream.held[0].send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(COMPLETION), COMPLETION))
        told = await caller.told()
        event = await gateway.event()
        assert began_ms <= event.started_ms <= time.time() * 1_000
        assert event.request_id == told.fields[b"x-request-id"].decode()
        assert event == msgspec.structs.replace(
            event,
            dialect="openai_chat",
            key_name="web",
            team="shop",
            model="plain",
            provider="one",
            provider_model="gpt-5-mini",
            outcome="complete",
            status=200,
            error="",
            is_stream=False,
            attempts=1,
            input_tokens=11,
            output_tokens=7,
            cache_read_tokens=4,
            cache_write_tokens=0,
            reasoning_tokens=3,
            request_bytes=len(body),
            reply_bytes=len(COMPLETION),
            finish="stop",
            tags="feature=search,env=test",
        )
        assert 2_000_000 <= event.first_byte_us == event.latency_us < 3_000_000
        assert event.overhead_us < 1_000_000


@on_loop
async def test_a_call_costs_what_the_catalogue_says_and_the_answer_the_event_and_the_metrics_agree(
    tmp_path: Path,
) -> None:
    async with scripted(tmp_path) as (gateway, _):
        told = await once(gateway, chat(asking()))
        event = await gateway.event()
        # gpt-5-mini: 0.25, 0.025 and 2 dollars a million; 7 fresh and 4 cached tokens in, 7 out
        assert event.cost_nanos == 7 * 250 + 4 * 25 + 7 * 2_000
        assert told.fields[b"x-stellwerk-cost-usd"] == b"0.00001585"
        assert b"} 0.000015850\n" in gateway.vitals.prometheus()


@on_loop
async def test_a_stream_costs_as_much_and_says_so_in_its_event_alone(tmp_path: Path) -> None:
    async with scripted(tmp_path, None) as (gateway, upstream), raw(gateway) as caller:
        await caller.ask(asking(stream=True))
        await eventually(lambda: upstream.held)
        usage = b'{"id":"c","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}'
        closing = chunk(b"data: " + usage + b"\n\n"), chunk(DONE), LAST_CHUNK
        await upstream.held[0].send(STREAM_HEAD, chunk(ROLE), chunk(said("Hello")), chunk(FINISH), *closing)
        answer = await caller.answer()
        event = await gateway.event()
        assert event.cost_nanos == 11 * 250 + 7 * 2_000
        assert all(name.lower() != b"x-stellwerk-cost-usd" for name, _ in answer.fields)


@on_loop
async def test_what_nobody_counted_has_no_cost_and_what_was_refused_costs_nothing(tmp_path: Path) -> None:
    async with scripted(tmp_path, None) as (gateway, upstream), raw(gateway) as caller:
        await caller.ask(asking())
        await eventually(lambda: upstream.held)
        silent = b'{"id":"c","choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}]}'
        await upstream.held[0].send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(silent), silent))
        assert b"x-stellwerk-cost-usd" not in (await caller.told()).fields
        await once(gateway, chat(b"{}"))
        uncounted, refused = gateway.events
        assert (uncounted.cost_nanos, refused.cost_nanos) == (None, 0)


@on_loop
async def test_the_overhead_of_a_stream_is_not_its_length(tmp_path: Path) -> None:
    async with scripted(tmp_path, None) as (gateway, upstream), raw(gateway) as caller:
        await caller.ask(asking(stream=True))
        await eventually(lambda: upstream.held)
        gateway.advance(3)
        await upstream.held[0].send(STREAM_HEAD, chunk(ROLE), chunk(said("Hel")))
        await caller._until(b"Hel")
        for _ in range(5):
            gateway.advance(10)
            await upstream.held[0].send(chunk(said("lo")))
            await caller._until(b"lo")
        await upstream.held[0].send(chunk(FINISH), chunk(USAGE), chunk(DONE), LAST_CHUNK)
        event = await gateway.event()
        assert 53_000_000 <= event.latency_us < 54_000_000
        assert 3_000_000 <= event.first_byte_us < 4_000_000
        assert event.overhead_us < 1_000_000


@on_loop
async def test_what_was_refused_is_on_record_with_what_is_known(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, _):
        tagged = b"x-stellwerk-tags: a=b"
        await once(gateway, chat(asking(model="no", stream=True), tagged))
        await once(gateway, chat(b"{}", tagged))
        unknown, broken = gateway.events
        assert (unknown.model, unknown.key_name, unknown.is_stream, unknown.status) == ("no", "web", True, 404)
        assert (broken.model, broken.key_name, broken.is_stream, broken.status) == ("", "web", False, 400)
        assert unknown.provider == broken.provider == ""
        assert unknown.attempts == broken.attempts == 0


@on_loop
async def test_request_ids_are_unique_and_in_the_order_of_time(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, _), raw(gateway) as caller:
        for _ in range(30):
            await caller.ask(asking())
            await caller.told()
        ids = [event.request_id for event in gateway.events]
        assert len(set(ids)) == 30
        assert [one[:12] for one in ids] == sorted(one[:12] for one in ids)
        assert all(one[12] == "7" and one[16] in "89ab" for one in ids)
