"""Where a service of AWS is asked, and under whose credentials: what all that ask one read out of their options.

Credentials are, in this order: ``access_key_id`` with ``secret_access_key``; the ``profile``; the AWS default chain.
Without ``base_url``, the service is asked at an endpoint that the environment or the profile names for it, as by AWS
SDKs, or at that of the region.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from stellwerk.cloud.aws_credentials import Credentials
    from stellwerk.cloud.aws_sources import Source
    from stellwerk.cloud.aws_sts import TokenService
    from stellwerk.cloud.refreshing import Refreshing
    from stellwerk.core.wire import Origin

SECRETS = ("access_key_id", "secret_access_key", "session_token")
"""Options that hold a secret."""

_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}")


class AwsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What everything takes that asks a service of AWS. ``base_url`` is for a VPC endpoint or a simulator."""

    region: str = ""
    base_url: str = ""
    access_key_id: str = ""
    secret_access_key: str = ""
    session_token: str = ""
    profile: str = ""

    def __post_init__(self) -> None:
        """Refuses half a key, two sorts of keys, and what cannot be a region."""
        if bool(self.access_key_id) != bool(self.secret_access_key) or (self.session_token and not self.access_key_id):
            raise ValueError("`access_key_id` and `secret_access_key` belong together, `session_token` to both")
        if self.access_key_id and self.profile:
            raise ValueError("one of `access_key_id` and `profile` is enough")
        if self.region and _REGION.fullmatch(self.region) is None:
            msg = f"expected a region such as eu-central-1, found {self.region!r}"
            raise ValueError(msg)

    @property
    def is_chained(self) -> bool:
        """Whether the environment decides whose credentials are used."""
        return not self.access_key_id and not self.profile


class Place(msgspec.Struct, frozen=True):
    """Where a service is asked; ``region`` may be empty where the address says nothing of it."""

    base_url: str
    region: str


class Access(msgspec.Struct, frozen=True):
    """The credentials, and where they are fetched."""

    holder: Refreshing[Credentials]
    origins: tuple[Origin, ...]


def find(settings: AwsSettings, name: str, host: str, environment: Mapping[str, str]) -> Place:
    """Where a service is: ``name`` as in AWS' files, ``host`` as in addresses. Raises ``ValueError``.

    The environment and the shared files of AWS tools are read here, once, where the settings leave something open.
    """
    from stellwerk.cloud.aws_chain import region_of
    from stellwerk.cloud.aws_endpoints import endpoint_of
    from stellwerk.cloud.files import read
    from stellwerk.dialects.bedrock_converse.upstream import endpoint

    named = re.search(rf"{re.escape(host)}(?:-fips)?\.([a-z0-9-]+)\.", settings.base_url)
    region = settings.region or (named[1] if named else "") or region_of(environment, read, settings.profile)
    if not settings.base_url and _REGION.fullmatch(region) is None:
        raise ValueError("`region` is needed: neither the environment nor the profile names one")
    base_url = settings.base_url or endpoint_of(name, environment, read, settings.profile) or endpoint(region, host)
    return Place(base_url, region)


def access(settings: AwsSettings, region: str, environment: Mapping[str, str]) -> Access:
    """Whose credentials sign requests in a region. Raises ``ValueError`` and ``ConfigurationError``."""
    from stellwerk.cloud.aws_sources import hold, origins
    from stellwerk.cloud.files import read

    if not region:
        raise ValueError("`region` is needed: requests are signed for one")
    source = _source(settings, environment)
    service = _token_service(source, region, settings, environment)
    return Access(hold(source, service, read), origins(source, service))


def _source(settings: AwsSettings, environment: Mapping[str, str]) -> Source:
    from stellwerk.cloud.aws_chain import choose
    from stellwerk.cloud.aws_credentials import Credentials
    from stellwerk.cloud.aws_sources import Key
    from stellwerk.cloud.files import read

    if settings.access_key_id:
        return Key(Credentials(settings.access_key_id, settings.secret_access_key, settings.session_token))
    return choose(environment, read, settings.profile)


def _token_service(source: Source, region: str, settings: AwsSettings, environment: Mapping[str, str]) -> TokenService:
    """Where roles are assumed; what is configured for it matters only where one is."""
    from stellwerk.cloud.aws_endpoints import STS, endpoint_of
    from stellwerk.cloud.aws_sources import Role, WebIdentity
    from stellwerk.cloud.aws_sts import TokenService
    from stellwerk.cloud.files import read

    is_asked = isinstance(source, Role | WebIdentity)
    return TokenService(region, endpoint_of(STS, environment, read, settings.profile) if is_asked else "")
