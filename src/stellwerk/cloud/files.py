"""Reads the small files in which cloud tools and orchestrators keep credentials."""

from __future__ import annotations

from pathlib import Path

from stellwerk.errors import ConfigurationError


def read(path: str) -> str | None:
    """A file's text; ``None`` when there is none. Raises ``ConfigurationError`` for one that cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError((f"{path}: it cannot be read",)) from None
