"""A webhook: the message is posted as JSON to a URL, signed as Standard Webhooks (standardwebhooks.com) has it.

A status of 2xx is a receipt, and 410 means that nobody wants to hear any more. Whatever else comes, a redirection
included, is a failure that a later attempt may mend; so is an endpoint that is away.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

import msgspec

from stellwerk.core import url
from stellwerk.core.wire import Origin
from stellwerk.errors import EgressDenied, UpstreamError, UpstreamTimeout
from stellwerk.ports.notifier import Means, Message, Notifier, Outcome, Receipt

SECRETS = ("url", "secret")
PREFIX = "whsec_"
KEY_BYTES = range(24, 65)
GONE = 410


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to post to. The URL counts as a secret, since many services know their callers by nothing else."""

    url: str
    """An http(s) URL. A literal address in it is permitted whatever the egress policy says, private or not."""
    secret: str = ""
    """Signs messages: "whsec_" and 24 to 64 bytes in base64. Without one they are not signed."""

    def __post_init__(self) -> None:
        try:
            url.read(self.url)
        except ValueError:  # its words may quote the URL
            raise ValueError("url: expected an http(s) URL without a user part") from None
        if self.secret:
            _key(self.secret)


class WebhookNotifier:
    """One endpoint."""

    def __init__(self, settings: Settings, means: Means) -> None:
        self._url = settings.url
        self._key = _key(settings.secret) if settings.secret else b""
        self._means = means
        self.origins: tuple[Origin, ...] = (url.read(settings.url).origin,)

    async def deliver(self, message: Message) -> Receipt:
        """Posts it once."""
        headers = {"content-type": "application/json", **self._signed(message, int(self._means.wall()))}
        try:
            status, _ = await self._means.fetch("POST", self._url, headers, message.body)
        except UpstreamError as error:
            return Receipt(Outcome.FAILED, _reason(error))
        if 200 <= status < 300:
            return Receipt(Outcome.DELIVERED)
        return Receipt(Outcome.REFUSED if status == GONE else Outcome.FAILED, f"status {status}")

    def _signed(self, message: Message, now_s: int) -> dict[str, str]:
        fields = {"webhook-id": message.id, "webhook-timestamp": str(now_s)}
        if not self._key:
            return fields
        digest = hmac.digest(self._key, f"{message.id}.{now_s}.".encode() + message.body, hashlib.sha256)
        return {**fields, "webhook-signature": f"v1,{base64.b64encode(digest).decode()}"}


def build(settings: Settings, *, means: Means) -> Notifier:
    """The channel."""
    return WebhookNotifier(settings, means)


def _key(secret: str) -> bytes:
    """The bytes of a secret. Raises ``ValueError``."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(PREFIX) or len(key) not in KEY_BYTES:
        raise ValueError(f'secret: expected "{PREFIX}" and 24 to 64 bytes in base64')
    return key


def _reason(error: UpstreamError) -> str:
    """Why there was no answer, without the path and query of the URL, which may hold a secret."""
    match error:
        case EgressDenied():
            return error.message
        case UpstreamTimeout():
            return "no answer in time"
        case _:
            return error.message.replace("The provider", "It")
