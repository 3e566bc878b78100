"""A stream of typed events that is handed on as it comes, while somebody notices what others want to know of it."""

from __future__ import annotations

from abc import ABC, abstractmethod

from stellwerk.core.tokens import likely_in_events
from stellwerk.core.usage import Usage
from stellwerk.dialects import sse
from stellwerk.errors import UpstreamInvalid


class EventRelay(ABC):
    """A transducer that hands a stream on in the same objects; whatever the chunking, the same is noticed.

    Before the first content, an event that is not JSON raises ``UpstreamInvalid``: another target may do better; after
    it, what cannot be read is handed on unread. A dialect says what its events tell.
    """

    __slots__ = (
        "_is_begun",
        "_is_half",
        "_is_idle",
        "_splitter",
        "error",
        "error_code",
        "finish",
        "has_content",
        "is_complete",
        "usage",
    )

    shape = None
    """No event may pass unread: reading a plain one costs no more than telling it by its shape."""
    mark = b"\n\n"
    frame = 0
    """Bytes of an event of text that are none; 0 where that differs."""

    def __init__(self, *, max_event_bytes: int = sse.MAX_EVENT_BYTES) -> None:
        self.is_complete = False
        """Whether the closing event has passed."""
        self.has_content = False
        """Whether an event with content, or with a reason to stop, has passed."""
        self.finish = ""
        """The last reason to stop."""
        self.error: str | None = None
        """The message of an error event."""
        self.error_code: str | None = None
        self.usage: Usage | None = None
        self._splitter = sse.Splitter(max_event_bytes=max_event_bytes)
        self._is_begun = False
        self._is_idle = False  # no half event is pending, and there has been content
        self._is_half = False  # what was handed on ends within an event

    @property
    def is_between_events(self) -> bool:
        """Whether what was handed on ends with a whole event."""
        return not self._is_half

    def likely_tokens(self, events: int, size: int) -> int:
        """How many tokens so many events of so many bytes most likely carry."""
        return likely_in_events(events, size, self.frame)

    def feed(self, data: bytes) -> bytes:
        """The bytes to hand on: the same object. Raises ``UpstreamInvalid``."""
        splitter = self._splitter
        for raw in splitter.feed(data):
            self._observe(raw)
        self._is_idle = self.has_content and not splitter.size
        self._is_half = not splitter.is_between_events
        return data

    def flush(self) -> bytes:
        """The stream has ended. A closing event that lacks the empty line behind it gets one."""
        splitter = self._splitter
        was_complete = self.is_complete
        for raw in splitter.flush():
            self._observe(raw)
        self._is_half = not splitter.is_between_events
        if self._is_half:
            pending = splitter.pending
            self._observe(pending, is_last=True)
            if self.is_complete and not was_complete:
                self._is_half = False
                return b"\n" if pending.endswith((b"\n", b"\r")) else b"\n\n"
        return b""

    @staticmethod
    @abstractmethod
    def is_plain(raw: bytes, /) -> object:
        """Whether a raw event, or several, that follow content have nothing to tell."""
        ...

    @abstractmethod
    def notice(self, event: sse.Event) -> bool:
        """Notices what an event says; whether it is one of the dialect at all."""
        ...

    def _observe(self, raw: bytes, *, is_last: bool = False) -> None:
        is_first, self._is_begun = not self._is_begun, True
        if self.is_complete or (self.has_content and not is_last and self.is_plain(raw)):
            return
        event = sse.parse(raw.removeprefix(sse.BYTE_ORDER_MARK) if is_first else raw)
        if event is not None and not self.notice(event) and not self.has_content and not is_last:
            raise UpstreamInvalid("The provider's stream holds an event that is not a JSON object.")
