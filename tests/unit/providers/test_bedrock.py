"""Bedrock: whose credentials are used, where requests go, and that they are signed as botocore signs them."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import msgspec
import pytest
from botocore.auth import SigV4Auth  # type: ignore[import-untyped]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
from botocore.credentials import Credentials  # type: ignore[import-untyped]

from stellwerk.cloud.files import read
from stellwerk.cloud.signed_bedrock import SignedUpstream
from stellwerk.core.chat import ChatRequest, Message, Role
from stellwerk.core.part import Text
from stellwerk.core.route import Target
from stellwerk.core.wire import Origin
from stellwerk.dialects.bedrock_converse.request import read_envelope
from stellwerk.errors import ConfigurationError, UpstreamCredentials
from stellwerk.ports.credential import Refreshed, Signing
from stellwerk.providers.bedrock import SECRETS, Settings, build
from tests.unit.cloud.sources import DOCUMENT, NOW, Services

MODEL = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
TARGET = Target(f"bedrock/{MODEL}", "bedrock", MODEL)
ENVELOPE = read_envelope(b'{"messages":[]}', model="smart", is_stream=False, max_depth=9)
REQUEST = ChatRequest("smart", (Message(Role.USER, (Text("Hi"),)),))
KEY = {"access_key_id": "AKIAKNOWN", "secret_access_key": "known"}
REGION = "eu-central-1"
CONTAINER = "http://169.254.170.2/x"


def made(environment: Mapping[str, str] | None = None, /, **options: Any) -> SignedUpstream:
    provider = build(Settings(**options), environment=environment or {})
    assert isinstance(provider, Signing)
    assert isinstance(provider, Refreshed)
    return cast("SignedUpstream", provider)


@pytest.mark.parametrize("session_token", ["", "session=="])
def test_a_request_is_signed_as_botocore_signs_it(session_token: str) -> None:
    provider = made(region=REGION, **KEY, session_token=session_token)
    for prepared in (provider.prepare(ENVELOPE, TARGET, "", b""), provider.prepare_chat(REQUEST, TARGET, "", b"")):
        signed = provider.sign(prepared, NOW)
        assert signed.fields.startswith(prepared.fields)
        assert (signed.path, signed.body, signed.method) == (prepared.path, prepared.body, b"POST")
        url = f"https://bedrock-runtime.{REGION}.amazonaws.com{prepared.path.decode()}"
        request = AWSRequest("POST", url, {"content-type": "application/json"}, prepared.body)
        with patch("botocore.auth.get_current_datetime", return_value=datetime.fromtimestamp(NOW, UTC)):
            SigV4Auth(Credentials("AKIAKNOWN", "known", session_token or None), "bedrock", REGION).add_auth(request)
        lines = dict(line.split(": ", 1) for line in signed.fields.decode().split("\r\n")[:-1])
        assert lines["authorization"] == request.headers["Authorization"]
        assert lines["x-amz-date"] == request.headers["X-Amz-Date"]
        assert lines.get("x-amz-security-token", "") == session_token


@pytest.mark.parametrize(
    ("environment", "options", "credential", "bearer"),
    [
        ({}, {"api_key": "from-settings"}, "from-settings", b"from-settings"),
        ({"AWS_BEARER_TOKEN_BEDROCK": "from-environment"}, {}, "", b"from-environment"),
        ({"AWS_BEARER_TOKEN_BEDROCK": "from-environment"}, {"api_key": "from-settings"}, "rotated", b"rotated"),
    ],
)
def test_an_api_key_is_a_bearer_and_nothing_is_signed(
    environment: dict[str, str], options: dict[str, str], credential: str, bearer: bytes
) -> None:
    provider = made(environment, region=REGION, **options)
    prepared = provider.prepare(ENVELOPE, TARGET, credential, b"")
    assert b"authorization: Bearer " + bearer + b"\r\n" in prepared.fields
    assert provider.sign(prepared, NOW) is prepared
    assert b"Bearer" in provider.prepare_chat(REQUEST, TARGET, credential, b"").fields
    assert asyncio.run(provider.refresh(Services({}), NOW)) == math.inf


def test_a_key_of_the_settings_goes_before_the_environment() -> None:
    provider = made({"AWS_BEARER_TOKEN_BEDROCK": "x", "AWS_ACCESS_KEY_ID": "AKIAENV"}, region=REGION, **KEY)
    assert b"Credential=AKIAKNOWN/" in provider.sign(provider.prepare(ENVELOPE, TARGET, "", b""), NOW).fields


def test_the_default_chain_is_followed_and_refreshed() -> None:
    provider = made({"AWS_CONTAINER_CREDENTIALS_FULL_URI": CONTAINER}, region=REGION)
    prepared = provider.prepare(ENVELOPE, TARGET, "", b"")
    with pytest.raises(UpstreamCredentials):
        provider.sign(prepared, NOW)
    due = asyncio.run(provider.refresh(Services({("GET", CONTAINER): (200, DOCUMENT)}), NOW))
    assert due > NOW
    assert b"Credential=ASIAFETCHED/" in provider.sign(prepared, NOW).fields


def test_a_profile_goes_before_the_environment_and_brings_its_region(tmp_path: Path) -> None:
    config = "[profile p]\nregion = eu-west-3\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = s\n"
    (tmp_path / "config").write_text(config, encoding="utf-8")
    environment = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_BEARER_TOKEN_BEDROCK": "x",
        "AWS_ACCESS_KEY_ID": "AKIAENV",
        "HOME": str(tmp_path),
    }
    provider = made(environment, profile="p")
    assert provider.origin.host == "bedrock-runtime.eu-west-3.amazonaws.com"
    signed = provider.sign(provider.prepare(ENVELOPE, TARGET, "", b""), NOW).fields
    assert b"Credential=AKIAPROFILE/" in signed
    assert b"/eu-west-3/bedrock/aws4_request" in signed


@pytest.mark.parametrize(
    ("environment", "options", "origin", "region"),
    [
        (
            {"AWS_REGION": "eu-west-1"},
            {},
            Origin("https", "bedrock-runtime.eu-west-1.amazonaws.com", 443),
            b"eu-west-1",
        ),
        (
            {"AWS_REGION": "eu-west-1"},
            {"region": REGION, "base_url": "http://127.0.0.1:9"},
            Origin("http", "127.0.0.1", 9),
            b"eu-central-1",
        ),
        (
            {},
            {"base_url": "https://vpce-1.bedrock-runtime.eu-west-2.vpce.amazonaws.com"},
            Origin("https", "vpce-1.bedrock-runtime.eu-west-2.vpce.amazonaws.com", 443),
            b"eu-west-2",
        ),
        (
            {},
            {"base_url": "https://bedrock-runtime-fips.us-east-1.amazonaws.com"},
            Origin("https", "bedrock-runtime-fips.us-east-1.amazonaws.com", 443),
            b"us-east-1",
        ),
        (
            {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "https://bedrock.example.com"},
            {"region": REGION},
            Origin("https", "bedrock.example.com", 443),
            b"eu-central-1",
        ),
        (
            {"AWS_ENDPOINT_URL": "https://all.example.com"},
            {"region": REGION, "base_url": "http://127.0.0.1:9"},
            Origin("http", "127.0.0.1", 9),
            b"eu-central-1",
        ),
    ],
)
def test_where_requests_go_and_for_which_region_they_are_signed(
    environment: dict[str, str], options: dict[str, str], origin: Origin, region: bytes
) -> None:
    provider = made(environment, **options, **KEY)
    assert provider.origin == origin
    signed = provider.sign(provider.prepare(ENVELOPE, TARGET, "", b""), NOW)
    assert b"/" + region + b"/bedrock/aws4_request" in signed.fields


def test_a_role_is_assumed_where_the_environment_says() -> None:
    identity = {"AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/gateway"}
    usual = made(identity, region=REGION)
    assert usual.origins == (Origin("https", "sts.eu-central-1.amazonaws.com", 443),)
    elsewhere = made({**identity, "AWS_ENDPOINT_URL_STS": "https://sts.example.com:8443/x"}, region=REGION)
    assert elsewhere.origins == (Origin("https", "sts.example.com", 8443),)


def test_without_a_region_there_is_nowhere_to_go_and_nothing_to_sign_for() -> None:
    for options in ({}, {"base_url": "http://127.0.0.1:9"}):
        with pytest.raises(ValueError, match="`region` is needed"):
            made(**options, **KEY)
    assert made(base_url="http://127.0.0.1:9", api_key="k").origin.port == 9


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"access_key_id": "AKIA"}, "belong together"),
        ({"secret_access_key": "s"}, "belong together"),
        ({"session_token": "t"}, "belong together"),
        ({"api_key": "k", **KEY}, "is enough"),
        ({"profile": "p", **KEY}, "is enough"),
        ({"region": "https://evil.example.com/"}, "expected a region"),
        ({"region": "Frankfurt"}, "expected a region"),
    ],
)
def test_settings_that_contradict_themselves_are_refused(options: dict[str, str], told: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=told):
        msgspec.convert(options, Settings)


def test_its_secrets_are_named() -> None:
    assert SECRETS == ("api_key", "access_key_id", "secret_access_key", "session_token")


def test_files_are_read_where_there_are_any(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("ü", encoding="utf-8")
    assert read(str(tmp_path / "a")) == "ü"
    assert read(str(tmp_path / "b")) is None
    assert read(str(tmp_path / "a" / "b")) is None
    (tmp_path / "c").write_bytes(b"\xff")
    for unreadable in ("c", "."):
        with pytest.raises(ConfigurationError, match="cannot be read"):
            read(str(tmp_path / unreadable))
