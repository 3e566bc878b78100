"""What a simulated provider refuses, before any dialect gives it a shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Refusal(Exception):
    """A refusal on its way to the dialect that encodes it."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after_s: float | None = None,
        fields: bytes = b"",
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        """Machine-readable, in OpenAI's words, which are the widest spread."""
        self.param = param
        self.retry_after_s = retry_after_s
        self.fields = fields
        """A rendered header block that goes with it."""
        self.facts = facts or {}
        """What its message is about, for dialects with words of their own."""
        self.request_id = ""
        """The id under which the caller is told, for dialects that repeat it in the body."""
        self.after_events = 0
        """How many events came before it, for dialects that number them."""
