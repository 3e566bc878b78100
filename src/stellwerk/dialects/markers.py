"""What the bytes of a request betray of its needs, so that most requests need not be read to see that they have none.

A need shows as a string of the dialect, a name or a type, that must stand in the body for it. One that stands there for
another reason only costs a closer look; a need without its string does not exist. JSON has a second spelling for each
letter: a body that spells any letter, digit or underscore so is taken to need everything.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache

ALWAYS = ("",)
"""The strings of a need that the body does not tell of."""

_SPELLED = re.compile(rb"\\u00[3-7]")


class Markers:
    """The strings of one dialect, by capability; a capability without an entry is never needed."""

    __slots__ = ("_sought",)

    def __init__(self, strings: Mapping[str, tuple[str, ...]], *, listed: Collection[str] = ()) -> None:
        """Capabilities that are ``listed`` show only where a request has a list besides that of its messages."""

        def sought(capabilities: tuple[str, ...]) -> tuple[re.Pattern[bytes] | None, int]:
            found = {string for name in capabilities for string in strings.get(name, ())}
            if not found:
                return None, 0
            # All that are sought begin alike, so that the search can jump from quote to quote.
            either = "|".join(re.escape(string) for string in sorted(found))
            lists = 2 if all(name in listed or name not in strings for name in capabilities) else 0
            return re.compile(b"" if "" in found else f'"(?:{either})"'.encode()), lists

        self._sought = lru_cache(maxsize=256)(sought)

    def may_need(self, body: bytes, *capabilities: str) -> bool:
        """Whether a request may need any of these capabilities: never ``False`` where ``needs_of`` finds one."""
        pattern, lists = self._sought(capabilities)
        if pattern is None or (lists and body.count(b"[") < lists):
            return False
        return pattern.search(body) is not None or (b"\\" in body and _SPELLED.search(body) is not None)
