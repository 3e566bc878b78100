"""The compiled configuration: what workers load, validated, plain, and free of secrets.

Secrets appear only as references (``env:NAME``, ``file:/path``, ``toml:/path#providers.NAME.api_key``); callers' keys
appear only as digests or as references that the worker digests while it loads.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from stellwerk.core.catalog import ModelCard
from stellwerk.core.issuer import IssuerSpec, PeopleSpec
from stellwerk.core.optimization import Level
from stellwerk.core.scope import BudgetSpec, LimitSpec, ScopeRecord
from stellwerk.core.subject import Side
from stellwerk.core.verdict import Action

FORMAT = 5
"""Version of this layout: a worker refuses a file of another one instead of guessing."""


class CorsSpec(msgspec.Struct, frozen=True):
    """Who may call from a browser: exact origins, or ``*``."""

    origins: tuple[str, ...]
    max_age_s: int = 600


class TlsSpec(msgspec.Struct, frozen=True):
    """Server certificate chain and private key, as references to PEM text (``file:…`` or ``env:…``)."""

    certificate: str
    key: str


class LimitsSpec(msgspec.Struct, frozen=True):
    """Bounds of the front: seconds, bytes and counts."""

    header_timeout_s: float = 10.0
    body_timeout_s: float = 30.0
    min_body_bytes_per_s: int = 1024
    send_timeout_s: float = 120.0
    keep_alive_s: float = 75.0
    max_target_bytes: int = 16_384
    max_header_bytes: int = 65_536
    max_headers: int = 128
    max_body_bytes: int = 67_108_864
    max_event_bytes: int = 16_777_216
    max_reply_bytes: int = 67_108_864
    max_pipelined_bytes: int = 16_384
    max_connections: int = 20_000
    max_json_depth: int = 256


class ServerSpec(msgspec.Struct, frozen=True):
    """``[server]``: the data plane's front."""

    host: str
    port: int
    workers: int
    drain_s: float = 330.0
    tls: TlsSpec | None = None
    trusted_proxies: tuple[str, ...] = ()
    cors: CorsSpec | None = None
    limits: LimitsSpec = LimitsSpec()


class AdminSpec(msgspec.Struct, frozen=True):
    """``[admin]``: where the admin side listens, and the reference of its token (``None``: loopback only)."""

    host: str
    port: int
    token: str | None = None
    oidc: PeopleSpec | None = None


class StateSpec(msgspec.Struct, frozen=True):
    """``[state]``: absolute directory of the embedded databases; references of the URLs of what hosts share."""

    directory: str
    retention_days: int = 30
    database: str | None = None
    """Of the control data."""
    shared: str | None = None
    """Of the server that counts limits and budgets."""
    limits_when_away: Literal["open", "closed"] = "open"


class EgressSpec(msgspec.Struct, frozen=True):
    """``[egress]``: where connections may go. Entries and pairs are in canonical notation."""

    mode: Literal["enforce", "report", "off"] = "enforce"
    allow: tuple[str, ...] = ()
    private: tuple[str, ...] = ()


LOG_CHANNEL = "log"
"""The channel that is always there."""


class NotifierSpec(msgspec.Struct, frozen=True):
    """One ``[[notifiers]]``: its kind (a file of ``notifiers/``), its secrets' references, that file's own options."""

    name: str
    kind: str
    options: dict[str, Any]
    secrets: dict[str, str]


class AlertsSpec(msgspec.Struct, frozen=True):
    """``[alerts]``: the channels on which alerts are told."""

    notify: tuple[str, ...] = (LOG_CHANNEL,)


class MediaSpec(msgspec.Struct, frozen=True):
    """``[media]``: bounds of what is fetched for requests. Bytes are those of the media, not of their base64 text."""

    max_bytes: int = 20_971_520
    max_request_bytes: int = 52_428_800
    max_count: int = 20
    timeout_s: float = 10.0
    types: tuple[str, ...] = ("image/*", "audio/*", "video/*", "application/*", "text/*")
    cache_bytes: int = 67_108_864
    cache_ttl_s: float = 60.0


class ProviderSpec(msgspec.Struct, frozen=True):
    """One ``[[providers]]``: its kind (a file of ``providers/``), its secrets' references, that file's own options."""

    name: str
    kind: str
    options: dict[str, Any]
    secrets: dict[str, str]


class TargetSpec(msgspec.Struct, frozen=True):
    """One way to serve a model: a provider's name, that provider's model, and what the catalogue knows of it.

    Without a card nothing is known: the target is unpriced, and trusted to be able to do everything.
    """

    provider: str
    model: str
    weight: float = 1.0
    card: ModelCard | None = None


class RetrySpec(msgspec.Struct, frozen=True):
    """How often to try: repeats of one target after its first try, and attempts in all."""

    same_target: int = 2
    attempts: int = 6


class HedgeSpec(msgspec.Struct, frozen=True):
    """When a second target is asked beside a slow one: beyond which quantile of its times, and how often at most."""

    enabled: bool = False
    quantile: float = 0.95
    max_share: float = 0.1


class BreakerSpec(msgspec.Struct, frozen=True):
    """``[breaker]``: when a failing target is left alone."""

    enabled: bool = True
    failures: int = 4
    rate: float = 0.5
    window_s: float = 60.0
    cool_down_s: float = 5.0
    max_cool_down_s: float = 60.0


class HealthSpec(msgspec.Struct, frozen=True):
    """``[health]``: how idle providers are asked whether they are well. Every 0 seconds is never."""

    probe_every_s: float = 300.0
    probe_timeout_s: float = 10.0
    certificate_days: int = 14


class QueueSpec(msgspec.Struct, frozen=True):
    """How many requests may wait for busy targets, and for how long."""

    length: int = 0
    timeout_s: float = 10.0


class MirrorSpec(msgspec.Struct, frozen=True):
    """A target that is sent copies of a share of the requests."""

    provider: str
    model: str
    share: float = 1.0


class GuardrailSpec(msgspec.Struct, frozen=True):
    """One ``[[guardrails]]``: a check (a file of ``guardrails/``), where it looks, and what becomes of what it finds.

    ``actions`` are by category, over ``action``. ``timeout_s`` is of checks that ask a service.
    """

    name: str
    use: str
    options: dict[str, Any]
    secrets: dict[str, str]
    on: tuple[Side, ...] = (Side.INPUT,)
    action: Action = Action.BLOCK
    actions: dict[str, Action] = {}
    failure: Literal["closed", "open", "degrade"] = "closed"
    timeout_s: float = 2.0


class ScreeningSpec(msgspec.Struct, frozen=True):
    """``[screening]``: how guardrails run. ``unmask_tools``: types that are restored in arguments, by tool."""

    deadline_s: float = 5.0
    stream: Literal["stream", "buffer"] = "stream"
    pseudonyms_s: float = 3600.0
    unmask_tools: dict[str, tuple[str, ...]] | None = None
    """Without it, every type is restored for every tool."""
    masks: dict[str, str] = {}
    """How values are masked, by category (see ``screening/edits.py``); by their label where nothing is said."""
    spotlight: bool = False
    """Whether what nobody in the conversation wrote is marked as data for the model."""
    tainted_tools: tuple[str, ...] = ()
    """Which tools may be called although such a text looks like an attack and was let through; ``*`` for all."""
    message: str = "A guardrail does not let this through."
    help_texts: dict[str, str] = {}
    """By category, what callers are told in the place of the message."""


class CachingSpec(msgspec.Struct, frozen=True):
    """Which answers of a model are kept, and for whom. ``normalized`` is like ``semantic`` where it is ``None``."""

    exact: bool = False
    normalized: bool | None = None
    semantic: bool = False
    max_error_rate: float = 0.01
    audit_share: float = 0.03
    ttl_s: float = 86_400.0
    semantic_ttl_s: float = 3_600.0
    stale_s: float = 0.0
    scope: Literal["key", "team", "organization", "everyone"] = "team"
    max_temperature: float = 0.3
    tool_calls: bool = False
    ignore: tuple[str, ...] = ()

    @property
    def is_on(self) -> bool:
        """Whether anything is kept at all."""
        return self.exact or self.semantic or bool(self.normalized)

    @property
    def is_normalizing(self) -> bool:
        """Whether a last turn that differs in writing alone counts as equal."""
        return self.semantic if self.normalized is None else self.normalized


class CacheSpec(msgspec.Struct, frozen=True):
    """Where answers are kept, and how much of them. ``embedder`` is a file of ``embedders/``.

    ``encryption_key`` is a reference to the secret under which entries leave a process.
    """

    backend: Literal["auto", "memory", "sqlite", "valkey"] = "auto"
    max_bytes: int = 1_073_741_824
    memory_bytes: int = 4_194_304
    max_entry_bytes: int = 1_048_576
    tenant_share: float = 0.5
    embedder: str = "minilm"
    embedder_options: dict[str, str | int | float | bool] = {}
    encryption_key: str | None = None


class OptimizeSpec(msgspec.Struct, frozen=True):
    """``[optimize]``: what may happen to prompts. Without ``steps``, all that the level allows."""

    level: Level = Level.OFF
    steps: tuple[str, ...] | None = None
    min_tokens: int = 200
    """A text that has fewer stays as it is."""
    max_output_tokens: int | None = None
    """Longest answer that is asked for, whatever the caller allows."""


class ModelSpec(msgspec.Struct, frozen=True):
    """One ``[[models]]``: what callers ask for."""

    name: str
    targets: tuple[TargetSpec, ...]
    strategy: str = "priority"
    strategy_options: dict[str, Any] = {}
    fallback: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    timeout_s: float = 120.0
    first_byte_timeout_s: float = 20.0
    retry: RetrySpec = RetrySpec()
    hedge: HedgeSpec = HedgeSpec()
    queue: QueueSpec = QueueSpec()
    mirror: MirrorSpec | None = None
    guardrails: tuple[str, ...] | None = None
    caching: CachingSpec = CachingSpec()
    prompt_cache: bool = False
    """Whether marks are placed for the providers' prompt caches."""
    optimize: OptimizeSpec = OptimizeSpec()


class KeySpec(msgspec.Struct, frozen=True):
    """One ``[[keys]]``: a caller. ``key`` is a reference, never the key itself."""

    name: str
    key: str
    team: str = ""
    models: tuple[str, ...] = ("*",)
    limits: tuple[LimitSpec, ...] = ()
    budgets: tuple[BudgetSpec, ...] = ()
    organization: str = ""
    user: str = ""
    dialects: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    expires_s: float | None = None


class Snapshot(msgspec.Struct, frozen=True):
    """Everything a worker needs to serve, in one immutable value."""

    format: int
    version: int
    source: str
    server: ServerSpec
    admin: AdminSpec
    state: StateSpec
    providers: tuple[ProviderSpec, ...]
    models: tuple[ModelSpec, ...]
    keys: tuple[KeySpec, ...]
    egress: EgressSpec = EgressSpec()
    media: MediaSpec = MediaSpec()
    breaker: BreakerSpec = BreakerSpec()
    health: HealthSpec = HealthSpec()
    scopes: tuple[ScopeRecord, ...] = ()
    """Organizations, teams, users and tags, and the models and providers that have limits or budgets."""
    issuers: tuple[IssuerSpec, ...] = ()
    """Whose tokens are accepted in the place of keys."""
    notifiers: tuple[NotifierSpec, ...] = ()
    alerts: AlertsSpec = AlertsSpec()
    guardrails: tuple[GuardrailSpec, ...] = ()
    screening: ScreeningSpec = ScreeningSpec()
    cache: CacheSpec = CacheSpec()
