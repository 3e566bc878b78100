"""The port of the audit log: where whoever changes something says so before it counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class AuditLog(Protocol):
    """Keeps what was decided. May block, may raise ``StoreUnavailable``: then the change must not be made."""

    def record(
        self,
        *,
        time_s: float,
        who: str,
        what: str,
        target: str,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> int:
        """Appends one entry and gives its number; it is on the disk when this returns.

        ``what`` is a verb such as ``key.create``, ``target`` the id of what it was done to; ``before`` and ``after``
        are JSON objects without secrets, ``None`` where there was or is nothing.
        """
        ...
