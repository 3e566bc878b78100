"""What a provider remembers of earlier requests: beginnings of prompts, and how often it has seen the same one."""

from __future__ import annotations

from collections import OrderedDict

from stellwerk.simulator.ask import Ask, Segment
from stellwerk.simulator.dice import digest

MOST_ENTRIES = 10_000
LEAST_CACHED_TOKENS = 1_024
CACHED_STEP_TOKENS = 128


class PromptCache:
    """Which beginnings of prompts have been seen; bounded, the ones not seen for longest go first."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def tokens(self, ask: Ask) -> tuple[int, int]:
        """How many tokens of a prompt are read from the cache, and how many are written to it as a service charged."""
        if ask.cache_marks is None:
            return self.cached_tokens(ask.segments), 0
        return self.marked_tokens(ask.segments, ask.cache_marks)

    def marked_tokens(self, segments: tuple[Segment, ...], marks: tuple[int, ...]) -> tuple[int, int]:
        """The same where only beginnings are kept that end at a mark, a number of segments; remembers them."""
        read = written = tokens = 0
        key = b""
        for number, segment in enumerate(segments, 1):
            key = digest(key, segment.canonical)
            tokens += segment.tokens
            if number in marks and tokens >= LEAST_CACHED_TOKENS:
                if key in self._seen:
                    read, written = tokens, 0
                else:
                    written = tokens - read
                self._see(key)
        self._forget()
        return read, written

    def cached_tokens(self, segments: tuple[Segment, ...]) -> int:
        """How many of the prompt's first tokens were seen before, in the steps providers count in; remembers it."""
        cached = tokens = 0
        key = b""
        for segment in segments:
            key = digest(key, segment.canonical)
            tokens += segment.tokens
            if key in self._seen:
                cached = tokens
            self._see(key)
        self._forget()
        return cached - cached % CACHED_STEP_TOKENS if cached >= LEAST_CACHED_TOKENS else 0

    def _see(self, key: bytes) -> None:
        self._seen[key] = None
        self._seen.move_to_end(key)

    def _forget(self) -> None:
        while len(self._seen) > MOST_ENTRIES:
            self._seen.popitem(last=False)


class Repeats:
    """How often each content has come; bounded likewise."""

    def __init__(self) -> None:
        self._times: OrderedDict[bytes, int] = OrderedDict()

    def count(self, content: bytes) -> int:
        """How often ``content`` has come, this time included."""
        times = self._times.pop(content, 0) + 1
        self._times[content] = times
        if len(self._times) > MOST_ENTRIES:
            self._times.popitem(last=False)
        return times
