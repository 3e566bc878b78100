"""What the metrics say of the cache: what is kept, and what came to nothing; without a cache nothing."""

from __future__ import annotations

import json
from pathlib import Path

from stellwerk.core.cached import Purge
from tests.integration.gateway.clients import QUESTION, chat, once, whole
from tests.integration.gateway.kit import Gateway
from tests.integration.gateway.scenes import scripted
from tests.integration.gateway.test_operation import TOKEN, parse
from tests.integration.gateway.upstream import completes
from tests.integration.http.caller import get
from tests.integration.http.loop import eventually, on_loop

NAMES = ("entries", "bytes", "troubles_total")


async def samples_of(gateway: Gateway) -> dict[str, float]:
    """What `/metrics` says of the cache."""
    samples, _ = parse((await whole(gateway, get(b"/metrics", TOKEN), to=b"GET")).body.decode())
    return {
        name: samples[f"stellwerk_cache_{name}", ()] for name in NAMES if (f"stellwerk_cache_{name}", ()) in samples
    }


@on_loop
async def test_the_metrics_tell_what_is_kept(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes(), sections="[cache]\nexact = true\n") as (gateway, _):
        assert await samples_of(gateway) == {"entries": 0, "bytes": 0, "troubles_total": 0}
        assert (await once(gateway, chat(json.dumps({"model": "plain", "messages": QUESTION}).encode()))).status == 200
        recollection = gateway.parts.pipeline.recollection
        assert recollection is not None
        await eventually(lambda: recollection.cache.figures().entries == 1)
        found = await samples_of(gateway)
        assert found["entries"] == 1
        assert found["bytes"] > 100
        recollection.cache.close()
        recollection.cache.purge(Purge(), 0)  # nobody can make it any more
        assert (await samples_of(gateway))["troubles_total"] == found["troubles_total"] + 1


@on_loop
async def test_without_a_cache_the_metrics_do_not_tell_of_one(tmp_path: Path) -> None:
    async with scripted(tmp_path, completes()) as (gateway, _):
        assert await samples_of(gateway) == {}
