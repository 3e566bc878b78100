"""Amazon Bedrock: every model that speaks Converse, under an API key or signed with AWS credentials.

Credentials are, in this order: ``api_key``; ``access_key_id`` with ``secret_access_key``; ``AWS_BEARER_TOKEN_BEDROCK``
of the environment, unless a ``profile`` is named; the AWS default chain. Without ``base_url``, Bedrock is asked at an
endpoint that the environment or the profile names for it, as by AWS SDKs, or at that of the region. When Bedrock is
away, attempts fail with the reason and other targets of the model are tried; when the source of credentials is away,
those at hand are used until they expire.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from stellwerk.ports.provider import Provider

if TYPE_CHECKING:
    from stellwerk.cloud.aws_sources import Source
    from stellwerk.cloud.aws_sts import TokenService

SECRETS = ("api_key", "access_key_id", "secret_access_key", "session_token")
"""Options that hold a secret: the compiled configuration keeps references to them, the worker resolves them."""

BEARER_TOKEN = "AWS_BEARER_TOKEN_BEDROCK"  # noqa: S105 (a variable's name)

_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}")
_REGION_OF_HOST = re.compile(r"bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``[[providers]]`` of this kind takes. ``base_url`` is for a VPC endpoint or a simulator."""

    region: str = ""
    base_url: str = ""
    api_key: str = ""
    access_key_id: str = ""
    secret_access_key: str = ""
    session_token: str = ""
    profile: str = ""

    def __post_init__(self) -> None:
        """Refuses half a key, two sorts of keys, and what cannot be a region."""
        if bool(self.access_key_id) != bool(self.secret_access_key) or (self.session_token and not self.access_key_id):
            raise ValueError("`access_key_id` and `secret_access_key` belong together, `session_token` to both")
        if sum(map(bool, (self.api_key, self.access_key_id, self.profile))) > 1:
            raise ValueError("one of `api_key`, `access_key_id` and `profile` is enough")
        if self.region and _REGION.fullmatch(self.region) is None:
            msg = f"expected a region such as eu-central-1, found {self.region!r}"
            raise ValueError(msg)


def build(settings: Settings, *, environment: Mapping[str, str] = os.environ) -> Provider:
    """The provider. Raises ``ValueError`` on an address that cannot be one, or ``ConfigurationError``.

    The environment and the shared files of AWS tools are read here, once, where the settings leave something open.
    """
    from stellwerk.cloud.aws_chain import region_of  # not for those who only judge settings
    from stellwerk.cloud.aws_endpoints import BEDROCK, endpoint_of
    from stellwerk.cloud.aws_sources import hold, origins
    from stellwerk.cloud.files import read
    from stellwerk.cloud.signed_bedrock import SignedUpstream
    from stellwerk.dialects.bedrock_converse.upstream import endpoint

    named = _REGION_OF_HOST.search(settings.base_url)
    region = settings.region or (named[1] if named else "") or region_of(environment, read, settings.profile)
    if not settings.base_url and _REGION.fullmatch(region) is None:
        raise ValueError("`region` is needed: neither the environment nor the profile names one")
    is_chained = not settings.access_key_id and not settings.profile
    bearer = settings.api_key or (environment.get(BEARER_TOKEN, "") if is_chained else "")
    base_url = settings.base_url or endpoint_of(BEDROCK, environment, read, settings.profile) or endpoint(region)
    if bearer:
        return SignedUpstream(base_url, region, bearer)
    if not region:
        raise ValueError("`region` is needed: requests are signed for one")
    source = _source(settings, environment)
    service = _token_service(source, region, settings, environment)
    return SignedUpstream(base_url, region, credentials=hold(source, service, read), origins=origins(source, service))


def _source(settings: Settings, environment: Mapping[str, str]) -> Source:
    from stellwerk.cloud.aws_chain import choose
    from stellwerk.cloud.aws_credentials import Credentials
    from stellwerk.cloud.aws_sources import Key
    from stellwerk.cloud.files import read

    if settings.access_key_id:
        return Key(Credentials(settings.access_key_id, settings.secret_access_key, settings.session_token))
    return choose(environment, read, settings.profile)


def _token_service(source: Source, region: str, settings: Settings, environment: Mapping[str, str]) -> TokenService:
    """Where roles are assumed; what is configured for it matters only where one is."""
    from stellwerk.cloud.aws_endpoints import STS, endpoint_of
    from stellwerk.cloud.aws_sources import Role, WebIdentity
    from stellwerk.cloud.aws_sts import TokenService
    from stellwerk.cloud.files import read

    is_asked = isinstance(source, Role | WebIdentity)
    return TokenService(region, endpoint_of(STS, environment, read, settings.profile) if is_asked else "")
