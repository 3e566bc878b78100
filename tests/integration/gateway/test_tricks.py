"""What callers try so as to pay less than their requests cost, or nothing; and what is not to be had that way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from stellwerk.config.directory_file import write_base
from stellwerk.config.register import FOLDER, Register
from stellwerk.core.scope import LimitSpec, Metric, ScopeKind, ScopeRecord
from tests.integration.gateway.clients import asking, chat, once
from tests.integration.gateway.kit import Gateway
from tests.integration.gateway.scenes import scripted
from tests.integration.gateway.test_budgets import COST, NANOS, budget
from tests.integration.gateway.test_limits import KEY, keyed, request
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


@on_loop
async def test_tags_that_nobody_has_limited_are_not_remembered(tmp_path: Path) -> None:
    """Where tags can be given limits while the gateway runs, any of them is looked for."""
    register = Register(tmp_path)
    limits = (LimitSpec(Metric.REQUESTS, 9),)
    write_base(tmp_path / FOLDER, 1, [], [ScopeRecord(ScopeKind.TAG, "env=prod", limits=limits)])
    register.follow()
    async with scripted(tmp_path, *[completes()] * 9, sections=keyed(limits="{ rpm = 9 }")) as (gateway, _):
        pipeline = gateway.parts.pipeline
        pipeline.configuration = replace(pipeline.configuration, is_metered=True)
        pipeline.configuration.directory.register = register
        for number in range(9):
            tags = b"x-stellwerk-tags: mine=%d,env=prod" % number
            assert (await once(gateway, chat(asking(), tags, key=KEY))).status == 200
        assert pipeline.meters is not None
        assert list(pipeline.meters._found) == [("key:limited", "tag:env=prod")]
