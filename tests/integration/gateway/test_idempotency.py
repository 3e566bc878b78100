"""A caller's idempotency key goes along to every target, and nobody meets another caller's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.gateway.clients import asking, chat, once, whole
from tests.integration.gateway.kit import LIMITED_KEY
from tests.integration.gateway.scenes import scripts
from tests.integration.gateway.upstream import completes, refuses
from tests.integration.http.loop import on_loop


def keys(request: bytes) -> list[bytes]:
    """The idempotency keys that reached the provider."""
    lines = request.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return [line.partition(b": ")[2] for line in lines if line.lower().startswith(b"idempotency-key:")]


@on_loop
async def test_every_attempt_has_the_same_key_which_is_the_callers_own(tmp_path: Path) -> None:
    acts = (refuses(500), refuses(500), completes()), (refuses(500), completes())
    async with scripts(tmp_path, *acts) as (gateway, (one, two)):
        assert (await whole(gateway, chat(asking(), b"idempotency-key: order-17"))).status == 200
        assert (await whole(gateway, chat(asking(), b"Idempotency-Key: order-17", key=LIMITED_KEY))).status == 200
        first, second = keys(one.requests[0]), keys(one.requests[1])
        assert keys(two.requests[0]) == first
        assert [len(first), len(second)] == [1, 1]
        assert first != second
        assert b"order-17" not in b"".join(one.requests + two.requests)


@on_loop
async def test_who_sends_none_has_none(tmp_path: Path) -> None:
    async with scripts(tmp_path, (completes(),)) as (gateway, (one,)):
        await once(gateway, chat(asking()))
        assert keys(one.requests[0]) == []


@pytest.mark.parametrize("key", [b"", b"k" * 256], ids=["empty", "too long"])
@on_loop
async def test_a_key_that_is_none_is_refused(tmp_path: Path, key: bytes) -> None:
    async with scripts(tmp_path, (completes(),)) as (gateway, (one,)):
        told = await once(gateway, chat(asking(), b"idempotency-key: " + key))
        assert (told.status, told.error["param"]) == (400, "idempotency-key")
        assert not one.requests
