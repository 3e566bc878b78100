"""Who may call, and who pays: organizations, teams, users, tags and keys as they are written in ``stellwerk.toml``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from stellwerk.config import notation
from stellwerk.config.section import Label, Secret, Section, written
from stellwerk.config.spending import Allowance, Budget, budgets
from stellwerk.core.scope import ScopeKind, ScopeRecord
from stellwerk.core.snapshot import KeySpec

if TYPE_CHECKING:
    from stellwerk.config.schema import Settings

LONGEST_TAG = 256


def tag(text: str) -> str:
    """A label of requests, ``name=value``, as callers write it in ``x-stellwerk-tags``."""
    name, separator, value = text.partition("=")
    is_plain = text.isascii() and text.isprintable() and "," not in text and "=" not in value
    if not (name and separator and is_plain and len(text) <= LONGEST_TAG):
        raise ValueError("a tag such as env=prod, in printable ASCII characters")
    return text


Tag = Annotated[str, written(tag)]
DialectFamily = Literal["openai", "anthropic", "gemini", "bedrock"]


def _distinct(given: list[Budget]) -> list[Budget]:
    """Two that are called the same would be counted as one, and the last one's limit would hold for both."""
    names = [budget.name or budget.period for budget in given]
    for name in names:
        if names.count(name) > 1:
            reason = f"two budgets {name!r}: give one of them another name"
            raise PydanticCustomError("reason", "{reason}", {"reason": reason})
    return given


Budgets = Annotated[
    list[Budget],
    AfterValidator(_distinct),
    BeforeValidator(
        lambda given: [given] if isinstance(given, dict) else given, json_schema_input_type=Budget | list[Budget]
    ),
]
"""A table, or a list of them."""


class Spending(Section):
    """What limits and budgets can be set for."""

    limits: Allowance = Field(default=Allowance(), description="How much may be used at a time.")
    budget: Budgets = Field(
        default=[], description="How much may be spent: a table, or a list of them for several periods."
    )


class Organization(Spending):
    """Teams that are counted together."""

    name: Label = Field(description="How teams and keys refer to it.")
    enabled: bool = Field(default=True, description="Whether keys of the organization are known at all.")


class Team(Spending):
    """Keys that are counted together."""

    name: Label = Field(description="How keys refer to it. A team may be named by keys without a section of its own.")
    organization: Label | None = Field(default=None, description="The organization it belongs to.")
    enabled: bool = Field(default=True, description="Whether keys of the team are known at all.")


class User(Spending):
    """A person, or whoever else has keys."""

    name: Label = Field(
        description='How keys and the header x-stellwerk-user refer to it; "*" stands for each user without a section.'
    )
    enabled: bool = Field(default=True, description="Whether keys of the user are known at all.")


class Tagged(Spending):
    """Requests with one value of one tag, whoever sends them."""

    tag: Tag = Field(description='The tag and its value, such as "env=prod".')


class Key(Spending):
    """One caller."""

    name: Label = Field(description="The caller's name in logs and figures.")
    key: Secret = Field(description='What the caller sends, usually a reference: "env:WEB_KEY".')
    team: Label | None = Field(default=None, description="The team it belongs to.")
    organization: Label | None = Field(default=None, description="The organization it belongs to. Default: its team's.")
    user: Label | None = Field(default=None, description="Whose it is.")
    models: list[str] = Field(
        default=["*"], min_length=1, description='Names of models it may ask for; "*" means every one.'
    )
    dialects: list[DialectFamily] = Field(
        default=[], description="Dialects in which it may be used. Default: every one."
    )
    networks: list[Annotated[str, written(notation.network)]] = Field(
        default=[], description="Networks it may be used from, in CIDR form. Default: everywhere."
    )
    tags: list[Tag] = Field(default=[], description="Put on each of its requests, whatever the caller says.")
    expires: AwareDatetime | None = Field(
        default=None, description="From when on it is unknown, such as 2027-01-01T00:00:00Z."
    )

    def spec(self) -> KeySpec:
        """As workers load it."""
        return KeySpec(
            name=self.name,
            key=self.key,
            team=self.team or "",
            models=tuple(self.models),
            limits=self.limits.specs(),
            budgets=budgets(self.budget),
            organization=self.organization or "",
            user=self.user or "",
            dialects=tuple(self.dialects),
            networks=tuple(self.networks),
            tags=tuple((name, value) for name, _, value in (each.partition("=") for each in self.tags)),
            expires_s=self.expires.timestamp() if self.expires is not None else None,
        )


def scopes(settings: Settings) -> tuple[ScopeRecord, ...]:
    """Every scope that the file describes, but for its keys."""
    return tuple(_scopes(settings))


def _scopes(settings: Settings) -> Iterator[ScopeRecord]:
    for organization in settings.organizations:
        yield _scope(ScopeKind.ORGANIZATION, organization.name, organization, is_enabled=organization.enabled)
    for team in settings.teams:
        yield _scope(ScopeKind.TEAM, team.name, team, team.organization or "", is_enabled=team.enabled)
    for user in settings.users:
        yield _scope(ScopeKind.USER, user.name, user, is_enabled=user.enabled)
    for tagged in settings.tags:
        yield _scope(ScopeKind.TAG, tagged.tag, tagged)
    for provider in settings.providers:
        if provider.limits.specs() or provider.budget:
            yield _scope(ScopeKind.PROVIDER, provider.name, provider)
    for model in settings.models:
        if model.limits.specs() or model.budget:
            yield _scope(ScopeKind.MODEL, model.name, model)


def _scope(kind: ScopeKind, name: str, spending: Spending, parent: str = "", *, is_enabled: bool = True) -> ScopeRecord:
    return ScopeRecord(kind, name, parent, spending.limits.specs(), budgets(spending.budget), is_enabled)
