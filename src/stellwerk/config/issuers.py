"""Whose tokens are accepted in the place of keys, and what their claims mean, as ``stellwerk.toml`` says it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from stellwerk.config import notation
from stellwerk.config.grounding import Grounded, tables
from stellwerk.config.identity import DialectFamily, Spending, Tag
from stellwerk.config.problems import Path, Problem, unfit
from stellwerk.config.section import Label, ProviderName, Section, written
from stellwerk.config.spending import budgets
from stellwerk.core.issuer import USUAL_ALGORITHMS, ClaimPath, IssuerSpec, Requirement
from stellwerk.core.scope import KeyRecord

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_DEFAULTS = IssuerSpec("", "")
MISSING_PACKAGE = "tokens of issuers need the package cryptography: pip install 'stellwerk[oidc]'"


def _listed(given: Any) -> Any:
    return [given] if isinstance(given, str) else given


Texts = Annotated[
    list[Annotated[str, Field(min_length=1)]],
    BeforeValidator(_listed, json_schema_input_type=str | list[str]),
    Field(min_length=1),
]
"""A text, or several."""
Claim = Annotated[
    list[Annotated[str, Field(min_length=1)]],
    BeforeValidator(_listed, json_schema_input_type=str | list[str]),
    Field(min_length=1, max_length=8),
]
"""A claim's name; a list is the way to one inside of others."""
IssuerUrl = Annotated[str, written(notation.issuer)]


class Claims(Section):
    """Which claim says what. A list is the way to a claim inside of others: ["kubernetes.io", "namespace"]."""

    user: Claim = Field(default=["sub"], description="Whose token it is; without such a claim a token is refused.")
    team: Claim | None = Field(
        default=None, description="The team, by its name or as [issuers.teams] says; default: that of callers."
    )
    organization: Claim | None = Field(default=None, description="The organization. Default: the team's.")
    models: Claim | None = Field(
        default=None, description="A list of models; of those that callers may ask for, only these are left."
    )
    tags: dict[Label, Claim] = Field(default={}, description="Tags that are put on requests, and their claims.")


class ClaimRequirement(Section):
    """What has to stand in a token."""

    claim: Claim = Field(description="The claim.")
    values: Texts = Field(description="What it may be, or one of what a list in it has to hold.")


class IssuerCallers(Spending):
    """What each caller of the issuer is, and may do. Limits and budgets are each caller's own."""

    team: Label | None = Field(default=None, description="The team of tokens that name none that is known.")
    organization: Label | None = Field(default=None, description="The organization of tokens that name none.")
    models: list[str] = Field(
        default=["*"], min_length=1, description='Names of models they may ask for; "*" means every one.'
    )
    dialects: list[DialectFamily] = Field(default=[], description="Dialects they may use. Default: every one.")
    networks: list[Annotated[str, written(notation.network)]] = Field(
        default=[], description="Networks they may call from, in CIDR form. Default: everywhere."
    )
    tags: list[Tag] = Field(default=[], description="Put on each of their requests, whatever they say.")

    def record(self) -> KeyRecord:
        """As workers have it, with nobody's name yet."""
        return KeyRecord(
            id="",
            name="",
            digest=b"",
            team=self.team or "",
            organization=self.organization or "",
            models=tuple(self.models),
            dialects=tuple(self.dialects),
            networks=tuple(self.networks),
            tags=tuple((name, value) for name, _, value in (tag.partition("=") for tag in self.tags)),
            limits=self.limits.specs(),
            budgets=budgets(self.budget),
        )


class Issuer(Section):
    """Somebody whose tokens (JWT) callers may send in the place of a key."""

    name: ProviderName = Field(description="How logs and figures refer to it: its callers are NAME/USER.")
    issuer: IssuerUrl = Field(description='What its tokens say as "iss", letter for letter: an https URL.')
    audience: Texts | None = Field(
        default=None,
        description='What callers\' tokens have to say as "aud": one of these. Only an issuer that is there for the '
        "admin side alone has none.",
    )
    algorithms: list[Algorithm] = Field(
        default=list(USUAL_ALGORITHMS),  # type: ignore[arg-type]  # words of the same list
        min_length=1,
        description="Signatures that are accepted.",
    )
    leeway_s: float = Field(
        default=_DEFAULTS.leeway_s,
        ge=0,
        le=300,
        allow_inf_nan=False,
        description="How far clocks may differ, in seconds.",
    )
    jwks_url: IssuerUrl | None = Field(
        default=None, description="Where its keys are. Default: where its discovery document says."
    )
    jwks: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description='The keys themselves, which are never fetched: usually "file:/path/to/jwks.json".'
    )
    refresh_s: Annotated[float, Field(ge=60, le=86_400, allow_inf_nan=False)] = Field(
        default=_DEFAULTS.refresh_s, description="How often its keys are fetched, in seconds."
    )
    keep_s: Annotated[float, Field(ge=60, le=31 * 86_400, allow_inf_nan=False)] = Field(
        default=_DEFAULTS.keep_s, description="How long its keys are used while it is away, in seconds."
    )
    claims: Claims = Field(default=Claims(), description="Which claim says what.")
    teams: dict[str, Label] = Field(
        default={},
        description="Values of the team's claim, and the teams that they stand for. Without any, a value is a team's "
        "name; of several values that stand here, the first line counts.",
    )
    require: list[ClaimRequirement] = Field(default=[], description="What has to stand in a token, all of it.")
    callers: IssuerCallers = Field(default=IssuerCallers(), description="What each of its callers is, and may do.")

    def spec(self) -> IssuerSpec:
        """As workers load it."""
        claims = self.claims
        return IssuerSpec(
            name=self.name,
            issuer=self.issuer,
            audiences=tuple(self.audience or ()),
            algorithms=tuple(self.algorithms),
            leeway_s=self.leeway_s,
            jwks_url=self.jwks_url or "",
            jwks=self.jwks or "",
            refresh_s=self.refresh_s,
            keep_s=self.keep_s,
            user=path(claims.user),
            team=path(claims.team),
            organization=path(claims.organization),
            models=path(claims.models),
            tags=tuple((name, path(claim)) for name, claim in claims.tags.items()),
            teams=tuple(self.teams.items()),
            require=tuple(Requirement(path(one.claim), tuple(one.values)) for one in self.require),
            callers=self.callers.record(),
        )


def path(claim: list[str] | None) -> ClaimPath:
    """A claim as workers look it up; empty for none."""
    return tuple(claim or ())


def issuer_of_people(grounded: Grounded) -> str | None:
    """The name of the issuer whose people may come to the admin side."""
    admin = grounded.document.get("admin")
    people = admin.get("oidc") if isinstance(admin, dict) else None
    name = people.get("issuer") if isinstance(people, dict) else None
    return name if isinstance(name, str) else None


def problems_in(grounded: Grounded) -> Iterator[Problem]:
    """What sections say about one another, and what is missing on this machine."""
    entries = tables(grounded.document, "issuers")
    if entries and find_spec("cryptography") is None:
        yield Problem(("issuers",), MISSING_PACKAGE)
    audiences: dict[Any, dict[str, int]] = defaultdict(dict)
    people_of = issuer_of_people(grounded)
    for place, entry in entries:
        at: Path = ("issuers", place)
        if "jwks" in entry and "jwks_url" in entry:
            yield Problem((*at, "jwks"), "expected either jwks or jwks_url, found both")
        given = _listed(entry.get("audience", []))
        for position, audience in enumerate(given if isinstance(given, list) else []):
            if not isinstance(audience, str) or not isinstance(entry.get("issuer"), str):
                continue
            first = audiences[entry["issuer"]].setdefault(audience, place)
            if first != place:
                found = f"{grounded.found((*at, 'audience'), audience)}, which issuers[{first}] has of the same issuer"
                where: Path = (*at, "audience", position) if isinstance(entry["audience"], list) else (*at, "audience")
                yield Problem(where, unfit("an audience of its own", found))
        if "audience" not in entry and entry.get("name") != people_of:
            yield Problem((*at, "audience"), "required, but missing")
