"""Purging the cache through the API: who may, what is said of it, and that workers obey."""

import asyncio
import time
from collections.abc import Callable
from functools import partial

from fastapi.testclient import TestClient

from stellwerk.admin.app import application
from stellwerk.alerting.channels import Channels
from stellwerk.config.caching import open_cache
from stellwerk.core.cached import Entry
from stellwerk.core.snapshot import StateSpec
from stellwerk.ports.cache import Cache
from stellwerk.supervisor.log import Log
from tests.unit.admin.kit import SNAPSHOT, TOKEN, Admin, made, refused

CACHE = "/admin/v1/cache"
KEY = bytes(range(16))


def entry() -> Entry:
    """An answer of a tenant."""
    now = int(time.time() * 1_000)
    return Entry(KEY, KEY, "shop", "smart", "p/m", "openai_chat", False, b"{}", now, now + 90_000, now + 90_000)


def worker(admin: Admin, story: Callable[[Cache], None]) -> None:
    """Has a worker's cache, until what was kept is written."""

    async def run() -> None:
        cache = open_cache(StateSpec(str(admin.state)), workers=2)
        story(cache)
        await asyncio.to_thread(cache.close)

    asyncio.run(run())


def test_a_purge_is_audited_and_in_force_when_it_is_answered(admin: Admin) -> None:
    client = admin.client()
    worker(admin, lambda cache: cache.keep(entry(), int(time.time() * 1_000)))
    with client:
        shown = made(client.get(CACHE))
        assert (shown["backend"], shown["shared"], shown["entries"]) == ("sqlite", True, 1)
        assert shown["size_bytes"] > 100
        assert made(client.post(f"{CACHE}/purge", json={"tenant": "shop", "model": "smart"})) == {
            "purged": "tenant=shop model=smart"
        }
    assert admin.audited[-1] == ("cache.purge", "tenant=shop model=smart")

    async def story() -> None:
        cache = open_cache(StateSpec(str(admin.state)), workers=2)
        found: asyncio.Future[Entry | None] = asyncio.get_running_loop().create_future()
        cache.fetch((KEY,), int(time.time() * 1_000), 10.0, found.set_result)
        assert await found is None
        assert cache.figures().troubles == 0
        cache.close()

    asyncio.run(story())


def test_it_is_said_what_is_to_go(admin: Admin) -> None:
    client = admin.client()
    for body in ({}, {"all": False}, {"all": True, "tag": "x"}, {"key": "zz"}, {"tenant": ""}, {"before_s": -1.0}):
        refused(client.post(f"{CACHE}/purge", json=body), 422)
    for body in ({"all": True}, {"key": KEY.hex()}, {"scope": KEY.hex(), "before_s": 5.0}, {"tag": "document=42"}):
        made(client.post(f"{CACHE}/purge", json=body))
    assert [target for what, target in admin.audited if what == "cache.purge"] == [
        "all",
        f"key={KEY.hex()}",
        f"scope={KEY.hex()} before_s=5.0",
        "tag=document=42",
    ]


def test_whoever_may_only_look_or_has_a_team_alone_purges_nothing(admin: Admin) -> None:
    viewer = admin.token("viewer")
    refused(viewer.post(f"{CACHE}/purge", json={"all": True}), 403)
    refused(admin.token("admin", "shop").post(f"{CACHE}/purge", json={"all": True}), 403)
    made(viewer.get(CACHE))
    refused(admin.token("viewer", "shop").get(CACHE), 403)


def test_a_cache_that_cannot_be_reached_is_told(admin: Admin) -> None:
    (admin.state / "cache.db").mkdir()
    client = admin.client()
    refused(client.post(f"{CACHE}/purge", json={"all": True}), 503)
    refused(client.get(CACHE), 503)


def test_a_cache_that_each_worker_has_for_itself_is_purged_and_not_shown(admin: Admin) -> None:
    channels = Channels(SNAPSHOT, admin.changes.clock, Log(admin.lines))
    opening = partial(open_cache, StateSpec(str(admin.state)), workers=1)
    app = application(admin.changes, admin.around, channels, "memory", opening)
    client = TestClient(app, headers={"authorization": f"Bearer {TOKEN}"})

    async def story() -> None:
        cache = opening()
        now = int(time.time() * 1_000)
        cache.keep(entry(), now)
        assert cache.peek(KEY, now) is not None
        assert made(client.get(CACHE))["entries"] is None
        made(client.post(f"{CACHE}/purge", json={"model": "smart"}))
        async with asyncio.timeout(10):
            while cache.peek(KEY, now) is not None:  # noqa: ASYNC110  # it looks at a file
                await asyncio.sleep(0.01)
        cache.close()

    asyncio.run(story())
