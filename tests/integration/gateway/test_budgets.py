"""Hard budgets: nothing is asked that they might not be able to pay, whatever is asked at the same time."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from stellwerk.simulator import PlannedFault
from tests.integration.gateway.clients import asking, chat, once, raw, whole
from tests.integration.gateway.kit import UNBROKEN, Gateway, model, provider, serving
from tests.integration.gateway.scenes import scripted, scripts, simulated, simulator
from tests.integration.gateway.test_limits import KEY, keyed, request
from tests.integration.gateway.upstream import STREAM_HEAD, chunk, completes, ends_after, said, script
from tests.integration.http.loop import eventually, on_loop

NANOS = 1_000_000_000
COST = 16_850
"""Nano-dollars of the answer that scripts play, at gpt-5-mini's price."""
INPUT, OUTPUT = 250, 2_000
"""Nano-dollars of a token."""


def budget(usd: float, **rest: object) -> str:
    """A key's budget."""
    more = "".join(f", {name} = {json.dumps(value)}" for name, value in rest.items())
    return keyed(budget=f"{{ limit_usd = {usd:.9f}{more} }}")


def spent(gateway: Gateway) -> int:
    """What all requests came to."""
    return sum(event.cost_nanos or 0 for event in gateway.events)


@on_loop
async def test_requests_are_answered_as_long_as_the_budget_can_pay_for_the_next_one(tmp_path: Path) -> None:
    acts = (completes(),) * 30
    async with scripted(tmp_path, *acts, sections=budget(COST * 10 / NANOS)) as (gateway, _):
        answers = [await once(gateway, request(max_tokens=7)) for _ in range(20)]
        paid = sum(answer.status == 200 for answer in answers)
        assert [answer.status for answer in answers] == [200] * paid + [402] * (20 - paid)
        assert 5 <= paid <= 10
        assert spent(gateway) <= COST * 10
        refused = answers[-1].error
        assert (refused["type"], refused["code"]) == ("insufficient_quota", "budget_exceeded")
        assert "key:limited" in refused["message"]
        assert "USD each month" in refused["message"]


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@on_loop
async def test_a_crowd_against_a_budget_that_is_nearly_used_up_overspends_nothing(
    tmp_path: Path, is_stream: bool
) -> None:
    target = simulator(answer_tokens=30, first_token_ms=5.0)
    async with simulated(tmp_path, target, sections=budget(0.02)) as (gateway, (one,)):
        asked = [whole(gateway, request(max_tokens=200, stream=is_stream)) for _ in range(200)]
        statuses = [answer.status for answer in await asyncio.gather(*asked)]
        assert set(statuses) == {200, 402}
        await eventually(lambda: gateway.parts.account.in_flight == 0)
        assert 0.005 * NANOS < spent(gateway) <= 0.02 * NANOS
        assert one.report()["requests"] == statuses.count(200)


@on_loop
async def test_where_a_long_answer_cannot_be_paid_a_shorter_one_is_asked_for(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), completes(), sections=budget(0.002)) as (gateway, upstream):
        assert (await once(gateway, request())).status == 200
        sent = json.loads(upstream.requests[0].partition(b"\r\n\r\n")[2])
        assert 500 <= sent["max_completion_tokens"] <= 1_000  # of 128,000 that the model can say
        assert (await once(gateway, request(max_tokens=100_000))).status == 200
        sent = json.loads(upstream.requests[1].partition(b"\r\n\r\n")[2])
        assert 400 <= sent["max_tokens"] <= 1_000


@on_loop
async def test_a_model_without_a_price_is_refused_under_a_hard_budget_and_says_what_to_do(tmp_path: Path) -> None:
    async with script(completes(), completes()) as playing:
        sections = provider("one", playing.base_url), model("plain", "one/nobody-knows-me")
        async with serving(tmp_path, budget(1.0), *sections) as gateway:
            refused = await once(gateway, request())
            assert refused.status == 402
            assert "one/nobody-knows-me" in refused.error["message"]
            assert "Give its target prices" in refused.error["message"]
            assert not playing.requests
    async with script(completes(), completes()) as playing:
        sections = provider("one", playing.base_url), model("plain", "one/nobody-knows-me")
        (tmp_path / "soft").mkdir()
        async with serving(tmp_path / "soft", budget(1.0, hard=False), *sections) as gateway:
            assert (await once(gateway, request())).status == 200


@pytest.mark.parametrize(
    "members",
    [
        {"tools": [{"type": "web_search_preview"}]},
        {"web_search_options": {}},
        {"tools": [{"type": "mcp", "server_url": "https://example.com"}]},
        {"plugins": [{"id": "web"}]},
        {"search_parameters": {"mode": "on"}},
        {"tools": [{"type": "shell", "environment": {"type": "container_auto"}}]},
    ],
    ids=["a tool", "an option", "a server", "a plugin", "live search", "a container"],
)
@on_loop
async def test_tools_that_the_provider_runs_have_no_worst_case_and_are_refused(
    tmp_path: Path, members: dict[str, Any]
) -> None:
    async with scripted(tmp_path, completes(), sections=budget(5.0)) as (gateway, upstream):
        refused = await once(gateway, request(max_tokens=7, **members))
        assert refused.status == 402
        assert "tools that the provider runs" in refused.error["message"]
        assert not upstream.requests


@on_loop
async def test_names_cannot_be_hidden_by_spelling_them_in_numbers(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=budget(5.0)) as (gateway, upstream):
        body = request(max_tokens=7, web_search_options={})
        hidden = body.replace(b'"web_search_options"', b'"\\u0077eb_search_options"')
        head, _, rest = hidden.partition(b"\r\n\r\n")
        head = re.sub(rb"(?i)content-length: \d+", b"content-length: %d" % len(rest), head)
        assert (await once(gateway, head + b"\r\n\r\n" + rest)).status == 402
        assert not upstream.requests


@pytest.mark.parametrize(
    ("rows", "status"),
    [("", 402), (', { service = "priority", input = 0.45, output = 3.6 }', 200)],
    ids=["without a price", "with one"],
)
@on_loop
async def test_a_tier_of_service_is_paid_where_its_price_is_known(tmp_path: Path, rows: str, status: int) -> None:
    async with script(completes()) as playing:
        prices = f"[{{ input = 0.25, output = 2.0 }}{rows}]"
        target = f'{{ provider = "one", model = "gpt-own", prices = {prices} }}'
        named = f'\n[[models]]\nname = "plain"\ntargets = [{target}]\n'
        async with serving(tmp_path, budget(1.0), provider("one", playing.base_url), named) as gateway:
            answer = await once(gateway, request(max_tokens=7, service_tier="priority"))
            assert answer.status == status
            assert len(playing.requests) == (status == 200)
            if status == 402:
                assert "one/gpt-own at the tier 'priority'" in answer.error["message"]


@on_loop
async def test_a_predicted_answer_may_have_to_be_paid_beside_the_one_that_came(tmp_path: Path) -> None:
    prediction = {"type": "content", "content": "All of this was predicted, and nothing of it came true. " * 200}
    async with scripted(tmp_path, completes(), completes(), sections=budget(0.02)) as (gateway, upstream):
        assert (await once(gateway, request(max_tokens=7, prediction=prediction))).status == 402
        assert (await once(gateway, request(max_tokens=7))).status == 200
        assert len(upstream.requests) == 1


FILE = {"type": "file", "file": {"file_data": "data:application/pdf;base64,QUJD", "filename": "a.pdf"}}
STORED = {"type": "file", "file": {"file_id": "file-1"}}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}


@pytest.mark.parametrize(
    ("part", "is_paid"), [(FILE, False), (STORED, False), (PICTURE, True)], ids=["file", "id", "picture"]
)
@on_loop
async def test_of_what_nobody_can_measure_the_whole_context_is_held_back(
    tmp_path: Path, part: dict[str, Any], is_paid: bool
) -> None:
    messages = [{"role": "user", "content": [part, {"type": "text", "text": "Read this."}]}]
    for usd, status in ((0.02, 200 if is_paid else 402), (5.0, 200)):
        folder = tmp_path / str(usd)
        folder.mkdir()
        async with scripted(folder, completes(), sections=budget(usd)) as (gateway, _):
            assert (await once(gateway, request(max_tokens=7, messages=messages))).status == status


@on_loop
async def test_a_soft_budget_counts_and_refuses_nothing(tmp_path: Path) -> None:
    acts = (completes(),) * 5
    async with scripted(tmp_path, *acts, sections=budget(COST / NANOS, hard=False)) as (gateway, _):
        assert [(await once(gateway, request())).status for _ in range(5)] == [200] * 5
        await gateway.purses.leave()
        (state,) = (await gateway.counter.read(gateway.counter._states)).values()
        assert (state.spent, state.held) == (spent(gateway), 0)


@on_loop
async def test_a_budget_begins_anew_with_its_period(tmp_path: Path) -> None:
    acts = (completes(),) * 5
    async with scripted(tmp_path, *acts, sections=budget(COST * 3 / NANOS, period="hour")) as (gateway, _):
        assert [(await once(gateway, request(max_tokens=7))).status for _ in range(2)] == [200, 402]
        gateway.advance(3_600)
        assert (await once(gateway, request(max_tokens=7))).status == 200


@pytest.mark.parametrize(
    ("fault", "is_stream"),
    [
        ({"kind": 500}, False),
        ({"kind": "reset"}, False),
        ({"kind": "cut", "after_events": 12}, True),
        ({"kind": "stall", "after_events": 12}, True),
    ],
    ids=["refused", "reset", "cut", "left"],
)
@on_loop
async def test_what_was_refused_costs_nothing_and_what_broke_off_at_least_what_came(
    tmp_path: Path, fault: dict[str, Any], is_stream: bool
) -> None:
    target = simulator("openai", PlannedFault(**fault), answer_tokens=40)
    options: dict[str, object] = {"sections": budget(0.5), "retry": "{ attempts = 1 }"}
    async with simulated(tmp_path, target, **options) as (gateway, _):  # type: ignore[arg-type]
        async with raw(gateway) as caller:
            await caller.send(request(stream=is_stream, max_tokens=300))
            if fault["kind"] == "stall":
                await caller.at_least(600)
                caller.reset()
            else:
                await caller.answer(to=b"POST")
        event = await gateway.event()
        await gateway.purses.leave()
        (state,) = (await gateway.counter.read(gateway.counter._states)).values()
        assert state.held == 0
        if fault["kind"] == 500:
            assert state.spent == 0
        else:
            least = event.output_tokens if is_stream else 300
            assert least * OUTPUT <= state.spent <= 300 * OUTPUT + 5_000 * INPUT


@on_loop
async def test_nobody_overspends_by_giving_up_on_answers_that_are_being_made(tmp_path: Path) -> None:
    options: dict[str, object] = {"sections": budget(0.01) + UNBROKEN, "retry": "{ attempts = 1 }"}
    async with scripted(tmp_path, *[None] * 9, **options) as (gateway, upstream):  # type: ignore[arg-type]
        statuses = []
        for number in range(9):
            async with raw(gateway) as caller:
                await caller.send(chat(asking(max_tokens=1_000), b"x-stellwerk-timeout: 1", key=KEY))
                await eventually(lambda number=number: len(upstream.held) > number or len(gateway.events) > number)  # type: ignore[misc]
                gateway.advance(1)
                statuses.append((await caller.told()).status)
        assert statuses == [504] * 3 + [402] * 6
        assert len(upstream.held) == 3
        events = gateway.events[:3]
        assert all(event.is_estimated and event.cost_nanos for event in events)  # the prompt at least
        await gateway.purses.leave()
        (state,) = (await gateway.counter.read(gateway.counter._states)).values()
        assert 3 * 1_000 * OUTPUT < state.spent <= 0.01 * NANOS
        assert state.held == 0


@pytest.mark.parametrize(("usd", "status"), [(0.006, 502), (0.05, 200)], ids=["for one", "for both"])
@on_loop
async def test_the_next_target_is_asked_when_the_budget_can_pay_for_both(
    tmp_path: Path, usd: float, status: int
) -> None:
    broken = (ends_after(),) * 2
    async with scripts(tmp_path, broken, (completes(),), sections=budget(usd)) as (gateway, (first, second)):
        assert (await once(gateway, request(max_tokens=1_000))).status == status
        assert (len(first.requests), len(second.requests)) == (1, status == 200)
        await gateway.purses.leave()
        (state,) = (await gateway.counter.read(gateway.counter._states)).values()
        assert 1_000 * OUTPUT < state.spent <= 1_000 * OUTPUT + 8_000 * INPUT
        assert state.held == 0


@pytest.mark.parametrize("path", [b"/v1/chat/completions", b"/v1/messages"], ids=["relayed", "translated"])
@on_loop
async def test_a_stream_whose_provider_does_not_keep_to_its_limit_is_cut(tmp_path: Path, path: bytes) -> None:
    async with scripted(tmp_path, None, sections=budget(0.5)) as (gateway, upstream), raw(gateway) as caller:
        await caller.send(chat(asking(max_tokens=20, stream=True), key=KEY, path=path))
        await eventually(lambda: upstream.held)
        (provider_side,) = upstream.held

        async def hear(words: int) -> None:
            await provider_side.send(*[chunk(said("word"))] * words)
            heard = b""
            while heard.count(b"word") < words:
                heard += await caller.at_least(1)
            gateway.advance(0.3)

        await provider_side.send(STREAM_HEAD)
        await hear(80)
        assert not gateway.events  # as long as it is within what events without tokens may come to
        await hear(40)
        event = await gateway.event()
        assert (event.outcome, event.error) == ("truncated", "upstream_invalid")
        await gateway.purses.leave()
        (state,) = (await gateway.counter.read(gateway.counter._states)).values()
        assert (state.held, 20 * OUTPUT <= state.spent <= 20 * OUTPUT + 8_000 * INPUT) == (0, True)


@on_loop
async def test_several_budgets_hold_at_the_same_time(tmp_path: Path) -> None:
    hour, month = f"{{ limit_usd = {COST * 3 / NANOS:.9f}, period = 'hour' }}", "{ limit_usd = 5.0 }"
    acts = (completes(),) * 5
    async with scripted(tmp_path, *acts, sections=keyed(budget=f"[{hour}, {month}]")) as (gateway, _):
        assert [(await once(gateway, request(max_tokens=7))).status for _ in range(2)] == [200, 402]
        assert "USD each hour" in (await once(gateway, request(max_tokens=7))).error["message"]


@on_loop
async def test_a_key_keeps_its_budget_over_a_reload(tmp_path: Path) -> None:
    acts = (completes(),) * 5
    async with scripted(tmp_path, *acts, sections=budget(COST * 3 / NANOS)) as (gateway, _):
        assert (await once(gateway, request(max_tokens=7))).status == 200
        gateway.adopt(gateway.compile(gateway.source))
        assert (await once(gateway, request(max_tokens=7))).status == 402
        more = gateway.source.replace(f"{COST * 3 / NANOS:.9f}", f"{COST * 4 / NANOS:.9f}")
        gateway.adopt(gateway.compile(more))
        assert [(await once(gateway, request(max_tokens=7))).status for _ in range(2)] == [200, 402]


@on_loop
async def test_who_leaves_while_others_are_asked_for_money_takes_none(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections=budget(1.0)) as (gateway, upstream):
        async with raw(gateway) as caller:
            await caller.send(chat(asking(), key=KEY))
            caller.reset()
        await eventually(lambda: bool(gateway.events) or gateway.asked == 0)
        assert len(upstream.requests) <= 1
