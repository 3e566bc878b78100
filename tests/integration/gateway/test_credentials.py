"""Credentials that expire, in a whole gateway: fetched beside the requests, rotated under load, kept when it fails."""

from __future__ import annotations

import asyncio
import gc
import json
import math
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from stellwerk.gateway.upstreams import egress_policy
from stellwerk.supervisor.protocol import Ready
from tests.integration.gateway.clients import asking, chat, once, raw, whole
from tests.integration.gateway.host import Host
from tests.integration.gateway.kit import Gateway, model, provider, serving
from tests.integration.gateway.service import Asked, Issuer, Service, service
from tests.integration.gateway.upstream import COMPLETION, completes, script
from tests.integration.http.caller import Caller, calling, get
from tests.integration.http.loop import eventually, on_loop, settled
from tests.unit.cloud.test_google_credentials import account

ROTATIONS = 20
CALLERS = 4
CLOUDS = ("AWS_", "AZURE_", "GOOGLE_", "IDENTITY_", "GCE_", "CLOUDSDK_")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment in which no cloud is known."""
    for name in list(os.environ):
        if name.startswith(CLOUDS):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return monkeypatch


def bedrock(upstream: Service, name: str = "aws", **options: str) -> str:
    """A section for Bedrock on loopback."""
    lines = "".join(f'{option} = "{value}"\n' for option, value in options.items())
    head = f'\n[[providers]]\nname = "{name}"\nkind = "bedrock"\nregion = "eu-central-1"\n'
    return f'{head}base_url = "{upstream.url}"\n{lines}'


class Cloud:
    """Endpoints of a cloud, and who issues credentials there."""

    def __init__(self, issuer: Issuer, endpoint: Service, upstream: Service) -> None:
        self.issuer = issuer
        self.endpoint = endpoint
        self.upstream = upstream


@asynccontextmanager
async def cloud(environment: pytest.MonkeyPatch, sort: str = "container") -> AsyncIterator[Cloud]:
    """A container's endpoint or a machine's metadata service, on loopback, with the environment that leads there."""
    issuer = Issuer(time.time)
    async with service(getattr(issuer, sort)) as endpoint, service(issuer.bedrock) as upstream:
        if sort == "container":
            environment.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{endpoint.url}/v2/credentials/x")
            environment.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "task-token")
        else:
            environment.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint.url)
        yield Cloud(issuer, endpoint, upstream)


async def status(gateway: Gateway) -> int:
    """Of one request."""
    return (await once(gateway, chat(asking()))).status


async def rested(gateway: Gateway) -> None:
    """Waits until no renewal is under way, and the next one is planned."""
    await eventually(lambda: all(one.deadline < math.inf for one in gateway.parts.renewals._running.values()))


async def renewed(gateway: Gateway) -> None:
    """Lets the time of credentials run out, and that of requests under way stand still."""
    await rested(gateway)
    gateway.clock.wall_ahead_s += 31.0
    for renewal in gateway.parts.renewals._running.values():
        renewal.deadline = gateway.clock()
    gateway.clock.deadlines.sweep()
    await rested(gateway)


def lines(gateway: Gateway) -> Iterator[str]:
    """What was logged of credentials."""
    return (line["event"] for line in gateway.logged if "credentials" in line["event"])


@pytest.mark.parametrize("sort", ["container", "instance"])
@on_loop
async def test_credentials_rotate_under_load_and_no_request_fails(
    tmp_path: Path, environment: pytest.MonkeyPatch, sort: str
) -> None:
    async with (
        cloud(environment, sort) as found,
        serving(tmp_path, bedrock(found.upstream), model("plain", "aws/claude")) as gateway,
    ):
        found.issuer.wall = gateway.clock.wall
        await rested(gateway)
        statuses: list[int] = []
        is_over = False

        async def call() -> None:
            async with raw(gateway) as caller:
                while not is_over:
                    await caller.ask(asking())
                    statuses.append((await caller.told()).status)

        callers = [asyncio.get_running_loop().create_task(call()) for _ in range(CALLERS)]
        for rotation in range(1, ROTATIONS):
            seen = len(statuses) + 2 * CALLERS
            await eventually(lambda seen=seen: len(statuses) >= seen)  # type: ignore[misc]
            await renewed(gateway)
            assert found.issuer.issued == rotation + 1
        is_over = True
        await asyncio.gather(*callers)
        assert found.issuer.issued == ROTATIONS
        assert set(statuses) == {200}
        used = {asked.fields["authorization"].split("/")[0] for asked in found.upstream.asked}
        assert len(used) > ROTATIONS / 2
        assert list(lines(gateway)) == []
        await settled()
        gc.collect()
        assert len(gateway.parts.pool._lanes) == 1


@on_loop
async def test_until_there_are_credentials_other_targets_serve_and_it_is_ready(
    tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    async with cloud(environment) as found, script(completes()) as other:
        found.issuer.is_away = True
        parts = bedrock(found.upstream), provider("one", other.base_url), model("plain", "aws/claude", "one")
        async with serving(tmp_path, *parts, model("alone", "aws/claude")) as gateway:
            assert (await whole(gateway, get(b"/readyz"), to=b"GET")).status == 200
            told = await once(gateway, chat(asking()))
            assert told.fields[b"x-stellwerk-provider"] == b"one"
            await eventually(lambda: list(lines(gateway)) == ["credentials_not_refreshed"])
            refused = await once(gateway, chat(asking(model="alone")))
            assert (refused.status, refused.error["code"]) == (502, "upstream_credentials")
            for _ in range(3):
                found.endpoint.asked.clear()
                await renewed(gateway)
                assert found.endpoint.asked
            assert list(lines(gateway)) == ["credentials_not_refreshed"]
            found.issuer.is_away = False
            await renewed(gateway)
            await eventually(lambda: list(lines(gateway)) == ["credentials_not_refreshed", "credentials_refreshed"])
            assert (await once(gateway, chat(asking(model="alone")))).status == 200
            assert not found.upstream.asked[0].path.startswith("/v2/")
            assert gateway.parts.guard.denied == 0


@on_loop
async def test_a_refresh_that_fails_keeps_the_old_ones(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    async with (
        cloud(environment) as found,
        serving(tmp_path, bedrock(found.upstream), model("plain", "aws/claude")) as gateway,
    ):
        await rested(gateway)
        assert await status(gateway) == 200
        found.issuer.is_away = True
        await renewed(gateway)
        await eventually(lambda: list(lines(gateway)) == ["credentials_not_refreshed"])
        assert await status(gateway) == 200
        (line,) = (line for line in gateway.logged if "credentials" in line["event"])
        assert (line["level"], line["provider"]) == ("warning", "aws")
        assert "503" in line["reason"]


@on_loop
async def test_a_reload_inherits_credentials_of_the_same_source_and_fetches_those_of_another(
    tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    async with cloud(environment) as found:
        parts = bedrock(found.upstream), model("plain", "aws/claude")
        async with serving(tmp_path, *parts) as gateway:
            found.issuer.wall = gateway.clock.wall
            await rested(gateway)
            found.endpoint.answer = lambda _: (503, b"")
            gateway.adopt(gateway.compile("".join(parts)))
            assert await status(gateway) == 200
            await rested(gateway)
            found.endpoint.answer = found.issuer.container
            await renewed(gateway)
            await eventually(lambda: found.issuer.issued == 2)
            environment.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "another-token")
            gateway.adopt(gateway.compile("".join(parts)))
            assert await status(gateway) == 200
            await eventually(lambda: "credentials_not_refreshed" in lines(gateway))
            environment.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{found.endpoint.url}/v2/another")
            gateway.adopt(gateway.compile("".join(parts)))
            assert await status(gateway) == 502


@on_loop
async def test_a_reload_without_the_provider_ends_its_renewals(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    async with cloud(environment) as found, script(completes()) as other:
        parts = bedrock(found.upstream), model("plain", "aws/claude")
        async with serving(tmp_path, *parts) as gateway:
            await rested(gateway)
            gateway.adopt(gateway.compile(provider("one", other.base_url) + model("plain", "one")))
            gateway.advance(600.0)
            await settled()
            assert found.issuer.issued == 1
            assert await status(gateway) == 200


@on_loop
async def test_a_metadata_service_is_permitted_only_to_who_needs_it(
    tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    async with service(lambda _: (503, b"")) as upstream:
        key = {"access_key_id": "AKIA1", "secret_access_key": "upstream-secret"}
        parts = bedrock(upstream, **key), model("plain", "aws/claude")
        metadata = "http://169.254.169.254/latest/api/token"
        async with serving(tmp_path, *parts) as gateway:
            assert not gateway.parts.guard.policy.judge_url(metadata).is_allowed
            environment.setenv("AWS_REGION", "eu-central-1")
            role = '\n[[providers]]\nname = "aws"\nkind = "bedrock"\n'
            policy = egress_policy(gateway.compile(role + model("plain", "aws/claude")))
            assert policy.judge_url(metadata).is_allowed
            assert not policy.judge_url("http://169.254.170.2/v2/credentials").is_allowed


def google(asked: Asked) -> tuple[int, bytes]:
    """The metadata service, the token service, and Vertex AI behind them."""
    if asked.path == "/token":
        assert b"assertion=ey" in asked.body
        return 200, b'{"access_token":"upstream-secret-token","expires_in":3599,"token_type":"Bearer"}'
    if asked.path.startswith("/computeMetadata/"):
        assert asked.fields["metadata-flavor"] == "Google"
        return 200, b'{"access_token":"upstream-secret-token","expires_in":3599,"token_type":"Bearer"}'
    if asked.fields.get("authorization") != "Bearer upstream-secret-token":
        return 401, b"{}"
    reply = {
        "candidates": [
            {"content": {"role": "model", "parts": [{"text": "Hello."}]}, "finishReason": "STOP", "index": 0}
        ],
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
    }
    return 200, msgspec.json.encode(reply)


@on_loop
async def test_vertex_goes_by_the_metadata_service(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    async with service(google) as both:
        environment.setenv("GCE_METADATA_HOST", f"127.0.0.1:{both.port}")
        section = f'\n[[providers]]\nname = "g"\nkind = "vertex"\nproject = "p"\nbase_url = "{both.url}"\n'
        async with serving(tmp_path, section, model("plain", "g/gemini-2.5-flash")) as gateway:
            await rested(gateway)
            assert await status(gateway) == 200


@on_loop
async def test_vertex_goes_by_the_key_of_a_service_account_in_a_file(tmp_path: Path) -> None:
    async with service(google) as both:
        document = {**account(), "token_uri": f"{both.url}/token"}
        (tmp_path / "key.json").write_text(json.dumps(document, indent=2), encoding="utf-8")
        section = (
            f'\n[[providers]]\nname = "g"\nkind = "vertex"\nproject = "p"\nbase_url = "{both.url}"\n'
            'credentials = "file:key.json"\n'
        )
        async with serving(tmp_path, section, model("plain", "g/gemini-2.5-flash")) as gateway:
            await rested(gateway)
            assert await status(gateway) == 200
            assert not gateway.parts.guard.policy.judge_url("http://169.254.169.254/").is_allowed


def azure(asked: Asked) -> tuple[int, bytes]:
    """Entra, and the resource."""
    if asked.path == "/tenant/oauth2/v2.0/token":
        assert b"client_secret=upstream-secret&" in asked.body + b"&"
        return 200, b'{"access_token":"upstream-secret-token","expires_in":3599,"token_type":"Bearer"}'
    is_known = asked.fields.get("authorization") == "Bearer upstream-secret-token" and "api-key" not in asked.fields
    is_known &= asked.path == "/openai/deployments/mine/chat/completions?api-version=2024-10-21"
    return (200, COMPLETION) if is_known else (401, b"{}")


@on_loop
async def test_azure_goes_by_an_application(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    async with service(azure) as both:
        environment.setenv("AZURE_AUTHORITY_HOST", both.url)
        section = (
            f'\n[[providers]]\nname = "az"\nkind = "azure"\nbase_url = "{both.url}"\npath = "deployments"\n'
            'tenant_id = "tenant"\nclient_id = "app"\nclient_secret = "upstream-secret"\n'
            'deployments = { mine = "gpt-5-mini" }\n'
        )
        async with serving(tmp_path, section, model("plain", "az/mine")) as gateway:
            await rested(gateway)
            assert await status(gateway) == 200


@on_loop
async def test_a_worker_process_fetches_and_ends_in_peace(tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    async with cloud(environment) as found:
        host = Host(tmp_path)
        async with host.running(host.compile(bedrock(found.upstream), model("plain", "aws/claude"))) as worker:
            await worker.says(Ready)
            await eventually(lambda: found.issuer.issued == 1)
            async with calling(host.port) as caller:
                await eventually_answers(caller)
            await worker.drained()
            assert await worker.log() == []
        host.close()


async def eventually_answers(caller: Caller) -> None:
    """Asks until the credentials that were issued have arrived as well."""
    status = 0
    while status != 200:
        await caller.send(chat(asking()))
        status = (await caller.answer(to=b"POST")).status
        assert status in {200, 502}
