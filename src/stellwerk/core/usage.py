"""What a call used: token counts in one convention for every provider.

Counts follow one rule: a total contains its parts. ``input_tokens`` contains cache reads, cache writes and audio;
``output_tokens`` contains reasoning and audio. Dialects whose wire excludes a part (Anthropic, Bedrock exclude cache
reads and writes from their input count) add it when they decode and take it out when they encode.
"""

from __future__ import annotations

import msgspec


class Usage(msgspec.Struct, frozen=True, gc=False):
    """Token counts of one call; zero where the provider says nothing."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    input_audio_tokens: int = 0
    output_audio_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens
