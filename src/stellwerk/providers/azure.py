"""Azure OpenAI: the deployments of one resource, under its key or an Entra access token.

Credentials are, in this order: ``api_key``; ``client_secret`` with ``tenant_id`` and ``client_id``; what the
environment names (``AZURE_TENANT_ID``, ``AZURE_CLIENT_ID``, ``AZURE_CLIENT_SECRET`` or ``AZURE_FEDERATED_TOKEN_FILE``);
the managed identity of where the gateway runs. When the resource is away, attempts fail with the reason and other
targets of the model are tried; when Entra is away, the token at hand is used until it expires.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from stellwerk.ports.provider import Provider

SECRETS = ("api_key", "client_secret")
"""Options that hold a secret: the compiled configuration keeps references to them, the worker resolves them."""

DEPLOYMENTS_VERSION = "2024-10-21"
"""The newest version of the API by deployment that is generally available."""

_VERSION = re.compile(r"[A-Za-z0-9-]+")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``[[providers]]`` of this kind takes.

    ``base_url`` is the resource's endpoint. ``deployments`` says which model a deployment is of, where its name does
    not. ``path`` is how a deployment is asked: below ``/openai/v1``, or by its name in ``/openai/deployments/NAME``.
    """

    base_url: str
    api_key: str = ""
    deployments: dict[str, str] = {}
    path: Literal["v1", "deployments"] = "v1"
    api_version: str = ""
    tenant_id: str = ""
    client_id: str = ""
    client_secret: str = ""

    def __post_init__(self) -> None:
        """Refuses a version that no query could hold, and two sorts of credentials."""
        if self.api_version and _VERSION.fullmatch(self.api_version) is None:
            msg = f"`api_version` is a date or a word such as {DEPLOYMENTS_VERSION}, found {self.api_version!r}"
            raise ValueError(msg)
        if self.api_key and (self.client_secret or self.tenant_id or self.client_id):
            raise ValueError("one of `api_key` and an application is enough")


def build(settings: Settings, *, environment: Mapping[str, str] = os.environ) -> Provider:
    """The provider. Raises ``ValueError`` on an address that cannot be one, or ``ConfigurationError``."""
    from stellwerk.cloud.azure_credentials import choose, hold, origins  # not for those who only judge settings
    from stellwerk.cloud.azure_host import AzureHost
    from stellwerk.cloud.files import read

    is_v1 = settings.path == "v1"
    version = settings.api_version or ("" if is_v1 else DEPLOYMENTS_VERSION)
    if settings.api_key:
        return AzureHost(settings.base_url, api_version=version, is_v1=is_v1)
    source = choose(
        environment,
        tenant_id=settings.tenant_id,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
    )
    return AzureHost(
        settings.base_url, api_version=version, is_v1=is_v1, tokens=hold(source, read), origins=origins(source)
    )
