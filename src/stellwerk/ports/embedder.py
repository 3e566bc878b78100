"""The ports of embedders: those that place texts in a vector space in the process, and those that ask a service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from stellwerk.core.wire import Origin, WireRequest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class EmbedderUnavailable(Exception):
    """The service gave no vectors: whoever asked has to do without, which for a cache is a miss."""


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into vectors from memory: no I/O once it is built, and the same vector for the same text.

    A text's vector does not depend on what else it is asked about. Texts too long for it are read at their beginning
    and their end. It takes a millisecond and more for each, so it belongs in the compute process, in any thread there.
    """

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row of unit length for each text, of shape ``(len(texts), dimensions)``; cosines are dot products."""
        ...


@runtime_checkable
class RemoteEmbedder(Protocol):
    """Asks a service for vectors: translation alone, as of a provider. Sockets, deadlines and repeats are others'.

    When the service is away, slow, or says what cannot be understood, there are no vectors: a miss, never an error.
    """

    @property
    def origin(self) -> Origin:
        """Where its connections go."""
        ...

    @property
    def max_texts(self) -> int:
        """How many texts one request may ask about."""
        ...

    def prepare(self, texts: Sequence[str]) -> WireRequest:
        """The request for the vectors of these texts, one to ``max_texts``, with what proves who asks."""
        ...

    def read(
        self, texts: Sequence[str], status: int, headers: Mapping[bytes, bytes], body: bytes
    ) -> tuple[tuple[float, ...], ...]:
        """A vector of unit length for each of the texts asked about, in their order. Header names are in lower case.

        Raises ``EmbedderUnavailable`` for every answer that does not plainly hold as many vectors of one length.
        """
        ...
