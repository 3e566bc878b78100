"""What a request asks of a simulated model, in whatever dialect it came."""

from __future__ import annotations

from typing import Any

import msgspec

from stellwerk.simulator.dice import digest

ANY_OBJECT = {
    "type": "object",
    "properties": {
        "answer": {"type": "string"},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "points": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["answer", "confidence"],
}
"""What a model writes that was asked for some JSON object, without a schema."""


class Tool(msgspec.Struct, frozen=True):
    """A tool that the model may call. ``parameters`` is a JSON Schema; ``None`` takes free text."""

    name: str
    description: str
    parameters: Any


class Segment(msgspec.Struct, frozen=True, gc=False):
    """One part of the prompt in a form that does not depend on white space, and its length in tokens."""

    canonical: bytes
    tokens: int
    is_block: bool = True
    """Whether it counts where a provider looks back for what it keeps."""


class Ask(msgspec.Struct, frozen=True):
    """One request for an answer."""

    model: str
    is_stream: bool
    segments: tuple[Segment, ...]
    """The prompt from its beginning."""
    parameters: bytes
    """What else the answer depends on, in canonical form."""
    text: str
    """What the user said last."""
    audio_tokens: int = 0
    image_tokens: int = 0
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    choices: int = 1
    tools: tuple[Tool, ...] = ()
    must_call: bool = False
    named_tool: str | None = None
    may_call_in_parallel: bool = True
    tool_results: tuple[tuple[str, str], ...] = ()
    """Name and content of the results that the prompt ends with."""
    output: Any = None
    """``None`` for text, or the JSON Schema of the answer."""
    is_bare: bool = False
    """Whether an answer with a schema, which is one for texts then, comes without quotes."""
    effort: str | None = None
    thinks: bool | None = None
    """Whether the model thinks before it answers; ``None`` leaves it to the model."""
    most_thoughts: int | None = None
    """How many tokens it may think at most."""
    shows_thoughts: bool = False
    """Whether the answer tells what the model thought."""
    cache_marks: tuple[int, ...] | None = None
    """After how many segments the prompt is to be cached; ``None`` where the provider decides by itself."""
    cache_lives: tuple[float, ...] = ()
    """For how many seconds it is kept, mark by mark; five minutes each without."""
    least_cached: int = 1_024
    """Tokens from which on a beginning is kept."""
    looks_far_back: bool = False
    """Whether a mark finds what is kept however far before it."""
    guard: str | None = None
    """The guardrail of the provider that looks at the answer."""
    traces_guard: bool = False
    """Whether the answer tells what the guardrail found."""
    wanted_fields: tuple[str, ...] = ()
    """Which fields of the model's own answer are to be passed on, as JSON pointers."""
    logprobs: int | None = None
    """How many alternatives to show for each token; ``None`` for no log-probabilities at all."""
    wants_usage: bool = True
    speaks_before_calls: bool = False
    """Whether the model may say something before it calls tools."""
    can_fail: bool = False
    """Whether an answer may end as failed."""
    form: Any = None
    """What the dialect wants to know of the request when it writes the answer."""

    @property
    def prompt_tokens(self) -> int:
        """Length of the prompt."""
        return sum([segment.tokens for segment in self.segments])

    @property
    def content(self) -> bytes:
        """What stands for everything that the answer depends on."""
        return digest(self.parameters, *[segment.canonical for segment in self.segments])


class Vectors(msgspec.Struct, frozen=True):
    """One request for embeddings."""

    model: str
    texts: tuple[str, ...]
    prompt_tokens: int
    dimensions: int | None
    is_base64: bool
    is_single: bool = False
    """Whether one vector was asked for, rather than a list of them."""

    @property
    def content(self) -> bytes:
        """What stands for everything that the vectors depend on."""
        return digest(self.model.encode(), *[text.encode() for text in self.texts])
