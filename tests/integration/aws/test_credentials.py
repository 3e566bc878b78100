"""Credentials of AWS through a whole gateway, from a token service and a metadata service that others wrote: moto's."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from stellwerk.cloud.aws_credentials import Credentials
from tests.integration.aws.account import Account, an_account
from tests.integration.gateway.clients import asking, chat, once
from tests.integration.gateway.kit import Gateway, model, serving
from tests.integration.gateway.service import CONVERSE, Service, service
from tests.integration.gateway.test_credentials import CLOUDS, bedrock, lines, rested
from tests.integration.http.loop import on_loop

ROLES = "arn:aws:sts::123456789012:assumed-role"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """moto, with users and roles."""
    with an_account(tmp_path_factory.mktemp("aws")) as made:
        yield made


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment in which no cloud is known."""
    for name in list(os.environ):
        if name.startswith(CLOUDS):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return monkeypatch


def write_files(folder: Path, config: str, key: Credentials) -> None:
    """The shared files of AWS tools, in which the profile ``base`` has the key."""
    (folder / ".aws").mkdir()
    (folder / ".aws" / "config").write_text(config, encoding="utf-8")
    secrets = f"aws_access_key_id = {key.access_key_id}\naws_secret_access_key = {key.secret_access_key}\n"
    (folder / ".aws" / "credentials").write_text(f"[base]\n{secrets}", encoding="utf-8")


def profile(name: str, role: str, source: str, more: str = "") -> str:
    """A profile that assumes a role."""
    return f"[profile {name}]\nrole_arn = {role}\nsource_profile = {source}\n{more}"


@asynccontextmanager
async def before_bedrock(folder: Path, **options: str) -> AsyncIterator[tuple[Gateway, Service]]:
    """A gateway before a Bedrock that answers whoever signs."""
    async with (
        service(lambda _: (200, CONVERSE)) as upstream,
        serving(folder, bedrock(upstream, **options), model("plain", "aws/claude")) as gateway,
    ):
        await rested(gateway)
        yield gateway, upstream


def held(gateway: Gateway) -> Credentials:
    """What the provider signs with."""
    credentials: Credentials = gateway.parts.renewals._running["provider", "aws"].provider.holder.current()  # type: ignore[attr-defined]
    return credentials


async def signed_by(gateway: Gateway, upstream: Service) -> tuple[str, str]:
    """Key and session token under which a request comes to Bedrock."""
    assert (await once(gateway, chat(asking()))).status == 200
    fields = upstream.asked[-1].fields
    return fields["authorization"].partition("Credential=")[2].partition("/")[0], fields["x-amz-security-token"]


@on_loop
async def test_a_profile_assumes_its_role_where_the_profile_says(account: Account, tmp_path: Path) -> None:
    config = profile("gateway", account.role, "base", f"endpoint_url = {account.url}\nduration_seconds = 900\n")
    write_files(tmp_path, config, account.user)
    async with before_bedrock(tmp_path, profile="gateway") as (gateway, upstream):
        credentials = held(gateway)
        assert await signed_by(gateway, upstream) == (credentials.access_key_id, credentials.session_token)
        assert await asyncio.to_thread(account.owner, credentials) == f"{ROLES}/bedrock/stellwerk"
        assert 800 < credentials.expires_s - time.time() < 910


@on_loop
async def test_a_role_assumes_a_role(account: Account, tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    second = profile("second", account.role, "first", "role_session_name = last\n")
    write_files(tmp_path, profile("first", account.first, "base") + second, account.user)
    environment.setenv("AWS_ENDPOINT_URL", account.url)
    async with before_bedrock(tmp_path, profile="second") as (gateway, _):
        assert await asyncio.to_thread(account.owner, held(gateway)) == f"{ROLES}/bedrock/last"


@on_loop
@pytest.mark.parametrize("why", ["a wrong secret", "an unknown key", "no permission"])
async def test_what_the_token_service_refuses_is_told_and_nothing_is_sent(
    account: Account, tmp_path: Path, environment: pytest.MonkeyPatch, why: str
) -> None:
    keys = {
        "a wrong secret": Credentials(account.user.access_key_id, "upstream-secret"),
        "an unknown key": Credentials("AKIAUNKNOWN", "upstream-secret"),
        "no permission": account.stranger,
    }
    write_files(tmp_path, profile("gateway", account.role, "base"), keys[why])
    environment.setenv("AWS_ENDPOINT_URL_STS", account.url)
    async with before_bedrock(tmp_path, profile="gateway") as (gateway, upstream):
        refused = await once(gateway, chat(asking()))
        assert (refused.status, refused.error["code"]) == (502, "upstream_credentials")
        assert "127.0.0.1 answered with status 403" in refused.error["message"]
        assert list(lines(gateway)) == ["credentials_not_refreshed"]
        assert upstream.asked == []


@on_loop
async def test_a_web_identity_becomes_a_role(account: Account, tmp_path: Path, environment: pytest.MonkeyPatch) -> None:
    token = tmp_path / "token"
    token.write_text("eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl\n", encoding="utf-8")
    environment.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    environment.setenv("AWS_ROLE_ARN", account.role)
    environment.setenv("AWS_ROLE_SESSION_NAME", "pod")
    environment.setenv("AWS_ENDPOINT_URL_STS", account.url)
    account.check_signatures(is_on=False)
    try:
        async with before_bedrock(tmp_path) as (gateway, upstream):
            credentials = held(gateway)
            assert await signed_by(gateway, upstream) == (credentials.access_key_id, credentials.session_token)
    finally:
        account.check_signatures(is_on=True)
    assert account.owner(credentials) == f"{ROLES}/bedrock/pod"


@on_loop
async def test_a_machines_metadata_service_gives_its_role(
    account: Account, tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", account.url)
    async with before_bedrock(tmp_path) as (gateway, upstream):
        assert await signed_by(gateway, upstream) == ("test-key", "test-session-token")
        assert 86_000 < held(gateway).expires_s - time.time() < 86_500
