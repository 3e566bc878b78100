"""Encrypts reasoning, and tells whether what comes back is what went out."""

from __future__ import annotations

import base64

from stellwerk.simulator.openai.responses.items import Thought
from stellwerk.simulator.openai.responses.places import refusal
from stellwerk.simulator.seal import SEAL_BYTES, is_seal_of, seal

_PREFIX = "gAAAAAB"


def encrypted(item_id: str, seed: bytes) -> str:
    """The encrypted content of the reasoning item ``item_id``."""
    sealed = seal(item_id.encode(), seed) + item_id.encode()
    return _PREFIX + base64.urlsafe_b64encode(sealed).decode()


def check_encrypted(item: Thought) -> None:
    """Raises ``Refusal`` for encrypted content that is not what this item came with."""
    found = item.encrypted_content or ""
    shown = f"{found[:4]}...{found[-4:]}" if item.id is None else f"for item {item.id}"
    told = f"The encrypted content {shown} could not be verified. Reason: "
    data = _bytes(found)
    sealed_id = data[SEAL_BYTES:]
    if not sealed_id or not is_seal_of(sealed_id, data[:SEAL_BYTES]):
        told += "Encrypted content could not be decrypted or parsed."
        raise refusal(told, code="invalid_encrypted_content")
    if item.id is not None and item.id.encode() != sealed_id:
        told += "Encrypted content item_id did not match the target item id."
        raise refusal(told, code="invalid_encrypted_content")


def _bytes(text: str) -> bytes:
    if not text.startswith(_PREFIX):
        return b""
    try:
        return base64.b64decode(text.removeprefix(_PREFIX).encode("ascii"), altchars=b"-_", validate=True)
    except ValueError:
        return b""
