"""People at the admin side: whose tokens and log-ins are accepted, and what they may do there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from stellwerk.config import notation
from stellwerk.config.grounding import Grounded, tables
from stellwerk.config.issuers import Claim, Texts, issuer_of_people, path
from stellwerk.config.problems import Path, Problem, unknown_name
from stellwerk.config.section import DAY_S, Label, Secret, Section, written
from stellwerk.core.issuer import PeopleSpec, Requirement, RoleRule

_DEFAULTS = PeopleSpec("", "")


class PeopleRole(Section):
    """Who has a role."""

    claim: Claim = Field(description="The claim that decides.")
    values: Texts = Field(description="What it may be, or one of what a list in it has to hold.")
    role: Literal["viewer", "operator", "admin"] = Field(description="What they may do.")
    teams: list[Label] = Field(default=[], description="For which teams. Default: for every one.")
    team_claim: Claim | None = Field(
        default=None,
        description="A claim that names the teams instead, as the issuer's own team claim does; nobody without any.",
    )


class People(Section):
    """People of an issuer, with tokens of theirs, or with a session after they have logged in."""

    issuer: Label = Field(description="Its name among [[issuers]].")
    client_id: Annotated[str, Field(min_length=1)] = Field(description="Under which the issuer knows the admin side.")
    client_secret: Secret | None = Field(
        default=None, description='The secret with that, usually a reference. Default: none, as for a "public" client.'
    )
    audience: Texts | None = Field(
        default=None, description='What bearer tokens have to say as "aud": one of these. Default: client_id.'
    )
    url: Annotated[str, written(notation.base)] | None = Field(
        default=None,
        description="Where browsers reach the admin side, without a path; the issuer has to know URL/admin/callback. "
        "Default: people cannot log in, only send tokens.",
    )
    scopes: list[Annotated[str, Field(min_length=1)]] = Field(
        default=list(_DEFAULTS.scopes), description="What is asked of the issuer when somebody logs in."
    )
    session_s: float = Field(
        default=_DEFAULTS.session_s,
        ge=60,
        le=7 * DAY_S,
        allow_inf_nan=False,
        description="How long a log-in holds, in seconds.",
    )
    roles: list[PeopleRole] = Field(min_length=1, description="Who may do what; the first that fits counts.")

    def spec(self) -> PeopleSpec:
        """As the admin process loads it."""
        return PeopleSpec(
            issuer=self.issuer,
            client_id=self.client_id,
            client_secret=self.client_secret,
            audiences=tuple(self.audience or (self.client_id,)),
            url=self.url or "",
            scopes=tuple(dict.fromkeys(("openid", *self.scopes))),
            session_s=self.session_s,
            roles=tuple(
                RoleRule(
                    Requirement(path(rule.claim), tuple(rule.values)),
                    rule.role,
                    tuple(rule.teams),
                    path(rule.team_claim),
                )
                for rule in self.roles
            ),
        )


def problems_in(grounded: Grounded) -> Iterator[Problem]:
    """Names that lead nowhere, and rules that say two things."""
    name = issuer_of_people(grounded)
    if name is None:
        return
    at: Path = ("admin", "oidc", "issuer")
    known = [entry["name"] for _, entry in tables(grounded.document, "issuers") if isinstance(entry.get("name"), str)]
    if name not in known:
        yield Problem(at, unknown_name("an issuer", name, known, grounded.found(at, name)))
    for place, rule in tables(grounded.document["admin"]["oidc"], "roles"):
        if "teams" in rule and "team_claim" in rule:
            yield Problem((*at[:2], "roles", place), "expected either teams or team_claim, found both")
