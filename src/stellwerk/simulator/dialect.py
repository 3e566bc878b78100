"""What a dialect has to know so that a simulated provider can speak it: how to read, and how to write."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from typing import Literal, Protocol

import msgspec

from stellwerk.http.fields import Headers
from stellwerk.http.request import Request
from stellwerk.simulator.answer import Answer
from stellwerk.simulator.ask import Ask, Vectors
from stellwerk.simulator.rate import Standing
from stellwerk.simulator.refusal import Refusal
from stellwerk.simulator.scenario import SimulatedModel


class Endpoint(msgspec.Struct, frozen=True, gc=False):
    """Where a request goes."""

    kind: Literal["answer", "vectors", "models", "model", "count", "stored"]
    model: str = ""
    """The model in the path, where the dialect has it there."""
    action: str = ""
    """What the path says beside it, in the dialect's words."""


class Stamp(msgspec.Struct, frozen=True, gc=False):
    """What makes one answer differ from an equal one."""

    id: str
    """Unique among the provider's answers; the dialect puts its prefix before it."""
    created: int
    """Seconds since the Unix epoch."""
    latency_ms: int = 0
    """How long the model takes to answer, or to begin with it."""


class Dialect(Protocol):
    """Reads requests and writes answers. Does no I/O, and knows no time but for a signature that has one.

    What has a body here is the usual way, which a dialect that names this class as its parent need not repeat.
    """

    base_path: str
    """What the dialect's own SDK wants behind the address in its base URL."""
    json_fields: bytes
    """Header block of a whole answer, without what ``fields`` gives."""
    stream_fields: bytes
    """The same for a stream."""
    terminator: bytes
    """The event that closes a stream; empty where there is none."""

    def endpoint(self, request: Request) -> Endpoint:
        """Where a request goes. Raises ``Refusal``."""
        ...

    def credential(self, headers: Headers) -> str | None:
        """The caller's key."""
        ...

    def knows(self, request: Request, key: str, keys: Collection[str]) -> bool:
        """Whether ``key``, which is the request's, is one of ``keys``."""
        del request
        return key in keys

    def key_refusal(self, key: str | None) -> Refusal:
        """What a caller is told without a key, or with one that is not known (its end is given)."""
        if key is None:
            return Refusal(401, "You did not provide an API key.")
        return Refusal(401, f"Incorrect API key provided: {key}.", code="invalid_api_key")

    def framed(self, request: Request) -> Dialect:
        """The dialect with the framing that the request wants for its answer."""
        del request
        return self

    def read(self, endpoint: Endpoint, body: bytes) -> Ask | Vectors:
        """What the request asks. Raises ``Refusal``."""
        ...

    def models(self, endpoint: Endpoint, models: Sequence[SimulatedModel]) -> bytes:
        """The list of models, or the one that the endpoint names."""
        ...

    def answer(self, ask: Ask, answer: Answer, stamp: Stamp) -> bytes:
        """A whole answer."""
        ...

    def events(self, ask: Ask, answer: Answer, stamp: Stamp) -> Iterator[bytes]:
        """The events of a stream, all but ``terminator``."""
        ...

    def count(self, ask: Ask) -> bytes:
        """The tokens of a prompt that is not answered."""
        del ask
        raise Refusal(404, "Tokens are not counted here.")

    def stored(self, endpoint: Endpoint) -> bytes:
        """What was kept of an earlier answer. Raises ``Refusal``."""
        del endpoint
        raise Refusal(404, "Nothing is stored here.")

    def vectors(self, asked: Vectors, dimensions: int) -> bytes:
        """Embeddings."""
        ...

    def fields(self, request_id: str, processing_ms: int) -> bytes:
        """The header fields that are each answer's own."""
        ...

    def limit_fields(self, requests: Standing | None, tokens: Standing | None) -> bytes:
        """The header fields that say where the caller stands with its limits."""
        ...

    def error_fields(self, refusal: Refusal) -> bytes:
        """The header fields that go with an error."""
        seconds = refusal.retry_after_s
        if seconds is None:
            return b""
        return b"retry-after: %d\r\nretry-after-ms: %d\r\n" % (math.ceil(seconds), math.ceil(seconds * 1_000))

    def error(self, refusal: Refusal) -> bytes:
        """An error's body."""
        ...

    def error_event(self, refusal: Refusal) -> bytes:
        """An error as an event of a stream."""
        ...

    def broken_event(self, content: bytes) -> bytes:
        """An event of a stream with a content that none may have."""
        return b"data: %b\n\n" % content
