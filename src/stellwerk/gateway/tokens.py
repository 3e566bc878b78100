"""Callers that show a token of an issuer in the place of a key: who they are, as for those who have keys.

This is loaded where the configuration has issuers; a directory without them has nothing to do with tokens.

A token is verified once and then remembered by a digest until it expires, its issuer withdraws the key that it is
signed with, or others have come since and there is no more room.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

import msgspec

from stellwerk.core.identity import Principal
from stellwerk.core.issuer import IssuerSpec
from stellwerk.core.scope import KeyRecord
from stellwerk.errors import AuthenticationFailed, ConfigurationError
from stellwerk.gateway.directory import Directory, digest
from stellwerk.oidc.claims import audiences_of, demand, record_of
from stellwerk.oidc.jws import Jws, read, refuse
from stellwerk.oidc.keyring import Keyring
from stellwerk.oidc.keys import Key
from stellwerk.oidc.verification import verify

MOST_REMEMBERED = 10_000
"""Tokens whose check is remembered."""


class _Known(msgspec.Struct, eq=False):
    """What a token has come to."""

    principal: Principal
    record: KeyRecord
    ring: Keyring
    key: Key


class Tokens:
    """The issuers that one version of the configuration knows. ``wall`` gives Unix time in seconds."""

    def __init__(
        self,
        specs: Sequence[IssuerSpec],
        rings: Mapping[str, Keyring],
        wall: Callable[[], float],
    ) -> None:
        """``rings`` are by the issuers' names."""
        self._specs = specs
        self._rings = rings
        self._wall = wall
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    def find(self, token: bytes, directory: Directory) -> Principal:
        """Whose token this is.

        Raises ``AuthenticationFailed`` with what is wrong, ``PermissionDenied`` where it is good and its bearer may
        not call, ``IssuerUnavailable`` while the issuer's keys are not there.
        """
        mark, now = digest(token), self._wall()
        known = self._known.get(mark)
        if known is not None and known.principal.expires_s > now and known.ring.holds(known.key, now):
            self._known.move_to_end(mark)
            if known.principal.edition != directory.edition:
                known.principal = _principal(known.record, directory)
            return known.principal
        self._known.pop(mark, None)
        known = self._known[mark] = self._verified(read(token), directory, now)
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return known.principal

    def _verified(self, token: Jws, directory: Directory, now: float) -> _Known:
        spec = self._issuer(token)
        ring = self._rings[spec.name]
        verified = verify(token, spec, ring, spec.audiences, now)
        demand(token.claims, spec.require)
        record = msgspec.structs.replace(record_of(token.claims, spec), expires_s=verified.expires_s)
        return _Known(_principal(record, directory), record, ring, verified.key)

    def _issuer(self, token: Jws) -> IssuerSpec:
        """The one that made the token; of several sections for one issuer, the first with its audience."""
        named = token.claims.get("iss")
        specs = [spec for spec in self._specs if spec.issuer == named]
        if not specs:
            refuse("its issuer is not known here")
        audiences = audiences_of(token.claims)
        return next((spec for spec in specs if not audiences.isdisjoint(spec.audiences)), specs[0])


class TrustingDirectory(Directory):
    """A directory that takes tokens too."""

    __slots__ = ("tokens",)

    def __init__(self, plain: Directory, tokens: Tokens) -> None:
        for name in Directory.__slots__:
            setattr(self, name, getattr(plain, name))
        self.tokens = tokens

    def find(self, key: bytes) -> Principal | None:
        """The principal whose key or token this is. Raises what is wrong with a token."""
        if key.startswith(b"eyJ") and key.count(b".") == 2:
            return self.tokens.find(key, self)
        return super().find(key)


def rings_of(specs: Sequence[IssuerSpec]) -> dict[str, Keyring]:
    """A keyring for each issuer, by name. Raises ``ConfigurationError``."""
    rings = {spec.name: Keyring(spec) for spec in specs}
    for name, ring in rings.items():
        try:
            _ = ring.origins
        except ValueError as error:
            raise ConfigurationError((f"issuers.{name}: {error}",)) from None
    return rings


def _principal(record: KeyRecord, directory: Directory) -> Principal:
    found = directory.conclude(record)
    if found is None:
        raise AuthenticationFailed("The token is not accepted: whoever it is for is disabled here.")
    # Tokens come and go by the minute: that one has expired must be seen without a word to all connections.
    return msgspec.structs.replace(found, is_fleeting=True)
