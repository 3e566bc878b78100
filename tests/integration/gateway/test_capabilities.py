"""Targets that lack what a request needs, or have no room, are left out; where none is left, callers hear why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.integration.gateway.clients import asking, chat, once
from tests.integration.gateway.kit import Gateway, model, provider, serving
from tests.integration.gateway.upstream import Script, completes, script
from tests.integration.http.loop import on_loop

OLD, NEW = "gpt-3.5-turbo", "gpt-4.1"
"""The old one sees no pictures, knows no schema, and has a small context."""
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
SEEING: dict[str, Any] = {"messages": [{"role": "user", "content": [PICTURE]}]}
SCHEMA: dict[str, Any] = {
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
}


@asynccontextmanager
async def choosing(folder: Path, *targets: str, **options: object) -> AsyncIterator[tuple[Gateway, Script]]:
    """A gateway whose model ``plain`` has these targets, all of one provider."""
    async with script(completes()) as upstream:
        parts = provider("one", upstream.base_url), model("plain", *(f"one/{name}" for name in targets), **options)
        async with serving(folder, *parts) as gateway:
            yield gateway, upstream


@pytest.mark.parametrize("members", [SEEING, SCHEMA], ids=["vision", "json_schema"])
@pytest.mark.parametrize("strategy", ["priority", "weighted", "cheapest", "cascade"])
@on_loop
async def test_a_request_goes_to_who_is_able(tmp_path: Path, members: dict[str, Any], strategy: str) -> None:
    async with choosing(tmp_path, OLD, NEW, strategy=f'"{strategy}"') as (gateway, _):
        told = await once(gateway, chat(asking(**members)))
        assert (told.status, told.fields[b"x-stellwerk-model"]) == (200, NEW.encode())
        assert f"; one/{OLD}: no " in (await gateway.event()).route


@on_loop
async def test_a_request_without_needs_goes_to_the_first(tmp_path: Path) -> None:
    async with choosing(tmp_path, OLD, NEW) as (gateway, _):
        told = await once(gateway, chat(asking()))
        assert told.fields[b"x-stellwerk-model"] == OLD.encode()


@on_loop
async def test_a_prompt_goes_to_who_has_room_for_it(tmp_path: Path) -> None:
    async with choosing(tmp_path, OLD, NEW) as (gateway, _):
        told = await once(gateway, chat(asking("signal " * 40_000)))
        assert told.fields[b"x-stellwerk-model"] == NEW.encode()
        assert "context window 16385, the prompt has at least" in (await gateway.event()).route


@on_loop
async def test_where_nobody_is_able_the_caller_hears_what_is_missing(tmp_path: Path) -> None:
    async with choosing(tmp_path, OLD) as (gateway, upstream):
        told = await once(gateway, chat(asking(**SEEING)))
        assert (told.status, told.error["code"], told.error["param"]) == (404, "no_capable_target", "model")
        assert f"one/{OLD}: no vision" in told.error["message"]
        assert not upstream.requests


@on_loop
async def test_a_fallback_that_is_able_stands_in(tmp_path: Path) -> None:
    async with script(completes()) as upstream:
        parts = (
            provider("one", upstream.base_url),
            model("plain", f"one/{OLD}", fallback='["spare"]'),
            model("spare", f"one/{NEW}"),
        )
        async with serving(tmp_path, *parts) as gateway:
            told = await once(gateway, chat(asking(**SEEING)))
            assert (told.status, told.fields[b"x-stellwerk-model"]) == (200, NEW.encode())


@pytest.mark.parametrize("requires", ["vision", "long_context"])
@on_loop
async def test_what_a_model_requires_its_targets_must_have(tmp_path: Path, requires: str) -> None:
    async with choosing(tmp_path, OLD, NEW, requires=f'["{requires}"]') as (gateway, _):
        assert (await once(gateway, chat(asking()))).fields[b"x-stellwerk-model"] == NEW.encode()
    (tmp_path / "b").mkdir()
    async with choosing(tmp_path / "b", OLD, requires=f'["{requires}"]') as (gateway, _):
        told = await once(gateway, chat(asking()))
        assert (told.status, told.error["code"]) == (404, "no_capable_target")
        assert f"no {requires}" in told.error["message"]


@on_loop
async def test_a_model_that_nobody_knows_is_trusted(tmp_path: Path) -> None:
    async with choosing(tmp_path, "of-our-own") as (gateway, _):
        assert (await once(gateway, chat(asking(**SEEING, **SCHEMA)))).status == 200
