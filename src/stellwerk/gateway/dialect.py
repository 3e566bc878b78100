"""What the data plane needs of a dialect as callers speak it: a view onto the pure functions of its folder."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Protocol

from stellwerk.core.chat import ChatRequest
from stellwerk.core.envelope import Envelope
from stellwerk.core.loss import Loss
from stellwerk.core.reply import Reply, ReplyFacts
from stellwerk.core.shape import Shape
from stellwerk.core.stream import StreamEvent
from stellwerk.core.usage import Usage
from stellwerk.core.wire import WireRequest
from stellwerk.errors import StellwerkError

if TYPE_CHECKING:
    from stellwerk.core.media import Link
    from stellwerk.gateway.configuration import Route
    from stellwerk.gateway.errand import Work
    from stellwerk.gateway.media import Found
    from stellwerk.http.request import Request

POST = frozenset({b"POST"})
"""How nearly everything is asked."""


class Ids(enum.Enum):
    """How a dialect deals with things that providers keep: files, batches, stored responses."""

    NONE = "none"
    NAMED = "named"
    """Its requests may name them by sealed ids."""
    KEPT = "kept"
    """Its answers hand sealed ids out as well."""


class Relay(Protocol):
    """A transducer from the provider's stream to the caller's, which notices what accounting wants to know."""

    @property
    def is_complete(self) -> bool:
        """Whether the closing event has passed."""
        ...

    @property
    def has_content(self) -> bool:
        """Whether an event with content has passed: from here on nothing can be tried again."""
        ...

    @property
    def usage(self) -> Usage | None:
        """What was used, as far as the stream has told."""
        ...

    @property
    def finish(self) -> str:
        """Why the answer ended, in the dialect's word."""
        ...

    @property
    def error(self) -> str | None:
        """The message of an error event in the stream."""
        ...

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

    @property
    def mark(self) -> bytes:
        """What stands in each event once, so that they can be counted."""
        ...

    def likely_tokens(self, events: int, size: int) -> int:
        """How many tokens most likely went to the caller, in so many events of so many bytes."""
        ...

    def feed(self, data: bytes) -> bytes:
        """Takes the provider's next bytes; returns the caller's. The same object means: untouched.

        Raises ``UpstreamInvalid`` when what comes is not the dialect's.
        """
        ...

    def flush(self) -> bytes:
        """The provider's stream has ended: returns what was held back."""
        ...


class Decoder(Protocol):
    """A transducer from a provider's stream to neutral events."""

    def feed(self, data: bytes) -> list[StreamEvent]:
        """The events that these bytes complete. Raises ``UpstreamInvalid`` when they are not the dialect's."""
        ...

    def flush(self) -> list[StreamEvent]:
        """The stream has ended."""
        ...


class Encoder(Protocol):
    """A transducer from neutral events to a caller's stream."""

    def feed(self, event: StreamEvent) -> bytes:
        """The bytes for one event. Raises ``UpstreamInvalid`` for events in an order that cannot be told."""
        ...

    def flush(self) -> bytes:
        """What follows the last event."""
        ...


class Interpretation(Protocol):
    """One request between a caller of one dialect and providers of others."""

    @property
    def warning(self) -> str:
        """What the caller must know of the answer by the target of the moment; empty where there is nothing."""
        ...

    def missing(self, route: Route) -> tuple[Link, ...]:
        """Media that a target takes by value alone, and that are still to be fetched. To be asked before ``prepare``.

        Raises ``InvalidRequest``: as ``MediaUnavailable`` for such as cannot be had.
        """
        ...

    def learn(self, found: Found) -> None:
        """Takes note of what lies behind links, or why that cannot be had."""
        ...

    def prepare(self, route: Route, trace: bytes) -> WireRequest | Work:
        """The request for a target of which nothing is missing.

        Where ``answer`` does without one, the work that it takes before.

        Raises ``InvalidRequest`` for what the target cannot be without, by name.
        """
        ...

    def answer(self, route: Route, body: bytes) -> tuple[bytes, ReplyFacts]:
        """A whole answer for the caller, made of the target's. Raises ``UpstreamInvalid``."""
        ...

    def stream(self, route: Route) -> Relay:
        """A transducer for a streamed answer."""
        ...


class Dialect(Protocol):
    """One dialect of callers. Nothing else knows its paths, its errors and how its streams look."""

    @property
    def name(self) -> str:
        """A folder of ``dialects/``."""
        ...

    @property
    def methods(self) -> frozenset[bytes]:
        """The methods with which its paths are asked."""
        ...

    @property
    def ids(self) -> Ids:
        """What its requests and answers say of things that providers keep."""
        ...

    def read(self, request: Request) -> Envelope:
        """Reads a request as far as every request needs it. Raises ``InvalidRequest``."""
        ...

    def facts(self, body: bytes) -> ReplyFacts:
        """Reads a whole answer that is handed on. Raises ``UpstreamInvalid`` when it is not the dialect's."""
        ...

    def interpret(self, envelope: Envelope, identity: str) -> Interpretation | None:
        """How a request reaches providers of other dialects; ``None`` where it cannot.

        ``identity`` names the answer where the provider's dialect has no ids.
        """
        ...

    def relay(self, envelope: Envelope) -> Relay:
        """A transducer for one stream that is handed on."""
        ...

    def stream_type(self, envelope: Envelope) -> bytes:
        """Media type of a streamed answer."""
        ...

    def stream_fields(self, envelope: Envelope) -> bytes:
        """Header lines of a streamed answer."""
        ...

    def error(self, error: StellwerkError) -> bytes:
        """The body that tells a caller of an error."""
        ...

    def error_fields(self, error: StellwerkError) -> bytes:
        """Further header lines of such an answer."""
        ...

    def stream_error(self, error: StellwerkError, envelope: Envelope, *, close_half_event: bool) -> bytes:
        """The event that tells a caller of an error after its stream has begun."""
        ...


class ChatDialect(Dialect, Protocol):
    """A dialect of chat, whose callers can be served by providers of other dialects."""

    @property
    def bound(self) -> tuple[Loss, ...]:
        """What of its requests no provider of another dialect can do."""
        ...

    def decode(self, envelope: Envelope) -> ChatRequest:
        """The whole request in the neutral form. Raises ``InvalidRequest``."""
        ...

    def encode(self, reply: Reply, envelope: Envelope) -> bytes:
        """A whole answer."""
        ...

    def encoder(self, envelope: Envelope) -> Encoder:
        """A transducer for one stream that is translated."""
        ...
