"""A service's request in its own form, which knows what it answers."""

from __future__ import annotations

from typing import Any

import msgspec


class Form(msgspec.Struct, forbid_unknown_fields=True):
    """One request to a service."""

    def texts(self) -> list[str]:
        """The texts that it asks about."""
        raise NotImplementedError

    def answer(self) -> Any:
        """What the service says, as JSON would have it."""
        raise NotImplementedError
