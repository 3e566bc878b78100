"""Issuers of tokens (OpenID Connect): which of theirs are accepted, and what their claims mean here."""

from __future__ import annotations

import msgspec

from stellwerk.core.scope import KeyRecord

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Those that there are. All of them are asymmetric: whoever can check a signature cannot make one."""
USUAL_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "EdDSA")
"""Those whose check takes less than 0.2 ms."""

ClaimPath = tuple[str, ...]
"""Where a claim stands: its name, and names inside of it where it is an object."""


class Requirement(msgspec.Struct, frozen=True):
    """A claim that has to have one of these values, or to be a list with one of them."""

    claim: ClaimPath
    values: tuple[str, ...]


class IssuerSpec(msgspec.Struct, frozen=True):
    """One ``[[issuers]]``.

    ``jwks`` is the text of a key set that is never fetched; else keys come from ``jwks_url``, or from where the
    issuer's own discovery document says. They are used for ``keep_s`` while the issuer is away.
    """

    name: str
    issuer: str
    audiences: tuple[str, ...] = ()
    """Of callers' tokens; without any, no caller is accepted."""
    algorithms: tuple[str, ...] = USUAL_ALGORITHMS
    leeway_s: float = 30.0
    jwks_url: str = ""
    jwks: str = ""
    refresh_s: float = 600.0
    keep_s: float = 86_400.0
    user: ClaimPath = ("sub",)
    team: ClaimPath = ()
    organization: ClaimPath = ()
    models: ClaimPath = ()
    tags: tuple[tuple[str, ClaimPath], ...] = ()
    teams: tuple[tuple[str, str], ...] = ()
    """Values of the team's claim, and the teams that they stand for; without any, a value is a team's name."""
    require: tuple[Requirement, ...] = ()
    callers: KeyRecord = KeyRecord("", "", b"")
    """What each of its callers is, and may do, unless claims say otherwise."""


class RoleRule(msgspec.Struct, frozen=True):
    """Whoever fulfils ``when`` has a role: in ``teams``, or in those that a claim names; without either, everywhere."""

    when: Requirement
    role: str
    teams: tuple[str, ...] = ()
    team_claim: ClaimPath = ()


class PeopleSpec(msgspec.Struct, frozen=True):
    """``[admin.oidc]``: people of one issuer at the admin side. ``client_secret`` is a reference.

    Without ``url``, where browsers reach the admin side, nobody can log in: tokens are accepted all the same.
    """

    issuer: str
    client_id: str
    client_secret: str | None = None
    audiences: tuple[str, ...] = ()
    url: str = ""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    session_s: float = 28_800.0
    roles: tuple[RoleRule, ...] = ()
    """The first that fits counts."""
