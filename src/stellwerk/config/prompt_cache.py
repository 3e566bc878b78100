"""The keys of ``[optimize]`` that concern the prompt caches of providers."""

from __future__ import annotations

from pydantic import Field

from stellwerk.config.section import Section
from stellwerk.core.snapshot import ModelSpec


class PromptCache(Section):
    """What is done for the prompt caches of providers. A model's own keys win over the general ones."""

    prompt_cache: bool = Field(
        default=ModelSpec("", ()).prompt_cache,
        description="Whether beginnings of prompts are marked for the provider's cache where that pays, and "
        "conversations stay with the target that has theirs.",
    )
