"""The scenario: which providers are simulated, how fast they are, and how they fail."""

from __future__ import annotations

import math
import re
import tomllib
from pathlib import Path

import msgspec

from stellwerk.config.notation import split_address
from stellwerk.errors import ConfigurationError
from stellwerk.simulator.fault import PlannedFault
from stellwerk.simulator.prose import Language
from stellwerk.simulator.reading import read_struct
from stellwerk.simulator.spread import Spread

DIALECTS = (
    "openai",
    "gemini",
    "bedrock",
    "anthropic",
    "verdicts",
)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class SimulatedModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One model; what is not given is its provider's."""

    name: str
    context_tokens: int = 128_000
    reasoning: bool | None = None
    """Whether it thinks before it answers; ``None`` takes it from the name."""
    dimensions: int = 1_536
    """Length of its embeddings."""
    first_token_ms: float | Spread | None = None
    token_ms: float | Spread | None = None
    answer_tokens: float | Spread | None = None

    def __post_init__(self) -> None:
        """Refuses what no model can be."""
        if not self.name:
            raise ValueError("expected a `name`")
        if self.context_tokens < 1 or not 1 <= self.dimensions <= 65_536:
            raise ValueError("expected `context_tokens` of at least 1 and `dimensions` from 1 to 65536")
        _check_constants(self.first_token_ms, self.token_ms, self.answer_tokens)


class SimulatedProvider(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One provider on one address. As it stands it answers at once, without faults, for any key and any model."""

    name: str
    dialect: str = "openai"
    """The API that it speaks."""
    listen: str = "127.0.0.1:0"
    """Host and port; port 0 takes a free one."""
    keys: tuple[str, ...] = ()
    """The API keys that it knows; empty: none is asked for."""
    models: tuple[str | SimulatedModel, ...] = ()
    """The models that it has; empty: any name is served."""
    first_token_ms: float | Spread = 0.0
    token_ms: float | Spread = 0.0
    """From one token to the next."""
    answer_tokens: float | Spread = Spread(median=80, p95=250)
    language: Language = "auto"
    rpm: int | None = None
    """Requests a minute for each key and model; more are refused with 429."""
    tpm: int | None = None
    """Tokens a minute for each key and model."""
    prompt_cache: bool = False
    """Whether prompts that begin like an earlier one count cached tokens (usage then depends on what came before)."""
    faults: tuple[PlannedFault, ...] = ()
    remember_requests: int = 100
    """How many requests ``GET /__simulator`` shows."""
    remember_bodies: bool = False
    """Whether it shows their headers and bodies too."""

    def __post_init__(self) -> None:
        """Refuses what no provider can be."""
        if _NAME.fullmatch(self.name) is None:
            raise ValueError("expected a `name` of at most 64 letters, digits and . _ -")
        if self.dialect not in DIALECTS:
            raise ValueError(f"expected `dialect` as one of {', '.join(DIALECTS)}, found {self.dialect!r}")
        try:
            split_address(self.listen)
        except ValueError as error:
            raise ValueError(f"expected `listen` as {error}, found {self.listen!r}") from None
        if any(limit is not None and limit < 1 for limit in (self.rpm, self.tpm)):
            raise ValueError("expected `rpm` and `tpm` of at least 1")
        if not 0 <= self.remember_requests <= 100_000:
            raise ValueError("expected `remember_requests` from 0 to 100000")
        if "" in self.keys or "" in self.models:
            raise ValueError("expected `keys` and `models` without empty names")
        _check_constants(self.first_token_ms, self.token_ms, self.answer_tokens)


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All simulated providers of one process."""

    seed: int = 0
    providers: tuple[SimulatedProvider, ...] = msgspec.field(
        default_factory=lambda: (SimulatedProvider(name="openai"),)
    )

    def __post_init__(self) -> None:
        """Refuses providers that would be in each other's way."""
        if not self.providers:
            raise ValueError("expected at least one of [[providers]]")
        names = [provider.name for provider in self.providers]
        addresses = [provider.listen for provider in self.providers if split_address(provider.listen)[1]]
        for what, values in (("name", names), ("listen", addresses)):
            for value in sorted({value for value in values if values.count(value) > 1}):
                raise ValueError(f"expected a different `{what}` for each of [[providers]], found {value!r} twice")


def load(path: Path) -> Scenario:
    """The scenario in a TOML file. Raises ``ConfigurationError`` with all of its problems."""
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise ConfigurationError(
            (f"{path}: cannot be read: {(error.strerror or 'unknown reason').lower()}",)
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError((f"{path}: this is not UTF-8: {error.reason} at byte {error.start}",)) from error
    try:
        return parse(text)
    except ConfigurationError as error:
        raise ConfigurationError(tuple(f"{path}: {problem}" for problem in error.problems)) from error


def parse(text: str) -> Scenario:
    """The scenario in TOML. Raises ``ConfigurationError`` with all of its problems."""
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationError((f"this is not TOML: {error}",)) from error
    problems: list[str] = []
    scenario = read_struct(Scenario, table, "", problems)
    if scenario is None:
        raise ConfigurationError(tuple(problems))
    return scenario


def _check_constants(*quantities: float | Spread | None) -> None:
    for quantity in quantities:
        if isinstance(quantity, float | int) and not 0 <= quantity < math.inf:
            raise ValueError("expected milliseconds and tokens that are not negative")


DEFAULT_SCENARIO = Scenario(
    providers=(
        SimulatedProvider(name="openai", first_token_ms=Spread(median=150, p95=450), token_ms=Spread(median=8, p95=20)),
    )
)
"""What runs when nobody says otherwise: one provider at a believable pace."""
