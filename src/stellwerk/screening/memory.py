"""Remembers what checks said of texts: a conversation is sent anew with every turn, and only its end is new.

Texts are known by a keyed digest, within one caller alone, and for one version of the configuration. Checks that failed
are asked again.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TypeAlias

from stellwerk.core.subject import Speaker
from stellwerk.core.verdict import Verdict

MOST = 16_384
SHORTEST = 128
"""Of a shorter text, judging takes no longer than remembering."""

ByRule: TypeAlias = tuple[tuple[Verdict, ...], ...]
"""For each rule, in their order, its verdicts."""


class Memory:
    """The least recent are forgotten first. ``secret`` keys the digests."""

    __slots__ = ("_known", "_secret")

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._known: OrderedDict[bytes, ByRule] = OrderedDict()

    def find(self, caller: str, speaker: Speaker, text: str) -> ByRule | None:
        """What was said of this text of this caller."""
        if len(text) < SHORTEST:
            return None
        key = self._key(caller, speaker, text)
        found = self._known.get(key)
        if found is not None:
            self._known.move_to_end(key)
        return found

    def keep(self, caller: str, speaker: Speaker, text: str, verdicts: ByRule) -> None:
        """Remembers it, unless a check has failed."""
        if len(text) < SHORTEST or any(verdict.error for each in verdicts for verdict in each):
            return
        self._known[self._key(caller, speaker, text)] = verdicts
        if len(self._known) > MOST:
            self._known.popitem(last=False)

    def _key(self, caller: str, speaker: Speaker, text: str) -> bytes:
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=self._secret, digest_size=16)
        digest.update(f"\0{speaker}\0{caller}".encode("utf-8", "surrogatepass"))
        return digest.digest()
