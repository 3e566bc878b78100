"""The port of a provider: pure translation, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from stellwerk.core.chat import ChatRequest
from stellwerk.core.embedding import EmbeddingRequest
from stellwerk.core.envelope import Envelope
from stellwerk.core.loss import Loss
from stellwerk.core.media import Link
from stellwerk.core.route import Target
from stellwerk.core.wire import Failure, Origin, WireRequest


class Provider(Protocol):
    """One upstream. It prepares requests and reads refusals; deadlines, retries and sockets are the exchange's."""

    @property
    def dialect(self) -> str:
        """The dialect in which translated chat requests go out and their answers come: a folder of ``dialects/``."""
        ...

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What of a chat request this dialect cannot say, here."""
        ...

    @property
    def origin(self) -> Origin:
        """Where its connections go."""
        ...

    def speaks(self, dialect: str) -> bool:
        """Whether a caller of this dialect is served in it, with the bytes handed on as they come."""
        ...

    def takes_url(self, link: Link) -> bool:
        """Whether media of a translated request may stay behind their URL; if not, the gateway fetches them first."""
        ...

    def prepare(self, envelope: Envelope, target: Target, credential: str, trace: bytes) -> WireRequest:
        """The HTTP request that asks ``target`` for what ``envelope`` wants, in the dialect that it came in.

        ``credential`` is the provider's secret as of now; ``trace`` is a rendered block of trace context headers
        (possibly empty). Raises ``InvalidRequest`` when this provider cannot express the request.
        """
        ...

    def prepare_chat(self, request: ChatRequest, target: Target, credential: str, trace: bytes) -> WireRequest:
        """The same for a request of a caller who speaks another dialect, or that was edited on its way."""
        ...

    def classify(self, status: int, headers: Mapping[bytes, bytes], body: bytes, now: float) -> Failure:
        """Reads an answer whose status is not 2xx. ``headers`` have lower-case names; ``now`` is Unix time."""
        ...


@runtime_checkable
class Counting(Protocol):
    """A provider that counts the tokens of requests, whatever dialect they came in."""

    def prepare_chat_count(self, request: ChatRequest, target: Target, credential: str, trace: bytes) -> WireRequest:
        """Asks how many tokens a request is."""
        ...


@runtime_checkable
class Probed(Protocol):
    """A provider that can be asked whether it is there, and knows us, at no cost."""

    def prepare_probe(self, credential: str) -> WireRequest:
        """A request that any answer but a refusal proves that with; its body is of no interest."""
        ...


@runtime_checkable
class Embedding(Protocol):
    """A provider that makes vectors of texts for callers of other dialects."""

    @property
    def embedding_dialect(self) -> str:
        """The dialect in which such requests go out and their answers come: a folder of ``dialects/``."""
        ...

    def prepare_embedding(
        self, request: EmbeddingRequest, target: Target, credential: str, trace: bytes
    ) -> WireRequest:
        """Asks for the vectors of texts."""
        ...
