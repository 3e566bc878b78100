"""Marks for providers' prompt caches, judged by what simulated providers charge for what they keep."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from stellwerk.core import savings
from stellwerk.core.bill import usage_of
from stellwerk.core.catalog import ModelCard
from stellwerk.core.cost import cost_of
from stellwerk.core.event import RequestEvent
from stellwerk.gateway.vault import SECRET_FILE
from stellwerk.simulator import PlannedFault, Scenario, Simulator, running
from tests.integration.gateway.clients import sdk
from tests.integration.gateway.foreign import MODELS
from tests.integration.gateway.kit import KEY, LIMITED_KEY, UNBROKEN, Gateway, model, provider, serving
from tests.integration.gateway.scenes import provider_of, scripted, simulator
from tests.integration.gateway.upstream import completes, refuses
from tests.integration.http.loop import on_loop

ON = "\n[optimize]\nprompt_cache = true\n"
SYSTEM = "You answer questions about the timetable of a railway. " * 270
"""Some 3,000 tokens."""
MORE = "The train from platform seven was late again, and nobody had said why. " * 33
"""Some 500 tokens."""


@asynccontextmanager
async def caching(
    folder: Path, kind: str = "anthropic", sections: str = ON, target: str = ""
) -> AsyncIterator[tuple[Gateway, Simulator]]:
    """A gateway with one simulated provider, which charges for what it keeps."""
    async with running(Scenario(providers=(simulator(kind, dialect=kind, prompt_cache=True),))) as (simulated,):
        parts = (sections, provider_of(kind, simulated.base_url), model("plain", f"{kind}/{target or MODELS[kind]}"))
        async with serving(folder, *parts) as gateway:
            yield gateway, simulated


@asynccontextmanager
async def claude(gateway: Gateway) -> AsyncIterator[anthropic.AsyncAnthropic]:
    """Anthropic's own client, which tries once."""
    async with anthropic.AsyncAnthropic(base_url=gateway.url, api_key=KEY, max_retries=0) as client:
        yield client


async def converse(
    client: anthropic.AsyncAnthropic,
    system: str,
    turns: int,
    gateway: Gateway | None = None,
    pause_s: float = 0.0,
    session: str = "",
) -> None:
    """A conversation of so many turns."""
    messages: list[Any] = []
    headers = {"x-stellwerk-session": session} if session else {}
    for turn in range(turns):
        messages.append({"role": "user", "content": f"{turn}: {MORE}"})
        made = await client.messages.create(
            model="plain", max_tokens=40, system=system, messages=messages, extra_headers=headers
        )
        said = [block.model_dump(exclude_none=True) for block in made.content]
        messages.append({"role": "assistant", "content": said})
        if gateway is not None:
            gateway.advance(pause_s)


def input_nanos(events: list[RequestEvent], card: ModelCard | None) -> tuple[int, int]:
    """What the prompts of some requests have cost, and would have cost without a cache: the provider's own counts."""
    paid = whole = 0
    for event in events:
        usage = usage_of(event)
        bare = type(usage)(usage.input_tokens)
        reading = type(usage)(
            usage.input_tokens,
            cache_read_tokens=usage.cache_read_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            cache_write_1h_tokens=usage.cache_write_1h_tokens,
        )
        paid += cost_of(reading, card, event.started_ms).nanos or 0
        whole += cost_of(bare, card, event.started_ms).nanos or 0
    return paid, whole


def card_of(gateway: Gateway) -> ModelCard | None:
    """What the catalogue knows of the model's first target."""
    return gateway.snapshot.models[0].targets[0].card


@on_loop
async def test_five_turns_save_sixty_percent_of_the_input_once_conversations_are_known(
    tmp_path: Path,
) -> None:
    async with caching(tmp_path) as (gateway, _), claude(gateway) as client:
        for number in range(8):
            await converse(client, f"Railway {number}. {SYSTEM}", 5)
        card = card_of(gateway)
        shares = []
        for first in range(0, 40, 5):
            paid, whole = input_nanos(gateway.events[first : first + 5], card)
            shares.append(1 - paid / whole)
        assert shares[0] > 0.4  # from the second turn on
        assert min(shares[4:]) >= 0.6
        told = sum(savings.read(event.savings).get(savings.PROMPT_CACHE, 0) for event in gateway.events)
        paid, whole = input_nanos(gateway.events, card)
        assert told == whole - paid


@on_loop
async def test_a_session_that_the_caller_names_is_kept_from_its_first_turn_on(tmp_path: Path) -> None:
    async with caching(tmp_path) as (gateway, _), claude(gateway) as client:
        await converse(client, SYSTEM, 5, session="one")
        paid, whole = input_nanos(gateway.events, card_of(gateway))
        assert 1 - paid / whole >= 0.6


@on_loop
async def test_of_sessions_with_one_turn_only_the_first_costs_more(tmp_path: Path) -> None:
    async with caching(tmp_path) as (gateway, _), claude(gateway) as client:
        for number in range(6):
            await converse(client, f"Railway {number}. {SYSTEM}", 1, session=f"{number}")
        assert [event.cache_write_tokens > 0 for event in gateway.events] == [True, *[False] * 5]


@on_loop
async def test_single_calls_are_never_dearer(tmp_path: Path) -> None:
    async with caching(tmp_path) as (gateway, simulated), claude(gateway) as client:
        for number in range(12):
            await converse(client, f"Railway {number}. {SYSTEM}", 1)
            gateway.advance(10)
        assert not any(event.cache_write_tokens or event.savings for event in gateway.events)
        assert all(event.prompt_cache.startswith("the conversation goes on with") for event in gateway.events)
        assert all("cache_control" not in each["body"] for each in simulated.report()["last_requests"])


@on_loop
async def test_a_system_prompt_that_others_share_is_kept_from_its_second_sight_on(tmp_path: Path) -> None:
    async with caching(tmp_path) as (gateway, _), claude(gateway) as client:
        for _ in range(6):
            await converse(client, SYSTEM, 1, gateway, 20)
        written = [event.cache_write_tokens > 0 for event in gateway.events]
        reading = [event.cache_read_tokens > 0 for event in gateway.events]
        assert written == [False, True, False, False, False, False]
        assert reading == [False, False, True, True, True, True]


@pytest.mark.parametrize("mark", ["tools", "system", "messages", "top"])
@on_loop
async def test_callers_marks_win(tmp_path: Path, mark: str) -> None:
    async with caching(tmp_path) as (gateway, simulated), claude(gateway) as client:
        control: Any = {"type": "ephemeral"}
        block: Any = {"type": "text", "text": SYSTEM}
        tool: Any = {"name": "look", "input_schema": {"type": "object"}}
        words: Any = {"type": "text", "text": "Hello"}
        extra: Any = {}
        match mark:
            case "tools":
                tool["cache_control"] = control
            case "system":
                block["cache_control"] = control
            case "messages":
                words["cache_control"] = control
            case _:
                extra = {"extra_body": {"cache_control": control}}
        for _ in range(3):
            await client.messages.create(
                model="plain",
                max_tokens=5,
                system=[block],
                tools=[tool],
                messages=[{"role": "user", "content": [words]}],
                **extra,
            )
        bodies = [json.loads(each["body"]) for each in simulated.report()["last_requests"]]
        assert all(json.dumps(body).count("cache_control") == 1 for body in bodies)
        assert {event.prompt_cache for event in gateway.events} == {"the caller has marks of its own"}
        assert not any(event.savings for event in gateway.events)


@on_loop
async def test_calls_that_come_every_ten_minutes_are_kept_for_an_hour(tmp_path: Path) -> None:
    async with caching(tmp_path) as (gateway, simulated):
        for _ in range(8):
            async with claude(gateway) as client:
                await converse(client, SYSTEM, 1)
            gateway.advance(600)
            simulated.let_pass(600)
        usages = [usage_of(event) for event in gateway.events]
        assert any(usage.cache_write_1h_tokens for usage in usages)
        assert all(usage.cache_write_tokens == usage.cache_write_1h_tokens for usage in usages)
        assert usages[-1].cache_read_tokens > 1_024
        paid, whole = input_nanos(gateway.events, card_of(gateway))
        assert paid < whole


@on_loop
async def test_calls_that_come_once_a_day_are_left_alone(tmp_path: Path) -> None:
    async with caching(tmp_path) as (gateway, simulated):
        for _ in range(6):
            async with claude(gateway) as client:
                await converse(client, SYSTEM, 1)
            gateway.advance(86_400)
            simulated.let_pass(86_400)
        assert not any(event.cache_write_tokens for event in gateway.events)


@on_loop
async def test_an_agents_long_steps_stay_within_what_a_mark_looks_back_on(tmp_path: Path) -> None:
    async with caching(tmp_path) as (gateway, _), claude(gateway) as client:
        tool: Any = {"name": "look", "input_schema": {"type": "object"}}
        messages: list[Any] = [{"role": "user", "content": MORE * 4}]
        for step in range(4):
            await client.messages.create(model="plain", max_tokens=5, system=SYSTEM, tools=[tool], messages=messages)
            ids = [f"toolu_{step}_{number}" for number in range(14)]
            calls = [{"type": "tool_use", "id": one, "name": "look", "input": {}} for one in ids]
            results = [{"type": "tool_result", "tool_use_id": one, "content": f"{one} {MORE[:200]}"} for one in ids]
            messages += [{"role": "assistant", "content": calls}, {"role": "user", "content": results}]
        reads = [event.cache_read_tokens for event in gateway.events]
        assert reads[:2] == [0, 0]
        assert reads[1] < reads[2] < reads[3]  # each time all of what was kept the time before
        kept = [event.cache_read_tokens + event.cache_write_tokens for event in gateway.events]
        assert reads[2:] == kept[1:3]


@on_loop
async def test_callers_of_other_dialects_are_served_with_marks_as_well(tmp_path: Path) -> None:
    for kind, member in (("anthropic", "cache_control"), ("bedrock", "cachePoint")):
        folder = tmp_path / kind
        folder.mkdir()
        async with caching(folder, kind) as (gateway, simulated), sdk(gateway) as client:
            messages: list[Any] = [{"role": "system", "content": SYSTEM}]
            for turn in range(4):
                messages.append({"role": "user", "content": f"{turn} {MORE}"})
                made = await client.chat.completions.create(model="plain", max_tokens=20, messages=messages)
                messages.append({"role": "assistant", "content": made.choices[0].message.content})
            assert [event.cache_read_tokens > 0 for event in gateway.events] == [False, False, True, True]
            assert gateway.events[-1].savings.startswith("prompt_cache=")
            bodies = [each["body"] for each in simulated.report()["last_requests"]]
            assert sorted(member in body for body in bodies) == [False, True, True, True]


@on_loop
async def test_openai_is_sent_a_key_of_the_tenants_own_unless_the_caller_has_one(tmp_path: Path) -> None:
    async with caching(tmp_path, "openai", target="gpt-4.1") as (gateway, simulated):
        async with sdk(gateway) as shop, sdk(gateway, LIMITED_KEY) as intern:
            messages: Any = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "Hello"}]
            calls: list[Any] = [(shop, {}), (shop, {}), (intern, {}), (shop, {"prompt_cache_key": "mine"})]
            for client, extra in calls:
                await client.chat.completions.create(model="plain", max_tokens=5, messages=messages, **extra)
        sent = [json.loads(each["body"]) for each in simulated.report()["last_requests"]]
        keys = [body["prompt_cache_key"] for body in sorted(sent, key=json.dumps)]
        assert sorted(keys).count("mine") == 1
        first, second, third = sorted(key for key in keys if key != "mine")
        assert len({first, second, third}) == 2
        assert all(len(key) == 32 for key in (first, second, third))
        assert all(event.savings == "" for event in gateway.events)


@on_loop
async def test_models_that_charge_for_what_they_keep_keep_only_what_comes_again(tmp_path: Path) -> None:
    async with caching(tmp_path, "openai", target="gpt-5.6-sol") as (gateway, _), sdk(gateway) as client:
        for number in range(14):
            messages: Any = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": f"{number} {MORE}"}]
            await client.chat.completions.create(model="plain", max_tokens=5, messages=messages)
            gateway.advance(61)
        writes = [event.cache_write_tokens for event in gateway.events]
        reads = [event.cache_read_tokens for event in gateway.events]
        assert writes[0] > 3_000  # all of it, as the provider does by itself
        assert writes[-3:] == [0, 0, 0]
        assert min(reads[-3:]) > 2_000
        paid, whole = input_nanos(gateway.events, card_of(gateway))
        assert paid < whole


@on_loop
async def test_a_conversation_stays_with_the_target_that_has_its_prompt(tmp_path: Path) -> None:
    names = ("one", "two", "three")
    async with running(Scenario(providers=tuple(simulator(name) for name in names))) as simulators:
        sections = [provider(each.name, each.base_url) for each in simulators]
        targets = model("plain", *names, strategy='"weighted"')
        async with serving(tmp_path, ON, *sections, targets) as gateway, sdk(gateway) as client:
            for number in range(4):
                messages: list[Any] = [{"role": "user", "content": f"Conversation {number}"}]
                for _ in range(5):
                    made = await client.chat.completions.create(model="plain", messages=messages, max_tokens=5)
                    said = made.choices[0].message.content
                    messages += [{"role": "assistant", "content": said}, {"role": "user", "content": "And?"}]
            for first in range(0, 20, 5):
                assert len({event.provider for event in gateway.events[first : first + 5]}) == 1
            assert any("has the conversation's prompt in its cache" in event.route for event in gateway.events)


@on_loop
async def test_a_target_that_fails_takes_its_marks_with_it(tmp_path: Path) -> None:
    faults = (PlannedFault(kind=500),)
    specs = (
        simulator("anthropic", *faults, dialect="anthropic", prompt_cache=True),
        simulator("openai", prompt_cache=True),
    )
    async with running(Scenario(providers=specs)) as (one, other):
        sections = [ON, UNBROKEN, provider_of("anthropic", one.base_url), provider_of("openai", other.base_url)]
        targets = model("plain", "anthropic/claude-sonnet-4-5", "openai/gpt-4.1")
        async with serving(tmp_path, *sections, targets) as gateway, claude(gateway) as client:
            await converse(client, SYSTEM, 3)
            assert {event.provider for event in gateway.events} == {"openai"}
            assert all("prompt_cache=" not in event.savings for event in gateway.events)


REFUSAL = b'{"error":{"message":"Unrecognized request argument supplied: prompt_cache_key"}}'


@on_loop
async def test_a_target_that_refuses_marks_is_asked_without_them_and_left_alone(tmp_path: Path) -> None:
    question: Any = [{"role": "user", "content": SYSTEM}]
    async with scripted(tmp_path, refuses(400, REFUSAL), completes(), completes(), sections=ON) as (gateway, playing):
        async with sdk(gateway) as client:
            for _ in range(2):
                made = await client.chat.completions.create(model="plain", messages=question)
                assert made.choices[0].message.content == "Hello."
        assert [b"prompt_cache_key" in body for body in playing.bodies] == [True, False, False]
        assert [event.attempts for event in gateway.events] == [1, 1]


@on_loop
async def test_a_refusal_for_another_reason_stays_one(tmp_path: Path) -> None:
    question: Any = [{"role": "user", "content": SYSTEM}]
    async with scripted(tmp_path, refuses(400), sections=ON) as (gateway, playing), sdk(gateway) as client:
        with pytest.raises(openai.BadRequestError):
            await client.chat.completions.create(model="plain", messages=question)
        assert len(playing.bodies) == 1


@on_loop
async def test_what_fails_has_lost_nothing_and_is_not_taken_for_kept(tmp_path: Path) -> None:
    async with caching(tmp_path, sections=ON + UNBROKEN) as (gateway, simulated), claude(gateway) as client:
        await converse(client, SYSTEM, 5)
        reuse = gateway.parts.pipeline._prompt_caching
        assert reuse is not None
        account = b"team\0\0shop\0anthropic/" + MODELS["anthropic"].encode()
        credit = reuse.reuse.credit(account)
        assert credit > 0
        simulated.set_faults(PlannedFault(kind=400))
        for number in range(5):
            with pytest.raises(anthropic.BadRequestError):
                await converse(client, f"{number} {SYSTEM}", 1, session=f"{number}")
        assert reuse.reuse.credit(account) == credit


@on_loop
async def test_a_document_before_the_question_is_kept_for_further_questions(tmp_path: Path) -> None:
    async with caching(tmp_path) as (gateway, _), claude(gateway) as client:
        for number in range(4):
            document: Any = {"type": "text", "text": SYSTEM}
            question: Any = {"type": "text", "text": f"Question {number}: {MORE}"}
            messages: Any = [{"role": "user", "content": [document, question]}]
            await client.messages.create(model="plain", max_tokens=5, messages=messages)
        assert [event.cache_read_tokens > 2_000 for event in gateway.events] == [False, False, True, True]
        assert all(event.cache_write_tokens == 0 for event in gateway.events[2:])


@on_loop
async def test_single_calls_with_examples_keep_the_examples_alone(tmp_path: Path) -> None:
    async with caching(tmp_path) as (gateway, _), claude(gateway) as client:
        examples: list[Any] = []
        for number in range(6):
            examples.append({"role": "user", "content": f"{number} {MORE}"})
            examples.append({"role": "assistant", "content": f"Answer {number}"})
        for number in range(6):
            messages: Any = [*examples, {"role": "user", "content": f"And {number}? {MORE}"}]
            await client.messages.create(model="plain", max_tokens=5, messages=messages)
            gateway.advance(61)
        assert gateway.events[0].cache_write_tokens == 0
        assert [event.cache_read_tokens > 2_500 for event in gateway.events[-3:]] == [True] * 3
        assert all(event.cache_write_tokens == 0 for event in gateway.events[-2:])


@on_loop
async def test_routing_to_a_cheaper_target_is_on_record_as_saved(tmp_path: Path) -> None:
    async with running(Scenario(providers=(simulator("openai"),))) as (simulated,):
        targets = model("plain", "openai/gpt-5.2", "openai/gpt-5-mini", strategy='"cheapest"')
        async with (
            serving(tmp_path, provider("openai", simulated.base_url), targets) as gateway,
            sdk(gateway) as client,
        ):
            await client.chat.completions.create(model="plain", messages=[{"role": "user", "content": "Hello"}])
            event = await gateway.event()
            dear = cost_of(usage_of(event), gateway.snapshot.models[0].targets[0].card, event.started_ms).nanos
            assert event.provider_model == "gpt-5-mini"
            assert dear is not None
            assert event.cost_nanos is not None
            assert savings.read(event.savings) == {"routing": dear - event.cost_nanos}


@on_loop
async def test_a_stream_is_marked_and_reckoned_like_a_whole_answer(tmp_path: Path) -> None:
    async with caching(tmp_path) as (gateway, _), claude(gateway) as client:
        for number in range(3):
            messages: Any = [{"role": "user", "content": f"{number} {MORE}"}]
            async with client.messages.stream(model="plain", max_tokens=5, system=SYSTEM, messages=messages) as told:
                await told.get_final_message()
        assert [event.cache_read_tokens > 0 for event in gateway.events] == [False, False, True]
        assert savings.read(gateway.events[-1].savings)["prompt_cache"] > 0


@on_loop
async def test_without_the_hosts_secret_requests_go_on_as_they_came(tmp_path: Path) -> None:
    async with caching(tmp_path) as (gateway, simulated), claude(gateway) as client:
        (tmp_path / "state").mkdir(exist_ok=True)
        (tmp_path / "state" / SECRET_FILE).write_bytes(b"short")
        await converse(client, SYSTEM, 4)
        assert all("cache_control" not in each["body"] for each in simulated.report()["last_requests"])
        assert [event.outcome for event in gateway.events] == ["complete"] * 4


@on_loop
async def test_nothing_is_marked_unless_it_is_switched_on(tmp_path: Path) -> None:
    async with caching(tmp_path, sections="") as (gateway, simulated), claude(gateway) as client:
        await converse(client, SYSTEM, 4)
        assert all("cache_control" not in each["body"] for each in simulated.report()["last_requests"])
        assert {(event.savings, event.prompt_cache) for event in gateway.events} == {("", "")}


@on_loop
async def test_a_model_of_its_own_mind_wins_over_the_general_section(tmp_path: Path) -> None:
    async with running(Scenario(providers=(simulator("anthropic", dialect="anthropic"),))) as (simulated,):
        sections = (ON, provider_of("anthropic", simulated.base_url))
        own = model("plain", "anthropic/claude-sonnet-4-5", optimize="{ prompt_cache = false }")
        async with serving(tmp_path, *sections, own) as gateway, claude(gateway) as client:
            await converse(client, SYSTEM, 3)
            assert {event.prompt_cache for event in gateway.events} == {""}


@on_loop
async def test_the_answer_says_why_its_prompt_was_marked(tmp_path: Path) -> None:
    async with caching(tmp_path) as (gateway, _), claude(gateway) as client:
        await converse(client, SYSTEM, 2)
        raw = await client.messages.with_raw_response.create(
            model="plain", max_tokens=5, system=SYSTEM, messages=[{"role": "user", "content": "Hello"}]
        )
        said = raw.headers["x-stellwerk-prompt-cache"]
        assert said == gateway.events[-1].prompt_cache
        assert said.startswith("1 mark: a beginning is most likely kept")
