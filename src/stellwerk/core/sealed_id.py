"""Ids of what a provider keeps, as callers see them: opaque, bound to their owner, and impossible to make up.

A sealed id is the encrypted pair of a place (which provider, under which credential) and the provider's own id. The
same id always looks the same to its owner, and nobody else's can be read, altered or told from one that never was.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from stellwerk.core.synthetic_seal import SECRET_BYTES, SyntheticSeal

__all__ = ["MARK", "PLACE_BYTES", "SECRET_BYTES", "Sealer", "Unsealed", "is_sealed", "place_of"]

PLACE_BYTES = 8
"""Length of a place: a digest of a provider's name and credential."""
MARK = "sw_"
"""What every sealed id has behind its prefix."""

_PREFIX = re.compile(r"[a-z]{1,16}[-_]")
_SEALED = re.compile(r"((?:[a-z]{1,16}[-_])?)sw_([A-Za-z0-9_-]{32,4096})")


class Unsealed(msgspec.Struct, frozen=True):
    """What a sealed id stands for."""

    place: bytes
    original: str


class Sealer:
    """Seals under a secret of at least ``SECRET_BYTES``. Raises ``ValueError`` for a shorter one."""

    __slots__ = ("_seal",)

    def __init__(self, secret: bytes) -> None:
        self._seal = SyntheticSeal(secret, b"sealed-id")

    def seal(self, original: str, place: bytes, owner: str) -> str:
        """``owner``'s id for what is called ``original`` at ``place``, under the prefix that says what it is."""
        content = place + original.encode(errors="surrogatepass")
        packed = urlsafe_b64encode(self._seal.seal(content, owner)).rstrip(b"=").decode()
        return f"{_prefix(original)}{MARK}{packed}"

    def unseal(self, sealed: str, owner: str) -> Unsealed | None:
        """What it stands for; ``None`` when it was not sealed for ``owner``, or is none at all."""
        found = _SEALED.fullmatch(sealed)
        if found is None:
            return None
        try:
            packed = urlsafe_b64decode(found[2] + "=" * (-len(found[2]) % 4))
        except binascii.Error:
            return None
        content = self._seal.unseal(packed, owner)
        if content is None:
            return None
        original = content[PLACE_BYTES:].decode(errors="surrogatepass")
        # One id has one spelling: base64 leaves bits over, and the prefix is not encrypted.
        unsealed = Unsealed(content[:PLACE_BYTES], original)
        return unsealed if self.seal(original, unsealed.place, owner) == sealed else None


def place_of(provider: str, credential: str) -> bytes:
    """Where a provider keeps things under a credential, without telling the credential."""
    told = f"{len(provider)}:{provider}{credential}".encode(errors="surrogatepass")
    return hashlib.blake2b(told, digest_size=PLACE_BYTES, person=b"place of ids").digest()


def is_sealed(text: str) -> bool:
    """Whether it looks like a sealed id, of whomever."""
    return _SEALED.fullmatch(text) is not None


def _prefix(original: str) -> str:
    found = _PREFIX.match(original)
    return found[0] if found is not None else ""
