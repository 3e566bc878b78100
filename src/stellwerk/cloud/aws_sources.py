"""Where AWS credentials come from, as values, and how each is asked. Files and network are given by the caller.

Sources: a key as it is; a role that another key assumes; a role for a web identity (Kubernetes); the endpoint of a
container (ECS, EKS pod identity); the metadata service of a machine (EC2, IMDSv2 only).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import msgspec

from stellwerk.cloud.aws_credentials import Credentials
from stellwerk.cloud.aws_profiles import Read
from stellwerk.cloud.aws_sts import TokenService, read_sts
from stellwerk.cloud.refreshing import Refreshing
from stellwerk.core import url as urls
from stellwerk.core.wire import Origin
from stellwerk.errors import UpstreamCredentials, UpstreamError
from stellwerk.ports.credential import Fetch

SESSION_NAME = "stellwerk"
METADATA_TOKEN_S = 21_600
_ROLES_PATH = "latest/meta-data/iam/security-credentials/"


class Key(msgspec.Struct, frozen=True):
    """A key that is known already."""

    credentials: Credentials


class Role(msgspec.Struct, frozen=True):
    """A role that the credentials of another source assume."""

    source: Source
    role_arn: str
    session_name: str = SESSION_NAME
    external_id: str = ""
    duration_s: int | None = None


class WebIdentity(msgspec.Struct, frozen=True):
    """A role that a token assumes, which somebody keeps fresh in a file."""

    role_arn: str
    token_file: str
    session_name: str = SESSION_NAME


class Container(msgspec.Struct, frozen=True):
    """An endpoint that gives a container its credentials, for a token from a file or the environment."""

    url: str
    token: str = ""
    token_file: str = ""


class Instance(msgspec.Struct, frozen=True):
    """The metadata service of a machine; ``endpoint`` ends in a slash."""

    endpoint: str


Source: TypeAlias = Key | Role | WebIdentity | Container | Instance


def hold(source: Source, service: TokenService, read: Read) -> Refreshing[Credentials]:
    """The holder of a source's credentials: a known key is at hand at once, others are fetched by ``refresh``."""

    async def load_now(fetch: Fetch, now: float) -> Credentials:
        return await load(source, service, read, fetch, now)

    known = source.credentials if isinstance(source, Key) else None
    return Refreshing(load_now, known, source=(source, service), identity=_identity(source))


def origins(source: Source, service: TokenService) -> tuple[Origin, ...]:
    """Where a source is asked. Raises ``ValueError`` for an address that cannot be one."""
    match source:
        case Key():
            return ()
        case Role():
            return (*origins(source.source, service), service.origin)
        case WebIdentity():
            return (service.origin,)
        case Container():
            return (urls.read(source.url).origin,)
        case _:
            return (urls.read(source.endpoint).origin,)


async def load(source: Source, service: TokenService, read: Read, fetch: Fetch, now: float) -> Credentials:
    """Credentials from a source. Raises ``UpstreamCredentials``, whose message holds no secret."""
    try:
        match source:
            case Key():
                return source.credentials
            case Role():
                return await _assume(source, service, read, fetch, now)
            case WebIdentity():
                return await _assume_as_web_identity(source, service, read, fetch, now)
            case Container():
                return await _ask_container(source, read, fetch)
            case _:
                return await _ask_instance(source, fetch)
    except UpstreamCredentials:
        raise
    except UpstreamError as error:
        raise UpstreamCredentials(f"AWS credentials cannot be had: {error.message}") from None
    except (ValueError, LookupError, TypeError):
        raise UpstreamCredentials("AWS credentials cannot be had: the answer holds none that can be read.") from None


def read_document(body: bytes) -> Credentials:
    """The credentials in a JSON document of a container's endpoint or a machine's metadata service."""
    found = _decode(body)
    expires_s = datetime.fromisoformat(found["Expiration"]).timestamp()
    return Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["Token"], expires_s)


def _identity(source: Source) -> str | None:
    match source:
        case Key():
            return None
        case Role() | WebIdentity():
            return source.role_arn
        case Container():
            return source.url
        case _:
            return source.endpoint


async def _assume(role: Role, service: TokenService, read: Read, fetch: Fetch, now: float) -> Credentials:
    credentials = await load(role.source, service, read, fetch, now)
    parameters = {"RoleArn": role.role_arn, "RoleSessionName": role.session_name}
    if role.external_id:
        parameters["ExternalId"] = role.external_id
    if role.duration_s is not None:
        parameters["DurationSeconds"] = str(role.duration_s)
    headers, body = service.asking("AssumeRole", parameters, credentials, now)
    return read_sts(await _get(fetch, "POST", service.url, headers, body))


async def _assume_as_web_identity(
    identity: WebIdentity, service: TokenService, read: Read, fetch: Fetch, now: float
) -> Credentials:
    token = _token(identity.token_file, read)
    parameters = {
        "RoleArn": identity.role_arn,
        "RoleSessionName": identity.session_name,
        "WebIdentityToken": token,
    }
    headers, body = service.asking("AssumeRoleWithWebIdentity", parameters, None, now)
    return read_sts(await _get(fetch, "POST", service.url, headers, body))


async def _ask_container(container: Container, read: Read, fetch: Fetch) -> Credentials:
    headers = {"accept": "application/json"}
    token = _token(container.token_file, read) if container.token_file else container.token
    if token:
        headers["authorization"] = token
    return read_document(await _get(fetch, "GET", container.url, headers))


async def _ask_instance(instance: Instance, fetch: Fetch) -> Credentials:
    lifetime = {"x-aws-ec2-metadata-token-ttl-seconds": str(METADATA_TOKEN_S)}
    token = (await _get(fetch, "PUT", f"{instance.endpoint}latest/api/token", lifetime)).decode("ascii").strip()
    headers = {"x-aws-ec2-metadata-token": token}
    roles = (await _get(fetch, "GET", instance.endpoint + _ROLES_PATH, headers)).decode("ascii").split()
    document = await _get(fetch, "GET", instance.endpoint + _ROLES_PATH + roles[0], headers)
    told = _decode(document).get("Code", "Success")
    if told != "Success":
        raise UpstreamCredentials("The machine's metadata service has no credentials for its role.")
    return read_document(document)


async def _get(fetch: Fetch, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    status, answer = await fetch(method, url, headers, body)
    if status != 200:
        host = urlsplit(url).hostname
        raise UpstreamCredentials(f"AWS credentials cannot be had: {host} answered with status {status}.")
    return answer


def _token(path: str, read: Read) -> str:
    token = (read(path) or "").strip()
    if not token or not token.isprintable():
        raise UpstreamCredentials(f"AWS credentials cannot be had: there is no token in {path}.")
    return token


def _decode(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        raise LookupError("no JSON object") from None
