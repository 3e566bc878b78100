"""Health of providers on real sockets: what traffic and probes show of them, and who is asked, when and for what."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import re
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stellwerk.core.health import LINGERS_S, QUIET_S
from stellwerk.core.wire import WireRequest
from stellwerk.http.tls import server_context
from stellwerk.simulator import Scenario, SimulatedProvider, Simulator, running
from tests.integration.gateway.clients import asking, chat, once, whole
from tests.integration.gateway.evidence import provider_key
from tests.integration.gateway.kit import Gateway, model, provider, serving
from tests.integration.gateway.scenes import provider_of, scripted, scripts, simulated
from tests.integration.gateway.test_defects import Defective
from tests.integration.gateway.test_egress import know_the_name, named
from tests.integration.gateway.test_operation import TOKEN, parse
from tests.integration.gateway.upstream import (
    COMPLETION,
    Act,
    answers,
    completes,
    ends_after,
    refuses,
    script,
)
from tests.integration.http.caller import get
from tests.integration.http.certificates import Authority
from tests.integration.http.loop import eventually, on_loop, settled
from tests.integration.http.provider import reply

EVERY_S = 100.0
PROBED = f"[health]\nprobe_every_s = {EVERY_S}\nprobe_timeout_s = 7\n"
LATEST_S = 1.2 * EVERY_S
"""After so long, everybody's turn has come."""
COOL_DOWN_S = 6.0
ONCE = {"retry": "{ same_target = 0 }"}
MODELS = b'{"object":"list","data":[{"id":"gpt-5-mini","object":"model"}]}'
LISTED = answers(reply(MODELS, b"Content-Type: application/json"))
REFUSED = (
    b'{"error":{"message":"Incorrect API key provided: %b.","code":"invalid_api_key"}}' % provider_key("one").encode()
)


async def told(gateway: Gateway, number: int = 0) -> dict[str, Any]:
    """What operators are told of a target."""
    answer = await whole(gateway, get(b"/healthz?full", TOKEN), to=b"GET")
    found: dict[str, Any] = msgspec.json.decode(answer.body)["providers"][number]
    return found


async def state(gateway: Gateway, number: int = 0) -> tuple[str, str]:
    """A target's state and why."""
    found = await told(gateway, number)
    return found["state"], found["reason"]


async def gauges(gateway: Gateway) -> dict[str, dict[tuple[str, ...], float]]:
    """Samples that begin like that, by name and the values of their labels."""
    samples, _ = parse((await whole(gateway, get(b"/metrics", TOKEN), to=b"GET")).body.decode())
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for (name, labels), value in samples.items():
        found.setdefault(name, {})[tuple(label for _, label in labels)] = value
    return found


def asked_of(upstream: Simulator) -> list[str]:
    """The paths that it was asked for."""
    return [msgspec.to_builtins(entry)["path"] for entry in upstream.report()["last_requests"]]


async def ready(gateway: Gateway) -> int:
    """The status of ``/readyz``."""
    return (await whole(gateway, get(b"/readyz"), to=b"GET")).status


async def probe(gateway: Gateway, name: str = "one", seconds: float = LATEST_S) -> None:
    """Lets so much time go by that an idle provider is asked, and waits for what comes of it."""
    await told(gateway)
    probing = gateway.parts.monitor.probing
    before = gateway.clock()
    gateway.advance(seconds)
    await eventually(lambda: name in probing.results and probing.results[name].asked_at > before)


async def failing(gateway: Gateway, times: int) -> None:
    """So many requests that fail."""
    for _ in range(times):
        assert (await once(gateway, chat(asking()))).status != 200


# -- what calls show


@on_loop
async def test_a_target_that_nobody_has_asked_is_unknown_and_one_that_answers_is_healthy(tmp_path: Path) -> None:
    async with simulated(tmp_path) as (gateway, _):
        unknown = await told(gateway)
        assert (unknown["provider"], unknown["model"], unknown["state"]) == ("openai", "gpt-5-mini", "unknown")
        assert (unknown["since_s"], unknown["last_success_s"], unknown["changes"]) == (None, None, [])
        assert "stellwerk_target_up" not in await gauges(gateway)
        began = gateway.clock.wall()
        for _ in range(25):
            assert (await once(gateway, chat(asking()))).status == 200
        healthy = await told(gateway)
        assert (healthy["state"], healthy["circuit"], healthy["in_flight"]) == ("healthy", "closed", 0)
        assert began - 0.01 <= healthy["last_success_s"] <= gateway.clock.wall() + 0.01
        assert began - 0.01 <= healthy["since_s"] <= gateway.clock.wall() + 0.01
        assert 0 < healthy["first_byte_p50_ms"] <= healthy["first_byte_p95_ms"] < 5_000
        assert (healthy["last_failure"], healthy["certificate_days"], healthy["probed_s"]) == (None, None, None)
        samples = await gauges(gateway)
        assert samples["stellwerk_target_up"] == {("openai", "gpt-5-mini"): 1}
        assert samples["stellwerk_target_circuit_open"] == {("openai", "gpt-5-mini"): 0}
        assert not [line for line in gateway.logged if line["event"] == "target_state"]


@on_loop
async def test_an_outage_from_the_first_failure_to_the_last(tmp_path: Path) -> None:
    acts = (completes(), *[refuses(500)] * 4, completes())
    async with scripted(tmp_path, *acts, **ONCE) as (gateway, _):
        assert (await once(gateway, chat(asking()))).status == 200
        assert await state(gateway) == ("healthy", "")
        await failing(gateway, 1)
        assert await state(gateway) == ("healthy", "")
        gateway.advance(QUIET_S)
        assert await state(gateway) == ("degraded", "failing")
        await failing(gateway, 3)
        down = await told(gateway)
        assert (down["state"], down["reason"], down["circuit"]) == ("down", "circuit open", "open")
        assert down["last_failure"] == "upstream_unavailable"
        samples = await gauges(gateway)
        assert samples["stellwerk_target_up"] == {("one", "gpt-5-mini"): 0}
        assert samples["stellwerk_target_circuit_open"] == {("one", "gpt-5-mini"): 1}
        assert await ready(gateway) == 200
        gateway.advance(COOL_DOWN_S)
        assert (await told(gateway))["circuit"] == "half-open"
        assert (await once(gateway, chat(asking()))).status == 200
        well = await told(gateway)
        assert (well["state"], well["reason"], well["circuit"]) == ("degraded", "failing", "closed")
        gateway.advance(61)
        assert await state(gateway) == ("healthy", "")
        expected = ["healthy", "degraded", "down", "degraded", "healthy"]
        assert [change["state"] for change in (await told(gateway))["changes"]] == expected
        lines = [line for line in gateway.logged if line["event"] == "target_state"]
        assert [(line["was"], line["state"], line["level"]) for line in lines] == [
            ("healthy", "degraded", "warning"),
            ("degraded", "down", "warning"),
            ("down", "degraded", "warning"),
            ("degraded", "healthy", "info"),
        ]


@on_loop
async def test_with_every_provider_down_the_gateway_is_ready_all_the_same(tmp_path: Path) -> None:
    async with scripts(tmp_path, (ends_after(),), (refuses(500),), **ONCE) as (gateway, _):
        await failing(gateway, 4)
        assert [await state(gateway, number) for number in (0, 1)] == [("down", "circuit open")] * 2
        assert await ready(gateway) == 200
        health = await whole(gateway, get(b"/healthz"), to=b"GET")
        assert (health.status, health.body) == (200, b'{"status":"ok"}')


@on_loop
async def test_a_limit_is_told_for_as_long_as_it_lasts_and_a_while(tmp_path: Path) -> None:
    acts = (completes(), refuses(429, b'{"error":{"message":"Slow down."}}', b"Retry-After: 20"), completes())
    async with scripted(tmp_path, *acts, **ONCE) as (gateway, _):
        assert (await once(gateway, chat(asking()))).status == 200
        await failing(gateway, 1)
        assert await state(gateway) == ("limited", "rate limited")
        gateway.advance(21)
        assert (await once(gateway, chat(asking()))).status == 200
        assert await state(gateway) == ("limited", "rate limited")
        gateway.advance(LINGERS_S)
        assert await state(gateway) == ("healthy", "")


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (refuses(401, REFUSED), ("down", "credentials refused")),
        (refuses(429, b'{"error":{"message":"Pay.","code":"insufficient_quota"}}'), ("limited", "quota exhausted")),
    ],
    ids=["credentials", "quota"],
)
@on_loop
async def test_what_waiting_does_not_help_against(tmp_path: Path, refusal: Act, expected: tuple[str, str]) -> None:
    async with scripted(tmp_path, refusal, refusal, completes(), **ONCE) as (gateway, _):
        await failing(gateway, 2)
        assert await state(gateway) == expected
        assert (await once(gateway, chat(asking()))).status == 200
        assert await state(gateway) == ("healthy", "")
        lines = [line for line in gateway.logged if line["event"] == "target_state"]
        assert [line["reason"] for line in lines] == [expected[1], ""]


# -- who is asked


@pytest.mark.parametrize(
    ("kind", "dialect", "path"),
    [
        ("openai", "openai", "/v1/models"),
        ("responses", "openai", "/v1/models"),
        ("compatible", "openai", "/v1/models"),
        ("azure", "openai", "/openai/v1/models"),
        ("anthropic", "anthropic", "/v1/models"),
        ("gemini", "gemini", "/v1beta/models"),
    ],
)
@on_loop
async def test_an_idle_provider_is_asked_for_its_models(tmp_path: Path, kind: str, dialect: str, path: str) -> None:
    spec = SimulatedProvider(name=kind, dialect=dialect, keys=(provider_key(kind),))
    async with running(Scenario(providers=(spec,))) as (upstream,):
        base_url = upstream.base_url.removesuffix("/v1") if kind == "azure" else upstream.base_url
        parts = provider_of(kind, base_url), model("plain", f"{kind}/some-model"), PROBED
        async with serving(tmp_path, *parts) as gateway:
            await probe(gateway, kind)
            assert await state(gateway) == ("healthy", ""), await told(gateway)
            assert asked_of(upstream) == [path]
            found = await told(gateway)
            assert abs(found["clock_skew_s"] + LATEST_S) < 2
            assert (found["last_success_s"], found["probe_failure"]) == (None, None)
            assert not gateway.events


@on_loop
async def test_where_there_is_no_list_of_models_a_free_count_of_tokens_is_asked_for(tmp_path: Path) -> None:
    spec = SimulatedProvider(name="vertex", dialect="gemini", keys=(provider_key("vertex"),))
    options = f'project = "shop"\naccess_token = "{provider_key("vertex")}"\n'
    async with running(Scenario(providers=(spec,))) as (upstream,):
        section = f'[[providers]]\nname = "vertex"\nkind = "vertex"\nbase_url = "{upstream.base_url}"\n{options}'
        async with serving(tmp_path, section, model("plain", "vertex/gemini-3"), PROBED) as gateway:
            await probe(gateway, "vertex")
            assert await state(gateway) == ("healthy", "")
            (path,) = asked_of(upstream)
            assert path.endswith("/projects/shop/locations/global/publishers/google/models/gemini-3:countTokens")


@on_loop
async def test_a_provider_without_a_free_question_is_never_asked(tmp_path: Path) -> None:
    spec = SimulatedProvider(name="bedrock", dialect="bedrock", keys=(provider_key("bedrock"),))
    async with running(Scenario(providers=(spec,))) as (upstream,):
        parts = provider_of("bedrock", upstream.base_url), model("plain", "bedrock/some-model"), PROBED
        async with serving(tmp_path, *parts) as gateway:
            await told(gateway)
            gateway.advance(LATEST_S)
            await settled()
            assert asked_of(upstream) == []
            assert await state(gateway) == ("unknown", "")


@on_loop
async def test_a_provider_is_asked_time_and_again_unless_it_has_traffic_or_it_is_switched_off(tmp_path: Path) -> None:
    async with simulated(tmp_path, sections=PROBED) as (gateway, (upstream,)):
        for times in (1, 2, 3):
            await probe(gateway, "openai")
            assert len(asked_of(upstream)) == times
        gateway.advance(EVERY_S - 1)
        await settled()
        assert (await once(gateway, chat(asking()))).status == 200
        await told(gateway)
        gateway.advance(LATEST_S - EVERY_S + 1)
        await settled()
        assert asked_of(upstream).count("/v1/models") == 3
        gateway.adopt(gateway.compile(gateway.source.replace("probe_every_s = 100.0", "probe_every_s = 0")))
        gateway.advance(10 * LATEST_S)
        await settled()
        assert len(asked_of(upstream)) == 4


@on_loop
async def test_nobody_is_asked_while_a_call_is_under_way_nor_by_a_worker_that_is_not_on_duty(tmp_path: Path) -> None:
    async with scripted(tmp_path, None, LISTED, sections=PROBED, timeout_s=600) as (gateway, upstream):
        gateway.advance(LATEST_S)
        await settled()
        assert not upstream.requests
        request = asyncio.get_running_loop().create_task(whole(gateway, chat(asking())))
        await eventually(lambda: upstream.held)
        await told(gateway)
        gateway.advance(LATEST_S)
        await settled()
        assert len(upstream.requests) == 1
        await upstream.held[0].send(reply(COMPLETION, b"Content-Type: application/json", b"Connection: close"))
        assert (await request).status == 200


@on_loop
async def test_probes_go_one_at_a_time(tmp_path: Path) -> None:
    async with scripts(tmp_path, (None,), (None,), (None,), sections=PROBED) as (gateway, upstreams):
        await told(gateway)
        gateway.advance(LATEST_S)
        for asked in (1, 2, 3):
            await eventually(lambda asked=asked: sum(len(one.held) for one in upstreams) == asked)  # type: ignore[misc]
            await settled()
            assert sum(len(one.requests) for one in upstreams) == asked
            (running_one,) = [one for one in upstreams if len(one.held) > len(one.departed)]
            await running_one.held[0].send(reply(MODELS, b"Content-Type: application/json"))
            await eventually(lambda one=running_one: one.departed)  # type: ignore[misc]


ANSWERS = {
    "a list": (LISTED, ("healthy", ""), None),
    "no such path": (refuses(404), ("healthy", ""), None),
    "an error": (refuses(500), ("down", "unreachable"), "upstream_unavailable"),
    "no answer": (ends_after(), ("down", "unreachable"), "upstream_unavailable"),
    "no HTTP": (answers(b"What?\r\n\r\n"), ("down", "unreachable"), "upstream_invalid"),
    "a page": (
        answers(reply(b"<html>", b"Content-Type: text/html")),
        ("down", "unreachable"),
        "upstream_invalid",
    ),
    "a key that is not known": (refuses(401, REFUSED), ("down", "credentials refused"), "upstream_credentials"),
    "a key that may not": (refuses(403), ("degraded", "credentials refused"), "upstream_credentials"),
    "limits": (refuses(429), ("limited", "rate limited"), "upstream_rate_limited"),
    "a bill": (refuses(402), ("limited", "quota exhausted"), "quota_exhausted"),
    "a refusal without end": (refuses(503, b"x" * 1_000_000), ("down", "unreachable"), "upstream_unavailable"),
}


@pytest.mark.parametrize(("act", "expected", "failure"), ANSWERS.values(), ids=list(ANSWERS))
@on_loop
async def test_what_the_answer_to_a_probe_says(
    tmp_path: Path, act: Act, expected: tuple[str, str], failure: str | None
) -> None:
    async with scripted(tmp_path, act, sections=PROBED) as (gateway, upstream):
        await probe(gateway)
        assert await state(gateway) == expected
        found = await told(gateway)
        assert found["probe_failure"] == failure
        assert bool(found["probe_message"]) is (failure is not None)
        assert (found["circuit"], await ready(gateway)) == ("closed", 200)
        assert all(request.startswith(b"GET /v1/models HTTP/1.1\r\n") for request in upstream.requests)
        await eventually(lambda: gateway.upstream_connections == 0)


@on_loop
async def test_a_silent_provider_has_so_much_time_to_answer_a_probe(tmp_path: Path) -> None:
    async with scripted(tmp_path, None, sections=PROBED) as (gateway, upstream):
        await told(gateway)
        gateway.advance(LATEST_S)
        await eventually(lambda: upstream.held)
        gateway.advance(7.0)
        await eventually(lambda: gateway.parts.monitor.probing.results)
        assert await state(gateway) == ("down", "unreachable")
        assert (await told(gateway))["probe_failure"] == "upstream_timeout"
        await eventually(lambda: upstream.departed)


@on_loop
async def test_refused_credentials_are_told_once_and_others_are_tried_soon(tmp_path: Path) -> None:
    async with simulated(tmp_path, sections=PROBED) as (gateway, (upstream,)):
        sound = gateway.source
        gateway.adopt(gateway.compile(sound.replace(provider_key("openai"), "sk-another")))
        for _ in range(3):
            await probe(gateway, "openai")
            assert await state(gateway) == ("down", "credentials refused")
        lines = [line for line in gateway.logged if line["event"] == "target_state"]
        assert [(line["level"], line["target"], line["reason"]) for line in lines] == [
            ("warning", "openai/gpt-5-mini", "credentials refused")
        ]
        gateway.adopt(gateway.compile(sound))
        assert await state(gateway) == ("unknown", "")
        await probe(gateway, "openai", EVERY_S * 0.12)
        assert await state(gateway) == ("healthy", "")
        assert len(asked_of(upstream)) == 4


@on_loop
async def test_the_answer_to_former_credentials_says_nothing_of_the_new_ones(tmp_path: Path) -> None:
    async with scripted(tmp_path, None, LISTED, sections=PROBED) as (gateway, upstream):
        await told(gateway)
        gateway.advance(LATEST_S)
        await eventually(lambda: upstream.held)
        gateway.adopt(gateway.compile(gateway.source.replace(provider_key("one"), "sk-another")))
        await upstream.held[0].send(reply(REFUSED, b"Content-Type: application/json", status=401))
        await eventually(lambda: gateway.upstream_connections == 0)
        await settled()
        assert await state(gateway) == ("unknown", "")
        await probe(gateway)
        assert await state(gateway) == ("healthy", "")


@on_loop
async def test_a_probe_closes_no_circuit(tmp_path: Path) -> None:
    acts = (*[refuses(500)] * 4, LISTED, completes())
    async with scripted(tmp_path, *acts, sections=PROBED, **ONCE) as (gateway, _):
        await failing(gateway, 4)
        await probe(gateway)
        found = await told(gateway)
        assert (found["state"], found["reason"], found["circuit"]) == ("degraded", "circuit half-open", "half-open")
        assert (await once(gateway, chat(asking()))).status == 200
        assert (await told(gateway))["circuit"] == "closed"


@on_loop
async def test_probes_keep_to_the_egress_policy(tmp_path: Path) -> None:
    async with script(LISTED) as upstream, serving(tmp_path, named(upstream), model("plain", "one"), PROBED) as gateway:
        know_the_name(gateway)
        await probe(gateway)
        found = await told(gateway)
        assert (found["state"], found["reason"]) == ("down", "not allowed by the egress policy")
        assert "127.0.0.1" not in found["probe_message"]
        assert not upstream.connections
        assert await ready(gateway) == 200


@on_loop
async def test_a_plugins_defect_costs_its_provider_the_probe_and_nobody_else(tmp_path: Path) -> None:
    class Broken(Defective):
        def prepare_probe(self, credential: str) -> WireRequest:
            """Fails, with something in its message that is nobody's business."""
            raise ZeroDivisionError(credential)

    async with scripts(tmp_path, (LISTED,), (LISTED,), sections=PROBED) as (gateway, (one, _)):
        homes = gateway.parts.pipeline.configuration.homes
        routes = {name: tuple(home.routes.values()) for name, home in homes.items()}
        broken = Broken(routes["one"][0].provider, "", 0)
        routes["one"] = (dataclasses.replace(routes["one"][0], provider=broken),)
        gateway.parts.monitor.probing.adopt(gateway.snapshot.health, routes)
        await probe(gateway, "two")
        assert [await state(gateway, number) for number in (0, 1)] == [("unknown", ""), ("healthy", "")]
        (line,) = [line for line in gateway.logged if line["event"] == "probe_defect"]
        assert (line["provider"], line["defect"]) == ("one", "ZeroDivisionError")
        assert not one.requests


@on_loop
async def test_who_stops_probing_leaves_nothing_behind(tmp_path: Path) -> None:
    async with scripted(tmp_path, None, sections=PROBED) as (gateway, upstream):
        await told(gateway)
        gateway.advance(LATEST_S)
        await eventually(lambda: upstream.held)
        gateway.parts.monitor.probing.stop()
        await eventually(lambda: upstream.departed)
        gateway.advance(10 * LATEST_S)
        await settled()
        assert len(upstream.requests) == 1


@on_loop
async def test_a_provider_that_is_gone_is_not_judged_by_the_probe_that_runs(tmp_path: Path) -> None:
    async with scripts(tmp_path, (None,), (LISTED,), sections=PROBED) as (gateway, (one, two)):
        await told(gateway)
        gateway.advance(LATEST_S)
        await eventually(lambda: one.held)
        gateway.adopt(gateway.compile(PROBED + provider("two", two.base_url) + model("plain", "two")))
        await one.held[0].send(reply(MODELS, b"Content-Type: application/json"))
        await probe(gateway, "two")
        assert set(gateway.parts.monitor.probing.results) == {"two"}
        assert await state(gateway) == ("healthy", "")


# -- certificates and clocks


@asynccontextmanager
async def secure(folder: Path, *, days: int, ahead_s: float | None = 0.0) -> AsyncIterator[Gateway]:
    """A gateway with a provider over TLS, of which the certificate is good for so many days, and the clock ahead."""
    authority = Authority()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fields = [b"Content-Type: application/json"]
        if ahead_s is not None:
            fields.append(b"Date: " + formatdate(time.time() + ahead_s, usegmt=True).encode())
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = re.search(rb"content-length: (\d+)", head)
                await reader.readexactly(int(length[1]) if length else 0)
                writer.write(reply(MODELS if head.startswith(b"GET") else COMPLETION, *fields))
        writer.close()

    server = await asyncio.start_server(
        serve, "127.0.0.1", 0, ssl=server_context(*authority.issue("localhost", days=days))
    )
    port = server.sockets[0].getsockname()[1]
    parts = PROBED, provider("one", f"https://localhost:{port}/v1"), model("plain", "one")
    async with server, serving(folder, *parts) as gateway:
        gateway.parts.pool._tls = ssl.create_default_context(cadata=authority.pem)
        yield gateway


@pytest.mark.parametrize(("days", "is_told"), [(30, False), (10, True)])
@on_loop
async def test_a_certificate_that_is_about_to_expire_is_told_once(tmp_path: Path, days: int, is_told: bool) -> None:
    async with secure(tmp_path, days=days) as gateway:
        for _ in range(2):
            await probe(gateway)
            assert await state(gateway) == ("healthy", "")
        assert days - 0.1 <= (await told(gateway))["certificate_days"] <= days
        samples = await gauges(gateway)
        assert samples["stellwerk_provider_certificate_days"][("one",)] == pytest.approx(days, abs=0.1)
        lines = [line for line in gateway.logged if line["event"] == "certificate_expires"]
        assert [(line["provider"], line["days"] <= days) for line in lines] == [("one", True)] * is_told


@on_loop
async def test_a_certificate_is_told_of_when_its_last_days_begin_and_is_known_while_its_provider_is_away(
    tmp_path: Path,
) -> None:
    async with secure(tmp_path, days=30) as gateway:
        await probe(gateway)
        assert not [line for line in gateway.logged if line["event"] == "certificate_expires"]
        for _ in range(2):
            await probe(gateway, seconds=9 * 86_400.0)
        gateway.parts.pool._tls = ssl.create_default_context()
        await probe(gateway)
        found = await told(gateway)
        assert (found["state"], found["reason"]) == ("down", "unreachable")
        assert "not trusted" in found["probe_message"]
        assert 11.9 <= found["certificate_days"] <= 12
        (line,) = [line for line in gateway.logged if line["event"] == "certificate_expires"]
        assert 11.9 <= line["days"] <= 12


@on_loop
async def test_a_certificate_is_seen_where_there_is_traffic_too(tmp_path: Path) -> None:
    async with secure(tmp_path, days=10) as gateway:
        await told(gateway)
        for _ in range(4):
            assert (await once(gateway, chat(asking()))).status == 200
            gateway.advance(EVERY_S / 2)
        found = await told(gateway)
        assert (found["state"], found["probed_s"]) == ("healthy", None)
        assert 9.9 <= found["certificate_days"] <= 10


@pytest.mark.parametrize("ahead_s", [3_600.0, -3_600.0])
@on_loop
async def test_a_clock_that_goes_wrong_is_seen(tmp_path: Path, ahead_s: float) -> None:
    async with secure(tmp_path, days=30, ahead_s=ahead_s) as gateway:
        await probe(gateway)
        assert (await told(gateway))["clock_skew_s"] == pytest.approx(ahead_s - LATEST_S, abs=2)
        samples = await gauges(gateway)
        assert samples["stellwerk_provider_clock_skew_seconds"][("one",)] == pytest.approx(ahead_s - LATEST_S, abs=2)


@on_loop
async def test_an_answer_without_a_date_says_nothing_of_clocks(tmp_path: Path) -> None:
    async with secure(tmp_path, days=30, ahead_s=None) as gateway:
        await probe(gateway)
        assert (await told(gateway))["clock_skew_s"] is None
        assert "stellwerk_provider_clock_skew_seconds" not in await gauges(gateway)
