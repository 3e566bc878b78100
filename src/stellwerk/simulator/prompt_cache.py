"""What a provider keeps of beginnings of prompts, and what it charges for: as the real ones do.

Where prompts are marked (Anthropic, Bedrock, OpenAI from GPT-5.6 on), a beginning is kept that ends at a mark, for as
long as the mark says, from its last use on. A mark finds what was kept at its own place, or up to twenty blocks before
it. Short beginnings are not kept. Others keep whatever they have seen, in steps.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

from stellwerk.simulator.ask import Ask, Segment
from stellwerk.simulator.dice import digest

MOST_ENTRIES = 10_000
LEAST_CACHED_TOKENS = 1_024
CACHED_STEP_TOKENS = 128
LOOK_BACK_BLOCKS = 20
FIVE_MINUTES_S, HALF_AN_HOUR_S, AN_HOUR_S = 300.0, 1_800.0, 3_600.0

_LONGER = re.compile(r"haiku-4-5|opus-4-[56]|bedrock.*opus-4-7|anthropic\.claude-opus-4-7")
_OF_HAIKU_3 = re.compile(r"3-5-haiku|3-haiku|haiku-3")


def least_cached(model: str) -> int:
    """From how many tokens on Claude's beginnings are kept."""
    if _LONGER.search(model):
        return 4_096
    return 2_048 if _OF_HAIKU_3.search(model) else LEAST_CACHED_TOKENS


class PromptCache:
    """Which beginnings of prompts are kept, until when; bounded, those not used for longest go first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[bytes, float] = OrderedDict()
        """Until when, in the clock's seconds."""
        self.ahead_s = 0.0
        """By how much its time is ahead of the clock."""

    def tokens(self, ask: Ask) -> tuple[int, int, int]:
        """How many tokens of a prompt are read from the cache, written to it as a service charged, for an hour."""
        if ask.cache_marks is None:
            return self.cached_tokens(ask.segments, ask.model), 0, 0
        read, written = self.marked_tokens(
            ask.segments, ask.cache_marks, ask.cache_lives, ask.least_cached, ask.model, looks_far=ask.looks_far_back
        )
        lives = zip(ask.cache_marks, ask.cache_lives, strict=False)
        long_mark = max((mark for mark, life_s in lives if life_s == AN_HOUR_S), default=0)
        up_to_long = sum([segment.tokens for segment in ask.segments[:long_mark]])
        return read, written, max(min(up_to_long, read + written) - read, 0)

    def marked_tokens(
        self,
        segments: Sequence[Segment],
        marks: tuple[int, ...],
        lives_s: tuple[float, ...] = (),
        least: int = LEAST_CACHED_TOKENS,
        model: str = "",
        *,
        looks_far: bool = False,
    ) -> tuple[int, int]:
        """The same where only beginnings are kept that end at a mark, a number of segments; keeps them.

        ``lives_s`` says for how long, mark by mark.
        """
        keys, lengths, blocks = _beginnings(segments, model)
        now = self._clock() + self.ahead_s
        found = 0
        for mark in marks:
            for number in range(mark, found, -1):
                if blocks[mark] - blocks[number] >= LOOK_BACK_BLOCKS and not looks_far:
                    break
                if self._kept.get(keys[number], 0.0) > now and lengths[number] >= least:
                    found = max(found, number)
                    break
        written = 0
        lives = dict(zip(marks, lives_s or (FIVE_MINUTES_S,) * len(marks), strict=True))
        longest = max(lives.values(), default=FIVE_MINUTES_S)
        if found:
            self._keep(keys[found], now + lives.get(found, longest))
        for mark in marks:
            if lengths[mark] >= least:
                self._keep(keys[mark], now + lives[mark])
                written = max(written, lengths[mark] - lengths[found])
        self._forget()
        return lengths[found], written

    def cached_tokens(self, segments: Sequence[Segment], model: str = "") -> int:
        """How many of the prompt's first tokens were seen before, in the steps providers count in; remembers it."""
        keys, lengths, _ = _beginnings(segments, model)
        now = self._clock() + self.ahead_s
        cached = max(
            (length for key, length in zip(keys, lengths, strict=True) if self._kept.get(key, 0.0) > now), default=0
        )
        for key in keys[1:]:
            self._keep(key, now + AN_HOUR_S)
        self._forget()
        return cached - cached % CACHED_STEP_TOKENS if cached >= LEAST_CACHED_TOKENS else 0

    def _keep(self, key: bytes, until: float) -> None:
        self._kept[key] = max(self._kept.get(key, 0.0), until)
        self._kept.move_to_end(key)

    def _forget(self) -> None:
        while len(self._kept) > MOST_ENTRIES:
            self._kept.popitem(last=False)


def _beginnings(segments: Sequence[Segment], model: str) -> tuple[list[bytes], list[int], list[int]]:
    """After so many segments, from none on: what stands for them, their length, and how many blocks they are."""
    keys, lengths, blocks = [model.encode()], [0], [0]
    for segment in segments:
        keys.append(digest(keys[-1], segment.canonical))
        lengths.append(lengths[-1] + segment.tokens)
        blocks.append(blocks[-1] + segment.is_block)
    return keys, lengths, blocks
