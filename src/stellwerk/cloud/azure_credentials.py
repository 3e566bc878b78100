"""Where Microsoft Entra's access tokens come from, as values, and how each is asked.

Sources: an application's secret, an application's federated token in a file (AKS workload identity), and the managed
identity of a machine (IMDS) or an app (App Service, Container Apps).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NoReturn, TypeAlias
from urllib.parse import urlencode

import msgspec

from stellwerk.cloud import tokens
from stellwerk.cloud.aws_profiles import Read
from stellwerk.cloud.refreshing import Refreshing, Token
from stellwerk.core import url as urls
from stellwerk.core.wire import Origin
from stellwerk.errors import ConfigurationError, UpstreamCredentials
from stellwerk.ports.credential import Fetch

AUTHORITY = "https://login.microsoftonline.com"
METADATA = "http://169.254.169.254"
RESOURCE = "https://cognitiveservices.azure.com"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")


class Application(msgspec.Struct, frozen=True):
    """An application that proves itself by a secret, or by a token that somebody keeps fresh in a file."""

    tenant_id: str
    client_id: str
    client_secret: str = ""
    token_file: str = ""
    authority: str = AUTHORITY

    def __repr__(self) -> str:
        return f"Application({self.client_id!r})"


class ManagedIdentity(msgspec.Struct, frozen=True):
    """The identity of where the process runs. An ``endpoint`` and its ``secret`` are those of an app."""

    client_id: str = ""
    endpoint: str = ""
    secret: str = ""
    metadata: str = METADATA

    def __repr__(self) -> str:
        return f"ManagedIdentity({self.client_id!r})"


Source: TypeAlias = Application | ManagedIdentity


def choose(
    environment: Mapping[str, str], *, tenant_id: str = "", client_id: str = "", client_secret: str = ""
) -> Source:
    """The source that settings and environment mean. Raises ``ConfigurationError`` where something is missing."""
    tenant = tenant_id or environment.get("AZURE_TENANT_ID", "")
    named = client_id or environment.get("AZURE_CLIENT_ID", "")
    secret = client_secret or environment.get("AZURE_CLIENT_SECRET", "")
    token_file = environment.get("AZURE_FEDERATED_TOKEN_FILE", "")
    if secret or token_file:
        if not _TENANT.fullmatch(tenant) or not named:
            _fail("an application needs its tenant_id and its client_id")
        authority = environment.get("AZURE_AUTHORITY_HOST") or AUTHORITY
        if "://" not in authority:
            authority = f"https://{authority}"
        return Application(tenant, named, secret, "" if secret else token_file, authority.rstrip("/"))
    if tenant_id:
        _fail("an application needs its client_secret, or a token in AZURE_FEDERATED_TOKEN_FILE")
    header = environment.get("IDENTITY_HEADER", "")
    # Without the header it is an endpoint of another sort (Azure Arc), which wants more than we can give.
    endpoint = environment.get("IDENTITY_ENDPOINT", "") if header else ""
    metadata = environment.get("AZURE_POD_IDENTITY_AUTHORITY_HOST") or METADATA
    return ManagedIdentity(named, endpoint, header, metadata.rstrip("/"))


def hold(source: Source, read: Read) -> Refreshing[Token]:
    """The holder of a source's tokens."""

    async def load_now(fetch: Fetch, now: float) -> Token:
        return await load(source, read, fetch, now)

    identity = (source.tenant_id, source.client_id) if isinstance(source, Application) else None
    return Refreshing(load_now, source=source, identity=identity)


def origins(source: Source) -> tuple[Origin, ...]:
    """Where a source is asked. Raises ``ValueError`` for an address that cannot be one."""
    match source:
        case Application():
            found = urls.read(source.authority)
            if found.scheme != "https" and found.host.text not in {"127.0.0.1", "::1", "localhost"}:
                raise ValueError("the address of Entra is not https")
            return (found.origin,)
        case _:
            return (urls.read(source.endpoint or source.metadata).origin,)


async def load(source: Source, read: Read, fetch: Fetch, now: float) -> Token:
    """A token from a source. Raises ``UpstreamCredentials``, whose message holds no secret."""
    match source:
        case Application():
            form = {
                "grant_type": "client_credentials",
                "client_id": source.client_id,
                "scope": f"{RESOURCE}/.default",
                **_proof(source, read),
            }
            url = f"{source.authority}/{source.tenant_id}/oauth2/v2.0/token"
            return await tokens.ask(fetch, "POST", url, {}, form, now)
        case _:
            return await _ask_managed(source, fetch, now)


async def _ask_managed(identity: ManagedIdentity, fetch: Fetch, now: float) -> Token:
    query = {"resource": RESOURCE}
    if identity.client_id:
        query["client_id"] = identity.client_id
    if identity.endpoint:
        url = f"{identity.endpoint}?{urlencode({'api-version': '2019-08-01', **query})}"
        return await tokens.ask(fetch, "GET", url, {"x-identity-header": identity.secret}, None, now)
    url = f"{identity.metadata}/metadata/identity/oauth2/token?{urlencode({'api-version': '2018-02-01', **query})}"
    return await tokens.ask(fetch, "GET", url, {"metadata": "true"}, None, now)


def _proof(application: Application, read: Read) -> dict[str, str]:
    if application.client_secret:
        return {"client_secret": application.client_secret}
    token = (read(application.token_file) or "").strip()
    if not token:
        raise UpstreamCredentials(f"No access token can be had: there is no token in {application.token_file}.")
    return {"client_assertion_type": _ASSERTION, "client_assertion": token}


def _fail(reason: str) -> NoReturn:
    raise ConfigurationError((f"Azure credentials: {reason}",))
