"""Options of a provider put together: those that are given, and of credentials one sort."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stellwerk.transfer.draft import Draft


def given(options: Mapping[str, Any], **others: str | None) -> dict[str, Any]:
    """The options, and those of the others that are there."""
    return {**options, **{name: value for name, value in others.items() if value is not None}}


def one_sort_of_credentials(options: dict[str, Any], draft: Draft, path: str) -> dict[str, Any]:
    """Of an API key, a key pair and a profile the first; half a pair is none."""
    names = ("access_key_id", "secret_access_key", "session_token")
    is_whole = "access_key_id" in options and "secret_access_key" in options
    pair = {name for name in names if name in options}
    sorts = [
        sort for sort in ({"api_key"} & set(options), pair if is_whole else set(), {"profile"} & set(options)) if sort
    ]
    unused = ({"api_key", *names, "profile"} & set(options)) - (sorts[0] if sorts else set())
    if unused:
        draft.findings.change(path, f"one sort of credentials is enough; without {', '.join(sorted(unused))}")
    return {name: value for name, value in options.items() if name not in unused}
