"""The section ``[cache]`` of ``stellwerk.toml``: which answers are kept, for whom, and where."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from stellwerk import plugins
from stellwerk.config.section import Secret, Section
from stellwerk.core.snapshot import CacheSpec, CachingSpec
from stellwerk.errors import ConfigurationError

YEAR_S = 31_536_000
_WHOLE = CachingSpec()
_CANNOT_BE_IGNORED = ("messages", "model", "input", "contents", "prompt", "system", "tools")

Lifetime = Annotated[float, Field(ge=0, le=YEAR_S, allow_inf_nan=False)]


class Caching(Section):
    """Which answers of a model are kept, and for whom. A model's own keys win over the general ones."""

    exact: bool = Field(
        default=_WHOLE.exact, description="Whether equal requests get the answer that is there, without a call."
    )
    normalized: bool | None = Field(
        default=_WHOLE.normalized,
        description="Whether requests are equal whose last turn differs in case, spaces and closing marks alone. "
        "Default: as `semantic`.",
    )
    semantic: bool = Field(
        default=_WHOLE.semantic,
        description="Whether a last turn that means the same gets the answer that is there.",
    )
    max_error_rate: float = Field(
        default=_WHOLE.max_error_rate,
        gt=0,
        le=0.5,
        allow_inf_nan=False,
        description="How many of the answers found by meaning may be wrong, as audits measure it; a scope that exceeds "
        "it stops to be served by meaning.",
    )
    audit_share: float = Field(
        default=_WHOLE.audit_share,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Which share of the answers found by meaning is compared with a fresh one in the background.",
    )
    ttl_s: Lifetime = Field(default=_WHOLE.ttl_s, description="How long an answer is fresh, in seconds.")
    semantic_ttl_s: Lifetime = Field(
        default=_WHOLE.semantic_ttl_s, description="How long it may be found by its meaning, in seconds."
    )
    stale_s: Lifetime = Field(
        default=_WHOLE.stale_s,
        description="How long after that it may still be served while a fresh one is fetched in the background.",
    )
    scope: Literal["key", "team", "organization", "everyone"] = Field(
        default=_WHOLE.scope,
        description="Whose answers a caller may get: those of its own key, team or organization, or everybody's; "
        "without a team or organization, those of its own key. Those with personal data are for its own key and user.",
    )
    max_temperature: float = Field(
        default=_WHOLE.max_temperature,
        ge=0,
        le=2,
        allow_inf_nan=False,
        description="Requests that ask for more variety are neither answered from the cache nor kept.",
    )
    tool_calls: bool = Field(default=_WHOLE.tool_calls, description="Whether answers that call tools are kept, too.")
    ignore: list[str] = Field(
        default=list(_WHOLE.ignore),
        description='Members of requests that do not change the answer, such as "user" or "metadata".',
    )

    @field_validator("ignore")
    @classmethod
    def _can_be_ignored(cls, names: list[str]) -> list[str]:
        for name in names:
            if name in _CANNOT_BE_IGNORED:
                raise PydanticCustomError("reason", "{reason}", {"reason": f"{name!r} always changes the answer"})
        return names


class Cache(Caching):
    """Which answers are kept, for whom, and where."""

    backend: Literal["auto", "memory", "sqlite", "valkey"] = Field(
        default=CacheSpec().backend,
        description="Where they are kept: in each process, in the state directory for the workers of a host, or in "
        "`state.shared` for several hosts. Default: the last that there is a use for.",
    )
    max_bytes: int = Field(
        default=CacheSpec().max_bytes, ge=1_048_576, le=2**44, description="How much is kept, in bytes."
    )
    memory_bytes: int = Field(
        default=CacheSpec().memory_bytes,
        ge=0,
        le=2**40,
        description="How much of that each worker has at hand, in bytes.",
    )
    max_entry_bytes: int = Field(
        default=CacheSpec().max_entry_bytes, ge=1024, le=2**28, description="Longest answer that is kept, in bytes."
    )
    tenant_share: float = Field(
        default=CacheSpec().tenant_share,
        gt=0,
        le=1,
        allow_inf_nan=False,
        description="How much of all that one key, team or organization may take up.",
    )
    encryption_key: Secret | None = Field(
        default=None,
        description="A secret of at least 32 characters under which answers are encrypted in the file or the server, "
        "usually a reference. With another one, what was kept before is not found.",
    )
    embedder: str = Field(
        default=CacheSpec().embedder, description="What turns texts into meanings: a file of embedders/, or a plugin."
    )
    embedder_options: dict[str, str | int | float | bool] = Field(
        default={}, description="Its options; those that are secrets as references."
    )

    @model_validator(mode="after")
    def _embedder_is_one(self) -> Self:
        """Whether there is such an embedder, and it has such options."""
        try:
            secrets = plugins.secrets("embedders", self.embedder)
            given = {name: value for name, value in self.embedder_options.items() if name not in secrets}
            plugins.convert("embedders", self.embedder, given)
        except ConfigurationError as error:
            raise PydanticCustomError("reason", "{reason}", {"reason": "; ".join(error.problems)}) from None
        return self


def caching_of(section: Caching) -> CachingSpec:
    """The keys of a model, or of all."""
    own = {name: getattr(section, name) for name in CachingSpec.__struct_fields__}
    return CachingSpec(**{**own, "ignore": tuple(section.ignore)})


def cache_of(section: Cache) -> CacheSpec:
    """Where answers are kept."""
    return CacheSpec(**{name: getattr(section, name) for name in CacheSpec.__struct_fields__})
