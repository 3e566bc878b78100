"""Google's sources of access tokens, and what a service account signs, judged by Google's own library."""

from __future__ import annotations

import asyncio
import builtins
from datetime import UTC, datetime
from functools import cache
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from google.auth import jwt
from google.oauth2 import service_account

from stellwerk.cloud.google_credentials import (
    SCOPE,
    TOKEN_URI,
    AuthorizedUser,
    Metadata,
    ServiceAccount,
    Source,
    assertion,
    choose,
    hold,
    load,
    origins,
    parse,
)
from stellwerk.cloud.refreshing import Token
from stellwerk.core.wire import Origin
from stellwerk.errors import ConfigurationError, UpstreamCredentials
from tests.unit.cloud.sources import NOW, Files, Services, nothing

ANSWER = b'{"access_token":"ya29.token","expires_in":3599,"token_type":"Bearer","scope":"x","id_token":"y"}'
EXPECTED = Token("ya29.token", NOW + 3599)
METADATA = "http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token"
USER = {"type": "authorized_user", "client_id": "id", "client_secret": "s3cr3t", "refresh_token": "1//refresh"}


@cache
def key() -> rsa.RSAPrivateKey:
    """A key for all tests: making one takes a while."""
    return rsa.generate_private_key(65_537, 2_048)


def pem(of: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    """A private key as text."""
    return of.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def account(**members: Any) -> dict[str, Any]:
    """A service account's file, as the console gives it."""
    return {
        "type": "service_account",
        "project_id": "p",
        "private_key_id": "k1",
        "private_key": pem(key()),
        "client_email": "gateway@p.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": TOKEN_URI,
        "universe_domain": "googleapis.com",
        **members,
    }


def parsed(document: dict[str, Any]) -> Source:
    """The source in a file."""
    return parse(msgspec.json.encode(document).decode())


def ask(source: Source, services: Services) -> Token:
    """A token from a source."""
    return asyncio.run(load(source, nothing, services, NOW))


def test_a_service_account_signs_what_googles_library_signs() -> None:
    source = parsed(account())
    assert isinstance(source, ServiceAccount)
    signed = assertion(source, NOW)
    public = key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    moment = datetime.fromtimestamp(NOW, UTC).replace(tzinfo=None)
    own = service_account.Credentials.from_service_account_info(account(), scopes=[SCOPE])  # type: ignore[no-untyped-call]
    with patch("google.auth._helpers.utcnow", return_value=moment):
        claims = jwt.decode(signed, public, audience=TOKEN_URI)  # type: ignore[no-untyped-call]
        theirs = own._make_authorization_grant_assertion()
        expected = jwt.decode(theirs, public, audience=TOKEN_URI)  # type: ignore[no-untyped-call]
    assert claims == expected
    assert jwt.decode_header(signed) == jwt.decode_header(theirs)  # type: ignore[no-untyped-call]


def test_a_service_account_gets_a_token_for_its_assertion() -> None:
    services = Services({("POST", TOKEN_URI): (200, ANSWER)})
    source = parsed(account(private_key_id=""))
    assert ask(source, services) == EXPECTED
    form = parse_qs(services.asked[0][3].decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    assert "kid" not in jwt.decode_header(form["assertion"][0])  # type: ignore[no-untyped-call]
    assert origins(source) == (Origin("https", "oauth2.googleapis.com", 443),)


def test_a_login_is_refreshed() -> None:
    services = Services({("POST", TOKEN_URI): (200, ANSWER)})
    source = parsed({**USER, "quota_project_id": "p", "account": ""})
    assert ask(source, services) == EXPECTED
    assert parse_qs(services.asked[0][3].decode()) == {
        "grant_type": ["refresh_token"],
        "client_id": ["id"],
        "client_secret": ["s3cr3t"],
        "refresh_token": ["1//refresh"],
    }


def test_the_metadata_service_is_asked_by_its_address_and_in_its_way() -> None:
    services = Services({("GET", METADATA): (200, ANSWER)})
    assert ask(Metadata(), services) == EXPECTED
    assert services.asked == [("GET", METADATA, {"metadata-flavor": "Google"}, b"")]
    assert origins(Metadata()) == (Origin("http", "169.254.169.254", 80),)


def test_the_chain_goes_by_the_named_file_then_gclouds_then_the_metadata_service() -> None:
    text = msgspec.json.encode(USER).decode()
    user = AuthorizedUser("id", "s3cr3t", "1//refresh")
    named = {"GOOGLE_APPLICATION_CREDENTIALS": "/named.json", "HOME": "/somebody"}
    assert choose(named, Files({"/named.json": text})) == user
    usual = Files({"/somebody/.config/gcloud/application_default_credentials.json": text})
    assert choose({"HOME": "/somebody"}, usual) == user
    moved = Files({"/cloud/application_default_credentials.json": text})
    assert choose({"CLOUDSDK_CONFIG": "/cloud", "HOME": "/somebody"}, moved) == user
    assert choose({"HOME": "/somebody"}, nothing) == Metadata()
    assert choose({"GCE_METADATA_HOST": "127.0.0.1:8"}, nothing) == Metadata("127.0.0.1:8")
    assert choose({"GCE_METADATA_HOST": "metadata.google.internal"}, nothing) == Metadata()
    assert choose({"GCE_METADATA_IP": "10.0.0.1"}, nothing) == Metadata("10.0.0.1")
    with pytest.raises(ConfigurationError, match="does not exist"):
        choose(named, nothing)
    with pytest.raises(ConfigurationError, match="switched off"):
        choose({"NO_GCE_CHECK": "true"}, nothing)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "no JSON object"),
        ({}, "type 'None'"),
        ({"type": "gdch_service_account"}, "gdch_service_account.*not served"),
        ({"type": "external_account", "audience": "a", "subject_token_type": "t"}, "credential_source"),
        ({"type": "service_account"}, "client_email"),
        ({**USER, "client_secret": 7}, "client_secret"),
        ({**USER, "token_uri": "http://evil.test/token"}, "not https"),
        ({**USER, "token_uri": "nonsense"}, "cannot be used"),
    ],
)
def test_a_file_that_cannot_serve_is_refused(document: Any, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason) as refused:
        parsed(document)
    assert "s3cr3t" not in str(refused.value)


def test_only_an_rsa_key_can_sign() -> None:
    for text in ("", "s3cr3t", pem(ec.generate_private_key(ec.SECP256R1()))):
        with pytest.raises(ConfigurationError, match="no RSA key") as refused:
            parsed(account(private_key=text))
        assert not text or text not in str(refused.value)


def test_without_the_package_that_signs_it_is_said_how_to_get_it() -> None:
    document = account()
    real = builtins.__import__

    def no_cryptography(name: str, *others: Any) -> Any:
        if name.startswith("cryptography"):
            raise ImportError(name)
        return real(name, *others)

    with patch("builtins.__import__", no_cryptography):
        with pytest.raises(ConfigurationError, match=r"stellwerk\[google\]"):
            parsed(document)
        assert isinstance(parsed(USER), AuthorizedUser)


def test_a_token_uri_on_this_machine_may_be_plain() -> None:
    source = parsed({**USER, "token_uri": "http://127.0.0.1:9/token"})
    assert origins(source) == (Origin("http", "127.0.0.1", 9),)


def test_a_refused_grant_is_a_failure_and_the_next_holder_of_the_source_inherits() -> None:
    source = parsed(USER)
    services = Services({("POST", TOKEN_URI): (400, b'{"error":"invalid_grant"}')})
    with pytest.raises(UpstreamCredentials, match="invalid_grant"):
        ask(source, services)
    services.answers["POST", TOKEN_URI] = (200, ANSWER)
    first, second = hold(source, nothing), hold(parsed(USER), nothing)
    asyncio.run(first.refresh(services, NOW))
    second.inherit(first)
    assert second.current() == EXPECTED


def test_no_secret_is_shown() -> None:
    shown = repr((parsed(account()), parsed(USER)))
    assert "PRIVATE" not in shown
    assert "s3cr3t" not in shown
    assert "refresh" not in shown
