"""What callers try so as to pay less than their requests cost, or nothing; and what is not to be had that way."""

from __future__ import annotations

from pathlib import Path

from tests.integration.gateway.clients import once
from tests.integration.gateway.kit import Gateway
from tests.integration.gateway.scenes import scripted
from tests.integration.gateway.test_budgets import COST, NANOS, budget
from tests.integration.gateway.test_limits import request
from tests.integration.gateway.upstream import completes
from tests.integration.http.loop import eventually, on_loop


async def told(gateway: Gateway, scope: str = "key:limited") -> int:
    """Nano-dollars that the counter knows to be spent by a scope, when nothing runs any more."""
    await eventually(lambda: gateway.parts.account.in_flight == 0)
    await gateway.purses.leave()
    found = await gateway.counter.read(gateway.counter._states)
    assert not any(state.held for state in found.values())
    return sum(state.spent for id_, state in found.items() if id_.startswith(f"{scope}/"))


@on_loop
async def test_a_budget_that_is_lowered_is_lower_at_once(tmp_path: Path) -> None:
    """Whatever share of it a worker holds."""
    much, little = (f"{count * COST / NANOS:.9f}" for count in (100, 5))
    async with scripted(tmp_path, *[completes()] * 30, sections=budget(100 * COST / NANOS)) as (gateway, upstream):
        assert (await once(gateway, request(max_tokens=7))).status == 200
        gateway.adopt(gateway.compile(gateway.source.replace(much, little)))
        for _ in range(29):
            await once(gateway, request(max_tokens=7))
        assert len(upstream.requests) >= 2
        assert await told(gateway) <= 5 * COST
