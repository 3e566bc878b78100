"""Paths for operation: who may read what, and that what is read makes sense."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from tests.integration.gateway.clients import asking, chat, once, raw, whole
from tests.integration.gateway.kit import ADMIN_TOKEN, KEY, SERVER, Gateway
from tests.integration.gateway.scenes import scripted
from tests.integration.gateway.upstream import completes, refuses, streams
from tests.integration.http.caller import Answer, get
from tests.integration.http.loop import eventually, on_loop

TOKEN = b"Authorization: Bearer " + ADMIN_TOKEN.encode()
SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)')
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"')
Metrics = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def parse(text: str) -> tuple[Metrics, dict[str, str]]:
    """Samples and the families' types, read as strictly as Prometheus does (exposition format 0.0.4)."""
    samples: Metrics = {}
    types: dict[str, str] = {}
    helped: set[str] = set()
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# HELP "):
            _, _, name, told = line.split(" ", 3)
            assert name not in helped
            assert told
            helped.add(name)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in types
            assert kind in {"counter", "gauge", "histogram"}
            types[name] = kind
        else:
            found = SAMPLE.fullmatch(line)
            assert found, line
            labels = tuple(LABEL.findall(found[2] or ""))
            assert len(dict(labels)) == len(labels)
            family = found[1] if found[1] in types else re.sub(r"_(bucket|sum|count)$", "", found[1])
            assert family in types
            assert family == list(types)[-1], "samples stand with their family"
            assert (found[1], labels) not in samples
            samples[found[1], labels] = float(found[3])
    return samples, types


async def read(gateway: Gateway, path: bytes, *fields: bytes) -> Answer:
    """The answer to a GET."""
    return await whole(gateway, get(path, *fields), to=b"GET")


@on_loop
async def test_alive_and_ready_are_for_everybody(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, _):
        alive, ready = await read(gateway, b"/livez"), await read(gateway, b"/readyz", b"X-Forwarded-For: 203.0.113.9")
        assert (alive.status, alive.body) == (200, b"ok\n")
        assert (ready.status, ready.body) == (200, b"ready\n")
        assert alive.field(b"cache-control") == b"no-store"
        assert len(alive.field(b"x-request-id") or b"") == 32
        health = await read(gateway, b"/healthz", b"X-Forwarded-For: 203.0.113.9")
        assert (health.status, health.body) == (200, b'{"status":"ok"}')
        gateway.vitals.be_ready(1, is_ready=False)
        assert (await read(gateway, b"/livez")).status == 200
        assert (await read(gateway, b"/readyz")).status == 503
        assert (await read(gateway, b"/healthz")).body == b'{"status":"unready"}'
        assert (await read(gateway, b"/healthz?full")).status == 503


@pytest.mark.parametrize("path", [b"/metrics", b"/healthz?full", b"/healthz?full=1"])
@on_loop
async def test_the_inside_is_for_this_host_and_the_admin_token(tmp_path: Path, path: bytes) -> None:
    proxied = b"X-Forwarded-For: 203.0.113.9"
    async with scripted(tmp_path) as (gateway, _):
        assert (await read(gateway, path)).status == 200
        assert (await read(gateway, path, proxied, TOKEN)).status == 200
        for fields in (
            (proxied,),
            (proxied, b"Authorization: Bearer " + KEY.encode()),
            (proxied, TOKEN + b"x"),
            (proxied, b"Authorization: Basic " + ADMIN_TOKEN.encode()),
            (proxied, b"x-api-key: " + ADMIN_TOKEN.encode()),
            (b"X-Forwarded-For: 127.0.0.1",),
            (b"Forwarded: for=127.0.0.1",),
            (b"X-Real-IP: 127.0.0.1",),
            (b"Via: 1.1 proxy",),
        ):
            answer = await read(gateway, path, *fields)
            assert answer.status == 403, fields
            assert msgspec.json.decode(answer.body)["error"]["code"] == "permission_denied"
            assert ADMIN_TOKEN.encode() not in answer.body


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ((b"X-Forwarded-For: 203.0.113.9",), 403),
        ((b"X-Forwarded-For: 127.0.0.1, 203.0.113.9",), 403),
        ((b"X-Forwarded-For: 127.0.0.1",), 200),
        ((b"X-Forwarded-For: nonsense",), 403),
        ((b"X-Forwarded-For: 127.0.0.1", b"X-Forwarded-For: 203.0.113.9"), 403),
        ((), 200),
    ],
    ids=range(6),
)
@on_loop
async def test_a_trusted_proxy_says_who_is_calling(tmp_path: Path, fields: tuple[bytes, ...], status: int) -> None:
    trusting = SERVER + 'trusted_proxies = ["127.0.0.1/32"]\n'
    async with scripted(tmp_path, sections=trusting) as (gateway, _):
        assert (await read(gateway, b"/metrics", *fields)).status == status


@on_loop
async def test_without_an_admin_token_only_this_host_reads(tmp_path: Path) -> None:
    async with scripted(tmp_path, sections="[admin]\n") as (gateway, _):
        assert (await read(gateway, b"/metrics")).status == 200
        for token in (b"Authorization: Bearer", b"Authorization: Bearer x", TOKEN):
            assert (await read(gateway, b"/metrics", b"Via: 1.1 p", token)).status == 403


@on_loop
async def test_metrics_are_prometheus_text_and_count_what_happened(tmp_path: Path) -> None:
    acts = [completes(), completes(), refuses(400), streams()]
    async with scripted(tmp_path, *acts) as (gateway, _), raw(gateway) as caller:
        for stream in (False, False, False, True):
            await caller.ask(asking(stream=stream))
            await caller.answer(to=b"POST")
        await gateway.event(4)
        answer = await read(gateway, b"/metrics")
        assert answer.field(b"content-type") == b"text/plain; version=0.0.4; charset=utf-8"
        samples, types = parse(answer.body.decode())
        assert types["stellwerk_requests_total"] == "counter"
        assert types["stellwerk_request_duration_seconds"] == "histogram"
        done = (("model", "plain"), ("target", "one/gpt-5-mini"), ("outcome", "complete"), ("status", "200"))
        refused = (*done[:2], ("outcome", "failed"), ("status", "400"))
        assert samples["stellwerk_requests_total", done] == 3
        assert samples["stellwerk_requests_total", refused] == 1
        assert samples["stellwerk_tokens_total", (*done, ("direction", "input"))] == 33
        assert samples["stellwerk_tokens_total", (*done, ("direction", "output"))] == 21
        assert samples["stellwerk_request_duration_seconds_count", done] == 3
        assert samples["stellwerk_request_duration_seconds_bucket", (*done, ("le", "+Inf"))] == 3
        buckets = [value for (name, _), value in samples.items() if name == "stellwerk_request_duration_seconds_bucket"]
        assert buckets[:16] == sorted(buckets[:16])
        assert 0 <= samples["stellwerk_overhead_seconds_total", done] < 3
        assert samples["stellwerk_workers", ()] == samples["stellwerk_workers_ready", ()] == 1
        assert samples["stellwerk_in_flight", ()] == 0
        assert samples["stellwerk_configuration_version", ()] == 1
        assert samples["stellwerk_http_requests_total", ()] >= 4
        assert types["stellwerk_http_requests_total"] == "counter"


@on_loop
async def test_what_callers_make_up_never_becomes_a_label(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, _), raw(gateway) as caller:
        for number in range(200):
            await caller.ask(asking(model=f'scan-{number}"\n{{}}'), key="wrong" if number % 2 else KEY)
            assert (await caller.told()).status in {401, 404}
        text = (await read(gateway, b"/metrics")).body.decode()
        assert "scan-" not in text
        samples, _ = parse(text)
        counted = {labels: value for (name, labels), value in samples.items() if name == "stellwerk_requests_total"}
        assert sorted(counted.values()) == [100, 100]
        assert all(dict(labels)["model"] == "" for labels in counted)


@on_loop
async def test_the_full_report_tells_of_workers_connections_and_events(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, _):
        await once(gateway, chat(asking()))
        await eventually(lambda: gateway.writer.statistics().written == 1)
        report = msgspec.json.decode((await read(gateway, b"/healthz?full")).body)
        assert report["status"] == "ok"
        (worker,) = report["workers"]
        assert worker["ready"]
        assert worker["configuration"] == 1
        assert worker["in_flight"] == 0
        assert worker["requests"] >= 1
        assert report["upstream_connections"] == 1
        assert report["events"]["written"] == 1
        assert report["events"]["dropped"] == 0


@on_loop
async def test_requests_under_way_are_counted(tmp_path: Path) -> None:
    async with scripted(tmp_path, None) as (gateway, upstream), raw(gateway) as one, raw(gateway) as two:
        await one.ask(asking())
        await two.ask(asking(stream=True))
        await eventually(lambda: len(upstream.held) == 2)
        samples, _ = parse((await read(gateway, b"/metrics")).body.decode())
        assert samples["stellwerk_in_flight", ()] == 2
        assert samples["stellwerk_connections", ()] == 3


@on_loop
async def test_head_tells_the_same_without_a_body(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (gateway, _):
        for path in (b"/livez", b"/readyz", b"/healthz", b"/healthz?full", b"/metrics"):
            answer = await whole(gateway, get(path).replace(b"GET", b"HEAD", 1), to=b"HEAD")
            assert answer.status == 200
