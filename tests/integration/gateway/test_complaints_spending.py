"""What users of other gateways complain of, over sockets: budgets that do not hold, and limits that leak."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path

import pytest

from tests.integration.gateway.clients import asking, chat, once, raw, whole
from tests.integration.gateway.kit import UNBROKEN, model, provider, serving
from tests.integration.gateway.scenes import scripted, simulated, simulator
from tests.integration.gateway.test_budgets import COST, NANOS, budget, spent
from tests.integration.gateway.test_limits import KEY, keyed, request
from tests.integration.gateway.upstream import completes, script
from tests.integration.http.loop import eventually, on_loop

SPARSE = f"budget = {{ limit_usd = {COST * 3 / NANOS:.9f} }}\n"
"""Pays for one answer of scripts, and no second one."""
SECTIONS = {
    "the key": keyed() + SPARSE,
    "its user": keyed(user='"anne"') + '[[users]]\nname = "anne"\n' + SPARSE,
    "its team": keyed(team='"shop"') + '[[teams]]\nname = "shop"\n' + SPARSE,
    "its organization": keyed(organization='"acme"') + '[[organizations]]\nname = "acme"\n' + SPARSE,
    "a tag": keyed(tags='["env=prod"]') + '[[tags]]\ntag = "env=prod"\n' + SPARSE,
}


@pytest.mark.parametrize("section", SECTIONS.values(), ids=list(SECTIONS))
@on_loop
async def test_complaint_01_whoevers_budget_it_is_it_holds(tmp_path: Path, section: str) -> None:
    async with scripted(tmp_path, *[completes()] * 3, sections=section) as (gateway, upstream):
        assert [(await once(gateway, request(max_tokens=7))).status for _ in range(3)] == [200, 402, 402]
        assert len(upstream.requests) == 1


@on_loop
async def test_complaint_02_requests_at_the_same_time_do_not_all_see_what_is_left(tmp_path: Path) -> None:
    async with simulated(tmp_path, simulator(first_token_ms=5.0), sections=budget(0.01)) as (gateway, (one,)):
        answers = await asyncio.gather(*[whole(gateway, request(max_tokens=200)) for _ in range(60)])
        statuses = Counter(answer.status for answer in answers)
        assert set(statuses) == {200, 402}
        assert one.report()["requests"] == statuses[200]
        assert spent(gateway) <= 0.01 * NANOS


@on_loop
async def test_complaint_03_the_first_requests_of_an_unknown_user_share_its_budget(tmp_path: Path) -> None:
    section = keyed() + f'[[users]]\nname = "*"\n{SPARSE}'
    asked = chat(asking(max_tokens=7), b"x-stellwerk-user: never-seen", key=KEY)
    async with scripted(tmp_path, *[completes()] * 20, sections=section) as (gateway, upstream):
        answers = await asyncio.gather(*[once(gateway, asked) for _ in range(20)])
        assert sum(answer.status == 200 for answer in answers) == len(upstream.requests) <= 2
        other = chat(asking(max_tokens=7), b"x-stellwerk-user: somebody-else", key=KEY)
        assert (await once(gateway, other)).status == 200


@on_loop
async def test_complaint_04_a_user_that_comes_by_header_is_held_to_its_budget(tmp_path: Path) -> None:
    section = keyed() + f'[[users]]\nname = "anne"\n{SPARSE}'
    asked = chat(asking(max_tokens=7), b"x-stellwerk-user: anne", key=KEY)
    async with scripted(tmp_path, *[completes()] * 3, sections=section) as (gateway, _):
        assert [(await once(gateway, asked)).status for _ in range(2)] == [200, 402]


@on_loop
async def test_complaint_05_without_a_budget_nobody_is_refused_and_a_wrong_price_is_mended(tmp_path: Path) -> None:
    dear = "{ input = 1000000.0, output = 1000000.0 }"

    def parts(price: str, url: str) -> tuple[str, ...]:
        target = f'{{ provider = "one", model = "gpt-5-mini", prices = [{price}] }}'
        named = f'\n[[models]]\nname = "plain"\ntargets = [{target}]\n'
        return keyed() + '[[teams]]\nname = "shop"\n' + SPARSE, provider("one", url), named

    async with (
        script(*[completes()] * 9) as playing,
        serving(tmp_path, *parts(dear, playing.base_url)) as gateway,
    ):
        assert [(await once(gateway, request())).status for _ in range(3)] == [200] * 3
        assert gateway.events[0].cost_nanos > NANOS  # type: ignore[operator]
        right = "".join(parts("{ input = 0.25, output = 2.0 }", playing.base_url))
        gateway.adopt(gateway.compile(right.replace(keyed(), budget(1.0))))
        assert (await once(gateway, request(max_tokens=7))).status == 200
        assert gateway.events[-1].cost_nanos < NANOS  # type: ignore[operator]


@pytest.mark.parametrize("path", [b"/v1/images/generations", b"/v1/audio/speech"])
@on_loop
async def test_complaint_06_what_is_passed_through_does_not_dodge_the_budget(tmp_path: Path, path: bytes) -> None:
    body = json.dumps({"model": "plain", "prompt": "A signal box", "input": "Hello", "voice": "alloy"}).encode()
    async with scripted(tmp_path, *[completes()] * 3, sections=budget(50.0)) as (gateway, upstream):
        refused = await once(gateway, chat(body, key=KEY, path=path))
        assert (refused.status, upstream.requests) == (402, [])
    (tmp_path / "limited").mkdir()
    limited = keyed(limits="{ rpm = 1 }")
    async with scripted(tmp_path / "limited", *[completes()] * 3, sections=limited) as (gateway, _):
        assert [(await once(gateway, chat(body, key=KEY, path=path))).status for _ in range(2)] == [200, 429]


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@on_loop
async def test_complaint_09_an_answer_is_no_longer_than_what_is_left_can_pay(tmp_path: Path, is_stream: bool) -> None:
    target = simulator(answer_tokens=3_000, first_token_ms=1.0, token_ms=0.0)
    async with simulated(tmp_path, target, sections=budget(0.004)) as (gateway, _):
        answer = await whole(gateway, request(stream=is_stream))
        assert answer.status == 200
        event = await gateway.event()
        assert (event.outcome, event.finish) == ("complete", "length")
        assert 0 < event.cost_nanos <= 0.004 * NANOS  # type: ignore[operator]


@on_loop
async def test_complaint_10_parallel_calls_never_use_more_tokens_than_the_limit(tmp_path: Path) -> None:
    sections = keyed(limits="{ tpm = 9000 }")
    async with simulated(tmp_path, simulator(answer_tokens=50), sections=sections) as (gateway, _):
        answers = await asyncio.gather(*[whole(gateway, request(max_tokens=500)) for _ in range(30)])
        assert {answer.status for answer in answers} == {200, 429}
        assert sum(event.input_tokens + event.output_tokens for event in gateway.events) <= 9_000


@on_loop
async def test_complaint_11_a_place_is_given_back_when_the_provider_is_not_waited_for_any_longer(
    tmp_path: Path,
) -> None:
    sections, limits = keyed(limits="{ concurrency = 2 }") + UNBROKEN, {"retry": "{ attempts = 1 }"}
    async with scripted(tmp_path, *[None] * 6, completes(), sections=sections, **limits) as (gateway, upstream):
        for number in range(6):
            async with raw(gateway) as caller:
                await caller.send(chat(asking(), b"x-stellwerk-timeout: 1", key=KEY))
                await eventually(lambda number=number: len(upstream.held) > number)  # type: ignore[misc]
                gateway.advance(1)
                assert (await caller.told()).status == 504
        assert (await once(gateway, request())).status == 200


@on_loop
async def test_complaint_12_streams_count_once_against_the_limits_of_their_provider(tmp_path: Path) -> None:
    async with simulated(tmp_path, simulator(answer_tokens=50)) as (_, (one,)):
        target = provider(one.name, one.base_url) + "limits = { tpd = 100000 }\n"
        (tmp_path / "counted").mkdir()
        async with serving(tmp_path / "counted", keyed(), target, model("plain", one.name)) as gateway:
            for _ in range(3):
                assert (await whole(gateway, request(stream=True, max_tokens=90))).status == 200
            used = sum(event.input_tokens + event.output_tokens for event in gateway.events)
            await gateway.purses.leave()
            (state,) = (await gateway.counter.read(gateway.counter._states)).values()
            assert used - 20 <= state.level <= used  # some came back while they ran
