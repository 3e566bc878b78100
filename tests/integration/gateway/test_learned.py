"""Prompts that a weak target was learned to do for go there, and all others to the strong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from stellwerk.core.learned_route import Cut, Head, LearnedRoute, encode
from tests.integration.gateway.clients import asking, chat, once
from tests.integration.gateway.scenes import scripts
from tests.integration.gateway.upstream import completes
from tests.integration.http.loop import on_loop

ALWAYS = LearnedRoute(1, b"", Head(-1.0, b""), Head(-1.0, b""), 1.0, 0.0, 100, (Cut(0.4, 1.0, 1.0),), 0.9)
"""By this one every text goes to the weak target."""


@pytest.mark.parametrize(("text", "provider"), [("Name the river.", b"one"), ("", b"two")])
@on_loop
async def test_a_prompt_goes_where_it_was_learned_to(tmp_path: Path, text: str, provider: bytes) -> None:
    (tmp_path / "route.model").write_bytes(encode(ALWAYS))
    options = {"strategy": '"learned"', "strategy_options": '{ model = "route.model" }'}
    async with scripts(tmp_path, (completes(),), (completes(),), sections="", **options) as (gateway, _):
        told = await once(gateway, chat(asking(text)))
        assert (told.status, told.fields[b"x-stellwerk-provider"]) == (200, provider)
