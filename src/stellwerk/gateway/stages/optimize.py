"""Can it be said in fewer tokens? The request with the texts that optimizers have written anew, and what that saves.

Short bodies are changed at once, long ones by the compute process. While that is away, or too slow, a request goes out
as it came, and its header says so.
"""

from __future__ import annotations

import msgspec

from stellwerk.core.catalog import ModelCard
from stellwerk.core.cost import nanos_of
from stellwerk.core.envelope import Envelope
from stellwerk.core.optimization import Level
from stellwerk.core.optimization_job import Changes
from stellwerk.core.snapshot import OptimizeSpec
from stellwerk.core.usage import Usage
from stellwerk.dialects.capping import can_cap, capped
from stellwerk.dialects.json_splice import splice
from stellwerk.optimizing.requests import changes
from stellwerk.optimizing.rewriting import Rewriter

DIALECTS = frozenset({"openai_chat", "openai_responses", "anthropic_messages", "gemini", "bedrock_converse"})
"""Those of conversations. What is embedded, judged or counted stays as it is."""
INLINE_BYTES = 3_072
"""A body that is no longer is changed at once: that takes about a millisecond."""
LONGEST_S = 0.5
"""How long the compute process may take."""


class Optimization:
    """What a model's settings do to requests."""

    __slots__ = ("_rewriter", "is_rewriting", "spec")

    def __init__(self, spec: OptimizeSpec) -> None:
        """Raises ``ConfigurationError`` for a step that there is none of."""
        self.spec = spec
        self.is_rewriting = spec.level is not Level.OFF
        self._rewriter = Rewriter(spec.level, spec.steps, spec.min_tokens)

    def concerns(self, envelope: Envelope) -> bool:
        """Whether it is a conversation that has texts enough to be worth a look."""
        least = self.spec.min_tokens  # no token is shorter than a byte
        return self.is_rewriting and envelope.dialect in DIALECTS and len(envelope.body) > least

    def changes(self, body: bytes) -> Changes:
        """What becomes of a short body. Raises ``PayloadTooLarge`` where it has too many texts."""
        return changes(body, self._rewriter)

    def bounded(self, envelope: Envelope) -> Envelope:
        """The request with no longer an answer than the settings allow."""
        most = self.spec.max_output_tokens
        if most is None or not can_cap(envelope.dialect):
            return envelope
        return capped(envelope, most)


class Savings(msgspec.Struct, frozen=True):
    """What optimizers have saved of one request, or why they have not looked at it."""

    level: Level
    changes: Changes = Changes()
    why_not: str = ""

    def fields(self) -> bytes:
        """A rendered header line."""
        if self.why_not:
            return b"x-stellwerk-optimize: %b; skipped=%b\r\n" % (self.level.encode(), self.why_not.encode())
        steps = ",".join(self.changes.saved)
        told = f"{self.level}; saved={self.changes.tokens}{f'; steps={steps}' if steps else ''}"
        return b"x-stellwerk-optimize: %b\r\n" % told.encode()

    def record(self) -> str:
        """What goes on record: the level, then tokens by step, or why there are none."""
        if self.why_not:
            return f"{self.level}; skipped={self.why_not}"
        return "; ".join((self.level, *(f"{step}={tokens}" for step, tokens in self.changes.saved.items())))

    def nanos(self, usage: Usage, card: ModelCard | None, at_ms: int) -> int | None:
        """What it saved in nano-dollars at list price: what would have been read from a cache, at that price."""
        tokens = max(0, self.changes.tokens)
        if not tokens:
            return 0
        cached = min(tokens, self.changes.repeated) if usage.cache_read_tokens else 0
        return nanos_of(Usage(tokens, cache_read_tokens=cached), card, at_ms)


def changed(envelope: Envelope, found: Changes) -> Envelope:
    """The request with its texts anew."""
    return msgspec.structs.replace(envelope, body=splice(envelope.body, found.edits)) if found.edits else envelope
