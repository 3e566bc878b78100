"""References: values that stand elsewhere, in the environment, in a file, or literally in the configuration file.

A person writes ``env:NAME``, ``file:/path`` (relative to the configuration file) or the value itself. The compiled
configuration has the first two with absolute paths, and ``toml:/path/stellwerk.toml#providers.NAME.api_key`` for a
value that stands in the file: tables in an array are found by their name, so that a pointer stays true when somebody
reorders the file. When an environment variable or a file is away, ``resolve`` says so and names the reference; no
message ever holds a value.
"""

from __future__ import annotations

import os
import stat
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from stellwerk.errors import ConfigurationError

MAX_FILE_BYTES = 65_536
"""Size limit of a file that a ``file:`` reference names."""
MAX_DOCUMENT_BYTES = 16_777_216
"""Size limit of the configuration file itself."""

_LATER = ("aws-sm:", "vault:")
_WRITTEN = ("env:", "file:", *_LATER)


def is_reference(text: str) -> bool:
    """Whether a value in the configuration file says where the real value stands."""
    return text.startswith(_WRITTEN)


def absolute(text: str, directory: Path) -> str:
    """A reference as typed, with a relative path put under ``directory``."""
    if not text.startswith("file:"):
        return text
    return f"file:{os.path.normpath(directory / text.removeprefix('file:'))}"


def pointer(document: Path, pieces: tuple[str, ...]) -> str:
    """A reference to a value in the configuration file: keys, and names of tables in an array."""
    return f"toml:{document}#{'.'.join(quote(piece, safe='').replace('.', '%2E') for piece in pieces)}"


def resolve(reference: str) -> str:
    """The value that an absolute reference stands for. Blocks for a moment when it reads a file.

    Raises ``ConfigurationError`` when the value cannot be had, or is empty.
    """
    value = _looked_up(reference)
    if not value:
        # An empty secret would let everybody in.
        raise _refusal(reference, "there is nothing in it")
    return value


def read(path: Path, limit_bytes: int) -> bytes:
    """The content of a regular file of bounded size. Raises ``OSError`` or ``ValueError`` with a reason."""
    # Without O_NONBLOCK a named pipe would hold the process until somebody writes to it.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123  # an open descriptor, not a path
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("not a regular file")
        content = file.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise ValueError(f"larger than {limit_bytes} bytes")
    return content


def _looked_up(reference: str) -> str:
    scheme, _, rest = reference.partition(":")
    if scheme == "env":
        return _environment(reference, rest)
    if scheme == "file":
        return _file(reference, rest)
    if scheme == "toml":
        return _value_in_document(reference, rest)
    if reference.startswith(_LATER):
        raise _refusal(reference, "this version has no such source; it knows env:NAME and file:/path")
    # Not quoted: what is no reference may be a secret that ended up in the wrong place.
    raise ConfigurationError(("expected a reference, found a literal value",))


def _environment(reference: str, name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise _refusal(reference, "this environment variable is not set")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise _refusal(reference, "this environment variable is not UTF-8 text")
    return value


def _file(reference: str, path: str) -> str:
    try:
        return read(Path(path), MAX_FILE_BYTES).decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise _refusal(reference, "not UTF-8 text") from None
    except OSError as error:
        raise _refusal(reference, _reason(error)) from None
    except ValueError as error:
        raise _refusal(reference, str(error)) from None


def _value_in_document(reference: str, rest: str) -> str:
    path, _, fragment = rest.rpartition("#")
    try:
        status = Path(path).stat()
        value: Any = _document(path, status.st_ino, status.st_mtime_ns, status.st_size)
    except OSError as error:
        raise _refusal(reference, _reason(error)) from None
    except (ValueError, RecursionError):
        raise _refusal(reference, "the file is not TOML at the moment") from None
    for piece in fragment.split("."):
        value = value.get(unquote(piece)) if isinstance(value, dict) else None
    if not isinstance(value, str):
        raise _refusal(reference, "the file holds no such string any more")
    if is_reference(value):
        # Edited since it was compiled; the reference is not the secret.
        return resolve(absolute(value, Path(path).parent))
    return value


@lru_cache(maxsize=1)
def _document(path: str, *_signature: int) -> dict[str, Any]:
    document = tomllib.loads(read(Path(path), MAX_DOCUMENT_BYTES).decode("utf-8-sig"))
    return {key: _by_name(value) if isinstance(value, list) else value for key, value in document.items()}


def _by_name(entries: list[Any]) -> dict[str, Any]:
    """Guardrails without a name are called as their checks are."""
    named = [(entry.get("name", entry.get("use")), entry) for entry in entries if isinstance(entry, dict)]
    return {name: entry for name, entry in named if isinstance(name, str)}


def _reason(error: OSError) -> str:
    return (error.strerror or "cannot be read").lower()


def _refusal(reference: str, reason: str) -> ConfigurationError:
    return ConfigurationError((f"{reference}: {reason}",))
