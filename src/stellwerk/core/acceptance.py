"""Whether a weaker model's answer is good enough: cheap checks on what was said, without asking anybody."""

from __future__ import annotations

import msgspec


class Acceptance(msgspec.Struct, frozen=True):
    """What an answer has to be. A check that is off asks nothing."""

    json: bool = False
    """Where the request asks for JSON, the answer has to be JSON, and of the request's schema where it has one."""
    min_characters: int = 0
    refusal: bool = False
    """An answer that refuses, or says that it does not know, does not do."""
    finish: bool = False
    """An answer that was cut off does not do."""
    min_logprob: float | None = None
    """The mean log-probability of the answer's tokens, where the provider tells them."""
    samples: int = 1
    """With two, the same target is asked twice, and its answers have to agree."""
