"""The configuration as a worker uses it: everything looked up once, frozen, and swapped by one assignment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING

from stellwerk.core.able import Lack
from stellwerk.core.egress_policy import Policy
from stellwerk.core.route import Plan, Target
from stellwerk.core.snapshot import Snapshot
from stellwerk.core.wire import WireRequest
from stellwerk.core.worst_case import WorstCase
from stellwerk.gateway.directory import Directory
from stellwerk.gateway.hedging import Hedging
from stellwerk.gateway.mirror import Mirror
from stellwerk.gateway.speeches import Speech
from stellwerk.gateway.standing import Standing
from stellwerk.gateway.waiting_room import WaitingRoom
from stellwerk.http.call import Patience
from stellwerk.http.cors import Cors
from stellwerk.http.pool import Lane
from stellwerk.ports.credential import Refreshed
from stellwerk.ports.provider import Provider
from stellwerk.ports.strategy import Strategy

if TYPE_CHECKING:
    from stellwerk.core.expected_cost import ExpectedCost
    from stellwerk.gateway.inquiry import Service
    from stellwerk.gateway.recollection import Caching
    from stellwerk.gateway.stages.optimize import Optimization
    from stellwerk.ports.guardrail import RemoteGuardrail
    from stellwerk.screening.guards import Guards
    from stellwerk.screening.redaction import Redaction


@dataclass(frozen=True, slots=True)
class Route:
    """One target with all that it takes to reach it."""

    target: Target
    provider: Provider
    credential: str
    lane: Lane
    authority: bytes
    fields: bytes
    """Rendered answer headers that name this target."""
    speech: Speech
    """How the provider answers what was translated for it."""
    standing: Standing
    """How the target is doing."""
    rate_field: bytes = b""
    """A field of answers that tell how much the provider still lets us do; empty where its dialect has none."""
    place: bytes = b""
    """Where the provider keeps things under this credential (see ``core/sealed_id.py``)."""
    per_token: tuple[int, int, int] | None = None
    """Whole nano-dollars for a token of fresh input, cached input and output, where the price is that simple."""
    worst: WorstCase | None = None
    """The dearest rates; ``None`` where it has no price."""
    price_version: str = ""
    """Names the price that costs are computed with, in events; empty where there is none."""
    sign: Callable[[WireRequest, float], WireRequest] | None = None
    """Signs a request as it leaves (Unix time in seconds), where the provider wants that."""
    kind: str = ""
    """What the provider is: a file of ``providers/``."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model that callers may ask for."""

    name: str
    strategy: Strategy
    fixed: Plan | None
    """The plan that is made whatever the request, spare targets included, where the strategy has one."""
    unfit: Mapping[str, str]
    """Why targets are left out whatever the request, by identity: what the model requires, and they lack."""
    lack: Lack
    """What some of the targets, spare ones included, are known to lack: only requests that need it are looked at."""
    is_choosy: bool
    """Whether anything is known to be lacking."""
    standings: dict[str, Standing]
    """How its own targets are doing, by identity."""
    targets: tuple[Target, ...]
    routes: dict[str, Route]
    """By the target's identity: this model's own targets, and behind them those of its fallbacks."""
    spare: tuple[Target, ...]
    """Targets of the fallback models, tried when none of the model's own has answered."""
    timeout_s: float
    attempts: int
    repeats: int
    hedging: Hedging | None
    """Whether a second target is asked beside a slow one."""
    room: WaitingRoom | None
    """Where requests wait while every target is at its limit."""
    mirror: Mirror | None
    """Who is sent copies of requests."""
    stream_patience: Patience
    whole_patience: Patience
    guards: Guards | None = None
    """What looks at requests and answers."""
    caching: Caching | None = None
    """How its answers are kept, where they are."""
    marks_prompts: bool = False
    """Whether marks are placed for the providers' prompt caches."""
    warmth: ExpectedCost | None = None
    """Tells whether a conversation moves from the target that has its prompt; ``None`` where that is the strategy's."""
    reference: Target | None = None
    """The target that others are compared with for what routing saves; ``None`` where there is nothing to compare."""
    optimization: Optimization | None = None
    """What writes prompts in fewer tokens."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """One version of everything that requests depend on. A request takes it once, at its start."""

    snapshot: Snapshot
    directory: Directory
    models: dict[str, Model]
    homes: dict[str, Model]
    """By provider: a model without a name, for what is asked of the provider itself."""
    cors: Cors | None
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...]
    admin_digest: bytes
    """Digest of the admin token; empty when there is none."""
    egress: Policy
    """Where connections may go."""
    providers: Mapping[str, Provider]
    """By name."""
    metered: frozenset[str] = frozenset()
    """Ids of the models, providers and tags that the file gives limits or budgets, whoever asks."""
    is_metered: bool = False
    """Whether there may be any, there or in the directory."""
    services: Mapping[str, Service] = field(default_factory=dict)
    """How guardrails that ask a service reach it, by name."""
    checks: Mapping[str, RemoteGuardrail] = field(default_factory=dict)
    """Those guardrails."""
    redaction: Redaction | None = None
    """Takes out of records what may not be kept."""
    issuers: Mapping[str, Refreshed] = field(default_factory=dict)
    """The keys of those whose tokens are accepted, by name."""
