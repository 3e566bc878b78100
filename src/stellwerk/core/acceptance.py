"""Whether a weaker model's answer is good enough: cheap checks on what was said, without asking anybody."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from stellwerk.core.conformance import conforms
from stellwerk.core.declining import declines


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


_WHOLE = frozenset({"", "stop", "end", "end_turn", "stop_sequence", "completed", "complete", "eos", "eos_token"})
"""Words for an answer that came to its end, of all dialects and in lower case; nothing where none is told."""
_DECLINED = frozenset({"refusal", "content_filter", "content_filtered", "safety", "guardrail_intervened"})


def judge(
    acceptance: Acceptance,
    text: str,
    finish: str,
    *,
    wants_json: bool,
    schema: object | None = None,
    logprobs: Sequence[float] | None = None,
) -> str:
    """Why an answer does not do, empty where it does.

    ``finish`` is the dialect's own word or the neutral one, ``schema`` the decoded JSON Schema of a request that has
    one, and ``logprobs`` the natural logarithms of the probability of each token, where the provider tells them.
    """
    ended = finish.lower()
    said = text.strip()
    if acceptance.refusal and (ended in _DECLINED or declines(said)):
        return "a refusal"
    if acceptance.finish and ended not in _WHOLE:
        return f"cut off ({finish[:40]})"
    if len(said) < acceptance.min_characters:
        return f"too short ({len(said)} characters)"
    if acceptance.json and wants_json and (fault := _json_fault(said, schema)):
        return fault
    if acceptance.min_logprob is not None and logprobs:
        mean = sum(logprobs) / len(logprobs)
        if mean < acceptance.min_logprob:
            return f"unsure (mean log-probability {mean:.2f})"
    return ""


def _json_fault(text: str, schema: object | None) -> str:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return "not JSON"
    return "" if schema is None or conforms(value, schema) else "not of the schema"
