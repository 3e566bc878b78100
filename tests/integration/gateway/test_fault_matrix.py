"""Whatever fails, and wherever it stands: every request is answered while one target is well.

Faults are chosen pairwise with all the rest; the marker ``matrix`` takes the whole product.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.integration.gateway.combinations import pairs, pairwise
from tests.integration.gateway.outage import (
    FAULTS,
    NAMES,
    STREAMS_ONLY,
    Outage,
    check_is_whole,
    is_answered_all_the_same,
    outage,
    question,
    told_by,
)
from tests.integration.http.loop import on_loop

STRATEGIES = ("priority", "weighted", "cheapest", "fastest", "least_busy", "sticky", "cascade")
PLACES = {
    "the first": NAMES[:1],
    "the middle": NAMES[1:2],
    "the last": NAMES[2:],
    "all but the first": NAMES[1:],
    "all but the middle": NAMES[::2],
    "all but the last": NAMES[:2],
}
"""Which targets fail."""
WAYS = ("whole", "streamed")
CALLERS = 3
"""So many ask at once, twice: those who come first meet what fails, those who come later what is known of it."""

Case = tuple[str, str, str, str]


def is_possible(case: Case) -> bool:
    """Whether the fault is one of such answers."""
    return case[1] == "streamed" or case[0] not in STREAMS_ONLY


ALL = [case for case in itertools.product(FAULTS, WAYS, PLACES, STRATEGIES) if is_possible(case)]
CHOSEN = pairwise(ALL)
SOME = pytest.mark.parametrize(("fault", "way", "place", "strategy"), CHOSEN, ids=str)
EACH = pytest.mark.parametrize(("fault", "way", "place", "strategy"), ALL, ids=str)


@SOME
@on_loop
async def test_every_request_is_answered_while_one_target_is_well(
    tmp_path: Path, fault: str, way: str, place: str, strategy: str
) -> None:
    await answered(tmp_path, fault, way, place, strategy)


@pytest.mark.matrix
@EACH
@on_loop
async def test_in_every_combination_every_request_is_answered(
    tmp_path: Path, fault: str, way: str, place: str, strategy: str
) -> None:
    await answered(tmp_path, fault, way, place, strategy)


def test_each_two_values_meet_in_what_is_chosen() -> None:
    assert {pair for case in CHOSEN for pair in pairs(case)} == {pair for case in ALL for pair in pairs(case)}
    assert len(CHOSEN) < len(ALL) / 8


async def answered(folder: Path, fault: str, way: str, place: str, strategy: str) -> None:
    """Asks, and asks again."""
    is_stream = way == "streamed"
    failing = PLACES[place]
    is_slow = is_answered_all_the_same(fault, is_stream=is_stream)
    async with outage(folder, fault, failing, strategy=f'"{strategy}"') as scene:
        for _ in range(2):
            for answer in await scene.answers(*[question(is_stream=is_stream)] * CALLERS):
                check_is_whole(answer, is_stream=is_stream)
                assert is_slow or told_by(answer) not in failing
        check_record(scene, is_slow=is_slow)
        if strategy == "priority" and NAMES[0] in failing:
            assert any(f"{NAMES[0]}/" in event.route or event.provider == NAMES[0] for event in scene.gateway.events)


def check_record(scene: Outage, *, is_slow: bool) -> None:
    """Every answer is on record as one, with what came before it."""
    for event in scene.gateway.events:
        assert (event.outcome, event.status) == ("complete", 200)
        assert event.attempts <= len(NAMES)
        assert event.route.count("; ") >= event.attempts - 1
        assert not is_slow or event.attempts == 1
