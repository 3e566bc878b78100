"""Ids of what a provider keeps, as callers see them: opaque, bound to their owner, and impossible to make up.

A sealed id is the encrypted pair of a place (which provider, under which credential) and the provider's own id. It is
made with a synthetic initialisation vector (Rogaway and Shrimpton, "Deterministic Authenticated Encryption", 2006):
keyed BLAKE2b over owner and content is both the proof and the start of the key stream, so that the same id always looks
the same to its owner, and nobody else's can be read, altered or told from one that never was.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

PLACE_BYTES = 8
"""Length of a place: a digest of a provider's name and credential."""
SECRET_BYTES = 32
"""Least length of the secret."""
MARK = "sw_"
"""What every sealed id has behind its prefix."""

_PROOF_BYTES = 16
_BLOCK_BYTES = 64
_PREFIX = re.compile(r"[a-z]{1,16}[-_]")
_SEALED = re.compile(r"((?:[a-z]{1,16}[-_])?)sw_([A-Za-z0-9_-]{32,4096})")


class Unsealed(msgspec.Struct, frozen=True):
    """What a sealed id stands for."""

    place: bytes
    original: str


class Sealer:
    """Seals under a secret of at least ``SECRET_BYTES``. Raises ``ValueError`` for a shorter one."""

    __slots__ = ("_proof_key", "_stream_key")

    def __init__(self, secret: bytes) -> None:
        if len(secret) < SECRET_BYTES:
            msg = f"a secret has at least {SECRET_BYTES} bytes"
            raise ValueError(msg)
        self._proof_key = hashlib.blake2b(secret, digest_size=64, person=b"sealed-id proof").digest()
        self._stream_key = hashlib.blake2b(secret, digest_size=64, person=b"sealed-id stream").digest()

    def seal(self, original: str, place: bytes, owner: str) -> str:
        """``owner``'s id for what is called ``original`` at ``place``, under the prefix that says what it is."""
        content = place + original.encode(errors="surrogatepass")
        proof = self._proof(content, owner)
        packed = urlsafe_b64encode(proof + self._mask(content, proof)).rstrip(b"=").decode()
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
        proof = packed[:_PROOF_BYTES]
        content = self._mask(packed[_PROOF_BYTES:], proof)
        if not hmac.compare_digest(self._proof(content, owner), proof):
            return None
        original = content[PLACE_BYTES:].decode(errors="surrogatepass")
        # One id has one spelling: base64 leaves bits over, and the prefix is not encrypted.
        unsealed = Unsealed(content[:PLACE_BYTES], original)
        return unsealed if self.seal(original, unsealed.place, owner) == sealed else None

    def _proof(self, content: bytes, owner: str) -> bytes:
        named = owner.encode(errors="surrogatepass")
        told = len(named).to_bytes(4, "big") + named + content
        return hashlib.blake2b(told, key=self._proof_key, digest_size=_PROOF_BYTES).digest()

    def _mask(self, content: bytes, proof: bytes) -> bytes:
        """Adds the key stream, which takes itself away again."""
        blocks = -(-len(content) // _BLOCK_BYTES)
        stream = b"".join(
            hashlib.blake2b(proof + number.to_bytes(4, "big"), key=self._stream_key).digest()
            for number in range(blocks)
        )
        size = len(content)
        return (int.from_bytes(content, "big") ^ int.from_bytes(stream[:size], "big")).to_bytes(size, "big")


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
