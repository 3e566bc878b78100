"""Questions that mean the same: answered from the cache, audited, learned from, and a miss while nobody can compare."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from stellwerk.compute import meaning as meanings
from stellwerk.compute import recollection
from stellwerk.core.meaning import CONSIDER, LEARN
from stellwerk.core.recollection import REMEMBER
from stellwerk.ports.compute import JobFailure
from tests.integration.gateway.clients import ask, raw
from tests.integration.gateway.kit import KEY, Gateway
from tests.integration.gateway.scenes import scripted
from tests.integration.gateway.test_cache import MORE_KEYS, STRANGER, asks, kept
from tests.integration.gateway.test_optimize import Away, Compute, Slow, computed
from tests.integration.gateway.upstream import COMPLETION, completes
from tests.integration.http.loop import eventually, on_loop
from tests.unit.compute.test_recollection import MINILM, _loaded

AUDITED = "[cache]\nsemantic = true\naudit_share = {}\n"
SEMANTIC = AUDITED.format("0.0")
RESET = ask("How do I reset my password?")
SAME = ask("How can I reset my password?")
LIKE = ask("How do I reset my username?")


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """A compute process that has just begun, but for an embedder that is loaded once for all tests."""
    recollection._made.cache_clear()
    meanings.meaning.cache_clear()
    recollection.recollection()._embedders[recollection._name(MINILM)] = _loaded()
    yield
    recollection._made.cache_clear()
    meanings.meaning.cache_clear()


async def remembered(gateway: Gateway, compute: Compute, entries: int = 1) -> None:
    """Waits until an answer can be found by its meaning."""
    await kept(gateway, entries)
    await eventually(lambda: compute.asked.count(REMEMBER) >= entries)


@on_loop
async def test_a_question_that_means_the_same_gets_the_answer_that_is_there(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=SEMANTIC) as (gateway, playing):
        computed(gateway, compute := Compute())
        assert await asks(gateway, messages=RESET) == "miss"
        await remembered(gateway, compute)
        assert await asks(gateway, messages=ask("how do i reset my password")) == "normalized"
        assert await asks(gateway, messages=SAME) == "semantic"
        assert await asks(gateway, messages=LIKE) == "miss"
        assert len(playing.requests) == 2
        found, missed = await gateway.event(3), await gateway.event(4)
        assert found.cache.startswith("semantic; reason=served entry=")
        assert missed.cache.startswith("miss; reason=mismatch")
        assert "cache_semantic=" in found.savings


@on_loop
async def test_nobody_else_gets_it(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=SEMANTIC + MORE_KEYS) as (gateway, _):
        computed(gateway, compute := Compute())
        assert await asks(gateway, messages=RESET) == "miss"
        await remembered(gateway, compute)
        assert await asks(gateway, STRANGER, messages=SAME) == "miss"
        system = [{"role": "system", "content": "You work for the bank."}]
        assert await asks(gateway, messages=system + SAME) == "miss"
        assert await asks(gateway, messages=SAME) == "semantic"


@on_loop
async def test_with_tools_meanings_are_not_compared(tmp_path: Path) -> None:
    tools = [{"type": "function", "function": {"name": "reset", "parameters": {"type": "object"}}}]
    async with scripted(tmp_path, completes(), sections=SEMANTIC) as (gateway, _):
        computed(gateway, compute := Compute())
        assert await asks(gateway, messages=RESET, tools=tools) == "miss"
        await kept(gateway)
        assert await asks(gateway, messages=SAME, tools=tools) == "miss"
        assert CONSIDER not in compute.asked


@on_loop
async def test_an_audit_asks_anew_and_learns_from_it(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=AUDITED.format("1.0")) as (gateway, playing):
        computed(gateway, compute := Compute())
        assert await asks(gateway, messages=RESET) == "miss"
        await remembered(gateway, compute)
        assert await asks(gateway, messages=SAME) == "semantic"
        await eventually(lambda: LEARN in compute.asked)
        assert len(playing.requests) == 2
        aside = next(event for event in gateway.events if event.request_id.endswith("-refresh"))
        await eventually(lambda: gateway.parts.account.in_flight == 0)
        gateway.events.remove(aside)  # it is nobody's request
        (scope,) = meanings.meaning()._scopes.values()
        assert scope.scope.explained()["audits"] == 1


@on_loop
async def test_a_miss_beside_a_neighbour_is_learned_from(tmp_path: Path) -> None:
    far = ask("Is there a way to get a new password?")
    act = completes(COMPLETION.replace(b"Hello.", b"Open the settings."))
    async with scripted(tmp_path, act, sections=SEMANTIC) as (gateway, _):
        computed(gateway, compute := Compute())
        assert await asks(gateway, messages=RESET) == "miss"
        await remembered(gateway, compute)
        assert await asks(gateway, messages=far) == "miss"
        await eventually(lambda: LEARN in compute.asked)
        (scope,) = meanings.meaning()._scopes.values()
        assert (scope.scope.explained()["labels"], scope.scope.explained()["audits"]) == (1, 0)


@pytest.mark.parametrize(
    "compute",
    [Away(), Compute(JobFailure("failed", "no embedder")), Compute(b"\xc1noise")],
    ids=["away", "failed", "noise"],
)
@on_loop
async def test_while_nobody_can_compare_it_is_a_miss(tmp_path: Path, compute: Away | Compute) -> None:
    async with scripted(tmp_path, completes(), sections=SEMANTIC + 'scope = "key"\n') as (gateway, _):
        computed(gateway, compute)
        assert await asks(gateway, messages=RESET) == "miss"
        await kept(gateway)
        assert await asks(gateway, messages=SAME) == "miss"
        assert await asks(gateway, messages=RESET) == "exact"


@on_loop
async def test_a_process_that_begins_anew_is_told_everything(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=SEMANTIC) as (gateway, _):
        computed(gateway, compute := Compute())
        assert await asks(gateway, messages=RESET) == "miss"
        await remembered(gateway, compute)
        assert await asks(gateway, messages=SAME) == "semantic"
        recollection._made.cache_clear()
        meanings.meaning.cache_clear()
        recollection.recollection()._embedders[recollection._name(MINILM)] = _loaded()
        assert await asks(gateway, messages=LIKE) == "miss"
        await eventually(lambda: len(recollection.recollection()._store) >= 2)  # what is kept, and the new one
        assert await asks(gateway, messages=ask("How could I reset my password?")) == "semantic"


@on_loop
async def test_who_leaves_meanwhile_is_forgotten(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=SEMANTIC) as (gateway, playing):
        computed(gateway, slow := Slow())
        async with raw(gateway) as caller:
            await caller.ask(json.dumps({"model": "plain", "messages": RESET}).encode(), key=KEY)
            await slow.asked.wait()
        assert (await gateway.event()).outcome == "cancelled"
        assert slow.is_cancelled
        assert not playing.requests
        computed(gateway, Away())
        assert await asks(gateway, messages=RESET) == "miss"
