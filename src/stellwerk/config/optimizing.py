"""The sections of ``stellwerk.toml`` about prompts in fewer tokens."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stellwerk import plugins
from stellwerk.config.prompt_cache import PromptCache
from stellwerk.config.section import Count, written
from stellwerk.core.optimization import Level
from stellwerk.core.snapshot import OptimizeSpec


def step(name: str) -> str:
    """The name of an optimizer. Raises ``ValueError`` with what was expected."""
    known = plugins.names("optimizers")
    if name not in known:
        raise ValueError(f"a step ({', '.join(known)})")
    return name


def allowed_steps(level: Level) -> frozenset[str]:
    """The optimizers that a level allows."""
    return frozenset(name for name in plugins.names("optimizers") if plugins.level(name).rank <= level.rank)


class Optimize(PromptCache):
    """What makes prompts cheaper on the way to a provider. A model's own keys win over the general ones."""

    level: Literal["off", "safe", "balanced", "aggressive"] = Field(
        default=OptimizeSpec().level.value,
        description="How much may happen: nothing; what no reader notices; own notations from which every value can be "
        "restored; or leaving out documents and parts of old turns that do not matter to the question.",
    )
    steps: list[Annotated[str, written(step)]] | None = Field(
        default=None, description="Names of optimizers, of those that the level allows; without it all of them."
    )
    min_tokens: int = Field(
        default=OptimizeSpec().min_tokens, ge=0, le=10_000_000, description="Texts with fewer tokens stay as they are."
    )
    max_output_tokens: Count | None = Field(
        default=None, description="Longest answer that is asked for, also where the caller allows a longer one."
    )


def spec_of(own: dict[str, object]) -> OptimizeSpec:
    """What a model's keys come to, over those of the general section."""
    steps = own["steps"]
    chosen = tuple(steps) if isinstance(steps, list) else None
    level, most = Level(str(own["level"])), own["max_output_tokens"]
    return OptimizeSpec(level, chosen, int(str(own["min_tokens"])), most if isinstance(most, int) else None)
