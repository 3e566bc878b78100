"""A counter in a Valkey or Redis server: for the workers of several hosts.

Each call is one script in the server (``valkey.lua``), sent over one connection by a thread of its own: the event loop
never waits. While the server cannot be reached, does not answer in time or refuses, every call raises
``StoreUnavailable``, for a moment without asking again. If the answer to a call is lost, nobody knows whether it was
carried out. Then what was taken is given back, and what was given back or spent is told again, before anything else is
asked, so that each counts once; until then it counts as taken.

The server must never evict (``maxmemory-policy noeviction``). What it forgets, because it does not write everything
down (``appendonly yes``) or a replica took over that lagged behind, can be spent again.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha1
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
from valkey import Connection, ConnectionPool
from valkey.exceptions import NoScriptError, ValkeyError

from stellwerk.core.ledger import Account, Grant, Return, Shortage, State, Take
from stellwerk.errors import ConfigurationError, StoreUnavailable
from stellwerk.ports.counter import Counter

SECRETS = ("url",)
SCRIPT = Path(__file__).with_suffix(".lua").read_text("utf-8")
_DIGEST = sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()

_T = TypeVar("_T")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the server is: ``valkey://user:password@host:port/number``, ``valkeys://`` over TLS, ``unix:///path``."""

    url: str
    prefix: str = "stellwerk"
    """Installations that share a server have one each."""
    timeout_s: float = 1.0
    retry_s: float = 0.5
    """How long a server that could not be reached is left alone."""


class _Call(NamedTuple):
    """One call of the script. ``number`` is 0 where it does not matter how often it is carried out."""

    act: str
    number: int
    owner: str
    now_s: float
    words: Sequence[str]


class ValkeyCounter:
    """The transitions of the ledger in a script over hashes."""

    def __init__(self, settings: Settings, pool: ConnectionPool) -> None:
        self._settings = settings
        self._pool = pool
        self._thread = ThreadPoolExecutor(1, "counter")
        self._caller = secrets.token_hex(16)
        self._connection: Connection | None = None
        self._number = 0
        self._in_doubt: _Call | None = None
        """Settles the call whose answer was lost."""
        self._away_until_s = 0.0

    async def take(self, owner: str, takes: Sequence[Take], now_s: float) -> tuple[Grant, ...] | Shortage:
        """Takes of all of these accounts, or of none."""
        words = [word for one in takes for word in _words(one.account, one.least, one.wanted)]

        def work() -> tuple[Grant, ...] | Shortage:
            call = self._next("take", owner, now_s, words)
            status, *found = self._change(call, call._replace(act="undo"))
            if status == "granted":
                numbers = list(map(int, found))
                return tuple(map(Grant, numbers[::2], numbers[1::2]))
            position, lacking, wait_s, elsewhere = found
            return Shortage(
                takes[int(position)].account, int(lacking), float(wait_s), int(elsewhere) if elsewhere else None
            )

        return await self._run(work)

    async def give(self, owner: str, returns: Sequence[Return], now_s: float) -> None:
        """Takes note of what was spent, and takes back what is not needed."""
        words = [word for one in returns for word in _words(one.account, one.spent, one.unused)]

        def work() -> None:
            call = self._next("give", owner, now_s, words)
            try:
                self._change(call, call)
            except StoreUnavailable:
                if self._in_doubt is not call:
                    raise
                # It may have been carried out, and will have been before the next call: the owner has told it.

        await self._run(work)

    async def forfeit(self, owner: str, now_s: float) -> None:
        """An owner has died."""
        await self._run(lambda: self._ask(_Call("forfeit", 0, owner, now_s, ())))

    async def owners(self, owner: str, now_s: float) -> dict[str, float]:
        """Takes note that an owner is there; who holds anything, and how long each has been silent.

        By the clock of the server: hosts may differ in theirs.
        """
        found = await self._run(lambda: self._ask(_Call("owners", 0, owner, now_s, ())))
        return {each: float(silent_s) for each, silent_s in found}

    async def read(self, ids: Iterable[str]) -> dict[str, State]:
        """The accounts that are known of these."""
        words = list(dict.fromkeys(ids))
        found = await self._run(lambda: self._ask(_Call("read", 0, "", 0.0, words)))
        return {id_: _state(*fields) for id_, fields in found}

    def close(self) -> None:
        """Waits for the call that runs, settles what is in doubt where the server can be reached, and leaves it."""
        self._thread.submit(self._leave)
        self._thread.shutdown(wait=True)

    # -- in the thread

    async def _run(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _next(self, act: str, owner: str, now_s: float, words: Sequence[str]) -> _Call:
        self._number += 1
        return _Call(act, self._number, owner, now_s, words)

    def _change(self, call: _Call, settling: _Call) -> list[str]:
        """Carries a call out that must count once; if its answer is lost, ``settling`` comes before the next one."""
        self._reach()
        try:
            found: list[str] = self._send(call)
        except StoreUnavailable:
            self._in_doubt = settling
            raise
        return found

    def _ask(self, call: _Call) -> Any:
        self._reach()
        return self._send(call)

    def _reach(self) -> None:
        """There is a connection, and nothing is in doubt. Raises ``StoreUnavailable``, and has sent nothing new."""
        if self._connection is None:
            if time.monotonic() < self._away_until_s:
                raise StoreUnavailable("The server of limits and budgets could not be reached a moment ago.")
            connection = self._pool.make_connection()
            try:
                connection.connect()
            except (ValkeyError, OSError) as error:
                raise self._away(connection, error) from error
            self._connection = connection
        if self._in_doubt is not None:
            self._send(self._in_doubt)
            self._in_doubt = None

    def _send(self, call: _Call) -> Any:
        connection = self._connection
        assert connection is not None  # noqa: S101  # `_reach` comes before
        try:
            words = (f"{{{self._settings.prefix}}}", call.act, self._caller, call.number, call.owner, repr(call.now_s))
            try:
                connection.send_command("EVALSHA", _DIGEST, 1, *words, *call.words)
                return connection.read_response()
            except NoScriptError:
                connection.send_command("EVAL", SCRIPT, 1, *words, *call.words)
                return connection.read_response()
        except (ValkeyError, OSError) as error:
            raise self._away(connection, error) from error

    def _away(self, connection: Connection, error: Exception) -> StoreUnavailable:
        connection.disconnect()
        self._connection = None
        self._away_until_s = time.monotonic() + self._settings.retry_s
        return StoreUnavailable(f"The server of limits and budgets: {error}")

    def _leave(self) -> None:
        try:
            if self._in_doubt is not None:
                self._reach()
        finally:
            if self._connection is not None:
                self._connection.disconnect()


def build(settings: Settings, *, directory: str | Path | None = None) -> Counter:
    """The counter; nothing is connected yet. Raises ``ConfigurationError`` for an address that is none."""
    del directory
    try:
        pool = ConnectionPool.from_url(
            settings.url,
            socket_timeout=settings.timeout_s,
            socket_connect_timeout=settings.timeout_s,
            socket_keepalive=True,
            decode_responses=True,
            max_connections=2**31,  # of which one is open: each is made anew and forgotten
        )
    except ValueError:
        reason = "expected valkey://host:port, valkeys://host:port or unix:///path, found something else"
        raise ConfigurationError((f"counters/valkey: url: {reason}",)) from None
    return ValkeyCounter(settings, pool)


def _words(account: Account, first: int, second: int) -> tuple[str, ...]:
    return account.id, account.kind.value, str(account.capacity), str(account.span_s), str(first), str(second)


def _state(spent: str, level: str, at_s: str, estimated: str, leases: Sequence[str]) -> State:
    held = {owner: int(amount) for owner, amount in zip(leases[::2], leases[1::2], strict=True)}
    return State(int(spent), held, float(level), float(at_s), int(estimated))
