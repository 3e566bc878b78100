"""A stream in translation: a provider's bytes to neutral events, and those to the bytes of another dialect's caller."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from stellwerk.core.reply import Finish, StopReason
from stellwerk.core.stream import (
    Ended,
    Finished,
    OpaqueDelta,
    RefusalDelta,
    Started,
    StreamEvent,
    StreamFault,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    UsageReported,
)
from stellwerk.core.tokens import BYTES_PER_TOKEN, weight
from stellwerk.core.usage import Usage
from stellwerk.errors import StellwerkError, UpstreamError, UpstreamInvalid
from stellwerk.gateway.dialect import Decoder, Encoder

_PREAMBLE = (Started, UsageReported, OpaqueDelta, StreamFault, Ended)
_TEXTS = (TextDelta, ThinkingDelta, RefusalDelta)


class Translation:
    """A relay between two dialects. What it hands on are whole events."""

    __slots__ = (
        "_decoder",
        "_encoder",
        "_said",
        "error",
        "error_code",
        "finish",
        "has_content",
        "hide",
        "is_complete",
        "usage",
    )

    is_between_events = True
    shape = None
    mark = b"\n\n"

    def __init__(self, decoder: Decoder, encoder: Encoder) -> None:
        self._decoder = decoder
        self._encoder = encoder
        self.is_complete = False
        self.has_content = False
        self.usage: Usage | None = None
        self.finish = ""
        self.error: str | None = None
        self.error_code: str | None = None
        self._said = 0  # bytes of text, thoughts and arguments
        self.hide: Callable[[str], str] = str
        """Takes out of a provider's words what callers may not read."""

    @property
    def is_cut(self) -> bool:
        """Whether the stream has been ended before the provider has."""
        return getattr(self._decoder, "is_cut", False)

    def feed(self, data: bytes) -> bytes:
        """The caller's bytes for the provider's. Raises ``UpstreamInvalid``."""
        return self._hand_on(self._decoder.feed(data))

    def flush(self) -> bytes:
        """What was held back, and what closes a stream that is complete."""
        out = self._hand_on(self._decoder.flush())
        return out + self._encoder.flush() if self.is_complete else out

    def likely_tokens(self, events: int, size: int) -> int:  # noqa: ARG002 (its own count is better)
        """How many tokens the provider has most likely made so far."""
        return -(-self._said // BYTES_PER_TOKEN)

    def fault(self, error: StellwerkError) -> bytes:
        """The event that tells the caller of an error of ours."""
        code = (error.upstream_code if isinstance(error, UpstreamError) else None) or error.code
        return self._encoder.feed(StreamFault(error.message, code))

    def _hand_on(self, events: Iterable[StreamEvent]) -> bytes:
        encode = self._encoder.feed
        out = b""
        for event in events:
            kind = type(event)
            if kind in _PREAMBLE:
                if kind is Ended and not self.finish:
                    out += self._finish()
                out += encode(self._noted(event))
            else:
                self.has_content = True
                if isinstance(event, _TEXTS):
                    self._said += weight(event.text)
                elif isinstance(event, ToolCallDelta):
                    self._said += weight(event.arguments)
                elif kind is Finished:
                    self._noted(event)
                out += encode(event)
        return out

    def _finish(self) -> bytes:
        """A stream that ends and has not said why has ended; one that has said nothing at all is no answer."""
        if not self.has_content:
            raise UpstreamInvalid("The provider's stream ended without an answer.")
        return self._hand_on((Finished(Finish(StopReason.END)),))

    def _noted(self, event: StreamEvent) -> StreamEvent:
        """The event as the caller may hear it."""
        match event:
            case UsageReported():
                self.usage = event.usage
            case Finished():
                self.finish = event.finish.reason.value
            case StreamFault():
                event = msgspec.structs.replace(event, message=self.hide(event.message))
                self.error, self.error_code = event.message, event.code
            case Ended():
                self.is_complete = True
            case _:
                pass
        return event
