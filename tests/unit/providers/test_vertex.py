"""Vertex AI: whose credentials are used, and when a token is at hand."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from stellwerk.cloud.google_credentials import TOKEN_URI
from stellwerk.cloud.signed_vertex import SignedVertex
from stellwerk.core.chat import ChatRequest, Message, Role
from stellwerk.core.part import Text
from stellwerk.core.route import Target
from stellwerk.core.wire import Origin
from stellwerk.errors import ConfigurationError, UpstreamCredentials
from stellwerk.ports.credential import Refreshed, Signing
from stellwerk.providers.vertex import Settings, build
from tests.unit.cloud.sources import NOW, Services

TARGET = Target("g/gemini-2.5-flash", "g", "gemini-2.5-flash")
REQUEST = ChatRequest("smart", (Message(Role.USER, (Text("Hi"),)),))
USER = msgspec.json.encode(
    {"type": "authorized_user", "client_id": "id", "client_secret": "s3cr3t", "refresh_token": "r"}
).decode()


def made(environment: dict[str, str] | None = None, /, **options: Any) -> SignedVertex:
    """The provider."""
    provider = build(Settings("p", **options), environment={"HOME": "/nowhere", **(environment or {})})
    assert isinstance(provider, Signing)
    assert isinstance(provider, Refreshed)
    return cast("SignedVertex", provider)


def test_an_access_token_is_used_as_it_is() -> None:
    provider = made(access_token="ya29.own")
    prepared = provider.prepare_chat(REQUEST, TARGET, "ya29.own", b"")
    assert b"authorization: Bearer ya29.own\r\n" in prepared.fields
    assert provider.sign(prepared, NOW) is prepared
    assert provider.origins == ()
    assert asyncio.run(provider.refresh(Services({}), NOW)) == math.inf


def test_credentials_are_turned_into_tokens() -> None:
    provider = made(credentials=USER)
    assert provider.origins == (Origin("https", "oauth2.googleapis.com", 443),)
    prepared = provider.prepare_chat(REQUEST, TARGET, "", b"")
    assert b"authorization" not in prepared.fields
    with pytest.raises(UpstreamCredentials):
        provider.sign(prepared, NOW)
    answer = b'{"access_token":"ya29.new","expires_in":3599}'
    asyncio.run(provider.refresh(Services({("POST", TOKEN_URI): (200, answer)}), NOW))
    assert provider.sign(prepared, NOW).fields == prepared.fields + b"authorization: Bearer ya29.new\r\n"


def test_without_either_the_default_chain_is_followed(tmp_path: Path) -> None:
    assert made().origins == (Origin("http", "169.254.169.254", 80),)
    (tmp_path / "key.json").write_text(USER, encoding="utf-8")
    found = made({"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "key.json")})
    assert found.origins == (Origin("https", "oauth2.googleapis.com", 443),)


def test_two_sorts_of_credentials_are_refused_and_so_is_what_is_none() -> None:
    with pytest.raises(ValueError, match="is enough"):
        made(access_token="a", credentials=USER)
    with pytest.raises(ConfigurationError, match="no JSON object"):
        made(credentials="s3cr3t")
