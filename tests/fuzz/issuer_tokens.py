"""Fuzzes tokens and key sets of issuers: whatever they hold, they are refused in one way, or are what they seem."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

NOW_S = 1_700_000_000.0


def load() -> Callable[[list[bytes]], object]:
    """The check: what is read is a token, and its claims and a key set's keys fail in no other way than they may."""
    from stellwerk.core.issuer import IssuerSpec
    from stellwerk.errors import AuthenticationFailed, PermissionDenied
    from stellwerk.oidc import claims, jws, keys

    spec = IssuerSpec(
        "i",
        "https://i.example",
        ("a",),
        team=("groups",),
        organization=("o", "p"),
        models=("models",),
        tags=(("env", ("env",)),),
        teams=(("x", "team-x"),),
    )

    def check(pieces: list[bytes]) -> None:
        data = b"".join(pieces)
        with contextlib.suppress(ValueError):
            assert keys.read(data).identities
        try:
            token = jws.read(data)
        except AuthenticationFailed:
            return
        assert b".".join((token.signed, data.rpartition(b".")[2])) == data
        try:
            assert claims.check_times(token.claims, 30.0, NOW_S) > NOW_S
            assert all(isinstance(one, str) for one in claims.audiences_of(token.claims))
            record = claims.record_of(token.claims, spec)
        except (AuthenticationFailed, PermissionDenied):
            return
        assert claims.is_name(record.user)
        assert record.team == "team-x"

    return check


def seeds() -> list[bytes]:
    """Tokens that pass, or nearly, and key sets of every kind."""
    from tests.issuer import SigningKey, encoded, part

    header = {"alg": "RS256", "kid": "k", "typ": "JWT"}
    whole = {"sub": "anne", "aud": ["a"], "exp": NOW_S + 600, "nbf": 0, "iat": 1, "groups": ["x"], "env": "prod"}
    odd = {"sub": ["anne"], "aud": "a", "exp": 1e400, "models": {"a": [1]}, "o": {"p": "q"}, "groups": "x"}
    tokens = [f"{part(header)}.{part(claims)}.{encoded(bytes(64))}".encode() for claims in (whole, odd, {}, b"{")]
    kinds = [SigningKey(algorithm).jwk(kid="k", use="sig") for algorithm in ("RS256", "ES256", "ES512", "EdDSA")]
    return [*tokens, *(json.dumps({"keys": [kind]}).encode() for kind in kinds)]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from tests.fuzz.kit.harness import fuzz

    fuzz(load, seeds())
