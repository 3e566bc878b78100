"""AWS credentials as a value."""

from __future__ import annotations

import math
import re

import msgspec

_VISIBLE = re.compile(r"[\x21-\x7e]*")


class Credentials(msgspec.Struct, frozen=True):
    """An access key, with the token of a session where it is temporary, and when it expires (Unix seconds)."""

    access_key_id: str
    secret_access_key: str
    session_token: str = ""
    expires_s: float = math.inf

    def __post_init__(self) -> None:
        """Refuses what could split a header. Raises ``ValueError``, whose message holds no secret."""
        if not (self.access_key_id and self.secret_access_key):
            raise ValueError("credentials need an access key id and a secret access key")
        if not all(
            _VISIBLE.fullmatch(part) for part in (self.access_key_id, self.secret_access_key, self.session_token)
        ):
            raise ValueError("credentials are made of visible ASCII characters")

    def __repr__(self) -> str:
        return f"Credentials({self.access_key_id!r})"
