"""The compiled configuration: a msgpack file, put in place whole, that workers load without judging it again."""

from __future__ import annotations

import os
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


def write(snapshot: Snapshot, path: Path) -> None:
    """Puts the compiled file in place in one step, readable by its owner alone. Raises ``OSError``."""
    content = msgspec.msgpack.encode(snapshot)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123  # an open descriptor, not a path
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
