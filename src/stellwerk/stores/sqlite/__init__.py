"""SQLite: one raw file per UTC day, written by all workers of a host.

When a file cannot be written (disk full, locked, no permission), ``StoreUnavailable`` says why and what to do, and the
batch can be given again: events that are already there are not written twice. A damaged file is moved aside.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from stellwerk.ports.store import EventStore
from stellwerk.stores.sqlite.store import SqliteEvents


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What this store takes: full days to keep before today, and how long to wait for another writer."""

    retention_days: Annotated[int, msgspec.Meta(ge=1)] = 30
    busy_timeout_s: Annotated[float, msgspec.Meta(ge=0, le=600)] = 10.0


def build(settings: Settings, *, directory: str | Path) -> EventStore:
    """The store, its files in ``directory`` (made when it is missing). Nothing is opened before the first event."""
    return SqliteEvents(Path(directory), retention_days=settings.retention_days, busy_timeout_s=settings.busy_timeout_s)
