"""The sections and keys of ``stellwerk.toml``: types, defaults, bounds, and what each key means.

What is said here becomes the reference page and the JSON Schema for editors. Options of plugins are declared by the
plugins.
"""

from __future__ import annotations

import os
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from stellwerk.config import notation
from stellwerk.config.cache import Cache
from stellwerk.config.guarding import Guardrail, Screening
from stellwerk.config.identity import Key, Organization, Spending, Tagged, Team, User
from stellwerk.config.issuers import Issuer
from stellwerk.config.optimizing import Optimize
from stellwerk.config.people import People
from stellwerk.config.routing import Breaker, Health, Hedge, Model, Queue, Retry
from stellwerk.config.section import DAY_S, Address, Count, ProviderName, Seconds, Secret, Section, written
from stellwerk.core.egress_rules import canonical_entry, canonical_pair
from stellwerk.core.snapshot import (
    LOG_CHANNEL,
    AlertsSpec,
    CorsSpec,
    EgressSpec,
    LimitsSpec,
    MediaSpec,
    ServerSpec,
    StateSpec,
)

SERVER_LISTEN = "127.0.0.1:8080"
ADMIN_LISTEN = "127.0.0.1:8081"

LATER = frozenset({("state", "events")})
"""Keys of the product that this version does not enforce, without the positions in arrays."""


def cores_available() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0))


class Tls(Section):
    """Encryption of the gateway's own address."""

    certificate: Secret = Field(
        description='The certificate and its chain as PEM text, usually a reference: "file:/path/to/chain.pem".'
    )
    key: Secret = Field(description='The private key as PEM text, usually a reference: "file:/path/to/key.pem".')


class Cors(Section):
    """Which web pages may call the gateway from a browser."""

    origins: list[Annotated[str, written(notation.origin)]] = Field(
        min_length=1, description='Exact origins such as "https://app.example.com", or "*" for any.'
    )
    max_age_s: int = Field(
        default=CorsSpec(()).max_age_s,
        ge=0,
        le=DAY_S,
        description="How long a browser may remember the permission, in seconds.",
    )


class Limits(Section):
    """Bounds of the gateway's front, against callers that send too much or too slowly."""

    header_timeout_s: Seconds = Field(
        default=LimitsSpec().header_timeout_s,
        description="Longest time from the first byte of a request to the end of its head.",
    )
    body_timeout_s: Seconds = Field(
        default=LimitsSpec().body_timeout_s, description="Longest pause while a request's body arrives."
    )
    min_body_bytes_per_s: Count = Field(
        default=LimitsSpec().min_body_bytes_per_s,
        description="Slowest average rate, beyond that pause, at which a request's body may arrive.",
    )
    send_timeout_s: Seconds = Field(
        default=LimitsSpec().send_timeout_s, description="Longest time in which a caller takes nothing of its answer."
    )
    keep_alive_s: Seconds = Field(
        default=LimitsSpec().keep_alive_s,
        description="How long an idle connection is kept for the caller's next request.",
    )
    max_target_bytes: Count = Field(
        default=LimitsSpec().max_target_bytes, description="Largest request target: path and query."
    )
    max_header_bytes: Count = Field(default=LimitsSpec().max_header_bytes, description="Largest head of a request.")
    max_headers: Count = Field(default=LimitsSpec().max_headers, description="Most header fields of a request.")
    max_body_bytes: Count = Field(default=LimitsSpec().max_body_bytes, description="Largest body of a request.")
    max_event_bytes: Count = Field(
        default=LimitsSpec().max_event_bytes, description="Largest single event of a stream."
    )
    max_reply_bytes: Count = Field(
        default=LimitsSpec().max_reply_bytes, description="Largest whole answer of a provider."
    )
    max_pipelined_bytes: Count = Field(
        default=LimitsSpec().max_pipelined_bytes,
        description="How much a caller may send ahead while its request is being served; more ends the connection.",
    )
    max_connections: Count = Field(
        default=LimitsSpec().max_connections, description="Most callers' connections of one worker."
    )
    max_json_depth: int = Field(
        default=LimitsSpec().max_json_depth,
        ge=1,
        le=512,
        description="How deep arrays and objects of a request's JSON may stand in one another.",
    )


class Server(Section):
    """The gateway itself: where it listens, how many processes serve, and how it ends."""

    listen: Address = Field(
        default=SERVER_LISTEN,
        description="Address of the gateway, host:port, IPv6 in brackets; port 0 takes a free one.",
    )
    workers: int = Field(
        default_factory=cores_available,
        ge=1,
        le=1024,
        description="Processes that serve requests. Default: one per core.",
    )
    drain_s: float = Field(
        default=ServerSpec("", 0, 1).drain_s,
        ge=0,
        le=DAY_S,
        allow_inf_nan=False,
        description="How long streams may finish on shutdown, in seconds.",
    )
    tls: Tls | None = Field(default=None, description="Encryption; without it the gateway speaks plain HTTP.")
    trusted_proxies: list[Annotated[str, written(notation.network)]] = Field(
        default=[], description="Networks whose X-Forwarded-For is believed, in CIDR form."
    )
    cors: Cors | None = Field(default=None, description="Permission for web pages; without it browsers may not call.")
    limits: Limits = Field(default=Limits(), description="Bounds of the front.")


class Admin(Section):
    """The operator's side: its address, and the token that opens it."""

    listen: Address = Field(
        default=ADMIN_LISTEN, description="Address of the admin side, host:port; anything but loopback needs a token."
    )
    token: Secret | None = Field(
        default=None,
        description='What operators send as bearer token, usually a reference: "env:STELLWERK_ADMIN_TOKEN".',
    )
    oidc: People | None = Field(default=None, description="People of an issuer of [[issuers]], and what they may do.")


class State(Section):
    """Where the platform keeps what it knows."""

    directory: str = Field(
        default="state",
        min_length=1,
        description="Folder of the embedded databases; a relative one is under the configuration file's folder.",
    )
    retention_days: int = Field(
        default=StateSpec("").retention_days, ge=1, le=36_500, description="How many days request events are kept."
    )
    database: Secret | None = Field(
        default=None,
        description="PostgreSQL for keys, limits and budgets that are made through the admin API, for several hosts: "
        '"postgresql://user:password@host/name", usually a reference. Default: SQLite in the state directory.',
    )
    shared: Secret | None = Field(
        default=None,
        description="Valkey or Redis in which limits and budgets of several hosts are counted together: "
        '"valkey://user:password@host:6379", "valkeys://" over TLS, usually a reference. Default: SQLite in the state '
        "directory, for the workers of one host.",
    )
    limits_when_away: Literal["open", "closed"] = Field(
        default="open",
        description="Whether requests go ahead (and are counted later) or are refused while limits cannot be counted "
        "because the server or the file is away. Hard budgets are always closed.",
    )


class Display(Section):
    """How the command line shows money. Costs are computed, kept and limited in US dollars."""

    currency: Annotated[str, written(notation.currency)] = Field(
        default="USD", description="Code of the currency in which amounts are shown."
    )
    per_usd: float = Field(
        default=1.0, gt=0, le=1e9, allow_inf_nan=False, description="What a dollar is worth in that currency."
    )


class Egress(Section):
    """Where the gateway may connect to. The hosts of configured providers need not be listed."""

    mode: Literal["enforce", "report", "off"] = Field(
        default=EgressSpec().mode,
        description="Whether connections that are not allowed are refused, only counted and logged, or not judged.",
    )
    allow: list[Annotated[str, written(canonical_entry)]] = Field(
        default=[],
        description='Further destinations: a host, "*.suffix" (any depth, not the suffix itself), an address, or "*" '
        'for any public one; port 443 unless ":port" follows.',
    )
    private: list[Annotated[str, written(canonical_pair)]] = Field(
        default=[],
        description='Pairs "host=network": allowed hosts, or addresses, that may lie in a network that is not public.',
    )


class Media(Section):
    """Media that a request names by URL, and the gateway fetches for providers which take only bytes.

    Where it may fetch from is said in [egress].
    """

    max_bytes: Count = Field(default=MediaSpec().max_bytes, description="Largest single file.")
    max_request_bytes: Count = Field(
        default=MediaSpec().max_request_bytes, description="Most bytes that are fetched for one request."
    )
    max_count: int = Field(
        default=MediaSpec().max_count, ge=0, le=1000, description="Most files that are fetched for one request."
    )
    timeout_s: Seconds = Field(
        default=MediaSpec().timeout_s, description="Longest time for all files of a request, which come side by side."
    )
    types: list[Annotated[str, written(notation.media_type)]] = Field(
        default=list(MediaSpec().types),
        description='Types that are accepted, such as "image/png" or "image/*". A file\'s first bytes tell its type; '
        "what its host says counts only for text and for containers that hold several.",
    )
    cache_bytes: int = Field(
        default=MediaSpec().cache_bytes,
        ge=0,
        le=2**40,
        description="How much of what was fetched each process remembers, as base64 text; 0 remembers nothing.",
    )
    cache_ttl_s: Seconds = Field(
        default=MediaSpec().cache_ttl_s, description="How long a fetched file is used again, in seconds."
    )


class Provider(Spending):
    """One upstream. Keys other than name, kind, limits and budget are options of its kind."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)

    name: ProviderName = Field(description="How targets refer to it.")
    kind: str = Field(description="What it is: a file of providers/, or an installed plugin.")


class Notifier(Section):
    """A channel on which somebody is told of alerts. Keys other than name and kind are options of its kind."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)

    name: ProviderName = Field(description=f'How [alerts] refers to it; "{LOG_CHANNEL}" is there without a section.')
    kind: str = Field(description="What it is: a file of notifiers/, or an installed plugin.")


class Alerts(Section):
    """Who is told when budgets pass the thresholds that their `alerts` name."""

    notify: list[str] = Field(
        default=list(AlertsSpec().notify), description='Names of notifiers, or "log" for the log. Empty: nobody.'
    )


class Settings(Section):
    """The whole configuration file."""

    server: Server = Field(default_factory=Server, description="The gateway itself.")
    admin: Admin = Field(default=Admin(), description="The operator's side.")
    state: State = Field(default=State(), description="The platform's own databases.")
    display: Display = Field(default=Display(), description="How the command line shows money.")
    egress: Egress = Field(default=Egress(), description="Where the gateway may connect to.")
    media: Media = Field(default=Media(), description="Media that are fetched from the URLs in requests.")
    breaker: Breaker = Field(default=Breaker(), description="When a failing target is left alone.")
    health: Health = Field(default=Health(), description="Asking idle providers whether they are well.")
    hedge: Hedge = Field(default=Hedge(), description="Second targets beside slow ones, unless a model says otherwise.")
    queue: Queue = Field(default=Queue(), description="Waiting for busy targets, unless a model says otherwise.")
    retry: Retry = Field(default=Retry(), description="How often requests are tried, unless a model says otherwise.")
    providers: list[Provider] = Field(default=[], description="The upstreams.")
    models: list[Model] = Field(default=[], description="What callers may ask for.")
    keys: list[Key] = Field(default=[], description="Who may call.")
    organizations: list[Organization] = Field(default=[], description="Whom teams belong to.")
    teams: list[Team] = Field(default=[], description="Whom keys belong to.")
    users: list[User] = Field(default=[], description="Whose keys are.")
    issuers: list[Issuer] = Field(default=[], description="Whose tokens are accepted in the place of keys.")
    tags: list[Tagged] = Field(default=[], description="Limits and budgets of requests with a tag.")
    alerts: Alerts = Field(default=Alerts(), description="Who is told when budgets pass thresholds.")
    notifiers: list[Notifier] = Field(default=[], description="Channels on which somebody is told.")
    guardrails: list[Guardrail] = Field(default=[], description="Checks of what goes in, comes out and is kept.")
    screening: Screening = Field(default=Screening(), description="How guardrails run.")
    cache: Cache = Field(default=Cache(), description="Answers that are kept, unless a model says otherwise.")
    optimize: Optimize = Field(default=Optimize(), description="Cheaper prompts, unless a model says otherwise.")
