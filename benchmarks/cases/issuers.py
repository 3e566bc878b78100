"""What a token of an issuer costs: once, when it is verified, and with each request after that."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from benchmarks.cases.case import Case
from stellwerk.core.issuer import IssuerSpec
from stellwerk.gateway.directory import Directory
from stellwerk.gateway.stages.authenticate import authenticate
from stellwerk.gateway.tokens import Tokens, TrustingDirectory, rings_of
from stellwerk.oidc.keyring import Keyring

ISSUER, AUDIENCE = "https://sso.example.com/realms/staff", "stellwerk"


def cases() -> Iterator[Case]:
    """With the two usual kinds of keys."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": [AUDIENCE, "account"],
        "sub": "f3b7c2de-0c0b-4a7e-9a35-1f2ab7d1c9aa",
        "exp": now + 86_400,
        "iat": now,
        "email": "anne@example.com",
        "groups": [f"group-{number}" for number in range(20)],
    }
    for algorithm in ("RS256", "ES256"):
        token, jwk = _signed(algorithm, claims)
        spec = IssuerSpec("sso", ISSUER, (AUDIENCE,), jwks=json.dumps({"keys": [jwk]}), user=("email",))
        rings = rings_of([spec])
        headers = {b"host": b"127.0.0.1", b"authorization": b"Bearer " + token}

        def anew(
            spec: IssuerSpec = spec, rings: Mapping[str, Keyring] = rings, headers: dict[bytes, bytes] = headers
        ) -> None:
            authenticate(headers, TrustingDirectory(Directory(), Tokens([spec], rings, time.time)))

        known = TrustingDirectory(Directory(), Tokens([spec], rings, time.time))
        yield Case(
            group="issuer", name=f"authenticate, {algorithm}, remembered", call=partial(authenticate, headers, known)
        )
        yield Case(group="issuer", name=f"authenticate, {algorithm}, verified", call=anew)


def _signed(algorithm: str, claims: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    """A token and the key that verifies it."""
    header = {"alg": algorithm, "kid": "k", "typ": "JWT"}
    signed = b".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
    if algorithm == "RS256":
        key = rsa.generate_private_key(65_537, 2048)
        numbers = key.public_key().public_numbers()
        jwk = {"kty": "RSA", "n": _number(numbers.n, 256), "e": _number(numbers.e, 3)}
        signature = key.sign(signed, padding.PKCS1v15(), SHA256())
    else:
        curve = ec.generate_private_key(ec.SECP256R1())
        point = curve.public_key().public_numbers()
        jwk = {"kty": "EC", "crv": "P-256", "x": _number(point.x, 32), "y": _number(point.y, 32)}
        r, s = decode_dss_signature(curve.sign(signed, ec.ECDSA(SHA256())))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return b".".join((signed, _encoded(signature))), {**jwk, "kid": "k"}


def _number(number: int, size: int) -> str:
    return _encoded(number.to_bytes(size, "big")).decode()


def _encoded(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")
