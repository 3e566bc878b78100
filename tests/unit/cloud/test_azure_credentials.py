"""Each source of Entra's access tokens, asked as Microsoft documents it."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from stellwerk.cloud.azure_credentials import Application, ManagedIdentity, Source, choose, hold, load, origins
from stellwerk.cloud.refreshing import Token
from stellwerk.core.wire import Origin
from stellwerk.errors import ConfigurationError, UpstreamCredentials
from tests.unit.cloud.sources import NOW, Files, Services

ANSWER = b'{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"ey.J"}'
MANAGED = b'{"access_token":"ey.J","expires_on":"1763903599","resource":"r","token_type":"Bearer","client_id":"c"}'
TOKEN_URL = "https://login.microsoftonline.com/tenant/oauth2/v2.0/token"
RESOURCE = "https://cognitiveservices.azure.com"
APPLICATION = {"tenant_id": "tenant", "client_id": "app"}
IN_ENVIRONMENT = {"AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": "app"}


class Anything(Services):
    """Answers every request alike."""

    def __init__(self, answer: bytes) -> None:
        super().__init__({})
        self.answer = answer

    async def __call__(self, method: str, url: str, headers: Any, body: bytes) -> tuple[int, bytes]:
        """The answer."""
        self.asked.append((method, url, dict(headers), body))
        return 200, self.answer


def ask(source: Source, services: Services, files: dict[str, str] | None = None) -> Token:
    """A token from a source."""
    return asyncio.run(load(source, Files(files or {}), services, NOW))


@pytest.mark.parametrize(
    ("environment", "options"),
    [
        ({}, {**APPLICATION, "client_secret": "s3cr3t"}),
        ({**IN_ENVIRONMENT, "AZURE_CLIENT_SECRET": "s3cr3t"}, {}),
        (
            {**IN_ENVIRONMENT, "AZURE_CLIENT_SECRET": "x", "AZURE_FEDERATED_TOKEN_FILE": "/t"},
            {"client_secret": "s3cr3t"},
        ),
    ],
)
def test_an_application_shows_its_secret(environment: dict[str, str], options: dict[str, str]) -> None:
    source = choose(environment, **options)
    services = Services({("POST", TOKEN_URL): (200, ANSWER)})
    assert ask(source, services) == Token("ey.J", NOW + 3599)
    assert parse_qs(services.asked[0][3].decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["app"],
        "client_secret": ["s3cr3t"],
        "scope": [f"{RESOURCE}/.default"],
    }
    assert origins(source) == (Origin("https", "login.microsoftonline.com", 443),)
    assert "s3cr3t" not in repr(source)


def test_a_pod_shows_the_token_of_the_moment() -> None:
    source = choose({**IN_ENVIRONMENT, "AZURE_FEDERATED_TOKEN_FILE": "/t", "AZURE_AUTHORITY_HOST": "login.test/"})
    services = Anything(ANSWER)
    assert ask(source, services, {"/t": "ey.F\n"}).value == "ey.J"
    form = parse_qs(services.asked[0][3].decode())
    assert form["client_assertion"] == ["ey.F"]
    assert form["client_assertion_type"] == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
    assert services.asked[0][1] == "https://login.test/tenant/oauth2/v2.0/token"
    with pytest.raises(UpstreamCredentials, match="no token in /t"):
        ask(source, services)


@pytest.mark.parametrize("client_id", ["", "assigned"])
def test_a_machine_has_an_identity(client_id: str) -> None:
    source = choose({}, client_id=client_id)
    services = Anything(MANAGED)
    assert ask(source, services) == Token("ey.J", 1_763_903_599.0)
    method, url, headers, body = services.asked[0]
    parts = urlsplit(url)
    assert (method, parts.netloc, parts.path, body) == (
        "GET",
        "169.254.169.254",
        "/metadata/identity/oauth2/token",
        b"",
    )
    named = [("client_id", client_id)] if client_id else []
    assert parse_qsl(parts.query) == [("api-version", "2018-02-01"), ("resource", RESOURCE), *named]
    assert headers == {"metadata": "true"}
    assert origins(source) == (Origin("http", "169.254.169.254", 80),)


def test_an_app_has_an_identity_of_its_own() -> None:
    source = choose({"IDENTITY_ENDPOINT": "http://169.254.129.3:8081/msi/token", "IDENTITY_HEADER": "s3cr3t"})
    services = Anything(MANAGED)
    ask(source, services)
    _, url, headers, _ = services.asked[0]
    assert url.startswith("http://169.254.129.3:8081/msi/token?api-version=2019-08-01&resource=")
    assert headers == {"x-identity-header": "s3cr3t"}
    assert origins(source) == (Origin("http", "169.254.129.3", 8081),)
    assert "s3cr3t" not in repr(source)
    assert choose({"IDENTITY_ENDPOINT": "http://localhost:40342/x"}) == ManagedIdentity()


def test_what_an_application_lacks_is_said() -> None:
    for options in ({"client_secret": "s"}, {"client_secret": "s", "tenant_id": "a/b", "client_id": "c"}):
        with pytest.raises(ConfigurationError, match="tenant_id and its client_id"):
            choose({}, **options)
    with pytest.raises(ConfigurationError, match="needs its client_secret"):
        choose({}, **APPLICATION)


def test_a_secret_goes_nowhere_unencrypted() -> None:
    with pytest.raises(ValueError, match="not https"):
        origins(Application("t", "c", "s", authority="http://login.test"))
    assert origins(Application("t", "c", "s", authority="http://127.0.0.1:9")) == (Origin("http", "127.0.0.1", 9),)


def test_the_next_holder_of_the_source_inherits() -> None:
    first, second = (hold(choose({}), Files({})) for _ in range(2))
    asyncio.run(first.refresh(Anything(MANAGED), NOW))
    second.inherit(first)
    assert second.current().value == "ey.J"
