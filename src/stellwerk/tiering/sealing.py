"""How an entry's bytes are sealed where they leave the process: with a checksum, or encrypted under a key."""

from __future__ import annotations

import hashlib
import os
from typing import Protocol

from stellwerk.core.stored_entry import LEAST_SECRET, sealed, unsealed

_NONCE_BYTES = 12
_MARK = b"\x01"
"""Of the way in which it is encrypted."""


class Seal(Protocol):
    """Seals bytes, and takes off its own seals."""

    def seal(self, blob: bytes) -> bytes:
        """The bytes as they may lie anywhere."""
        ...

    def unseal(self, content: bytes) -> bytes | None:
        """What was sealed; ``None`` where a part of it is missing or is another's, or the key was another one."""
        ...


class Checksum:
    """Shows damage, and hides nothing."""

    def seal(self, blob: bytes) -> bytes:
        """The bytes behind their CRC-32."""
        return sealed(blob)

    def unseal(self, content: bytes) -> bytes | None:
        """The bytes, where the checksum is theirs."""
        return unsealed(content)


class Encryption:
    """AES-256 in Galois counter mode under a key that is drawn from a secret, with a random nonce for each entry.

    Random nonces of 96 bits are safe for four thousand million entries under one secret: change it before that.
    Without ``cryptography`` it raises ``ModuleNotFoundError``, and for a secret that can be guessed ``ValueError``.
    """

    def __init__(self, secret: str) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # 2 MB, for those who encrypt

        if len(secret) < LEAST_SECRET:
            raise ValueError(f"a secret of at least {LEAST_SECRET} characters")
        key = hashlib.blake2b(secret.encode(errors="surrogatepass"), digest_size=32, person=b"cache entries").digest()
        self._cipher = AESGCM(key)

    def seal(self, blob: bytes) -> bytes:
        """A mark, the nonce, and the bytes with the proof that they are whole."""
        nonce = os.urandom(_NONCE_BYTES)
        return b"".join((_MARK, nonce, self._cipher.encrypt(nonce, blob, _MARK)))

    def unseal(self, content: bytes) -> bytes | None:
        """The bytes, where they are whole and the key is theirs."""
        from cryptography.exceptions import InvalidTag

        if content[:1] != _MARK:
            return None
        nonce, body = content[1 : 1 + _NONCE_BYTES], content[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, body, _MARK)
        except (InvalidTag, ValueError):
            return None


def seal_of(secret: str) -> Seal:
    """Encryption where there is a secret. Raises what it raises."""
    return Encryption(secret) if secret else Checksum()
