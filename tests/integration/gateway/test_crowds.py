"""A thousand requests in flight while a target fails, and thousands more while every target fails now and then."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from stellwerk.core.breaker import REMEMBERED
from stellwerk.gateway.standing import Standing
from stellwerk.simulator import PlannedFault
from tests.integration.gateway import kit
from tests.integration.gateway.clients import asking, raw
from tests.integration.gateway.kit import Gateway
from tests.integration.gateway.outage import FAULTS, NAMES, REFUSED, Outage, check_is_whole, outage, question, told_by
from tests.integration.gateway.scenes import simulated, simulator
from tests.integration.http import loop
from tests.integration.http.loop import on_loop

CROWD = 1_000
LATER = 20
COOL_DOWN_S = 6.0
"""The longest of the first cool-down: five seconds and a fifth."""
FAILURES = 4
NO_FAULT = frozenset({"slow", "429", "429 with Retry-After"})
"""What says nothing against a target."""
HALF_A_FAULT = frozenset({"too short", "an error in the stream", "stall"})
"""What spoils whole answers alone, or streams: half of what a target does is well."""
KINDS = ("hang", REFUSED, "503", "429", "reset")
"""In CI; all others are of the ``matrix``."""
FAULTS_OF_PROVIDERS: tuple[dict[str, Any], ...] = (
    {"kind": "close"},
    {"kind": "reset"},
    {"kind": "cut", "after_events": 0},
    {"kind": "malformed", "after_events": 0},
    {"kind": 500},
    {"kind": 503},
    {"kind": 529},
)
LIMITED: dict[str, Any] = {"kind": 429}
QUEUE = "{ length = 1000 }"
AT_ONCE = 40


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crowd takes its time on a small machine."""
    monkeypatch.setattr(kit, "PATIENCE_S", 600.0)
    monkeypatch.setattr(loop, "TEST_S", 600.0)


@pytest.mark.parametrize("fault", KINDS)
@on_loop
async def test_a_thousand_requests_in_flight_are_answered_while_a_target_fails(tmp_path: Path, fault: str) -> None:
    await crowd(tmp_path, fault)


@pytest.mark.matrix
@pytest.mark.parametrize("fault", FAULTS)
@on_loop
async def test_a_thousand_requests_in_flight_are_answered_whatever_the_fault(tmp_path: Path, fault: str) -> None:
    await crowd(tmp_path, fault)


@on_loop
async def test_where_each_of_three_targets_fails_one_call_in_five_less_than_one_request_in_a_thousand_does(
    tmp_path: Path,
) -> None:
    await lottery(tmp_path, FAULTS_OF_PROVIDERS, requests=6_000, least=0.999)


@on_loop
async def test_limits_among_these_faults_cost_no_request_where_requests_may_wait(tmp_path: Path) -> None:
    await lottery(tmp_path, (*FAULTS_OF_PROVIDERS, LIMITED), requests=5_000, least=0.998, queue=QUEUE)


@on_loop
async def test_limits_among_these_faults_cost_hardly_a_request_where_none_may_wait(tmp_path: Path) -> None:
    await lottery(tmp_path, (*FAULTS_OF_PROVIDERS, LIMITED), requests=5_000, least=0.998)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
@on_loop
async def test_in_the_long_run_less_than_one_request_in_a_thousand_fails(tmp_path: Path, seed: int) -> None:
    faults = (*FAULTS_OF_PROVIDERS, LIMITED)
    await lottery(tmp_path, faults, requests=100_000, least=0.999, seed=seed, queue=QUEUE)


async def crowd(folder: Path, fault: str) -> None:
    """Half of them want a stream."""
    async with outage(folder, fault, NAMES[:1], first_token_ms=500.0) as scene:
        failing = scene.standing(NAMES[0])
        trips = watched(failing)
        answers = await scene.answers(*[question(is_stream=number % 2 == 1) for number in range(CROWD)])
        for number, answer in enumerate(answers):
            check_is_whole(answer, is_stream=number % 2 == 1)
        assert scene.most_in_flight == CROWD
        if fault in NO_FAULT:
            assert failing.breaker.is_closed
        elif fault not in HALF_A_FAULT:
            assert {told_by(answer) for answer in answers} <= {*NAMES[1:]}
            assert trips == [FAILURES]
            await check_recovery(scene, fault)


async def check_recovery(scene: Outage, fault: str) -> None:
    """The target that has failed is left alone but for a probe, and asked as before one call after its cool-down."""
    target, before = scene.standing(NAMES[0]), len(scene.gateway.events)
    await scene.answers(*[question(is_stream=False)] * LATER)
    assert sum(event.attempts - 1 for event in scene.gateway.events[before:]) <= 1
    if fault == REFUSED:
        return
    scene.recover()
    wait_s = target.ready_in_s(scene.gateway.clock())
    assert wait_s <= 2 * COOL_DOWN_S  # that of a probe that failed
    scene.gateway.advance(wait_s)
    (answer,) = await scene.answers(question(is_stream=False))
    assert told_by(answer) == NAMES[0]
    assert target.is_plain


def watched(standing: Standing) -> list[int]:
    """How many failures were remembered whenever the circuit opened."""
    trips: list[int] = []
    tell = standing.on_trip

    def count(changed: Standing) -> None:
        if not changed.breaker.is_closed:
            trips.append(REMEMBERED - changed.breaker.history.bit_count())
        tell(changed)

    standing.on_trip = count
    return trips


async def lottery(
    folder: Path, kinds: tuple[dict[str, Any], ...], *, requests: int, least: float, seed: int = 4, **options: Any
) -> None:
    """Every target draws for each call whether it fails, one time in five, and how."""
    each = 1 - 0.8 ** (1 / len(kinds))  # one kind after the other is drawn
    faults = [PlannedFault(probability=each, **kind) for kind in kinds]
    targets = [simulator(name, *faults, answer_tokens=6, remember_requests=0) for name in NAMES]
    async with simulated(folder, *targets, seed=seed, strategy='"weighted"', **options) as (gateway, simulators):
        shares = [range(start, requests, AT_ONCE) for start in range(AT_ONCE)]
        statuses = sum(await asyncio.gather(*[_ask(gateway, share) for share in shares]), Counter[int]())
        assert statuses.total() == requests
        assert statuses[200] >= requests * least, statuses
        reports = [one.report() for one in simulators]
        failed = sum(sum(report["by_fault"].values()) for report in reports)
        assert 0.18 < failed / sum(report["requests"] for report in reports) < 0.22


async def _ask(gateway: Gateway, numbers: range) -> Counter[int]:
    """One caller's requests, one after the other; every other one is streamed. Broken streams count as 0."""
    statuses = Counter[int]()
    async with raw(gateway) as caller:
        for number in numbers:
            await caller.ask(asking(f"Number {number}?", stream=number // AT_ONCE % 2 == 1))
            answer = await caller.answer(to=b"POST")
            is_broken = answer.status == 200 and b'"error"' in answer.body
            statuses[0 if is_broken else answer.status] += 1
    return statuses
