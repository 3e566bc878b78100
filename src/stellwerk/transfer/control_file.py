"""The file of ``stellwerk export`` and ``stellwerk apply``: its shape, reading it, and writing it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, Field, ValidationError

from stellwerk.admin.values import LAST_S, Body, Budget, KeyRights, Limit, Name, is_scope
from stellwerk.config.lines import Lines
from stellwerk.config.problems import Problem
from stellwerk.config.source import Unreadable, document_of, text_of
from stellwerk.errors import ConfigurationError
from stellwerk.transfer import control_data, toml
from stellwerk.transfer.control_data import KINDS, ControlData

VERSION = 1


def _scope(text: str) -> str:
    if not is_scope(text):
        raise ValueError("a scope such as team:shop, key:till, model:smart or tag:env=prod")
    return text


def _amount(given: Any) -> Any:
    """Dollars may be written as a number."""
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    return f"{Decimal(repr(given)):f}" if is_number else given


def _in_time(moment: datetime) -> datetime:
    if not 0 <= moment.timestamp() <= LAST_S:
        raise ValueError("a date from 1970 to 9999")
    return moment


Kind = Literal["organizations", "teams", "users", "keys", "limits", "budgets"]
Scope = Annotated[str, AfterValidator(_scope)]


class Organization(Body):
    """Whom teams belong to."""

    name: Name
    enabled: bool = True


class Team(Organization):
    """Whom keys and users belong to."""

    organization: Name | None = None


class User(Organization):
    """Whose keys are."""

    team: Name | None = None


class Key(KeyRights):
    """A key: everything but itself, which nobody can export."""

    name: Name
    team: Name | None = None
    user: Name | None = None
    expires_s: None = Field(default=None, exclude=True)
    expires: Annotated[AwareDatetime, AfterValidator(_in_time)] | None = None


class ScopeLimit(Limit):
    """One limit of a scope."""

    scope: Scope


class ScopeBudget(Budget):
    """One budget of a scope."""

    scope: Scope
    limit_usd: Annotated[str, BeforeValidator(_amount), Field(pattern=r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,9})?$")]


class ControlFile(Body):
    """The whole file."""

    version: Literal[1]
    owns: list[Kind] = Field(default=[], description="Kinds of which nothing else may be there: it is deleted.")
    organizations: list[Organization] = Field(default=[])
    teams: list[Team] = Field(default=[])
    users: list[User] = Field(default=[])
    keys: list[Key] = Field(default=[])
    limits: list[ScopeLimit] = Field(default=[])
    budgets: list[ScopeBudget] = Field(default=[])


def read(path: Path) -> tuple[ControlData, frozenset[str]]:
    """What a file says there is, and the kinds that it owns. Raises ``ConfigurationError`` with every problem."""
    text = ""
    try:
        text = text_of(path)
        found = ControlFile.model_validate(document_of(text))
    except Unreadable as error:
        raise ConfigurationError((error.problem.render(str(path)),)) from None
    except ValidationError as error:
        places = Lines(text)
        faults = [Problem(fault["loc"], fault["msg"], places.of(fault["loc"])) for fault in error.errors()]
        raise ConfigurationError(tuple(fault.render(str(path)) for fault in faults)) from None
    data, twice = _data(found)
    if twice:
        raise ConfigurationError(tuple(f"{path}: {one}" for one in twice))
    return data, frozenset(found.owns)


def _data(found: ControlFile) -> tuple[ControlData, list[str]]:
    """The values, and what is said twice."""
    data, twice = control_data.empty(), list[str]()
    for kind in control_data.OWNERS:
        for entry in getattr(found, kind):
            if entry.name in data[kind]:
                twice.append(f"{kind}: {entry.name} stands there twice")
            data[kind][entry.name] = _values(entry)
    for kind, gather in (("limits", control_data.limits), ("budgets", control_data.budgets)):
        for entry in getattr(found, kind):
            there = data[kind].setdefault(entry.scope, {})
            for label, value in gather([entry.model_dump(exclude={"scope"})]).items():
                if label in there:
                    twice.append(f"{kind}: {entry.scope} has two of them for {label}")
                there[label] = value
    return data, twice


def _values(entry: BaseModel) -> dict[str, Any]:
    dumped = entry.model_dump(exclude={"name", "expires"})
    values = {name: dumped.pop(name) for name in ("organization", "team", "user") if name in dumped} | dumped
    if isinstance(entry, Key):
        values["expires_s"] = int(entry.expires.timestamp()) if entry.expires is not None else None
    return values


def written(data: ControlData, owns: Collection[str]) -> str:
    """The file that says the same. Of what it ``owns``, nothing else may be there."""
    head = [
        "# Control data of a Stellwerk installation: `stellwerk apply FILE --plan` tells what differs.",
        "# What is of a kind listed in `owns` and does not stand here is deleted by `stellwerk apply`.",
        toml.line("version", VERSION),
        toml.line("owns", [kind for kind in KINDS if kind in owns]),
    ]
    return "\n".join(["\n".join(head) + "\n", *_tables(data)])


def _tables(data: ControlData) -> Iterator[str]:
    shapes: dict[str, type[BaseModel]] = {"organizations": Organization, "teams": Team, "users": User, "keys": Key}
    for kind, shape in shapes.items():
        for name, values in sorted(data[kind].items()):
            yield toml.table(f"[[{kind}]]", {"name": name, **_told(values, shape)})
    for kind, shape in (("limits", ScopeLimit), ("budgets", ScopeBudget)):
        for scope, entries in sorted(data[kind].items()):
            for _, values in sorted(entries.items()):
                yield toml.table(f"[[{kind}]]", {"scope": scope, **_told(values, shape)})


def _told(values: Mapping[str, Any], shape: type[BaseModel]) -> dict[str, Any]:
    """What is not as it is by default."""
    told = {name: value for name, value in values.items() if name != "expires_s" and _default(shape, name) != value}
    if values.get("expires_s") is not None:
        told["expires"] = datetime.fromtimestamp(values["expires_s"], UTC)
    return told


def _default(shape: type[BaseModel], name: str) -> Any:
    return shape.model_fields[name].get_default(call_default_factory=True)
