"""A whole request and a whole stream through the gateway's own classes, over transports that only count: no kernel."""

import asyncio
import io
import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from time import monotonic, time
from typing import Any, cast

from benchmarks.cases.case import Case
from benchmarks.cases.samples import (
    STREAM_EVENTS,
    chat_answer,
    chat_request,
    response_answer,
    response_request,
    stream_events,
)
from stellwerk.core.catalog import ModelCard
from stellwerk.core.event import RequestEvent
from stellwerk.core.price import Price, Rates, Row
from stellwerk.core.scope import BudgetSpec, LimitSpec, Metric, Period, ScopeKind, ScopeRecord
from stellwerk.core.snapshot import (
    FORMAT,
    AdminSpec,
    CachingSpec,
    KeySpec,
    ModelSpec,
    ProviderSpec,
    ServerSpec,
    Snapshot,
    StateSpec,
    TargetSpec,
)
from stellwerk.core.wire import Origin
from stellwerk.counters.memory import MemoryCounter
from stellwerk.gateway import wiring
from stellwerk.gateway.endpoints.operation import Operation
from stellwerk.gateway.meters import Meters
from stellwerk.gateway.purses import Purses
from stellwerk.http.deadlines import Deadlines
from stellwerk.http.server import ServerConnection
from stellwerk.http.upstream import UpstreamConnection
from stellwerk.supervisor.log import Log

KEY = "sk-bench-0123456789abcdef0123456789abcdef"
KEY_VARIABLE = "STELLWERK_BENCH_KEY"
PLENTY = 1 << 60
CARD = ModelCard(
    "openai",
    "gpt-4o-mini",
    context_window=128_000,
    max_output=16_384,
    price=Price((Row(Rates(input=150_000_000, output=600_000_000)),)),
)
ALLOWED: dict[str, Any] = {
    "limits": (
        LimitSpec(Metric.REQUESTS, PLENTY),
        LimitSpec(Metric.TOKENS, PLENTY),
        LimitSpec(Metric.CONCURRENCY, PLENTY),
    ),
    "budgets": (BudgetSpec(PLENTY), BudgetSpec(PLENTY, Period.DAY)),
}
FIELDS = (
    b"host: 127.0.0.1:8080\r\naccept: */*\r\ncontent-type: application/json\r\nuser-agent: bench\r\n"
    b"authorization: Bearer " + KEY.encode() + b"\r\n"
)
CHAT = b"/v1/chat/completions"
RESPONSES = b"/v1/responses", response_answer()


def cases() -> Iterator[Case]:
    """In the order of their size."""
    yield Case(group="whole", name="request, 1 KB", call=_Exchange(chat_request(1_000)).request)
    yield Case(
        group="whole",
        name=f"request, 1 KB, under {len(ALLOWED['limits'])} limits and {len(ALLOWED['budgets'])} hard budgets",
        call=_Exchange(chat_request(1_000), **ALLOWED).request,
    )
    yield Case(group="whole", name="request, 1 KB, from the cache", call=_Kept(chat_request(1_000)).request)
    unknown = chat_request(1_000).replace(b"gpt-4o-mini", b"gpt-4o-tiny")
    yield Case(group="whole", name="request, 1 KB, turned down before that", call=_TurnedDown(unknown).request)
    yield Case(group="whole", name="response, 1 KB, from the cache", call=_Kept(response_request(), *RESPONSES).request)
    stream = _Exchange(chat_request(1_000)[:-1] + b', "stream": true}')
    yield Case(group="whole", name="stream, each event", call=stream.stream, units=STREAM_EVENTS)


class _Exchange:
    """One caller's connection and one provider's, kept alive between requests."""

    def __init__(
        self,
        body: bytes,
        path: bytes = CHAT,
        answer: bytes = chat_answer(),
        caching: CachingSpec = CachingSpec(),  # noqa: B008
        **allowed: Any,
    ) -> None:
        self._later = deque[Callable[[], None]](maxlen=8)
        self._gateway = gateway = _gateway(deque[RequestEvent](maxlen=1).append, self._later.append, caching, **allowed)
        self._request = b"POST %b HTTP/1.1\r\n%bcontent-length: %d\r\n\r\n%b" % (path, FIELDS, len(body), body)
        self._answer = (
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ndate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
            b"x-request-id: req_1\r\ncontent-length: %d\r\n\r\n%b" % (len(answer), answer)
        )
        self._head = (
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ndate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
            b"x-request-id: req_1\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        events = stream_events()
        self._chunks = [b"%x\r\n%b\r\n" % (len(event), event) for event in events]
        self._end = b"0\r\n\r\n"
        self._caller = ServerConnection(gateway.front)
        self._caller.connection_made(cast("Any", _Transport(self._caller)))
        lane = gateway.pool.lane(Origin("http", "127.0.0.1", 9))
        provider = UpstreamConnection(lane)
        self._provider = _Transport(provider)
        provider.connection_made(cast("Any", self._provider))
        lane.give_back(provider)

    def request(self) -> None:
        """A request and its whole answer."""
        self._caller.data_received(self._request)
        self._provider.protocol.data_received(self._answer)

    def stream(self) -> None:
        """A request and its streamed answer."""
        self._caller.data_received(self._request)
        provider = self._provider
        provider.protocol.data_received(self._head)
        for chunk in self._chunks:
            provider.protocol.data_received(chunk)
        provider.protocol.data_received(self._end)


class _Kept(_Exchange):
    """A request whose answer was kept before. The cache's own part is what it takes beyond one that is turned down."""

    def __init__(self, body: bytes, path: bytes = CHAT, answer: bytes = chat_answer()) -> None:
        super().__init__(body, path, answer, caching=CachingSpec(exact=True, scope="key"))
        super().request()  # it is asked, answered and kept
        while self._later:
            self._later.popleft()()
        recollection = self._gateway.pipeline.recollection
        if recollection is None or recollection.cache.figures().entries != 1:
            raise AssertionError("the answer was not kept")

    def request(self) -> None:
        """The request, which nobody is asked."""
        self._caller.data_received(self._request)


class _TurnedDown(_Exchange):
    """A request for a model that there is not."""

    def request(self) -> None:
        """The request, which nobody is asked."""
        self._caller.data_received(self._request)


class _Transport:
    """Takes everything at once."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        self.protocol = protocol

    def set_protocol(self, protocol: asyncio.Protocol) -> None:
        """Whoever hears what comes."""
        self.protocol = protocol

    def write(self, data: bytes) -> None:
        """Into nothing."""

    def is_closing(self) -> bool:
        """Never."""
        return False

    def get_write_buffer_size(self) -> int:
        """Always empty."""
        return 0

    def get_extra_info(self, name: str) -> None:
        """Nothing is known of it."""


class _Timer:
    def cancel(self) -> None:
        """Nothing was set."""


def _gateway(
    record: Callable[[RequestEvent], None],
    later: Callable[[Callable[[], None]], None],
    caching: CachingSpec,
    **allowed: Any,
) -> wiring.Gateway:
    """``later`` is handed what is to be done after a while.

    ``allowed`` are the key's limits and budgets, of which it has enough at hand for as long as anybody measures.
    """
    snapshot = Snapshot(
        format=FORMAT,
        version=1,
        source="",
        server=ServerSpec("127.0.0.1", 0, 1),
        admin=AdminSpec("127.0.0.1", 0),
        state=StateSpec(tempfile.gettempdir()),
        providers=(
            ProviderSpec("mock", "openai", {"base_url": "http://127.0.0.1:9/v1", "api_key": "sk-provider"}, {}),
        ),
        models=(ModelSpec("gpt-4o-mini", (TargetSpec("mock", "gpt-4o-mini", card=CARD),), caching=caching),),
        keys=(KeySpec("bench", f"env:{KEY_VARIABLE}", **allowed),),
        scopes=(ScopeRecord(ScopeKind.KEY, "bench", **allowed),) if allowed else (),
    )
    os.environ[KEY_VARIABLE] = KEY
    deadlines = Deadlines(monotonic, lambda _when, _call: _Timer())
    operation = Operation(is_ready=bool, metrics=bytes, health=dict)
    log = Log(io.StringIO())

    def call_later(_delay: float, call: Callable[[], None]) -> _Timer:
        later(call)
        return _Timer()

    gateway = wiring.assemble(snapshot, deadlines, call_later, record, operation, log)
    meters = Meters(Purses(MemoryCounter(), "bench", time, None, log), time)
    for meter in meters.of(("key:bench",), gateway.pipeline.configuration.directory).meters:
        meter.purse.free = PLENTY
    gateway.pipeline.counting = lambda: meters
    return gateway
