"""Workload identity federation, judged by what Google's own library asks for."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import msgspec
import pytest
from google.auth import identity_pool

from stellwerk.cloud.google_credentials import SCOPE, Source, load, origins, parse
from stellwerk.cloud.refreshing import Token
from stellwerk.core.wire import Origin
from stellwerk.errors import ConfigurationError, UpstreamCredentials
from tests.unit.cloud.sources import NOW, Files, Services

STS = "https://sts.googleapis.com/v1/token"
IMPERSONATION = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/g@p.iam:generateAccessToken"
EXCHANGED = b'{"access_token":"exchanged","expires_in":3600,"token_type":"Bearer"}'
IMPERSONATED = b'{"accessToken":"impersonated","expireTime":"2025-11-23T13:30:00Z"}'


class Answer(NamedTuple):
    """As the library's transport gives it."""

    status: int
    data: bytes


def document(file: str, **members: Any) -> dict[str, Any]:
    """A file of the federation, as gcloud writes it."""
    return {
        "type": "external_account",
        "universe_domain": "googleapis.com",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": STS,
        "credential_source": {"file": file, "format": {"type": "text"}},
        **members,
    }


def parsed(members: dict[str, Any]) -> Source:
    """The source in a file."""
    return parse(msgspec.json.encode(members).decode())


def services() -> Services:
    """Google's."""
    return Services({("POST", STS): (200, EXCHANGED), ("POST", IMPERSONATION): (200, IMPERSONATED)})


def asked_by_the_library(members: dict[str, Any]) -> list[tuple[str, Any, str | None]]:
    """Address, body and authorization of each request that Google's library sends."""
    asked: list[tuple[str, Any, str | None]] = []

    def transport(url: str, method: str, body: bytes, headers: dict[str, str], **_: Any) -> Answer:
        del method
        asked.append((url, body, headers.get("authorization")))
        return Answer(200, EXCHANGED if url == STS else IMPERSONATED)

    identity_pool.Credentials.from_info(members, scopes=[SCOPE]).refresh(transport)  # type: ignore[no-untyped-call]
    return asked


def comparable(body: bytes) -> Any:
    """A body, whatever the order in it."""
    return msgspec.json.decode(body) if body.startswith(b"{") else parse_qs(body.decode())


@pytest.mark.parametrize("is_impersonating", [False, True])
def test_it_is_asked_for_what_googles_library_asks_for(tmp_path: Path, is_impersonating: bool) -> None:
    file = tmp_path / "token"
    file.write_text("ey.F", encoding="utf-8")
    members = document(str(file))
    if is_impersonating:
        members["service_account_impersonation_url"] = IMPERSONATION
    found, source = services(), parsed(members)
    token = asyncio.run(load(source, Files({str(file): "ey.F\n"}), found, NOW))
    expected = Token("impersonated", 1_763_904_600.0) if is_impersonating else Token("exchanged", NOW + 3600)
    assert token == expected
    ours = [(url, comparable(body), headers.get("authorization")) for _, url, headers, body in found.asked]
    assert ours == [(url, comparable(body), header) for url, body, header in asked_by_the_library(members)]
    hosts = ["sts.googleapis.com", *(["iamcredentials.googleapis.com"] if is_impersonating else [])]
    assert origins(source) == tuple(Origin("https", host, 443) for host in hosts)


@pytest.mark.parametrize("text", ["", "{}", "nonsense", '{"t":7}', "[" * 5_000])
def test_a_token_may_stand_in_a_json_object_and_has_to_be_there(text: str) -> None:
    source = parsed(
        document("", credential_source={"file": "/t", "format": {"type": "json", "subject_token_field_name": "t"}})
    )
    assert asyncio.run(load(source, Files({"/t": '{"t":"ey.F"}'}), services(), NOW)).value == "exchanged"
    with pytest.raises(UpstreamCredentials, match="no token in /t"):
        asyncio.run(load(source, Files({"/t": text}), services(), NOW))


@pytest.mark.parametrize(
    "answer", [b"{}", b'{"accessToken":7,"expireTime":7}', b'{"accessToken":"t","expireTime":"x"}']
)
def test_an_impersonation_without_a_token_is_a_failure(answer: bytes) -> None:
    source = parsed(document("/t", service_account_impersonation_url=IMPERSONATION))
    found = services()
    found.answers["POST", IMPERSONATION] = (200, answer)
    with pytest.raises(UpstreamCredentials, match="can be read"):
        asyncio.run(load(source, Files({"/t": "ey.F"}), found, NOW))


def test_other_sources_of_the_token_are_refused_and_so_are_open_addresses() -> None:
    with pytest.raises(ConfigurationError, match="file"):
        parsed(document("", credential_source={"url": "https://x.test/"}))
    with pytest.raises(ConfigurationError, match="not https"):
        parsed(document("/t", service_account_impersonation_url="http://x.test/"))
