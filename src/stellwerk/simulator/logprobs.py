"""Made-up log-probabilities: believable in size, the same for the same answer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from stellwerk.simulator.answer import Choice
from stellwerk.simulator.dice import Dice, digest

_ALTERNATIVES = (" the", " a", ",", ".", " and", " is", " of", " to", " in", " that", "\n")


def logprobs_of(choice: Choice, alternatives: int) -> Iterator[dict[str, Any]]:
    """One entry for each token of the answer."""
    dice = Dice(digest(choice.seed, b"logprobs"))
    for token in choice.tokens:
        own = math.log(0.5 + dice.unit() / 2)
        entry = _entry(token, own)
        rest = 1 - math.exp(own)
        top = [_entry(token, own)] if alternatives else []
        start = dice.below(len(_ALTERNATIVES))
        for rank in range(1, alternatives):
            rest /= 2
            other = _ALTERNATIVES[(start + rank) % len(_ALTERNATIVES)]
            top.append(_entry(other if other != token else other + token, math.log(max(rest, 1e-9))))
        entry["top_logprobs"] = top
        yield entry


def _entry(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": round(logprob, 6), "bytes": list(token.encode())}
