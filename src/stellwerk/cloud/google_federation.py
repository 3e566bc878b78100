"""Google's workload identity federation: a token of another identity provider, in a file, exchanged for Google's.

Tokens that come from a URL, from AWS or from a program are not served, and say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from stellwerk.cloud import tokens
from stellwerk.cloud.aws_profiles import Read
from stellwerk.cloud.refreshing import Token
from stellwerk.errors import UpstreamCredentials
from stellwerk.ports.credential import Fetch

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 (a name)
IAM_SCOPE = "https://www.googleapis.com/auth/iam"
"""All that a token has to be good for which only stands in for a service account."""
LIFETIME = "3600s"


class Format(msgspec.Struct, frozen=True):
    """How the token stands in its file: as text, or in a member of a JSON object."""

    type: str = "text"
    subject_token_field_name: str = ""


class File(msgspec.Struct, frozen=True):
    """A file that somebody keeps fresh."""

    file: str
    format: Format = Format()


class ExternalAccount(msgspec.Struct, frozen=True):
    """An identity of another provider, which may stand in for a service account (``…impersonation_url``)."""

    audience: str
    subject_token_type: str
    credential_source: File
    token_url: str = "https://sts.googleapis.com/v1/token"  # noqa: S105 (an address)
    service_account_impersonation_url: str = ""


async def load(account: ExternalAccount, scope: str, read: Read, fetch: Fetch, now: float) -> Token:
    """A token for ``scope``. Raises ``UpstreamCredentials``, whose message holds no secret."""
    form = {
        "grant_type": EXCHANGE,
        "audience": account.audience,
        "scope": IAM_SCOPE if account.service_account_impersonation_url else scope,
        "requested_token_type": ACCESS_TOKEN,
        "subject_token": _subject_token(account.credential_source, read),
        "subject_token_type": account.subject_token_type,
    }
    exchanged = await tokens.ask(fetch, "POST", account.token_url, {}, form, now)
    if not account.service_account_impersonation_url:
        return exchanged
    headers = {"authorization": f"Bearer {exchanged.value}", "content-type": "application/json"}
    body = msgspec.json.encode({"delegates": None, "scope": [scope], "lifetime": LIFETIME})
    document = await tokens.answer_of(fetch, "POST", account.service_account_impersonation_url, headers, body)
    return _impersonated(document)


def _impersonated(document: Mapping[str, Any]) -> Token:
    try:
        return Token(document["accessToken"], datetime.fromisoformat(document["expireTime"]).timestamp())
    except (ValueError, LookupError, TypeError):
        raise UpstreamCredentials(tokens.UNREADABLE) from None


def _subject_token(source: File, read: Read) -> str:
    text = (read(source.file) or "").strip()
    if source.format.type == "json":
        try:
            member = msgspec.json.decode(text, type=dict[str, Any]).get(source.format.subject_token_field_name)
        except (msgspec.DecodeError, RecursionError):
            member = None
        text = member if isinstance(member, str) else ""
    if not text:
        raise UpstreamCredentials(f"No access token can be had: there is no token in {source.file}.")
    return text
