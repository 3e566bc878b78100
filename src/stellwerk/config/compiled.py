"""Reads the compiled configuration: a msgpack file that workers load without judging it again."""

from __future__ import annotations

from pathlib import Path

import msgspec

from stellwerk.core.snapshot import FORMAT, Snapshot
from stellwerk.errors import ConfigurationError


class _Layout(msgspec.Struct):
    format: int


def read(path: Path) -> Snapshot:
    """The snapshot in a compiled file. Raises ``ConfigurationError`` if that is away, damaged or of another layout."""
    try:
        content = path.read_bytes()
        found = msgspec.msgpack.decode(content, type=_Layout).format
        if found == FORMAT:
            return msgspec.msgpack.decode(content, type=Snapshot)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise ConfigurationError((f"{path}: the compiled configuration cannot be read: {reason}",)) from error
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ConfigurationError((f"{path}: this is no compiled configuration: {error}",)) from error
    reason = f"expected a compiled configuration of format {FORMAT}, found format {found}; compile it again"
    raise ConfigurationError((f"{path}: {reason}",))
