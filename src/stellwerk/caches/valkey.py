"""A cache in a Valkey or Redis server: for the workers of several hosts. It needs no modules.

Each call is one script in the server (``valkey.lua``), sent by one of two threads of a process: the event loop never
waits. While the server is away, does not answer in time, answers nonsense or has no room, look-ups are misses and
entries are not kept, which is counted; it is left alone for a moment, then asked again. A process that cannot hear of
purges does not find what it has in memory either. Entries have their time in the server itself, so that nothing is left
behind when nobody is there. Where limits are counted in the same server, ``max_bytes`` has to leave room for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from hashlib import sha1
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from valkey import Connection, ConnectionPool
from valkey.exceptions import NoScriptError, ValkeyError

from stellwerk.core.cached import CacheFigures, Purge
from stellwerk.core.entry_table import EntryTable
from stellwerk.core.purges import Numbered, read, written
from stellwerk.core.segmented_lru import PROTECTED_SHARE
from stellwerk.core.stored_entry import plain
from stellwerk.errors import ConfigurationError, StoreUnavailable
from stellwerk.ports.cache import Cache
from stellwerk.tiering.sealing import Seal, seal_of
from stellwerk.tiering.store import Beat, Found, Look, Told, Write
from stellwerk.tiering.tiered import TieredCache

SECRETS = ("url",)
SCRIPT = Path(__file__).with_suffix(".lua").read_text("utf-8")
ENTRY_BYTES = 1_000
"""What an entry takes in the server beside its bytes."""
ALIAS_BYTES = 150
TOLD_BYTES = 8_192
"""Without its answer, an entry that takes more is not told to other hosts: who asks in so many words finds nothing."""
PURGE_S = 15.0
"""How long a purge stays in force at least: by then everybody has heard of it, and what was late is written."""
_DIGEST = sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()
_NUMBER_BYTES = 8

_T = TypeVar("_T")
_pack = msgspec.msgpack.Encoder().encode


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the server is, as ``valkey://user:password@host:port/number``, and how much it may hold, in bytes.

    ``valkeys://`` is over TLS, ``unix:///path`` a socket. Of ``max_bytes``, ``tenant_share`` may be one tenant's.
    """

    url: str
    prefix: str = "stellwerk"
    """Installations that share a server have one each."""
    max_bytes: int = 1_073_741_824
    tenant_share: float = 0.5
    max_entry_bytes: int = 4_194_304
    memory_bytes: int = 4_194_304
    """What each worker keeps in memory of it."""
    told_entries: int = 8_192
    """Of so many that were kept last other hosts can hear; whoever has missed more reads everything anew."""
    timeout_s: float = 0.25
    """How long a thread waits for an answer; callers wait no longer than they say."""
    encryption_key: str = ""
    """The secret under which entries are encrypted; empty where they are not."""


class _Server:
    """One connection, for one thread."""

    def __init__(self, pool: ConnectionPool, prefix: str) -> None:
        """Raises ``StoreUnavailable``."""
        self._key = f"{{{prefix}}}:cache"
        self._connection: Connection = pool.make_connection()
        try:
            self._connection.connect()
        except (ValkeyError, OSError) as error:
            raise self._away(error) from error

    def ask(self, understand: Callable[[Any], _T], *words: str | bytes | int) -> _T:
        """What an answer comes to. Raises ``StoreUnavailable``, also for an answer that is none."""
        connection = self._connection
        try:
            try:
                connection.send_command("EVALSHA", _DIGEST, 1, self._key, *words)
                return understand(connection.read_response())
            except NoScriptError:
                connection.send_command("EVAL", SCRIPT, 1, self._key, *words)
                return understand(connection.read_response())
        except (ValkeyError, OSError, ValueError, TypeError, LookupError, AttributeError) as error:
            raise self._away(error) from error

    def close(self) -> None:
        """Lets go of it."""
        self._connection.disconnect()

    def _away(self, error: Exception) -> StoreUnavailable:
        self._connection.disconnect()
        return StoreUnavailable(f"The server of the cache: {error}")


class ValkeyReading:
    """What the server holds."""

    def __init__(self, pool: ConnectionPool, prefix: str) -> None:
        self._server = _Server(pool, prefix)

    def look(self, questions: Sequence[tuple[bytes, ...]], seen: int) -> Look:
        """What lies under these keys or aliases."""
        words: list[str | int] = []
        for keys in questions:
            words += [len(keys), *(key.hex() for key in keys)]

        def understand(answer: Any) -> Look:
            last, purges, answers = answer
            if len(answers) != len(questions):
                raise ValueError("as many answers as questions")
            return Look(int(last), _purges(purges), [[_found(one) for one in found] for found in answers])

        return self._server.ask(understand, "look", seen, *words)

    def beat(self) -> Beat:
        """How things are."""

        def understand(answer: Any) -> Beat:
            last, purges, figures = answer
            entries, size, evicted, expired = map(int, figures)
            return Beat(int(last), _purges(purges), CacheFigures(entries, size, evicted, expired))

        return self._server.ask(understand, "beat")

    def news(self, after: int, most: int) -> Told:
        """What was kept since. It is gone from here once it was purged, or had to make room."""

        def understand(answer: Any) -> Told:
            newest, numbers, contents = answer
            last = int(numbers[-1] if numbers else newest)
            found = [_found(content) for content in contents if content]
            return Told(last, found, bool(after) and last - after != len(numbers), len(numbers) < most)

        return self._server.ask(understand, "news", after, most)

    def everything(self, now_ms: int) -> Iterator[Found]:
        """Every entry, some at a time; one may come twice."""
        del now_ms  # what is over is gone

        def understand(answer: Any) -> tuple[bytes, list[Found]]:
            cursor, contents = answer
            return bytes(cursor), [_found(one) for one in contents if one]

        cursor = b"0"
        while True:
            cursor, found = self._server.ask(understand, "scan", cursor)
            yield from found
            if cursor == b"0":
                return

    def close(self) -> None:
        """Lets go of the server."""
        self._server.close()


class ValkeyWriting:
    """What changes what the server holds."""

    def __init__(self, pool: ConnectionPool, settings: Settings, seal: Seal) -> None:
        self._server = _Server(pool, settings.prefix)
        self._seal = seal
        self._max_bytes = settings.max_bytes
        self._tenant_bytes = int(settings.max_bytes * settings.tenant_share)
        self._told_entries = settings.told_entries
        self._cursors: dict[int, bytes] = {}
        """Purges that are being swept, and up to where."""
        self._swept: set[int] = set()

    def write(self, writes: Sequence[Write], now_ms: int) -> None:
        """Keeps entries; others go to make room."""
        words = [word for write in writes for word in _words(write, self._seal)]
        most = (self._max_bytes, self._tenant_bytes, self._told_entries)
        self._server.ask(bytes, "keep", now_ms, *most, *words)

    def touch(self, keys: Iterable[bytes], now_ms: int) -> None:
        """These entries were used."""
        most = int(self._max_bytes * PROTECTED_SHARE)
        self._server.ask(bytes, "touch", now_ms, most, *(key.hex() for key in keys))

    def purge(self, purge: Purge, now_ms: int) -> int:
        """One member of a set, whatever it concerns."""
        return self._server.ask(int, "purge", now_ms.to_bytes(_NUMBER_BYTES, "big") + written(purge))

    def tend(self, now_ms: int) -> bool:
        """Deletes what is left of entries that are over, and a slice of what purges concern."""
        is_more = self._server.ask(int, "expire", now_ms) > 0
        purges: list[tuple[int, int, Purge]] = self._server.ask(_with_times, "beat")
        for number, at_ms, purge in purges:
            is_old = at_ms < now_ms - PURGE_S * 1_000
            if number in self._swept and not is_old:
                continue
            cursor = self._cursors.get(number, b"0")
            cursor = self._server.ask(bytes, "sweep", number, cursor, *_conditions(purge))
            if cursor != b"0":
                self._cursors[number] = cursor
                is_more = True
                continue
            self._cursors.pop(number, None)
            self._swept.add(number)
            if is_old:
                self._server.ask(int, "forget", number)
                self._swept.discard(number)
        return is_more

    def close(self) -> None:
        """Lets go of the server."""
        self._server.close()


def build(settings: Settings, *, directory: str | Path | None = None) -> Cache:
    """The cache; nothing is connected yet.

    Raises ``ConfigurationError`` for an address that is none, and what an ``Encryption`` raises.
    """
    del directory
    try:
        pool = ConnectionPool.from_url(
            settings.url,
            socket_timeout=settings.timeout_s,
            socket_connect_timeout=settings.timeout_s,
            socket_keepalive=True,
            max_connections=2**31,  # of which few are open: each is made anew and forgotten
        )
    except ValueError:
        reason = "expected valkey://host:port, valkeys://host:port or unix:///path, found something else"
        raise ConfigurationError((f"caches/valkey: url: {reason}",)) from None
    memory = EntryTable(
        max_bytes=settings.memory_bytes,
        tenant_share=settings.tenant_share,
        max_entry_bytes=settings.max_entry_bytes,
    )
    reading, seal = partial(ValkeyReading, pool, settings.prefix), seal_of(settings.encryption_key)
    return TieredCache(memory, settings.max_entry_bytes, reading, partial(ValkeyWriting, pool, settings, seal), seal)


def _words(write: Write, seal: Seal) -> tuple[str, bytes, bytes, bytes]:
    entry, told = write.entry, _told(write, seal)
    size = len(write.blob) + len(told) + ENTRY_BYTES + ALIAS_BYTES * len(entry.aliases)
    texts = (entry.tenant, entry.model, entry.scope.hex(), [alias.hex() for alias in entry.aliases], entry.tags)
    meta = _pack((size, entry.stale_ms, write.after, entry.stored_ms, *texts))
    return entry.key.hex(), _content(write.blob, write.after, seal), meta, told


def _told(write: Write, seal: Seal) -> bytes:
    """What other hosts are told of an entry, where it may be found by its meaning."""
    if not write.entry.question:
        return b""
    told = _content(plain(msgspec.structs.replace(write.entry, answer=b"")), write.after, seal)
    return told if len(told) <= TOLD_BYTES else b""


def _content(blob: bytes, after: int, seal: Seal) -> bytes:
    return after.to_bytes(_NUMBER_BYTES, "big") + seal.seal(blob)


def _found(content: bytes) -> Found:
    return Found(content[_NUMBER_BYTES:], int.from_bytes(content[:_NUMBER_BYTES], "big"))


def _purges(found: Sequence[bytes]) -> list[Numbered]:
    return [(int(number), read(member[_NUMBER_BYTES:])) for member, number in zip(found[::2], found[1::2], strict=True)]


def _with_times(answer: Any) -> list[tuple[int, int, Purge]]:
    _, purges, _ = answer
    times = [int.from_bytes(member[:_NUMBER_BYTES], "big") for member in purges[::2]]
    return [(number, at_ms, purge) for (number, purge), at_ms in zip(_purges(purges), times, strict=True)]


def _conditions(purge: Purge) -> list[str | bytes | int]:
    said: dict[str, str | int | None] = {
        "tenant": purge.tenant,
        "model": purge.model,
        "tag": purge.tag,
        "key": purge.key.hex() if purge.key is not None else None,
        "scope": purge.scope.hex() if purge.scope is not None else None,
        "before_ms": purge.before_ms,
    }
    return [word for name, value in said.items() if value is not None for word in (name, value)]
