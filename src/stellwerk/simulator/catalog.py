"""The models of one provider: which names it knows, and how each of them behaves."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from stellwerk.simulator.refusal import Refusal
from stellwerk.simulator.scenario import SimulatedModel, SimulatedProvider
from stellwerk.simulator.spread import Sampler, sampler

USUAL_NAMES = ("gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-5.2", "gpt-5-mini", "o4-mini", "text-embedding-3-small")
"""What a provider lists that serves any name."""
USUAL = {
    "openai": USUAL_NAMES,
    "gemini": ("gemini-3-pro-preview", "gemini-2.5-pro", "gemini-2.5-flash", "gemini-embedding-001"),
    "bedrock": ("anthropic.claude-sonnet-4-5-20250929-v1:0", "amazon.nova-pro-v1:0", "meta.llama3-3-70b-instruct-v1:0"),
    "anthropic": ("claude-opus-4-6", "claude-sonnet-4-6", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001"),
}
"""The same by dialect."""
MOST_GUESSED = 1_000

_REASONING = re.compile(
    r"(?:^|[/.])(?:o[1-9]|gpt-(?:[5-9]|oss)|gemini-(?:2\.5|[3-9])|deepseek[.-]r1|r1-v1)", re.IGNORECASE
)


class Behaviour(msgspec.Struct, frozen=True):
    """How a model behaves."""

    context_tokens: int
    dimensions: int
    reasons: bool
    first_token_ms: Sampler
    token_ms: Sampler
    answer_tokens: Sampler


class Catalog:
    """Finds a model's behaviour by its name."""

    def __init__(self, provider: SimulatedProvider) -> None:
        self._provider = provider
        self._is_open = not provider.models
        self.models: Sequence[SimulatedModel] = tuple(
            SimulatedModel(name=model) if isinstance(model, str) else model
            for model in provider.models or USUAL.get(provider.dialect, USUAL_NAMES)
        )
        self._behaviours = {model.name: self._behaviour(model) for model in self.models}

    def behaviour(self, name: str) -> Behaviour:
        """How the model ``name`` behaves. Raises ``Refusal`` when there is none."""
        known = self._behaviours.get(name)
        if known is not None:
            return known
        if not self._is_open:
            message = f"The model `{name}` does not exist or you do not have access to it."
            raise Refusal(404, message, code="model_not_found", param="model", facts={"model": name})
        guessed = self._behaviour(SimulatedModel(name=name))
        if len(self._behaviours) < MOST_GUESSED:
            self._behaviours[name] = guessed
        return guessed

    def _behaviour(self, model: SimulatedModel) -> Behaviour:
        provider = self._provider
        return Behaviour(
            context_tokens=model.context_tokens,
            dimensions=model.dimensions,
            reasons=_REASONING.search(model.name) is not None if model.reasoning is None else model.reasoning,
            first_token_ms=sampler(provider.first_token_ms if model.first_token_ms is None else model.first_token_ms),
            token_ms=sampler(provider.token_ms if model.token_ms is None else model.token_ms),
            answer_tokens=sampler(provider.answer_tokens if model.answer_tokens is None else model.answer_tokens),
        )
