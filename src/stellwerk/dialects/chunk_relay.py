"""Streams of chunks handed on between two parties of chat, or of the completions that came before it."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.core.shape import NO_SHAPE, Shape
from stellwerk.core.tokens import likely_in_events
from stellwerk.core.usage import Usage
from stellwerk.dialects import json_splice, sse
from stellwerk.dialects.chunk_shape import is_padded, learn
from stellwerk.dialects.openai_errors import read_error
from stellwerk.dialects.openai_usage import WireUsage, neutral, read_counts
from stellwerk.errors import UpstreamInvalid

DONE = b"[DONE]"
_LESSONS = 6
"""How often the shape of a typical event is learned anew: where every event is another, it is not worth it."""


class PassThrough:
    """A transducer that hands a stream on and notices what accounting and fallback want to know.

    Bytes go on as they come, in the same object. With ``strip_usage``, an event that only carries usage is taken out,
    usage beside choices is cut from its event, and the bytes of an event that is not whole are held back until it is.
    Whatever the chunking, the bytes handed on are the same. Before the first content, an event that is not JSON raises
    ``UpstreamInvalid``: another target may do better; after it, what cannot be read is handed on unread.
    """

    __slots__ = (
        "_blank_finish",
        "_blank_usage",
        "_closing",
        "_closing_size",
        "_ending",
        "_is_begun",
        "_is_half",
        "_is_idle",
        "_is_stripping",
        "_lessons",
        "_opening",
        "_shape",
        "_splitter",
        "_text_at",
        "_tier",
        "error",
        "error_code",
        "finish",
        "has_content",
        "is_complete",
        "usage",
    )

    mark = b"\n\n"

    def __init__(self, *, strip_usage: bool, max_event_bytes: int = sse.MAX_EVENT_BYTES) -> None:
        self.is_complete = False
        """Whether ``[DONE]`` has passed."""
        self.has_content = False
        """Whether an event with content, a finish reason included, has passed."""
        self.usage: Usage | None = None
        """Of the last event that had one."""
        self.finish = ""
        """The last finish reason."""
        self.error: str | None = None
        """The message of an error event."""
        self.error_code: str | None = None
        self._is_stripping = strip_usage
        self._splitter = sse.Splitter(max_event_bytes=max_event_bytes)
        self._is_begun = False
        self._is_idle = False  # no half event is pending, and there has been content
        self._is_half = False  # what was handed on ends within an event
        self._tier: Any = None
        # How this host writes "none yet": such events say nothing new.
        self._blank_finish = b'"finish_reason":null'
        self._blank_usage = b'"usage":null'
        # The shape of a typical event; hosts change it once or twice, from reasoning to text.
        self._shape: Shape | None = None
        self._opening, self._closing, self._ending = NO_SHAPE
        self._text_at = self._closing_size = 0
        self._lessons = _LESSONS

    @property
    def shape(self) -> Shape | None:
        """Events of this shape may be handed on without being fed, as long as it is here: they have nothing to tell."""
        return self._shape if self._is_idle else None

    @property
    def is_between_events(self) -> bool:
        """Whether what was handed on ends with a whole event."""
        return not self._is_half

    def likely_tokens(self, events: int, size: int) -> int:
        """How many tokens so many events of so many bytes most likely carry."""
        return likely_in_events(
            events, size, 0 if self._ending or not self._shape else len(self._opening) + len(self._closing)
        )

    def feed(self, data: bytes) -> bytes:
        """The bytes to hand on; the same object where nothing changes. Raises ``UpstreamInvalid``."""
        if self._is_idle:
            # One event, that differs from one already understood in its text alone, is most of what ever comes.
            if data.startswith(self._opening):
                end = data.find(b'"', self._text_at)
                if data.startswith(self._closing, end):
                    end += self._closing_size
                    if len(data) == end or (self._ending and is_padded(data, end, self._ending)):
                        return data
            if data.endswith(b"\n\n") and self._is_plain(data):
                if self._lessons:
                    self._learn_shape(data)
                return data
        if not self._splitter.size and sse.is_lone(data):
            return self._feed_lone(data)
        return self._feed_carefully(data)

    def flush(self) -> bytes:
        """The stream has ended: what was held back, except an event that broke off where nobody can read it.

        A closing event that lacks the empty line behind it gets one: nothing more can belong to it.
        """
        splitter = self._splitter
        was_complete = self.is_complete
        out = b"".join([self._observe(raw) for raw in splitter.flush()])
        if not splitter.is_between_events:
            pending = splitter.pending
            out += self._observe(pending, is_last=True)
            if self.is_complete and not was_complete:
                self._is_half = False
                closing = b"\n" if pending.endswith((b"\n", b"\r")) else b"\n\n"
                return out + closing if self._is_stripping else closing
        if not self._is_stripping:
            self._is_half = not splitter.is_between_events
            return b""
        self._is_half = bool(out) and not splitter.is_between_events
        return out

    def _feed_carefully(self, data: bytes) -> bytes:
        splitter = self._splitter
        held = splitter.size
        raws = splitter.feed(data)
        out = [self._observe(raw) for raw in raws]
        self._is_idle = self.has_content and not splitter.size
        if not self._is_stripping:
            self._is_half = not splitter.is_between_events
            return data
        is_untouched = not held and not splitter.size and out == raws
        return data if is_untouched else b"".join(out)

    def _feed_lone(self, raw: bytes) -> bytes:
        """Reads exactly one event, as most reads bring it, that is not known to have nothing to tell."""
        self._splitter.check(len(raw))
        self._is_begun = True
        out = raw if self.is_complete else self._read(sse.Event(raw[6:-2]), raw)
        self._is_idle = self.has_content
        self._is_half = False
        return out

    def _observe(self, raw: bytes, *, is_last: bool = False) -> bytes:
        """Notices what a raw event says; returns what to hand on of it."""
        is_first, self._is_begun = not self._is_begun, True
        if self.is_complete or (self.has_content and not is_last and self._is_plain(raw)):
            return raw
        event = sse.parse(raw.removeprefix(sse.BYTE_ORDER_MARK) if is_first else raw)
        return raw if event is None else self._read(event, raw, is_last=is_last)

    def _read(self, event: sse.Event, raw: bytes, *, is_last: bool = False) -> bytes:
        """Notices what an event says that may have something to tell; returns what to hand on of it."""
        data = event.data
        if data.strip() == DONE:
            self.is_complete = True
            return raw
        chunk = _decode(data)
        if chunk is None:
            if not self.has_content and not is_last:
                raise UpstreamInvalid("The provider's stream holds an event that is not a JSON object.")
            return b"" if is_last else raw
        return self._notice(chunk, event, raw)

    def _is_plain(self, raw: bytes) -> bool:
        """Whether an event after the first content has nothing to tell."""
        return (
            raw.count(b'"finish_reason"') == raw.count(self._blank_finish)
            and (raw.find(b'"usage"') < 0 or raw.count(b'"usage"') == raw.count(self._blank_usage))
            and raw.find(b'"error"') < 0
            and raw.find(b"[DONE]") < 0
        )

    def _learn_shape(self, raw: bytes) -> None:
        self._lessons -= 1
        shape = learn(raw)
        if shape is not None:
            self._shape = shape
            self._opening, self._closing, self._ending = shape
            self._text_at, self._closing_size = len(self._opening), len(self._closing)

    def _notice(self, chunk: _Chunk, event: sse.Event, raw: bytes) -> bytes:
        choices, usage = chunk.choices, chunk.usage
        if chunk.error:
            message, self.error_code, _ = read_error(chunk.error)
            self.error = message or "The provider broke the stream off with an error."
        for choice in choices:
            if choice.finish_reason:
                self.finish = choice.finish_reason
                self.has_content = True
            elif choice.text or any(value for name, value in choice.delta.items() if name != "role"):
                self.has_content = True
        self._learn(event.data)
        self._tier = chunk.service_tier or self._tier
        if usage is not None:
            self.usage = neutral(usage, self._tier)
            if self._is_stripping:
                return raw if not choices and chunk.error else b"" if not choices else _without_usage(event, raw)
        elif chunk.x_groq is not None and chunk.x_groq.usage is not None:
            self.usage = neutral(chunk.x_groq.usage, self._tier)
        return raw

    def _learn(self, data: bytes) -> None:
        if b'"finish_reason": null' in data:
            self._blank_finish = b'"finish_reason": null'
        if b'"usage": null' in data:
            self._blank_usage = b'"usage": null'


class _Choice(msgspec.Struct, gc=False):
    finish_reason: str | None = None
    text: Any = None
    delta: dict[str, Any] = {}


class _Groq(msgspec.Struct, gc=False):
    usage: WireUsage | None = None


class _Chunk(msgspec.Struct, gc=False):
    choices: list[_Choice] = []
    usage: WireUsage | None = None
    service_tier: str | None = None
    error: Any = None
    x_groq: _Groq | None = None


_decode_strictly = msgspec.json.Decoder(_Chunk).decode


def _decode(data: bytes) -> _Chunk | None:
    """What a chunk says; ``None`` where it is not even a JSON object."""
    try:
        if not data.isascii():
            data.decode()
        return _decode_strictly(data)
    except msgspec.ValidationError:
        return _decode_tolerantly(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _decode_tolerantly(data: bytes) -> _Chunk | None:
    """For hosts that are careless with types: what is not of its type says nothing."""
    try:
        chunk = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if type(chunk) is not dict:
        return None
    choices, usage, tier, groq = map(chunk.get, ("choices", "usage", "service_tier", "x_groq"))
    return _Chunk(
        [_choice(choice) for choice in choices if type(choice) is dict] if type(choices) is list else [],
        read_counts(usage) if type(usage) is dict else None,
        tier if type(tier) is str else None,
        chunk.get("error"),
        _Groq(read_counts(groq["usage"])) if type(groq) is dict and type(groq.get("usage")) is dict else None,
    )


def _choice(wire: dict[str, Any]) -> _Choice:
    finish, delta = wire.get("finish_reason"), wire.get("delta")
    return _Choice(finish if type(finish) is str else None, wire.get("text"), delta if type(delta) is dict else {})


def _without_usage(event: sse.Event, raw: bytes) -> bytes:
    data = event.data
    for member in reversed(json_splice.members(data)):
        if member.name == "usage":
            data = json_splice.drop(data, member)
    if event.data in raw:
        return raw.replace(event.data, data, 1)
    return sse.encode(data, event.event or None)
