"""What it takes to make an installation what a file says: steps in a safe order, or why there are none."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from stellwerk.transfer.control_data import ALLOWANCES, KINDS, OWNERS, PARENTS, ControlData, owner_of, singular

Action = Literal["create", "change", "delete"]
ORDER = (
    ("create", "organizations"),
    ("change", "organizations"),
    ("create", "teams"),
    ("change", "teams"),
    ("create", "users"),
    ("change", "users"),
    ("create", "limits"),
    ("change", "limits"),
    ("create", "budgets"),
    ("change", "budgets"),
    ("create", "keys"),
    ("change", "keys"),
    ("delete", "limits"),
    ("delete", "budgets"),
    ("delete", "keys"),
    ("delete", "users"),
    ("delete", "teams"),
    ("delete", "organizations"),
)
"""Those whom others belong to come first; nothing is taken away before everything else is there."""


@dataclass(frozen=True, slots=True)
class Step:
    """One change. An owner that is made takes its limits and budgets along: it is never there without them."""

    action: Action
    kind: str
    name: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def line(self) -> str:
        """``change  team shop  enabled: true -> false``."""
        what = f"{self.action}  {singular(self.kind)} {self.name}"
        return "  ".join([what, *(["; ".join(self.changes)] if self.changes else [])])

    @property
    def changes(self) -> list[str]:
        """Each value that becomes another one; of what is made, each that is not as usual."""
        before, after = _flat(self.before or {}), _flat(self.after or {})
        if self.before is None:
            return [f"{name}: {shown(value)}" for name, value in after.items() if value not in _USUAL.get(name, ())]
        if self.action == "delete" and self.kind in OWNERS:
            return []
        names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        return [f"{name}: {shown(before.get(name))} -> {shown(after.get(name))}" for name in names]


_NOBODY = (None,)
_USUAL: dict[str, tuple[Any, ...]] = {
    "organization": _NOBODY,
    "team": _NOBODY,
    "user": _NOBODY,
    "enabled": (True,),
    "dialects": ([],),
    "tags": ({},),
    "networks": ([],),
    "expires": _NOBODY,
}
_ALERTS = [0.5, 0.8, 0.95]


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Limits and budgets beside what else is said of an owner, and times for people."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if name in ALLOWANCES:
            flat |= value
        elif name == "expires_s":
            flat["expires"] = None if value is None else f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%S}"
        else:
            flat[name] = value
    return flat


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order in which they are done; with ``conflicts``, none may be."""

    steps: tuple[Step, ...]
    conflicts: tuple[str, ...]


def difference(have: ControlData, want: ControlData, owns: Collection[str]) -> Plan:
    """How to come from what there is to what is wanted. Only of the kinds it ``owns`` anything is deleted."""
    steps = [step for kind in OWNERS for step in _owners(kind, have[kind], want[kind], is_owned=kind in owns)]
    made = {(step.kind, step.name): step for step in steps if step.action == "create"}
    gone = {(step.kind, step.name) for step in steps if step.action == "delete"}
    for kind in ALLOWANCES:
        for step in _allowances(kind, have[kind], want[kind], is_owned=kind in owns):
            owner = owner_of(step.name)
            if owner in made:
                maker = made[owner]
                made[owner] = _with(maker, kind, step.after or {})
            elif owner not in gone:
                steps.append(step)
    steps = [made.get((step.kind, step.name), step) if step.action == "create" else step for step in steps]
    ordered = sorted(steps, key=lambda step: ORDER.index((step.action, step.kind)))
    return Plan(tuple(ordered), tuple(_conflicts(have, want, gone)))


def shown(value: Any) -> str:
    """A value for people."""
    match value:
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case {"metric": _, "amount": amount, "window": window}:
            return f"{amount} in fixed windows" if window else f"{amount}"
        case {"limit_usd": usd, "period": period, "time_zone": zone, "hard": hard, "alerts": alerts}:
            more = [zone] if zone != "UTC" else []
            more += [] if hard else ["soft"]
            more += [] if alerts == _ALERTS else [f"alerts {shown(alerts)}"]
            return ", ".join([f"{usd} USD" if period == "never" else f"{usd} USD a {period}", *more])
        case Mapping():
            return ",".join(f"{name}={shown(child)}" for name, child in value.items()) or "none"
        case list() | tuple():
            return ",".join(shown(child) for child in value) or "none"
        case _:
            return str(value)


def _owners(kind: str, have: Mapping[str, Any], want: Mapping[str, Any], *, is_owned: bool) -> Iterator[Step]:
    for name, after in want.items():
        before = have.get(name)
        if before is None:
            yield Step("create", kind, name, None, after)
        elif before != after:
            yield Step("change", kind, name, before, after)
    for name, before in have.items():
        if is_owned and name not in want:
            yield Step("delete", kind, name, before, None)


def _allowances(kind: str, have: Mapping[str, Any], want: Mapping[str, Any], *, is_owned: bool) -> Iterator[Step]:
    """A step for each scope: its limits, or its budgets, all at once."""
    for scope in {**want, **have}:
        before, wished = have.get(scope, {}), want.get(scope, {})
        after = wished if is_owned else {**before, **wished}
        if before == after:
            continue
        action: Action = "change" if before and after else "create" if after else "delete"
        yield Step(action, kind, scope, before or None, after or None)


def _with(step: Step, kind: str, after: Mapping[str, Any]) -> Step:
    return Step(step.action, step.kind, step.name, None, {**(step.after or {}), kind: after})


def _conflicts(have: ControlData, want: ControlData, gone: Collection[tuple[str, str]]) -> Iterator[str]:
    """What cannot be done: somebody would belong to nobody, or to somebody else than the admin API allows."""
    there = {kind: {**have[kind], **want[kind]} for kind in KINDS}
    for kind, name in gone:
        there[kind].pop(name, None)
    for kind, names in PARENTS.items():
        for name, values in there[kind].items():
            for role in names:
                # A token of some teams does not see all that its teams belong to.
                is_new = have[kind].get(name, {}).get(role) != values[role] or (f"{role}s", values[role]) in gone
                if values[role] is not None and is_new and values[role] not in there[f"{role}s"]:
                    yield f"{singular(kind)} {name}: there would be no {role} {values[role]}, which it belongs to"
    for kind in ALLOWANCES:
        for scope in want[kind]:
            owner = owner_of(scope)
            if owner is not None and owner[1] not in there[owner[0]]:
                yield f"{kind} of {scope}: there would be no {scope.replace(':', ' ', 1)}"
    yield from _moves(have, want)
    for name, values in there["keys"].items():
        team = there["users"].get(values["user"], {}).get("team")
        if team is not None and team != values["team"]:
            yield f"key {name}: its user {values['user']} belongs to the team {team}"


def _moves(have: ControlData, want: ControlData) -> Iterator[str]:
    """Keys never move, and whoever has keys does not either: they would move along."""
    for name in want["keys"].keys() & have["keys"].keys():
        before, after = have["keys"][name], want["keys"][name]
        for role in ("team", "user"):
            if before[role] != after[role]:
                yield f"key {name}: it cannot go from the {role} {shown(before[role])} to {shown(after[role])}"
    for kind, role in (("teams", "organization"), ("users", "team")):
        for name in want[kind].keys() & have[kind].keys():
            has_keys = any(key[singular(kind)] == name for key in have["keys"].values())
            if has_keys and have[kind][name][role] != want[kind][name][role]:
                yield f"{singular(kind)} {name}: it has keys, which would move with it; revoke them first"
