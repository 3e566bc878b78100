"""What is recorded of one request."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Outcome: TypeAlias = Literal["complete", "failed", "truncated", "cancelled"]
"""How a request ended: the caller got all of it; an error instead; a part, and an error; or it left first."""


class RequestEvent(msgspec.Struct, frozen=True, gc=False):
    """One finished request, however it ended. Times are microseconds, ``started_ms`` is Unix time in milliseconds.

    ``error`` is the stable code of what went wrong, empty on success. ``latency_us`` runs from the request's last byte
    to the answer's last, ``first_byte_us`` to its first, and ``overhead_us`` is the latency without what was spent
    waiting for providers. ``cost_nanos`` are nano-dollars; ``None`` where the cost is unknown, since the model has no
    price or nobody said what was used. ``extra_cost_nanos`` is the part of it for what the
    caller did not get: of targets that were asked beside the one that answered, and weak answers that did not do.
    ``route`` says why targets were asked in this order, and what became of those that did not answer.
    ``is_estimated`` marks a request whose answer ended before its provider had said what it used: tokens and cost are
    then estimated from the prompt and from what had come.
    ``service_tier`` and ``usage_details`` are the rest of what was used (``Usage.details``), ``price_version`` names
    the price that the cost was computed with: together they are what it takes to compute it again.
    ``reported_nanos`` is what the provider said that the call cost, ``None`` where it said nothing. ``guardrails`` says
    which checks ran and what they came to, and which did not; it holds no value that was found. ``cache`` says how the
    answer was found where a cache was asked (``exact``, ``normalized``, ``semantic``, ``miss``), or why none was
    (``bypass: temperature``). ``savings`` is what was saved, kind by kind, as ``core/savings.py`` writes it, and
    ``prompt_cache`` why marks for the provider's cache were placed, or were not.
    ``optimize`` is the level at which the prompt was written anew and the tokens that each step saved,
    ``optimize_tokens`` their sum. ``organization`` is that of the key, as ``team`` is.
    """

    started_ms: int
    request_id: str
    dialect: str
    key_name: str
    team: str
    model: str
    provider: str
    provider_model: str
    outcome: Outcome
    status: int
    error: str
    is_stream: bool
    attempts: int
    latency_us: int
    first_byte_us: int
    overhead_us: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    request_bytes: int
    reply_bytes: int
    finish: str
    tags: str
    cost_nanos: int | None = None
    extra_cost_nanos: int = 0
    route: str = ""
    is_estimated: bool = False
    service_tier: str = ""
    usage_details: str = ""
    price_version: str = ""
    reported_nanos: int | None = None
    guardrails: str = ""
    cache: str = ""
    savings: str = ""
    prompt_cache: str = ""
    optimize: str = ""
    optimize_tokens: int = 0
    organization: str = ""
