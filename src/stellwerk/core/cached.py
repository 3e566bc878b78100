"""What a cache keeps: one provider's answer as it came, and whom it may be served to, until when."""

from __future__ import annotations

import enum

import msgspec

KEY_BYTES = 16


class Tier(enum.Enum):
    """How an answer was found, or why none was looked for; the words of ``x-stellwerk-cache``."""

    MISS = "miss"
    EXACT = "exact"
    NORMALIZED = "normalized"
    SEMANTIC = "semantic"
    BYPASS = "bypass"


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """What a provider has answered: its bytes, the dialect they are in, and whether they are a stream."""

    dialect: str
    is_stream: bool
    answer: bytes


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An answer that is kept.

    ``key`` names it: 16 bytes, a digest of everything that the answer depends on, and of whom it belongs to. It is
    found by ``aliases`` as well, other such digests. ``scope`` is a digest of all that but the words of the last turn:
    answers may only be compared within one. Times are Unix milliseconds: when it came, until when it is fresh, and
    until when it may be served while a new one is fetched. ``tags`` are words by which it can be purged, besides its
    ``tenant`` and ``model``. ``answer`` are the provider's bytes in ``dialect``, a stream or a whole answer. ``nanos``
    is what they cost at list price, ``None`` where nobody knows. ``question`` is the normalised last turn where the
    entry may be found by its meaning, ``vector`` what an embedder made of that.
    """

    key: bytes
    scope: bytes
    tenant: str
    model: str
    target: str
    dialect: str
    is_stream: bool
    answer: bytes
    stored_ms: int
    fresh_ms: int
    stale_ms: int
    input_tokens: int = 0
    output_tokens: int = 0
    nanos: int | None = None
    finish: str = ""
    aliases: tuple[bytes, ...] = ()
    tags: tuple[str, ...] = ()
    question: str = ""
    vector: bytes = b""

    @property
    def size(self) -> int:
        """About how many bytes it takes in memory."""
        texts = len(self.tenant) + len(self.model) + len(self.target) + len(self.question)
        return len(self.answer) + len(self.vector) + texts + KEY_BYTES * (2 + len(self.aliases)) + 400


class Purge(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """Which entries are to go: those that have all of what is said here; nothing said means all of them.

    ``key`` is an entry's key or one of its aliases. ``before_ms`` means those that were stored before that.
    """

    tenant: str | None = None
    model: str | None = None
    tag: str | None = None
    key: bytes | None = None
    scope: bytes | None = None
    before_ms: int | None = None

    def takes(self, entry: Entry) -> bool:
        """Whether an entry is to go."""
        return (
            (self.tenant is None or entry.tenant == self.tenant)
            and (self.model is None or entry.model == self.model)
            and (self.tag is None or self.tag in entry.tags)
            and (self.key is None or entry.key == self.key or self.key in entry.aliases)
            and (self.scope is None or entry.scope == self.scope)
            and (self.before_ms is None or entry.stored_ms < self.before_ms)
        )


class News(msgspec.Struct, frozen=True):
    """Entries that may be found by their meaning, in the order in which they were kept, without their answers.

    Numbers of entries grow with each that is kept: ``last`` is that of the newest which is told of here. ``is_gap``
    says that there were others before these, which nobody can tell of any more; ``is_all`` that there are no further
    ones by now.
    """

    entries: tuple[Entry, ...] = ()
    last: int = 0
    is_gap: bool = False
    is_all: bool = True


class CacheFigures(msgspec.Struct, frozen=True):
    """What a cache holds, and what has become of what was asked of it, since it was opened."""

    entries: int = 0
    size: int = 0
    evicted: int = 0
    expired: int = 0
    troubles: int = 0
    """Look-ups and writes that came to nothing because the cache was away, slow or damaged."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Entry).decode


def packed(entry: Entry) -> bytes:
    """An entry for storage outside of the process."""
    return _encode(entry)


def unpacked(content: bytes) -> Entry | None:
    """The entry that was packed; ``None`` for what is none, or not whole."""
    try:
        entry: Entry = _decode(content)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    return entry if len(entry.key) == KEY_BYTES and len(entry.scope) == KEY_BYTES else None
