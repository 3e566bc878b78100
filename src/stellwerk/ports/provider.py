"""The port of a provider: pure translation, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from stellwerk.core.envelope import Envelope
from stellwerk.core.route import Target
from stellwerk.core.wire import Failure, Origin, WireRequest


class Provider(Protocol):
    """One upstream. It prepares requests and reads refusals; deadlines, retries and sockets are the exchange's."""

    @property
    def dialect(self) -> str:
        """Name of the dialect it speaks: a folder of ``dialects/``."""
        ...

    @property
    def origin(self) -> Origin:
        """Where its connections go."""
        ...

    def prepare(self, envelope: Envelope, target: Target, credential: str, trace: bytes) -> WireRequest:
        """The HTTP request that asks ``target`` for what ``envelope`` wants.

        ``credential`` is the provider's secret as of now; ``trace`` is a rendered block of trace context headers
        (possibly empty). Raises ``InvalidRequest`` when this provider cannot express the request.
        """
        ...

    def classify(self, status: int, headers: Mapping[bytes, bytes], body: bytes, now: float) -> Failure:
        """Reads an answer whose status is not 2xx. ``headers`` have lower-case names; ``now`` is Unix time."""
        ...
