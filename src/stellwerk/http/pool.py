"""The pool of upstream connections: a lane per origin, bounded, first come first served."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet, WeakValueDictionary

from stellwerk.core.wire import Origin
from stellwerk.errors import EgressDenied, UpstreamError, UpstreamTimeout, UpstreamUnavailable
from stellwerk.http.outbox import Outbox
from stellwerk.http.tls import certificate_until
from stellwerk.http.upstream import UpstreamConnection

if TYPE_CHECKING:
    from stellwerk.http.call import Call
    from stellwerk.http.deadlines import Deadlines

REST_S = 55.0
"""A resting connection is closed after this time: just before the 60 s that many load balancers allow."""


class Resolver(Protocol):
    """Turns a host name into addresses."""

    async def resolve(self, host: str, port: int) -> list[str]:
        """Addresses in the order in which they are tried; never empty.

        Raises ``OSError`` when there are none, ``EgressDenied`` when they may not be had.
        """
        ...


class AddressCheck(Protocol):
    """Decides whether a connection may be opened; asked for every address, after resolving and before connecting."""

    def __call__(self, host: str, address: str, port: int) -> str | None:
        """``None`` to permit, else the reason for refusing."""
        ...


class Pool:
    """All upstream connections of one event loop; nothing else in the data plane opens sockets."""

    def __init__(
        self,
        deadlines: Deadlines,
        resolver: Resolver,
        check: AddressCheck,
        tls: Callable[[], ssl.SSLContext],
        *,
        connections_per_origin: int,
        max_reply_bytes: int,
    ) -> None:
        self.deadlines = deadlines
        self.outbox = Outbox()
        self.resolver = resolver
        self.check = check
        self.connections_per_origin = connections_per_origin
        self.max_reply_bytes = max_reply_bytes
        self.considered = 0
        """How often the check has been asked anew about everything."""
        self._make_tls = tls
        self._tls: ssl.SSLContext | None = None
        # A lane stays for as long as somebody holds it, or it has a call or a connection.
        self._shared: WeakValueDictionary[Origin, Lane] = WeakValueDictionary()
        self._lanes: WeakSet[Lane] = WeakSet()

    def lane(self, origin: Origin) -> Lane:
        """The lane to ``origin`` that all share who hold it."""
        lane = self._shared.get(origin)
        if lane is None:
            lane = self._shared[origin] = Lane(self, origin)
            self._lanes.add(lane)
        return lane

    def send_alone(self, call: Call, origin: Origin) -> None:
        """Starts ``call`` on a connection that serves nothing else: where callers name the hosts, or secrets come."""
        lane = Lane(self, origin)
        self._lanes.add(lane)
        lane.send(call)
        lane.close()

    @property
    def tls(self) -> ssl.SSLContext:
        """The client context, made when the first encrypted origin is used: loading the roots takes 10 ms."""
        if self._tls is None:
            self._tls = self._make_tls()
        return self._tls

    @property
    def connections(self) -> int:
        """How many connections are open or being opened."""
        return sum(lane.size for lane in self._lanes)

    def reconsider(self) -> None:
        """Asks the check anew about every connection: what it no longer permits is closed, once its call has ended."""
        self.considered += 1
        for lane in list(self._lanes):
            lane.reconsider()

    def close(self) -> None:
        """Closes resting connections and lets the others end with their call."""
        for lane in list(self._lanes):
            lane.close()


class Lane:
    """The connections to one origin, and the calls that wait for one."""

    __slots__ = (
        "__weakref__",
        "_connecting",
        "_idle",
        "_is_closed",
        "_members",
        "_pool",
        "_tasks",
        "_waiting",
        "deadlines",
        "origin",
        "outbox",
    )

    def __init__(self, pool: Pool, origin: Origin) -> None:
        self.origin = origin
        self.deadlines = pool.deadlines
        self.outbox = pool.outbox
        self._pool = pool
        self._members: set[UpstreamConnection] = set()
        self._idle: dict[UpstreamConnection, None] = {}
        self._waiting: deque[Call] = deque()
        self._connecting = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    @property
    def size(self) -> int:
        """Connections that are open or being opened."""
        return len(self._members) + self._connecting

    @property
    def certificate_until(self) -> float | None:
        """When the certificate of one of its connections expires (Unix seconds); ``None`` without one."""
        return next(filter(None, (certificate_until(one.transport) for one in self._members)), None)

    @property
    def max_reply_bytes(self) -> int:
        """The largest answer that is collected whole."""
        return self._pool.max_reply_bytes

    def send(self, call: Call) -> None:
        """Starts ``call`` on a resting connection at once, else on the next one that is free or opened."""
        idle = self._idle
        while idle and not self._waiting:
            connection, _ = idle.popitem()
            if not connection.transport.is_closing():
                connection.start(call)
                return
        self._wait(call)
        self._waiting.append(call)
        self._open_missing()

    def send_again(self, call: Call) -> None:
        """Starts a call over that a resting connection lost before any answer: ahead of all, on a new connection."""
        self._wait(call)
        self._waiting.appendleft(call)
        self._open_missing()

    def withdraw(self, call: Call) -> None:
        """Takes a waiting call out of the queue."""
        self.deadlines.forget(call)
        try:
            self._waiting.remove(call)
        except ValueError:
            return

    def give_back(self, connection: UpstreamConnection) -> None:
        """Takes a free connection: for the call that has waited longest, else to rest."""
        if self._waiting:
            self._start_next(connection)
        elif self._is_closed:
            connection.close()
        else:
            connection.rest(REST_S)
            self._idle[connection] = None

    def forget(self, connection: UpstreamConnection) -> None:
        """A connection has ended."""
        self.deadlines.forget(connection)
        self._members.discard(connection)
        self._idle.pop(connection, None)
        self._open_missing()

    def reconsider(self) -> None:
        """Retires the connections that the check no longer permits."""
        for connection in list(self._members):
            if self._objection(connection) is not None:
                self._idle.pop(connection, None)
                connection.retire()

    def close(self) -> None:
        """Closes what rests; no connection rests from now on."""
        self._is_closed = True
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    def _wait(self, call: Call) -> None:
        call.lane = self
        call.deadline = min(self.deadlines.clock() + call.patience.connect_s, call.expires)
        self.deadlines.watch(call)

    def _start_next(self, connection: UpstreamConnection) -> None:
        call = self._waiting.popleft()
        self.deadlines.forget(call)
        connection.start(call)

    def _open_missing(self) -> None:
        """Opens a connection for every waiting call that has none coming, as far as the bound allows."""
        while self._connecting < len(self._waiting) and self.size < self._pool.connections_per_origin:
            self._connecting += 1
            task = asyncio.get_running_loop().create_task(
                self._open(self._waiting[self._connecting - 1].patience.connect_s)
            )
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _open(self, connect_s: float) -> None:
        failure: UpstreamError | None = None
        connection: UpstreamConnection | None = None
        try:
            async with asyncio.timeout(connect_s):
                connection = await self._connect()
        except UpstreamError as error:
            failure = error
        except TimeoutError:
            failure = UpstreamTimeout("The provider could not be reached: no connection in time.")
        except OSError as error:
            failure = UpstreamUnavailable(f"The provider could not be reached: {_reason(error)}.")
        except ValueError as error:
            # A name that neither DNS nor TLS can carry (a label over 63 characters, say).
            failure = UpstreamUnavailable(f"The provider could not be reached: not a usable host name ({error}).")
        finally:
            self._connecting -= 1
        if connection is None or connection.transport.is_closing():
            self._opening_failed(failure or UpstreamUnavailable("The provider closed the connection at once."))
        else:
            self._members.add(connection)
            self.give_back(connection)

    def _opening_failed(self, error: UpstreamError) -> None:
        """Fails the call that has waited longest: with a dead origin every waiting call meets its own attempt."""
        if self._waiting:
            call = self._waiting.popleft()
            self.deadlines.forget(call)
            call.lane = None
            call.sink.on_failure(error)
        self._open_missing()

    async def _connect(self) -> UpstreamConnection:
        """Tries the origin's addresses in turn. The name is resolved once: what was checked is what is connected to."""
        origin, pool = self.origin, self._pool
        failure: OSError | None = None
        refusal: str | None = None
        if origin.is_tls:
            # Raises ValueError here for a name that no handshake could carry; later, only the event loop would hear.
            origin.host.encode("idna")
        for address in await pool.resolver.resolve(origin.host, origin.port):
            considered = pool.considered
            refusal = pool.check(origin.host, address, origin.port)
            if refusal is not None:
                continue
            try:
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: UpstreamConnection(self),
                    address,
                    origin.port,
                    ssl=pool.tls if origin.is_tls else None,
                    server_hostname=origin.host if origin.is_tls else None,
                )
            except OSError as error:
                failure = error
                continue
            refusal = self._objection(connection, address if considered == pool.considered else None)
            if refusal is None:
                return connection
            connection.transport.abort()
        if failure is not None:
            raise failure
        message = f"The connection to {origin.host} is not allowed: {refusal}."
        raise EgressDenied(message)

    def _objection(self, connection: UpstreamConnection, checked: str | None = None) -> str | None:
        """What the check says of the address that the connection really leads to, unless it was just asked of it."""
        peer = connection.transport.get_extra_info("peername")
        if peer is None or peer[0] == checked:
            return None  # without a peer it has ended already, and whoever wants it will see that
        return self._pool.check(self.origin.host, peer[0], self.origin.port)


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message or error.reason})"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({error.reason or type(error).__name__})"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return error.strerror or type(error).__name__
