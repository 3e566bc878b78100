"""The egress policy in a whole gateway: what callers hear, what operators read, and what a reload changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from stellwerk.egress.resolver import GuardedResolver
from tests.integration.gateway.clients import asking, chat, once, raw, whole
from tests.integration.gateway.kit import Gateway, model, provider, serving
from tests.integration.gateway.test_operation import TOKEN, parse
from tests.integration.gateway.upstream import Script, completes, script
from tests.integration.http.caller import get
from tests.integration.http.loop import eventually, on_loop

NAME = "models.test"
PAIRED = f'[egress]\nprivate = ["{NAME}=127.0.0.0/8"]\n'


class NameService:
    """Knows one name, which is this machine."""

    async def resolve(self, host: str, port: int) -> list[str]:
        """The address of the name; anything else is an address already."""
        del port
        return ["127.0.0.1"] if host == NAME else [host]


def named(upstream: Script, name: str = "one") -> str:
    """A provider whose base URL has a name instead of an address."""
    return provider(name, upstream.base_url.replace("127.0.0.1", NAME))


def know_the_name(gateway: Gateway) -> None:
    """Puts the name service of the test below the gateway's guard."""
    gateway.parts.pool.resolver = GuardedResolver(NameService(), gateway.parts.guard)


async def health(gateway: Gateway) -> dict[str, Any]:
    """What the gateway says of its egress to operators."""
    answer = await whole(gateway, get(b"/healthz?full", TOKEN), to=b"GET")
    found: dict[str, Any] = msgspec.json.decode(answer.body)["egress"]
    return found


@on_loop
async def test_a_literal_address_and_localhost_in_a_base_url_need_no_rule(tmp_path: Path) -> None:
    async with script() as upstream:
        for number, host in enumerate(("127.0.0.1", "localhost")):
            folder = tmp_path / str(number)
            folder.mkdir()
            parts = provider("one", upstream.base_url.replace("127.0.0.1", host)), model("plain", "one")
            async with serving(folder, *parts) as gateway:
                assert (await once(gateway, chat(asking()))).status == 200
                assert (await health(gateway))["denied"] == 0


@on_loop
async def test_a_provider_whose_name_turns_inward_is_not_asked_and_the_address_is_for_operators_alone(
    tmp_path: Path,
) -> None:
    async with script() as upstream, serving(tmp_path, named(upstream), model("plain", "one")) as gateway:
        know_the_name(gateway)
        answer = await whole(gateway, chat(asking()), to=b"POST")
        assert answer.status == 502
        assert answer.field(b"x-stellwerk-attempts") == b"1"
        told = msgspec.json.decode(answer.body)["error"]
        assert told["code"] == "egress_denied"
        assert "does not permit its address" in told["message"]
        assert b"127.0.0.1" not in answer.body
        assert not upstream.connections
        assert gateway.clock.pauses_s == []
        egress = await health(gateway)
        assert egress["mode"] == "enforce"
        assert egress["denials"][0]["address"] == "127.0.0.1"
        (line,) = [line for line in gateway.logged if line["event"] == "egress_denied"]
        assert (line["host"], line["address"], line["level"]) == (NAME, "127.0.0.1", "warning")
        samples, types = parse((await whole(gateway, get(b"/metrics", TOKEN), to=b"GET")).body.decode())
        assert samples["stellwerk_egress_denied_total", ()] == egress["denied"] >= 1
        assert types["stellwerk_egress_denied_total"] == "counter"


@on_loop
async def test_another_target_answers_where_one_is_not_allowed(tmp_path: Path) -> None:
    async with script() as inward, script(completes()) as sound:
        parts = named(inward), provider("two", sound.base_url), model("plain", "one", "two")
        async with serving(tmp_path, *parts) as gateway:
            know_the_name(gateway)
            told = await once(gateway, chat(asking()))
            assert told.status == 200
            assert told.fields[b"x-stellwerk-provider"] == b"two"


@on_loop
async def test_a_pair_permits_it(tmp_path: Path) -> None:
    async with script() as upstream, serving(tmp_path, PAIRED, named(upstream), model("plain", "one")) as gateway:
        know_the_name(gateway)
        assert (await once(gateway, chat(asking()))).status == 200
        assert gateway.parts.guard.denied == 0


@on_loop
async def test_report_mode_serves_and_tells(tmp_path: Path) -> None:
    parts = '[egress]\nmode = "report"\n'
    async with script() as upstream, serving(tmp_path, parts, named(upstream), model("plain", "one")) as gateway:
        know_the_name(gateway)
        assert (await once(gateway, chat(asking()))).status == 200
        assert (await health(gateway))["mode"] == "report"
        assert [line["event"] for line in gateway.logged] == ["egress_would_be_denied"]
        assert gateway.parts.guard.denied > 0


@on_loop
async def test_a_stricter_policy_holds_for_the_next_request_although_a_connection_is_there(tmp_path: Path) -> None:
    async with script() as upstream:
        rest = named(upstream) + model("plain", "one")
        async with serving(tmp_path, PAIRED, rest) as gateway:
            know_the_name(gateway)
            assert (await once(gateway, chat(asking()))).status == 200
            assert gateway.upstream_connections == 1
            gateway.adopt(gateway.compile(rest))
            await eventually(lambda: gateway.upstream_connections == 0)
            assert (await once(gateway, chat(asking()))).status == 502
            gateway.adopt(gateway.compile(PAIRED + rest))
            assert (await once(gateway, chat(asking()))).status == 200


@on_loop
async def test_a_request_under_way_may_still_turn_to_a_provider_that_a_reload_removes(tmp_path: Path) -> None:
    async with script(None) as first, script(completes()) as second, script() as newer:
        parts = provider("a", first.base_url), provider("b", second.base_url), model("plain", "a", "b", timeout_s=30)
        async with serving(tmp_path, *parts) as gateway, raw(gateway) as caller:
            await caller.ask(asking())
            await eventually(lambda: first.held)
            gateway.adopt(gateway.compile(provider("c", newer.base_url) + model("plain", "c")))
            await first.held[0].end(reset=True)
            assert (await caller.told()).fields[b"x-stellwerk-provider"] == b"b"
            guard, gone = gateway.parts.guard, second.base_url.removesuffix("/v1")
            assert guard.judge_url(gone).is_allowed
            gateway.advance(31.0)
            assert not guard.judge_url(gone).is_allowed
            assert guard.judge_url(newer.base_url).is_allowed
