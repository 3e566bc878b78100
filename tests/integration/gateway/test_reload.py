"""A new version of the configuration: who is under way finishes as they began, who comes later is served by it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from stellwerk.errors import ConfigurationError
from tests.integration.gateway.clients import asking, chat, once, raw, sdk, whole
from tests.integration.gateway.evidence import provider_key
from tests.integration.gateway.kit import KEY, SERVER, Gateway, model, provider, serving
from tests.integration.gateway.scenes import scripted
from tests.integration.gateway.upstream import (
    COMPLETION,
    DONE,
    FINISH,
    LAST_CHUNK,
    ROLE,
    STREAM_HEAD,
    chunk,
    completes,
    refuses,
    said,
    script,
    streams,
)
from tests.integration.http.caller import get
from tests.integration.http.loop import eventually, on_loop, settled
from tests.integration.http.provider import reply

OTHER_KEYS = '\n[[keys]]\nname = "other"\nkey = "other-key-0123456789"\n'


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "streamed"])
@on_loop
async def test_a_request_under_way_finishes_as_it_began(tmp_path: Path, is_stream: bool) -> None:
    async with script(None) as old, script(completes(), streams()) as new:
        parts = (provider("old", old.base_url), model("plain", "old"))
        async with serving(tmp_path, *parts) as gateway, raw(gateway) as caller:
            await caller.ask(asking(stream=is_stream))
            await eventually(lambda: old.held)
            gateway.adopt(gateway.compile(provider("new", new.base_url) + model("plain", "new/m") + OTHER_KEYS))
            assert (await once(gateway, chat(asking()))).status == 401
            told = await once(gateway, chat(asking(), key="other-key-0123456789"))
            assert told.fields[b"x-stellwerk-provider"] == b"new"
            if is_stream:
                await old.held[0].send(STREAM_HEAD, chunk(ROLE + said("a")), chunk(FINISH + DONE), LAST_CHUNK)
            else:
                await old.held[0].send(reply(COMPLETION))
            answer = await caller.answer(to=b"POST")
            assert answer.status == 200
            assert answer.field(b"x-stellwerk-provider") == b"old"
            assert [event.key_name for event in gateway.events] == ["", "other", "web"]


@on_loop
async def test_a_stream_goes_on_over_several_reloads(tmp_path: Path) -> None:
    async with scripted(tmp_path, None) as (gateway, upstream), raw(gateway) as caller:
        await caller.ask(asking(stream=True))
        await eventually(lambda: upstream.held)
        await upstream.held[0].send(STREAM_HEAD, chunk(ROLE), chunk(said("0")))
        text = gateway.source
        for number in range(1, 6):
            gateway.adopt(gateway.compile(text))
            await upstream.held[0].send(chunk(said(f"{number}")))
        await upstream.held[0].send(chunk(FINISH + DONE), LAST_CHUNK)
        answer = await caller.answer(to=b"POST")
        assert answer.body == b"".join((ROLE, *(said(f"{number}") for number in range(6)), FINISH, DONE))


@on_loop
async def test_a_request_that_fails_after_a_reload_moves_on_to_the_targets_that_it_began_with(tmp_path: Path) -> None:
    async with script(None) as first, script(completes()) as second, script(completes()) as newer:
        parts = provider("a", first.base_url), provider("b", second.base_url), model("plain", "a", "b")
        async with serving(tmp_path, *parts) as gateway, raw(gateway) as caller:
            await caller.ask(asking())
            await eventually(lambda: first.held)
            gateway.adopt(gateway.compile(provider("c", newer.base_url) + model("plain", "c")))
            await first.held[0].end(reset=True)
            told = await caller.told()
            assert told.fields[b"x-stellwerk-provider"] == b"b"
            assert not newer.requests


@on_loop
async def test_connections_and_callers_stay_over_a_reload(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, upstream), raw(gateway) as caller:
        text = gateway.source
        for _ in range(4):
            await caller.ask(asking())
            assert (await caller.told()).status == 200
            gateway.adopt(gateway.compile(text))
        assert upstream.connections == 1


@on_loop
async def test_a_new_key_of_a_provider_is_used_from_then_on(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("upstream-secret-first\n", encoding="utf-8")
    async with script() as upstream:
        text = provider("one", upstream.base_url).replace(provider_key("one"), f"file:{secret}") + model("plain", "one")
        async with serving(tmp_path, text) as gateway:
            await once(gateway, chat(asking()))
            secret.write_text("upstream-secret-second\n", encoding="utf-8")
            await once(gateway, chat(asking()))
            gateway.adopt(gateway.compile(text))
            await once(gateway, chat(asking()))
        used = [b"upstream-secret-second" in request for request in upstream.requests]
        assert used == [False, False, True]


def state_of(gateway: Gateway) -> tuple[object, ...]:
    """Everything that a reload replaces."""
    parts = gateway.parts
    return (parts.pipeline.configuration, parts.app.paths, parts.front.limits, parts.pool.max_reply_bytes)


@pytest.mark.parametrize("fault", ["gone", "empty", "two lines", "not ASCII", "not text"])
@on_loop
async def test_a_version_with_a_secret_that_cannot_serve_changes_nothing(tmp_path: Path, fault: str) -> None:
    """The file was sound when it was compiled; what a worker finds is something else."""
    secret = tmp_path / "key"
    secret.write_text("upstream-secret-one", encoding="utf-8")
    async with script() as upstream:
        text = provider("one", upstream.base_url).replace(provider_key("one"), f"file:{secret}") + model("plain", "one")
        async with serving(tmp_path, text) as gateway:
            before = state_of(gateway)
            broken = gateway.compile(text + "[server]\nlimits = { max_body_bytes = 7 }\n")
            contents = {
                "empty": b"",
                "two lines": b"upstream-secret\r\nx-evil: 1",
                "not ASCII": b"upstream-secret-\xc3\xa4",
                "not text": b"upstream-secret-\xff",
            }
            if fault == "gone":
                secret.unlink()
            else:
                secret.write_bytes(contents[fault])
            with pytest.raises(ConfigurationError) as refused:
                gateway.adopt(broken)
            assert "upstream-secret" not in "".join(refused.value.problems)
            assert state_of(gateway) == before
            assert (await once(gateway, chat(asking()))).status == 200


@on_loop
async def test_a_version_whose_provider_refuses_its_options_changes_nothing(tmp_path: Path) -> None:
    """A compiled file of another version may hold what this one would not have compiled."""
    async with scripted(tmp_path) as (gateway, _):
        before = state_of(gateway)
        (spec,) = gateway.snapshot.providers
        for options in ({"base_url": "ftp://x/v1"}, {"base_url": "https://x/v1", "organization": "a\r\nb"}, {"x": 1}):
            other = msgspec.structs.replace(spec, options=options)
            with pytest.raises(ConfigurationError, match="provider"):
                gateway.adopt(msgspec.structs.replace(gateway.snapshot, providers=(other,)))
            assert state_of(gateway) == before
        strange = msgspec.structs.replace(gateway.snapshot.models[0], strategy="upside-down")
        with pytest.raises(ConfigurationError, match="upside-down"):
            gateway.adopt(msgspec.structs.replace(gateway.snapshot, models=(strange,)))
        assert state_of(gateway) == before
        assert (await once(gateway, chat(asking()))).status == 200


@on_loop
async def test_every_bound_of_the_new_version_holds(tmp_path: Path) -> None:
    limits = (
        "limits = { max_body_bytes = 1_000, max_reply_bytes = 2_000, max_event_bytes = 3_000, max_json_depth = 5 }\n"
    )
    big_event = streams(ROLE, said("a"), said("x" * 200_000)[:100_000], said("x" * 200_000)[100_000:], DONE)
    async with scripted(tmp_path, completes(COMPLETION + b" " * 5_000), big_event) as (gateway, _):
        text = gateway.source
        assert (await once(gateway, chat(asking("x" * 2_000)))).status == 200
        gateway.adopt(gateway.compile(text.replace(SERVER, SERVER + limits)))
        assert b"upstream_invalid" in (await whole(gateway, chat(asking(stream=True)))).body
        assert (await once(gateway, chat(asking("x" * 2_000)))).status == 413
        assert (await once(gateway, chat(asking(metadata=[[[[[[]]]]]])))).status == 400
    over = completes(COMPLETION + b" " * 5_000)
    async with scripted(tmp_path, over, retry="{ same_target = 0 }") as (gateway, _):
        text = gateway.source
        gateway.adopt(gateway.compile(text.replace(SERVER, SERVER + limits)))
        told = await once(gateway, chat(asking()))
        assert (told.status, told.error["code"]) == (502, "upstream_invalid")


@on_loop
async def test_models_keys_and_pages_of_the_new_version_are_known_at_once(tmp_path: Path) -> None:
    async with scripted(tmp_path, refuses(400)) as (gateway, upstream):
        more = model("later", "one") + provider("one", upstream.base_url)
        cors = SERVER + 'cors = { origins = ["https://app.example.com"] }\n'
        gateway.adopt(gateway.compile(cors + more + OTHER_KEYS))
        async with sdk(gateway, "other-key-0123456789") as client:
            assert [one.id async for one in client.models.list()] == ["later"]
        told = await once(gateway, chat(asking(model="later"), key="other-key-0123456789"))
        assert told.status == 400
        page = await whole(gateway, get(b"/livez", b"Origin: https://app.example.com"), to=b"GET")
        assert page.field(b"access-control-allow-origin") == b"https://app.example.com"
        metrics = await whole(gateway, get(b"/metrics"), to=b"GET")
        assert b'model="later"' in metrics.body
        assert (await once(gateway, chat(asking(), key=KEY))).status == 401


@on_loop
async def test_a_reload_under_load_loses_nobody(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, _), raw(gateway) as one, raw(gateway) as two:
        text = gateway.source
        versions = [gateway.compile(text) for _ in range(5)]
        for number in range(50):
            await one.ask(asking())
            await two.ask(asking())
            if number % 10 == 0:
                gateway.adopt(versions[number // 10])
            assert (await one.told()).status == (await two.told()).status == 200
        await settled()
        assert len(gateway.events) == 100
