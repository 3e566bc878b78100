"""Encrypts and proves with what the standard library has: keyed BLAKE2b, by a synthetic initialisation vector.

The proof over owner and content is also the start of the key stream (Rogaway and Shrimpton, "Deterministic
Authenticated Encryption", 2006). So nothing random is needed, and a seal gives away no more than that two
contents of one owner are the same.
"""

from __future__ import annotations

import hashlib
import hmac

SECRET_BYTES = 32
"""Least length of the secret."""
PROOF_BYTES = 16
_BLOCK_BYTES = 64


class SyntheticSeal:
    """Seals for one purpose, of at most nine bytes, under a secret. Raises ``ValueError`` for one that is too short."""

    __slots__ = ("_proof_key", "_stream_key")

    def __init__(self, secret: bytes, purpose: bytes) -> None:
        if len(secret) < SECRET_BYTES:
            msg = f"a secret has at least {SECRET_BYTES} bytes"
            raise ValueError(msg)
        self._proof_key = hashlib.blake2b(secret, digest_size=64, person=purpose + b" proof").digest()
        self._stream_key = hashlib.blake2b(secret, digest_size=64, person=purpose + b" stream").digest()

    def seal(self, content: bytes, owner: str) -> bytes:
        """The content, for whoever has the secret and names the owner."""
        proof = self._proof(content, owner)
        return proof + self._mask(content, proof)

    def unseal(self, sealed: bytes, owner: str) -> bytes | None:
        """The content; ``None`` for what was not sealed so, for this owner."""
        proof = sealed[:PROOF_BYTES]
        content = self._mask(sealed[PROOF_BYTES:], proof)
        return content if hmac.compare_digest(self._proof(content, owner), proof) else None

    def _proof(self, content: bytes, owner: str) -> bytes:
        named = owner.encode(errors="surrogatepass")
        told = len(named).to_bytes(4, "big") + named + content
        return hashlib.blake2b(told, key=self._proof_key, digest_size=PROOF_BYTES).digest()

    def _mask(self, content: bytes, proof: bytes) -> bytes:
        """Adds the key stream, which takes itself away again."""
        blocks = -(-len(content) // _BLOCK_BYTES)
        stream = b"".join(
            hashlib.blake2b(proof + number.to_bytes(4, "big"), key=self._stream_key).digest()
            for number in range(blocks)
        )
        size = len(content)
        return (int.from_bytes(content, "big") ^ int.from_bytes(stream[:size], "big")).to_bytes(size, "big")
