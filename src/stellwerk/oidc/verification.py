"""Is the token good? Its issuer, audience, times and signature: nothing is believed before all of it was checked."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from stellwerk.core.issuer import IssuerSpec
from stellwerk.oidc.claims import audiences_of, check_times
from stellwerk.oidc.jws import Jws, refuse
from stellwerk.oidc.keyring import Keyring
from stellwerk.oidc.keys import Key


class Verified(msgspec.Struct, frozen=True):
    """With which key a token was verified, and until when it is good (Unix seconds)."""

    key: Key
    expires_s: float


def verify(token: Jws, spec: IssuerSpec, ring: Keyring, audiences: Collection[str], now: float) -> Verified:
    """Checks everything that makes a token of this issuer good for one of these audiences.

    What is cheap comes first. Raises ``AuthenticationFailed`` with what is wrong, ``IssuerUnavailable`` while the keys
    are not there.
    """
    if token.claims.get("iss") != spec.issuer:
        refuse("its issuer is not known here")
    if audiences_of(token.claims).isdisjoint(audiences):
        refuse("it is meant for another audience")
    expires_s = check_times(token.claims, spec.leeway_s, now)
    if token.algorithm not in spec.algorithms:
        refuse("its algorithm is not accepted from its issuer")
    key = ring.find(token.key_id, token.algorithm, now)
    if not key.verifies(token.algorithm, token.signature, token.signed):
        refuse("its signature is wrong")
    return Verified(key, expires_s)
