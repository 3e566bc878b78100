"""Where Google's access tokens come from, as values, and how each is asked. Files and network are given by the caller.

Sources: a service account's key, a person's login (``gcloud auth application-default login``), the metadata service of
a machine, a pod (GKE workload identity) or a Cloud Run instance, and identities of other providers
(``google_federation``).
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, NoReturn, TypeAlias

import msgspec

from stellwerk.cloud import google_federation, tokens
from stellwerk.cloud.aws_profiles import Read, expand
from stellwerk.cloud.google_federation import ExternalAccount
from stellwerk.cloud.refreshing import Refreshing, Token
from stellwerk.core import url as urls
from stellwerk.core.wire import Origin
from stellwerk.errors import ConfigurationError
from stellwerk.ports.credential import Fetch

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 (an address)
METADATA_HOST = "169.254.169.254"
"""The metadata service by its address: a name in its place would be looked up, and may lead anywhere."""
METADATA_NAME = "metadata.google.internal"
ASSERTION_S = 3600
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_ADC = "application_default_credentials.json"


class ServiceAccount(msgspec.Struct, frozen=True):
    """The key of a service account, with which it signs for itself."""

    client_email: str
    private_key: str
    private_key_id: str = ""
    token_uri: str = TOKEN_URI

    def __repr__(self) -> str:
        return f"ServiceAccount({self.client_email!r})"


class AuthorizedUser(msgspec.Struct, frozen=True):
    """What stays of a person's login."""

    client_id: str
    client_secret: str
    refresh_token: str
    token_uri: str = TOKEN_URI

    def __repr__(self) -> str:
        return f"AuthorizedUser({self.client_id!r})"


class Metadata(msgspec.Struct, frozen=True):
    """The metadata service, at ``host`` or ``host:port``."""

    host: str = METADATA_HOST


Source: TypeAlias = ServiceAccount | AuthorizedUser | ExternalAccount | Metadata


def choose(environment: Mapping[str, str], read: Read) -> Source:
    """The source of the application default credentials. Raises ``ConfigurationError`` when there is none."""
    if path := environment.get("GOOGLE_APPLICATION_CREDENTIALS"):
        text = read(path)
        if text is None:
            _fail(f"GOOGLE_APPLICATION_CREDENTIALS names {path}, which does not exist")
        return parse(text)
    folder = environment.get("CLOUDSDK_CONFIG") or expand("~/.config/gcloud", environment)
    if (text := read(f"{folder}/{_ADC}")) is not None:
        return parse(text)
    if environment.get("NO_GCE_CHECK", "").lower() == "true":
        _fail("none are found, and the metadata service is switched off")
    host = environment.get("GCE_METADATA_HOST") or environment.get("GCE_METADATA_IP") or METADATA_HOST
    return Metadata(METADATA_HOST if host == METADATA_NAME else host)


def parse(text: str) -> Source:
    """The source in a credentials file. Raises ``ConfigurationError``, whose message holds no secret."""
    try:
        document = msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        _fail("the file holds no JSON object")
    source: ServiceAccount | AuthorizedUser | ExternalAccount
    try:
        match document.get("type"):
            case "service_account":
                source = msgspec.convert(document, ServiceAccount)
                load_key(source.private_key)
            case "authorized_user":
                source = msgspec.convert(document, AuthorizedUser)
            case "external_account":
                source = msgspec.convert(document, ExternalAccount)
            case other:
                _fail(f"files of the type {str(other)[:40]!r} are not served")
    except msgspec.ValidationError as error:
        _fail(str(error))
    for address in _addresses(source):
        _check(address)
    return source


def hold(source: Source, read: Read) -> Refreshing[Token]:
    """The holder of a source's tokens."""

    async def load_now(fetch: Fetch, now: float) -> Token:
        return await load(source, read, fetch, now)

    identity = source.client_email if isinstance(source, ServiceAccount) else None
    return Refreshing(load_now, source=source, identity=identity)


def origins(source: Source) -> tuple[Origin, ...]:
    """Where a source is asked. Raises ``ValueError`` for an address that cannot be one."""
    return tuple(urls.read(address).origin for address in _addresses(source))


async def load(source: Source, read: Read, fetch: Fetch, now: float) -> Token:
    """A token from a source. Raises ``UpstreamCredentials``, whose message holds no secret."""
    match source:
        case ServiceAccount():
            form = {"grant_type": _GRANT, "assertion": assertion(source, now)}
            return await tokens.ask(fetch, "POST", source.token_uri, {}, form, now)
        case AuthorizedUser():
            form = {
                "grant_type": "refresh_token",
                "client_id": source.client_id,
                "client_secret": source.client_secret,
                "refresh_token": source.refresh_token,
            }
            return await tokens.ask(fetch, "POST", source.token_uri, {}, form, now)
        case ExternalAccount():
            return await google_federation.load(source, SCOPE, read, fetch, now)
        case _:
            url = f"http://{source.host}/computeMetadata/v1/instance/service-accounts/default/token"
            return await tokens.ask(fetch, "GET", url, {"metadata-flavor": "Google"}, None, now)


def assertion(account: ServiceAccount, now: float) -> str:
    """What a service account says of itself, signed: a JWT (RFC 7523)."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    issued_s = int(now)
    header = {"typ": "JWT", "alg": "RS256", **({"kid": account.private_key_id} if account.private_key_id else {})}
    claims = {
        "iat": issued_s,
        "exp": issued_s + ASSERTION_S,
        "iss": account.client_email,
        "aud": account.token_uri,
        "scope": SCOPE,
    }
    signed = b".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
    signature = load_key(account.private_key).sign(signed, PKCS1v15(), SHA256())
    return b".".join((signed, _encoded(signature))).decode()


def load_key(pem: str) -> Any:
    """The RSA key in PEM text. Raises ``ConfigurationError`` without the package that signs, or without a key."""
    try:
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError:
        _fail("a service account's key needs the package cryptography: install stellwerk[google]")
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, RSAPrivateKey):
        _fail("the private_key is no RSA key in PEM form")
    return key


def _addresses(source: Source) -> tuple[str, ...]:
    match source:
        case Metadata():
            return (f"http://{source.host}/",)
        case ExternalAccount():
            return tuple(filter(None, (source.token_url, source.service_account_impersonation_url)))
        case _:
            return (source.token_uri,)


def _check(address: str) -> None:
    """Secrets go to this address: it is encrypted, or this machine."""
    try:
        found = urls.read(address)
    except ValueError as error:
        _fail(f"an address of the file cannot be used: {error}")
    if found.scheme != "https" and found.host.text not in _LOOPBACK:
        _fail("an address of the file is not https")


def _encoded(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def _fail(reason: str) -> NoReturn:
    raise ConfigurationError((f"Google credentials: {reason}",))
