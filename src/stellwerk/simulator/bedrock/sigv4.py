"""Verifies signatures of AWS's version 4: with the secret of the key, over what was really received."""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote

from stellwerk.http.fields import Headers
from stellwerk.http.request import Request
from stellwerk.simulator.refusal import Refusal

SCHEME = b"AWS4-HMAC-SHA256"
MOST_SKEW_S = 300
SERVICE = "bedrock"

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=([^/ ,]+)/([0-9]{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request, *"
    r"SignedHeaders=([a-z0-9;-]+), *Signature=([0-9a-f]{64})"
)
_SPACES = re.compile(r" +")


class Claim(NamedTuple):
    """What an ``authorization`` field says."""

    key_id: str
    date: str
    region: str
    service: str
    signed: str
    signature: str


def claim_of(headers: Headers) -> Claim | None:
    """What a request claims, if it is signed at all and in the right form."""
    found = _AUTHORIZATION.fullmatch(headers.get(b"authorization", b"").decode("latin-1"))
    return Claim(*found.groups()) if found is not None else None


def verify(
    request: Request, claim: Claim, keys: Collection[str], now: float, *, services: Collection[str] = (SERVICE,)
) -> None:
    """Refuses a request whose signature is not that of one of ``keys``, each ``id:secret`` or ``id:secret:token``.

    It has to be for one of ``services``; ``now`` is in seconds since the Unix epoch. Raises ``Refusal``.
    """
    known = next((key.split(":") for key in keys if key.startswith(claim.key_id + ":")), None)
    token = request.headers.get(b"x-amz-security-token", b"").decode("latin-1")
    if known is None or token != "".join(known[2:]):
        reason = "The security token included in the request is invalid."
        raise Refusal(403, reason, code="UnrecognizedClientException")
    stamp = request.headers.get(b"x-amz-date", b"").decode("latin-1")
    if claim.service not in services or not stamp.startswith(claim.date):
        raise _invalid("Credential should be scoped to the correct service and date.")
    if "host" not in claim.signed.split(";"):
        raise _invalid("'Host' must be a 'SignedHeader' in the AWS Authorization.")
    if unsigned := _unsigned(request.headers, claim):
        raise _invalid(f"'{unsigned}' must be a 'SignedHeader' in the AWS Authorization.")
    if abs(now - _seconds(stamp)) > MOST_SKEW_S:
        raise _invalid(f"Signature expired: {stamp} is not within {MOST_SKEW_S} seconds of now.")
    announced = request.headers.get(b"x-amz-content-sha256", b"").decode("latin-1")
    payload = sha256(request.body).hexdigest()
    if announced not in {"", payload}:
        raise _invalid("The value of x-amz-content-sha256 is not the hash of the body.")
    if not hmac.compare_digest(
        _signature(known[1], claim, stamp, canonical_request(request, claim, payload)), claim[5]
    ):
        raise _invalid(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details."
        )


def canonical_request(request: Request, claim: Claim, payload: str) -> str:
    """The request in the form that is signed."""
    fields = [f"{name}:{_field(request, name)}\n" for name in claim.signed.split(";")]
    query = "&".join(sorted(part if "=" in part else part + "=" for part in request.query.decode().split("&") if part))
    path = quote(
        _plain(request.path.decode("latin-1")), safe="/-_.~"
    )  # once more: only S3 signs paths as they are sent
    return "\n".join((request.method.decode(), path, query, "".join(fields), claim.signed, payload))


def _plain(path: str) -> str:
    """A path without empty and dotted segments."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in {"", "."}:
            kept.append(segment)
    return "/" + "/".join(kept) + ("/" if kept and path.endswith("/") else "")


def _field(request: Request, name: str) -> str:
    if name == "content-length":  # the server keeps it apart
        return str(len(request.body))
    return _SPACES.sub(" ", request.headers.get(name.encode(), b"").decode("latin-1").strip())


def _signature(secret: str, claim: Claim, stamp: str, canonical: str) -> str:
    key = ("AWS4" + secret).encode()
    for part in (claim.date, claim.region, claim.service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    scope = f"{claim.date}/{claim.region}/{claim.service}/aws4_request"
    text = "\n".join((SCHEME.decode(), stamp, scope, sha256(canonical.encode("latin-1")).hexdigest()))
    return hmac.digest(key, text.encode(), "sha256").hex()


def _unsigned(headers: Headers, claim: Claim) -> str | None:
    """A field of AWS's own that is there but not signed."""
    signed = claim.signed.split(";")
    names = [name.decode("latin-1") for name in headers if name.startswith(b"x-amz-")]
    return next((name for name in names if name not in signed), None)


def _seconds(stamp: str) -> float:
    try:
        return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise _invalid(f"Date must be in ISO-8601 'basic format'. Got '{stamp}'.") from None


def _invalid(reason: str) -> Refusal:
    return Refusal(403, reason, code="InvalidSignatureException")
