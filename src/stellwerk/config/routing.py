"""The sections of ``stellwerk.toml`` about models: their targets, and what is done when these are slow or fail."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from stellwerk.config import notation
from stellwerk.config.cache import Caching
from stellwerk.config.identity import Spending
from stellwerk.config.optimizing import Optimize
from stellwerk.config.pricing import PriceRow, price_from
from stellwerk.config.section import DAY_S, ModelName, Seconds, Section, written
from stellwerk.core.snapshot import (
    BreakerSpec,
    HealthSpec,
    HedgeSpec,
    MirrorSpec,
    ModelSpec,
    QueueSpec,
    RetrySpec,
    TargetSpec,
)


class Target(Section):
    """One way to serve a model."""

    provider: str = Field(description="Name of one of the providers.")
    model: Annotated[str, written(notation.upstream_model)] = Field(description="That provider's name for the model.")
    weight: float = Field(
        default=TargetSpec("", "").weight,
        ge=0,
        le=1e9,
        allow_inf_nan=False,
        description="Share of this target, for strategies that go by weight.",
    )
    prices: list[PriceRow] | None = Field(
        default=None,
        description="What it costs you, instead of what the catalogue says; an empty array makes it unpriced.",
    )

    @field_validator("prices")
    @classmethod
    def _can_be_a_price(cls, rows: list[PriceRow] | None) -> list[PriceRow] | None:
        try:
            price_from(rows or ())
        except ValueError as error:
            raise PydanticCustomError("reason", "{reason}", {"reason": str(error).removeprefix("prices: ")}) from None
        return rows


class Retry(Section):
    """How often a request is tried. A model's own keys win over the general ones."""

    same_target: int = Field(
        default=RetrySpec().same_target,
        ge=0,
        le=100,
        description="Repeats of one target after its first try, when no other target is left.",
    )
    attempts: int = Field(
        default=RetrySpec().attempts, ge=1, le=100, description="Attempts in all, whatever the target."
    )


class Hedge(Section):
    """Asking a second target beside one that is slow to begin. A model's own keys win over the general ones."""

    enabled: bool = Field(default=HedgeSpec().enabled, description="Whether it is done at all.")
    quantile: float = Field(
        default=HedgeSpec().quantile,
        gt=0,
        lt=1,
        allow_inf_nan=False,
        description="Slow is what takes longer to its first byte than this share of the target's calls.",
    )
    max_share: float = Field(
        default=HedgeSpec().max_share,
        gt=0,
        le=1,
        allow_inf_nan=False,
        description="At most this share of the model's requests is asked twice.",
    )


class Breaker(Section):
    """When a failing target is left alone, and for how long."""

    enabled: bool = Field(default=BreakerSpec().enabled, description="Whether it is left alone at all.")
    failures: int = Field(
        default=BreakerSpec().failures, ge=1, le=64, description="Failures in a row that open the circuit."
    )
    rate: float = Field(
        default=BreakerSpec().rate,
        gt=0,
        le=1,
        allow_inf_nan=False,
        description="Share of the last 64 calls that opens it when so many have failed, in a row or not.",
    )
    window_s: Seconds = Field(
        default=BreakerSpec().window_s, description="After so long without a failure, earlier ones are forgotten."
    )
    cool_down_s: Seconds = Field(
        default=BreakerSpec().cool_down_s,
        description="How long it stays open before one call probes the target; twice as long after each that fails.",
    )
    max_cool_down_s: Seconds = Field(
        default=BreakerSpec().max_cool_down_s, description="The longest that it stays open between two probes."
    )


class Health(Section):
    """Asking providers that have no traffic whether they are well."""

    probe_every_s: float = Field(
        default=HealthSpec().probe_every_s,
        ge=0,
        le=DAY_S,
        allow_inf_nan=False,
        description="A provider that was not called for so long is asked something that costs nothing; "
        "0: none ever is.",
    )
    probe_timeout_s: Seconds = Field(default=HealthSpec().probe_timeout_s, description="How long its answer may take.")
    certificate_days: int = Field(
        default=HealthSpec().certificate_days,
        ge=0,
        le=36_500,
        description="A certificate that expires within so many days is logged.",
    )


class Queue(Section):
    """Requests that wait while every target is at its limit. A model's own keys win over the general ones."""

    length: int = Field(
        default=QueueSpec().length,
        ge=0,
        le=1_000_000,
        description="How many requests of a model may wait, in each process; 0: none does, and 429 is told at once.",
    )
    timeout_s: Seconds = Field(default=QueueSpec().timeout_s, description="How long one may wait.")


class Mirror(Section):
    """A target that is sent a copy of a share of the requests, and whose answers nobody gets."""

    provider: str = Field(description="Name of one of the providers.")
    model: Annotated[str, written(notation.upstream_model)] = Field(description="That provider's name for the model.")
    share: float = Field(
        default=MirrorSpec("", "").share,
        gt=0,
        le=1,
        allow_inf_nan=False,
        description="Share of the requests that is copied.",
    )


class Model(Spending):
    """What callers ask for as "model", and the targets that serve it."""

    name: ModelName = Field(description='What callers write as "model".')
    targets: list[Target] = Field(min_length=1, description="Ways to serve it, in order of preference.")
    strategy: str = Field(
        default=ModelSpec("", ()).strategy,
        description="How targets are put in order: a file of strategies/ or a plugin.",
    )
    strategy_options: dict[str, Any] = Field(default={}, description="Options of that strategy.")
    fallback: list[str] = Field(
        default=[], description="Names of other models whose targets follow when all of these fail."
    )
    requires: list[Annotated[str, written(notation.capability)]] = Field(
        default=[], description="Capabilities that a target must have, such as vision, tools or json_schema."
    )
    timeout_s: Seconds = Field(
        default=ModelSpec("", ()).timeout_s,
        description="All attempts together, until a stream's first content or a whole answer's end; "
        "a caller's x-stellwerk-timeout can only shorten it.",
    )
    first_byte_timeout_s: Seconds = Field(
        default=ModelSpec("", ()).first_byte_timeout_s,
        description="One attempt of a stream until its first content, in seconds.",
    )
    retry: Retry | None = Field(
        default=None, description="How often this model is tried, where it differs from [retry]."
    )
    hedge: Hedge | None = Field(default=None, description="Where this model differs from [hedge].")
    queue: Queue | None = Field(default=None, description="Where this model differs from [queue].")
    cache: Caching | None = Field(default=None, description="Where this model differs from [cache].")
    guardrails: list[str] | None = Field(
        default=None, description="Names of the guardrails that hold for this model; without it all of them do."
    )
    optimize: Optimize | None = Field(default=None, description="Where this model differs from [optimize].")
    mirror: Mirror | None = Field(default=None, description="A target that gets copies of this model's requests.")
