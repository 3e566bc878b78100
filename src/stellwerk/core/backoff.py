"""How long to wait before trying again."""

from __future__ import annotations


def full_jitter(repeats: int, base_s: float, cap_s: float, draw: float) -> float:
    """Seconds to wait before repeat number ``repeats`` (from 0): uniform below an exponentially growing bound.

    ``draw`` is uniform in [0, 1). Full jitter spreads callers that failed together (Brooker, "Exponential Backoff And
    Jitter", AWS Architecture Blog, 2015).
    """
    bound_s: float = min(cap_s, base_s * 2.0 ** min(repeats, 32))
    return bound_s * draw
