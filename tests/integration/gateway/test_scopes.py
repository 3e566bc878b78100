"""Whose limits and budgets a request falls under: its key's, those above it, and those of what it asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.gateway.clients import asking, chat, once
from tests.integration.gateway.kit import model, provider, serving
from tests.integration.gateway.scenes import scripted
from tests.integration.gateway.upstream import completes, refuses, script
from tests.integration.http.loop import on_loop

FIRST, SECOND, STRANGER = "first-key-0123456789", "second-key-0123456789", "stranger-key-0123456789"
KEYS = f"""
[[keys]]
name = "first"
key = "{FIRST}"
team = "shop"
user = "anne"
tags = ["env=prod"]

[[keys]]
name = "second"
key = "{SECOND}"
team = "shop"

[[keys]]
name = "stranger"
key = "{STRANGER}"
"""
ONE = "limits = { rpm = 1 }"
CASES = [
    (f'[[teams]]\nname = "shop"\n{ONE}\n', [FIRST, SECOND], [STRANGER]),
    (
        f'[[organizations]]\nname = "acme"\n{ONE}\n\n[[teams]]\nname = "shop"\norganization = "acme"\n',
        [FIRST, SECOND],
        [],
    ),
    (f'[[users]]\nname = "anne"\n{ONE}\n', [FIRST, FIRST], [SECOND]),
    (f'[[tags]]\ntag = "env=prod"\n{ONE}\n', [FIRST, FIRST], [SECOND, STRANGER]),
]


@pytest.mark.parametrize(("section", "together", "apart"), CASES, ids=["team", "organization", "user", "tag"])
@on_loop
async def test_who_belongs_together_shares_a_limit(
    tmp_path: Path, section: str, together: list[str], apart: list[str]
) -> None:
    acts = (completes(),) * 6
    async with scripted(tmp_path, *acts, sections=KEYS + section) as (gateway, _):
        assert [(await once(gateway, chat(asking(), key=key))).status for key in together] == [200, 429]
        assert {(await once(gateway, chat(asking(), key=key))).status for key in apart} <= {200}


@on_loop
async def test_a_tag_that_the_caller_names_counts_and_its_keys_own_cannot_be_changed(tmp_path: Path) -> None:
    section = f'[[tags]]\ntag = "env=test"\n{ONE}\n'
    acts = (completes(),) * 6
    async with scripted(tmp_path, *acts, sections=KEYS + section) as (gateway, _):
        tagged = [chat(asking(), b"x-stellwerk-tags: a=b,env=test", key=STRANGER)] * 2
        assert [(await once(gateway, request)).status for request in tagged] == [200, 429]
        for _ in range(2):
            told = await once(gateway, chat(asking(), b"x-stellwerk-tags: a=b,env=test", key=FIRST))
            assert told.status == 200
            assert gateway.events[-1].tags == "env=prod,a=b"


@on_loop
async def test_a_limit_of_a_model_holds_for_everybody(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), completes(), sections=KEYS, limits="{ rpm = 1 }") as (gateway, _):
        assert [(await once(gateway, chat(asking(), key=key))).status for key in (FIRST, STRANGER)] == [200, 429]


@on_loop
async def test_a_budget_of_a_provider_is_paid_by_what_it_answers_alone(tmp_path: Path) -> None:
    async with script(refuses(500), refuses(500)) as one, script(completes(), completes()) as two:
        north = provider("one", one.base_url) + "budget = { limit_usd = 0.001 }\n"
        south = provider("two", two.base_url) + "budget = { limit_usd = 0.001 }\n"
        sections = KEYS, north, south, model("plain", "one", "two")
        async with serving(tmp_path, *sections) as gateway:
            assert (await once(gateway, chat(asking(max_tokens=20), key=FIRST))).status == 200
            await gateway.purses.leave()
            read = await gateway.counter.read(gateway.counter._states)
            spent = {id_.split("/")[0]: state.spent for id_, state in read.items()}
            assert spent == {"provider:one": 0, "provider:two": gateway.events[-1].cost_nanos}


@pytest.mark.parametrize("line", ["dialects = ['anthropic']", "networks = ['10.0.0.0/8']"])
@on_loop
async def test_a_key_that_may_not_be_used_so_is_refused_with_the_reason(tmp_path: Path, line: str) -> None:
    keys = f'[[keys]]\nname = "narrow"\nkey = "{FIRST}"\n{line}\n'
    async with scripted(tmp_path, completes(), sections=keys) as (gateway, upstream):
        told = await once(gateway, chat(asking(), key=FIRST))
        assert told.status == 403
        assert not upstream.requests


USERS = (
    '[[users]]\nname = "*"\nlimits = { rpm = 1 }\n\n[[users]]\nname = "anne"\nlimits = { rpm = 2 }\n\n'
    '[[users]]\nname = "mallory"\nenabled = false\n'
)


def on_behalf(user: str, key: str = STRANGER) -> bytes:
    """A request for somebody."""
    return chat(asking(), b"x-stellwerk-user: " + user.encode(), key=key)


@on_loop
async def test_users_that_a_caller_names_are_counted_apart_the_unknown_ones_as_well(tmp_path: Path) -> None:
    async with scripted(tmp_path, *[completes()] * 9, sections=KEYS + USERS) as (gateway, _):
        names = ["bert", "bert", "carl", "anne", "anne", "anne", "carl"]
        answers = [(await once(gateway, on_behalf(name))).status for name in names]
        assert answers == [200, 429, 200, 200, 200, 429, 429]
        assert (gateway.events[0].tags, gateway.events[3].tags) == ("user=bert", "user=anne")
        refused = await once(gateway, on_behalf("mallory"))
        assert (refused.status, "disabled" in refused.error["message"]) == (403, True)
        assert (await once(gateway, chat(asking(), key=STRANGER))).status == 200  # for nobody in particular


@on_loop
async def test_a_key_with_a_user_of_its_own_counts_for_nobody_else(tmp_path: Path) -> None:
    async with scripted(tmp_path, *[completes()] * 4, sections=KEYS + USERS) as (gateway, _):
        asked = [on_behalf(name, FIRST) for name in ("bert", "carl", "dora")]
        assert [(await once(gateway, each)).status for each in asked] == [200, 200, 429]  # as anne
        assert gateway.events[0].tags == "env=prod"


@pytest.mark.parametrize("name", ["", "a,b", "a=b", "*", "x" * 129])
@on_loop
async def test_what_can_be_no_user_is_refused(tmp_path: Path, name: str) -> None:
    async with scripted(tmp_path, sections=KEYS) as (gateway, _):
        refused = await once(gateway, on_behalf(name))
        assert (refused.status, refused.error["param"]) == (400, "x-stellwerk-user")
