"""A reply that is ready to be sent, with the time that it takes, and how it is made from a request."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator

import msgspec

from stellwerk.simulator.answer import Answer, Author
from stellwerk.simulator.ask import Ask, Vectors
from stellwerk.simulator.catalog import Behaviour
from stellwerk.simulator.dialect import Dialect, Stamp
from stellwerk.simulator.dice import Dice, digest
from stellwerk.simulator.prompt_cache import PromptCache
from stellwerk.simulator.prose import Language
from stellwerk.simulator.refusal import Refusal
from stellwerk.simulator.steering import Steering

SAMPLED_GAPS = 32
"""The time that a whole answer takes is the sum over so many gaps at most, scaled."""


class Reply(msgspec.Struct, frozen=True):
    """A right answer before it is sent. Bodies and events are made when they are needed."""

    dialect: Dialect
    fields: bytes
    """Header block beside the content's type."""
    first_s: float
    """Until the first event of a stream, or the whole body."""
    gap_s: Callable[[], float]
    """Draws the time from one event to the next."""
    make_body: Callable[[], bytes]
    make_events: Callable[[], Iterator[bytes]] | None = None
    """Makes the events of a stream without the closing one; ``None`` for a reply that is no stream."""
    prompt_tokens: int = 0
    output_tokens: int = 0

    def events(self) -> Iterator[bytes]:
        """The events without the closing one; none for a reply that is no stream."""
        return self.make_events() if self.make_events is not None else iter(())


class Replier:
    """Makes replies. Answers depend on the seed and the request alone; times on what was drawn before, too."""

    def __init__(self, dialect: Dialect, seed: bytes, language: Language, *, has_prompt_cache: bool) -> None:
        self._dialect = dialect
        self._seed = seed
        self._author = Author(seed, language)
        self._dice = Dice(digest(seed, b"times"))
        self._prompt_cache = PromptCache() if has_prompt_cache else None
        self._made = 0

    def let_pass(self, seconds: float) -> None:
        """Lets time go by for what is kept of prompts."""
        if self._prompt_cache is not None:
            self._prompt_cache.ahead_s += seconds

    def fields(self, processing_s: float) -> bytes:
        """The header block that is each reply's own."""
        return self._dialect.fields(self._next_id(), round(processing_s * 1_000))

    def refuse(self, refusal: Refusal, delay_s: float) -> bytes:
        """The same for a refusal, which learns the id that it is told under."""
        refusal.request_id = self._next_id()
        return self._dialect.fields(refusal.request_id, round(delay_s * 1_000))

    def answer(
        self, ask: Ask, behaviour: Behaviour, steering: Steering, limit_fields: bytes, dialect: Dialect
    ) -> Reply:
        """The reply to ``ask`` in ``dialect``, the replier's own as it is framed for it.

        Raises ``Refusal`` when its prompt is too long or its schema cannot be satisfied.
        """
        _check_length(ask.prompt_tokens, ask.max_tokens or 0, behaviour)
        cached, written, long = self._prompt_cache.tokens(ask) if self._prompt_cache is not None else (0, 0, 0)
        answer = self._author.answer(
            ask,
            steering,
            behaviour.answer_tokens,
            reasons=behaviour.reasons,
            cached_tokens=cached if steering.cached_tokens is None else steering.cached_tokens,
            written_tokens=written,
            written_long_tokens=long,
        )
        first_s, gap_s = self._times(behaviour, steering)
        if not ask.is_stream:
            first_s += _sum_of(gap_s, _spoken_tokens(answer) - 1)
        stamp = Stamp(self._next_id(), int(time.time()), round(first_s * 1_000))
        return Reply(
            dialect=dialect,
            fields=self.fields(first_s) + limit_fields,
            first_s=first_s,
            gap_s=gap_s,
            make_body=lambda: dialect.answer(ask, answer, stamp),
            make_events=(lambda: dialect.events(ask, answer, stamp)) if ask.is_stream else None,
            prompt_tokens=answer.usage.input_tokens,
            output_tokens=answer.usage.output_tokens,
        )

    def vectors(self, asked: Vectors, behaviour: Behaviour, steering: Steering, limit_fields: bytes) -> Reply:
        """The reply to a request for embeddings. Raises ``Refusal`` when the text is too long."""
        _check_length(asked.prompt_tokens, 0, behaviour)
        first_s, gap_s = self._times(behaviour, steering)
        return Reply(
            dialect=self._dialect,
            fields=self.fields(first_s) + limit_fields,
            first_s=first_s,
            gap_s=gap_s,
            make_body=lambda: self._dialect.vectors(asked, behaviour.dimensions),
            prompt_tokens=asked.prompt_tokens,
        )

    def _times(self, behaviour: Behaviour, steering: Steering) -> tuple[float, Callable[[], float]]:
        """Seconds until the first token, and what draws the seconds between two."""
        dice = self._dice
        first_ms = behaviour.first_token_ms(dice) if steering.ttft_ms is None else steering.ttft_ms
        if steering.token_ms is not None:
            constant_s = steering.token_ms / 1_000
            return first_ms / 1_000, lambda: constant_s
        draw_ms = behaviour.token_ms
        return first_ms / 1_000, lambda: draw_ms(dice) / 1_000

    def _next_id(self) -> str:
        self._made += 1
        return digest(self._seed, self._made.to_bytes(8, "big")).hex()


def _check_length(prompt_tokens: int, cap: int, behaviour: Behaviour) -> None:
    if prompt_tokens + cap > behaviour.context_tokens:
        asked = f"{prompt_tokens} in the messages" + (f" and {cap} for the completion" if cap else "")
        message = f"This model's maximum context length is {behaviour.context_tokens} tokens. You asked for {asked}."
        facts = {"prompt_tokens": prompt_tokens, "cap": cap, "context_tokens": behaviour.context_tokens}
        raise Refusal(400, message, code="context_length_exceeded", param="messages", facts=facts)


def _spoken_tokens(answer: Answer) -> int:
    return max(choice.output_tokens - choice.reasoning_tokens for choice in answer.choices)


def _sum_of(draw: Callable[[], float], count: int) -> float:
    if count <= 0:
        return 0.0
    drawn = min(count, SAMPLED_GAPS)
    return math.fsum([draw() for _ in range(drawn)]) * count / drawn
