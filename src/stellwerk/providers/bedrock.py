"""Amazon Bedrock: every model that speaks Converse, under an API key or signed with AWS credentials.

Credentials are, in this order: ``api_key``; ``access_key_id`` with ``secret_access_key``; ``AWS_BEARER_TOKEN_BEDROCK``
of the environment, unless a ``profile`` is named; the AWS default chain. Without ``base_url``, Bedrock is asked at an
endpoint that the environment or the profile names for it, as by AWS SDKs, or at that of the region. When Bedrock is
away, attempts fail with the reason and other targets of the model are tried; when the source of credentials is away,
those at hand are used until they expire.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from stellwerk.cloud.aws_access import SECRETS as KEYS
from stellwerk.cloud.aws_access import AwsSettings
from stellwerk.dialects.bedrock_converse.guarding import NativeGuardrail
from stellwerk.ports.provider import Provider

SECRETS = ("api_key", *KEYS)
"""Options that hold a secret: the compiled configuration keeps references to them, the worker resolves them."""

BEARER_TOKEN = "AWS_BEARER_TOKEN_BEDROCK"  # noqa: S105 (a variable's name)


class Settings(AwsSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What ``[[providers]]`` of this kind takes. Every request goes under ``guardrail``, where there is one."""

    api_key: str = ""
    guardrail: NativeGuardrail = NativeGuardrail()

    def __post_init__(self) -> None:
        """Refuses two sorts of keys, and what no service of AWS takes."""
        if self.api_key and not self.is_chained:
            raise ValueError("one of `api_key`, `access_key_id` and `profile` is enough")
        super().__post_init__()


def build(settings: Settings, *, environment: Mapping[str, str] = os.environ) -> Provider:
    """The provider. Raises ``ValueError`` on an address that cannot be one, or ``ConfigurationError``."""
    from stellwerk.cloud.aws_access import access, find  # not for those who only judge settings
    from stellwerk.cloud.aws_endpoints import BEDROCK
    from stellwerk.cloud.signed_bedrock import SignedUpstream

    place = find(settings, BEDROCK, "bedrock-runtime", environment)
    guardrail = settings.guardrail if settings.guardrail.id else None
    bearer = settings.api_key or (environment.get(BEARER_TOKEN, "") if settings.is_chained else "")
    if bearer:
        return SignedUpstream(place.base_url, place.region, bearer, guardrail=guardrail)
    found = access(settings, place.region, environment)
    return SignedUpstream(
        place.base_url,
        place.region,
        credentials=found.holder,
        origins=found.origins,
        guardrail=guardrail,
    )
