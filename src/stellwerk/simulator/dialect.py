"""What a dialect has to know so that a simulated provider can speak it: how to read, and how to write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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

    kind: Literal["answer", "vectors", "models", "model"]
    model: str = ""
    """The model in the path, where the dialect has it there."""


class Stamp(msgspec.Struct, frozen=True, gc=False):
    """What makes one answer differ from an equal one."""

    id: str
    """Unique among the provider's answers; the dialect puts its prefix before it."""
    created: int
    """Seconds since the Unix epoch."""


class Dialect(Protocol):
    """Reads requests and writes answers. Does no I/O and knows no time."""

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

    def vectors(self, asked: Vectors, dimensions: int) -> bytes:
        """Embeddings."""
        ...

    def fields(self, request_id: str, processing_ms: int) -> bytes:
        """The header fields that are each answer's own."""
        ...

    def limit_fields(self, requests: Standing | None, tokens: Standing | None) -> bytes:
        """The header fields that say where the caller stands with its limits."""
        ...

    def error(self, refusal: Refusal) -> bytes:
        """An error's body."""
        ...

    def error_event(self, refusal: Refusal) -> bytes:
        """An error as an event of a stream."""
        ...
