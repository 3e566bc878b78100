"""What the data plane needs of a dialect that callers speak: a view onto the pure functions of its folder."""

from __future__ import annotations

from typing import Protocol

from stellwerk.core.envelope import Envelope
from stellwerk.core.reply import ReplyFacts
from stellwerk.core.shape import Shape
from stellwerk.core.usage import Usage
from stellwerk.errors import StellwerkError


class Relay(Protocol):
    """A transducer from the provider's stream to the caller's, which notices what accounting wants to know."""

    is_complete: bool
    """Whether the closing event has passed."""
    has_content: bool
    """Whether an event with content has passed: from here on nothing can be tried again."""
    usage: Usage | None
    finish: str
    error: str | None
    """The message of an error event in the stream."""

    @property
    def shape(self) -> Shape | None:
        """Events of this shape need not be fed but may be handed on as they come, until something else is fed.

        ``None`` while what is fed next matters, or nothing typical has been seen.
        """
        ...

    @property
    def is_between_events(self) -> bool:
        """Whether what was handed on ends with a whole event."""
        ...

    def feed(self, data: bytes) -> bytes:
        """Takes the provider's next bytes; returns the caller's. The same object means: untouched.

        Raises ``UpstreamInvalid`` when what comes is not the dialect's.
        """
        ...

    def flush(self) -> bytes:
        """The provider's stream has ended: returns what was held back."""
        ...


class Dialect(Protocol):
    """One dialect as callers speak it."""

    name: str

    def read(self, body: bytes) -> Envelope:
        """Reads a request as far as every request needs it. Raises ``InvalidRequest``."""
        ...

    def facts(self, body: bytes) -> ReplyFacts:
        """Reads a provider's whole answer. Raises ``UpstreamInvalid`` when it is not the dialect's."""
        ...

    def relay(self, envelope: Envelope) -> Relay:
        """A transducer for one stream."""
        ...

    def error(self, error: StellwerkError) -> bytes:
        """The body that tells a caller of an error."""
        ...

    def stream_error(self, error: StellwerkError, *, close_half_event: bool) -> bytes:
        """The event that tells a caller of an error after its stream has begun."""
        ...
