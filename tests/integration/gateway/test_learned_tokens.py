"""What providers count is learned from their answers, and used for limits of tokens and for answers that broke off."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stellwerk.core.prompt_tokens import LEAST_COUNTS
from tests.integration.gateway.clients import asking, chat, once, raw
from tests.integration.gateway.kit import KEY
from tests.integration.gateway.scenes import scripted
from tests.integration.gateway.upstream import COMPLETION, completes
from tests.integration.http.loop import eventually, on_loop

PROMPT = "The signal box sets the route of every train and keeps all the others away from it. " * 40
TOKENS = 690
LIMITED_KEY = "limited-key-0123456789"
LIMITED = (
    f'[[keys]]\nname = "web"\nkey = "{KEY}"\n'
    f'[[keys]]\nname = "limited"\nkey = "{LIMITED_KEY}"\nlimits = {{ tpm = 1000 }}\n'
)
COUNTED = COMPLETION.replace(b'"prompt_tokens":11', b'"prompt_tokens":%d' % TOKENS)


@on_loop
async def test_a_limit_of_tokens_has_room_for_what_prompts_have_come_to(tmp_path: Path) -> None:
    acts = [completes(COUNTED)] * (LEAST_COUNTS + 1)
    async with scripted(tmp_path, *acts, sections=LIMITED) as (gateway, _):
        limited = chat(asking(PROMPT, max_tokens=100), key=LIMITED_KEY)
        assert (await once(gateway, limited)).status == 429  # by any bound it might have too many
        for _ in range(LEAST_COUNTS):
            assert (await once(gateway, chat(asking(PROMPT)))).status == 200
        assert (await once(gateway, limited)).status == 200
        assert (await once(gateway, limited)).status == 429  # it was taken for what it used


@on_loop
async def test_a_budget_is_never_given_what_was_learned(tmp_path: Path) -> None:
    # At 0.25 and 2 dollars for a million tokens: enough for what the prompt has, and not for what it might have.
    budget = LIMITED.replace("limits = { tpm = 1000 }", "budget = { limit_usd = 0.00022, hard = true }")
    acts = [completes(COUNTED)] * LEAST_COUNTS
    async with scripted(tmp_path, *acts, sections=budget) as (gateway, _):
        for _ in range(LEAST_COUNTS):
            assert (await once(gateway, chat(asking(PROMPT)))).status == 200
        assert (await once(gateway, chat(asking(PROMPT, max_tokens=100), key=LIMITED_KEY))).status == 402


@on_loop
async def test_a_prompt_whose_answer_broke_off_counts_as_such_prompts_have(tmp_path: Path) -> None:
    acts = [completes(COUNTED)] * LEAST_COUNTS
    async with scripted(tmp_path, *acts, None) as (gateway, upstream):
        for _ in range(LEAST_COUNTS):
            assert (await once(gateway, chat(asking(PROMPT)))).status == 200
        async with raw(gateway) as caller:
            await caller.send(chat(asking(PROMPT)))
            await eventually(lambda: upstream.held)
            caller.reset()
            event = await gateway.event(LEAST_COUNTS + 1)
        assert (event.outcome, event.is_estimated) == ("cancelled", True)
        assert event.input_tokens == pytest.approx(TOKENS, rel=0.02)


@on_loop
async def test_what_is_no_count_of_the_prompt_is_not_learned(tmp_path: Path) -> None:
    uncounted = json.dumps({**json.loads(COMPLETION), "usage": None}).encode()
    async with scripted(tmp_path, completes(uncounted), completes(COUNTED)) as (gateway, _):
        ((_, standing),) = gateway.parts.standings
        assert (await once(gateway, chat(asking(PROMPT)))).status == 200
        assert standing.factors.learned == 0
        assert (await once(gateway, chat(asking(PROMPT)))).status == 200
        assert standing.factors.learned == 1
