"""What a call used: counts in one convention for every provider.

Counts follow one rule: a total contains its parts. ``input_tokens`` contains cache reads, cache writes, audio and
images; ``output_tokens`` contains reasoning, audio and images; ``cache_write_tokens`` contains those that are kept for
an hour; cached audio is part of the cache reads and of the audio. Dialects whose wire excludes a part (Anthropic,
Bedrock exclude cache reads and writes from their input count) add it when they decode and take it out when they encode.
"""

from __future__ import annotations

import msgspec

DETAILS = (
    "input_audio_tokens",
    "output_audio_tokens",
    "cache_write_1h_tokens",
    "cache_read_audio_tokens",
    "input_image_tokens",
    "output_image_tokens",
    "web_searches",
)
"""Counts that most calls do not have: records keep them together."""

MOST_TOKENS = 2**40
"""Whoever counts more has not counted: no call has so many."""


class Usage(msgspec.Struct, frozen=True, gc=False):
    """Counts of one call; zero where the provider says nothing.

    ``service_tier`` is the tier that the call was served with, in the words of the price list (``batch``, ``flex``,
    ``priority``, ``fast``); empty, or a word that no price list knows such as ``default``, is the standard one.
    ``reported_nanos`` is what the provider itself says that the call cost, in nano-dollars; most do not say.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    input_audio_tokens: int = 0
    output_audio_tokens: int = 0
    cache_write_1h_tokens: int = 0
    cache_read_audio_tokens: int = 0
    input_image_tokens: int = 0
    output_image_tokens: int = 0
    web_searches: int = 0
    service_tier: str = ""
    reported_nanos: int | None = None

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to pay but fresh input, cached input and output, and our own word for it."""
        return not (
            self.cache_write_tokens
            or self.input_audio_tokens
            or self.output_audio_tokens
            or self.input_image_tokens
            or self.output_image_tokens
            or self.web_searches
            or self.cache_read_audio_tokens
            or self.cache_read_tokens > self.input_tokens
            or self.reported_nanos is not None
        )

    @property
    def details(self) -> str:
        """The counts that are rarely there (``DETAILS``), as a JSON object of those that are; empty where none is."""
        if self.is_plain:
            return ""
        found = {name: count for name in DETAILS if (count := getattr(self, name))}
        return msgspec.json.encode(found).decode() if found else ""

    @property
    def total_tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens
