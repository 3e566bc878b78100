"""A configuration of the Portkey gateway as a ``stellwerk.toml``.

Portkey's configurations hold for whatever model a request names; here, each model that callers ask for has a section.
So a configuration becomes one model, or with several ``names`` one for each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from stellwerk.core.snapshot import ModelSpec
from stellwerk.errors import ConfigurationError
from stellwerk.transfer import documents, portkey_targets
from stellwerk.transfer.draft import Draft
from stellwerk.transfer.findings import Findings
from stellwerk.transfer.source import Table, snake

MODES = ("single", "fallback", "loadbalance", "conditional")
DAY_MS = 86_400_000
KNOWN = frozenset({"strategy", "targets", "provider", "virtual_key", "cache", "retry", "override_params"})
INHERITED = ("override_params", "provider", "api_key", "virtual_key", "custom_host")
"""What a target takes over from what it stands in, unless it says it itself."""

_ADVICE = {
    "cache": "caching is not in this version",
    "weight": "only loadbalance goes by weight",
    "input_guardrails": "guardrails are not in this version",
    "output_guardrails": "guardrails are not in this version",
    "before_request_hooks": "guardrails are not in this version",
    "after_request_hooks": "guardrails are not in this version",
    "default_input_guardrails": "guardrails are not in this version",
    "default_output_guardrails": "guardrails are not in this version",
    "metadata": 'put tags on a key: `tags = ["env=prod"]`, or let callers send x-stellwerk-tags',
    "forward_headers": "headers of callers are not handed on",
    "strict_open_ai_compliance": "answers are in the caller's dialect",
    "aws_role_arn": "name the role in a profile of the AWS configuration (role_arn), and that profile as `profile`",
    "aws_external_id": "name it in a profile of the AWS configuration (external_id)",
    "azure_ad_token": "use tenant_id, client_id and client_secret, or the managed identity of the machine",
    "azure_model_name": 'say which model a deployment is of: `deployments = { NAME = "gpt-4o" }`',
    "model_pricing_config": "give the target a price: `prices = [{ … }]`",
}
_PARAMETERS = "targets set no parameters of requests: callers do"
_OTHERWISE = "there is no such setting here"


@dataclass(frozen=True)
class Leaf:
    """One target: a provider, what it is asked for, and its share."""

    provider: str
    model: str
    """Empty where it is what the caller names."""
    weight: float = 1.0


@dataclass(frozen=True)
class Group:
    """What a node of the configuration comes to: targets in one strategy, and groups that follow when they fail."""

    strategy: str
    leaves: list[Leaf]
    behind: list[Group] = field(default_factory=list)
    timeout_s: float | None = None
    retries: int | None = None


def convert(document: Mapping[str, Any], findings: Findings, names: Sequence[str], stem: str) -> Draft:
    """The draft. ``names`` are the models that callers ask for; without any, there is one of the name ``stem``.

    Raises ``ConfigurationError``.
    """
    found = _bare(document)
    if not KNOWN & {snake(name) for name in found}:
        raise ConfigurationError((f"no configuration of Portkey: it has none of {', '.join(sorted(KNOWN))}",))
    root, draft = Table(found, "", findings, is_camel=True), Draft(findings)
    reading = _Reading(draft)
    group = reading.node(root, {})
    for name in names or (stem,):
        reading.model(name, name if names else "", group)
        for alias, other in reading.named.items():
            reading.model(alias, alias, other)
    token = draft.variable("STELLWERK_ADMIN_TOKEN", "opens the admin side; make one up", "")
    draft.sections["admin"] = {"token": token}
    draft.keys.append({"name": "callers", "key": draft.variable("STELLWERK_KEY", "what callers send; make one up", "")})
    return draft


def _bare(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The configuration itself, also out of an answer of Portkey's API."""
    found: Any = document
    for name in ("data", "config"):
        inside = found.get(name) if isinstance(found, Mapping) else None
        if isinstance(inside, str) and name == "config":
            try:
                inside = documents.json_of(inside)
            except documents.Unreadable as error:
                raise ConfigurationError((f"the text under config: {error}",)) from None
        if isinstance(inside, Mapping):
            found = inside
    return dict(found)


class _Reading:
    """Reads nodes, and makes models of what they come to."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._findings = draft.findings
        self.named: dict[str, Group] = {}
        """Models that conditions on the name of the model lead to."""

    def node(self, table: Table, inherited: Mapping[str, Any]) -> Group:
        """One node: a target, or a strategy with targets."""
        if table.has("targets"):
            inherited = {**inherited, "override_params": self._override(table, inherited)}
        inherited = {name: _over(inherited.get(name), table.peek(name)) for name in INHERITED}
        merged = Table(_with(table, inherited), table.path, self._findings, is_camel=True)
        strategy = merged.table("strategy")
        mode = strategy.text("mode") or ("fallback" if merged.has("targets") else "single")
        retries, timeout_s = self._retries(merged), self._timeout(merged)
        if not merged.has("targets"):
            group = self._leaf(merged)
            if not group.leaves:
                return group  # it has been told why, and nothing else of it matters
        else:
            children = self._children(merged, inherited)
            group = self._combined(mode, children, strategy)
        if strategy.has("on_status_codes"):
            text = "which failures lead to another target is fixed; see the page on routing"
            self._findings.change(strategy.at("on_status_codes"), text)
            strategy.take("on_status_codes")
        strategy.close({}, _OTHERWISE)
        self._close(merged)
        return replace(group, retries=_most(retries, group.retries), timeout_s=_most(timeout_s, group.timeout_s))

    def _override(self, table: Table, inherited: Mapping[str, Any]) -> Any:
        """What targets take over is the model; of other parameters it is told once that they do not."""
        overridden = table.table("override_params")
        model = overridden.text("model")
        overridden.close({}, _PARAMETERS)
        return {"model": model} if model else inherited.get("override_params")

    def model(self, wish: str, asked: str, whole: Group) -> None:
        """Makes the models of a group: the first of them has the wished name, those behind it numbers."""
        name = self._draft.model_name(wish, "")
        if name is None or name in self._draft.models:
            return
        made: list[dict[str, Any]] = []
        for group in (whole, *whole.behind):
            found = [self._target(leaf, asked, group.strategy) for leaf in group.leaves]
            targets = [target for target in found if target is not None]
            if not targets:
                continue
            model: dict[str, Any] = {"name": f"{name}-{len(made) + 1}" if made else name}
            if group.strategy != "priority" and len(targets) > 1:
                model["strategy"] = group.strategy
            model["targets"] = targets
            timeout_s, retries = _most(group.timeout_s, whole.timeout_s), _most(group.retries, whole.retries)
            if timeout_s not in {None, ModelSpec("", ()).timeout_s}:
                model["timeout_s"] = timeout_s
            if retries is not None:
                model["retry"] = self._draft.retry(retries)
            made.append(model)
            self._findings.carry("", f"a model {model['name']}, {len(targets)} target{'s' if len(targets) > 1 else ''}")
        self._draft.models |= {model["name"]: model for model in made}
        if made[1:]:
            made[0]["fallback"] = [model["name"] for model in made[1:]]

    def _target(self, leaf: Leaf, asked: str, strategy: str) -> dict[str, Any] | None:
        if not (leaf.model or asked):
            text = f"the target at {leaf.provider} takes the model that callers name: say which with --model"
            self._findings.lose("", text)
            return None
        target = {"provider": leaf.provider, "model": leaf.model or asked}
        return {**target, "weight": leaf.weight} if strategy == "weighted" and leaf.weight != 1 else target

    def _children(self, table: Table, inherited: Mapping[str, Any]) -> list[tuple[str, float, Group]]:
        """Name, weight and group of each target that can be carried over."""
        found = []
        for child in table.tables("targets"):
            name, given = child.text("name") or "", child.number("weight")
            group = self.node(child, inherited)
            if group.leaves:
                found.append((name, 1.0 if given is None else min(given, 1e9), group))
        return found

    def _leaf(self, table: Table) -> Group:
        overridden = table.table("override_params")
        model = overridden.text("model") or ""
        deployment = table.text("deployment_id")
        provider = portkey_targets.provider(table, self._draft)
        if provider is None:
            return Group("priority", [])
        overridden.close({}, _PARAMETERS)
        if deployment is not None and model:
            self._findings.carry(table.at("deployment_id"), f"the model at {provider}")
            self._draft.providers[provider].setdefault("deployments", {})[deployment] = model
        self._findings.carry(table.path or "provider", f"a target at {provider}")
        return Group("priority", [Leaf(provider, deployment or model)])

    def _combined(self, mode: str, children: list[tuple[str, float, Group]], strategy: Table) -> Group:
        if mode not in MODES:
            self._findings.lose(strategy.at("mode"), "there is no such strategy here; targets are asked in their order")
        timeout_s = _most(*(group.timeout_s for _, _, group in children))
        retries = _most(*(group.retries for _, _, group in children))
        groups = [group for _, _, group in children]
        match mode:
            case "loadbalance":
                made = Group("weighted", self._balanced(children, strategy))
            case "conditional":
                made = self._conditional(children, strategy)
            case "single":
                made = groups[0] if groups else Group("priority", [])
                if len(groups) > 1:
                    self._findings.change(strategy.at("mode"), "only the first target is used")
            case _:
                made = _in_order(groups)
        return replace(made, timeout_s=timeout_s, retries=retries)

    def _balanced(self, children: list[tuple[str, float, Group]], strategy: Table) -> list[Leaf]:
        """Shares of shares multiply; what stands behind a target has no share, and follows when others fail."""
        leaves: list[Leaf] = []
        is_flat = True
        for _, weight, group in children:
            if group.strategy == "weighted":
                whole = sum(leaf.weight for leaf in group.leaves) or 1.0
                leaves += [replace(leaf, weight=round(weight * leaf.weight / whole, 9)) for leaf in group.leaves]
            else:
                leaves += [replace(leaf, weight=0.0 if place else weight) for place, leaf in enumerate(group.leaves)]
                is_flat &= len(group.leaves) == 1
            behind = [leaf for other in group.behind for leaf in other.leaves]
            leaves += [replace(leaf, weight=0.0) for leaf in behind]
            is_flat &= not behind
        if not is_flat:
            text = "fallbacks within a share follow after all shares, in the order of the file (weight = 0)"
            self._findings.change(strategy.at("mode"), text)
        return leaves

    def _conditional(self, children: list[tuple[str, float, Group]], strategy: Table) -> Group:
        """Conditions on the model's name are models; others have to be decided by callers."""
        by_name = {name: group for name, _, group in children if name}
        for condition in strategy.tables("conditions"):
            path, then = condition.at("query"), condition.text("then") or ""
            wished = _models_asked(condition.take("query"))
            if then not in by_name:
                self._findings.lose(path, "it leads to no target that is here")
            elif wished:
                self.named |= {name: by_name[then] for name in wished if name not in self.named}
                self._findings.carry(path, f"models of their own: {', '.join(wished)}")
            else:
                self.named.setdefault(then, by_name[then])
                self._findings.lose(path, f"requests are not routed by what they say: let callers ask for {then}")
            condition.close({}, _OTHERWISE)
        default = strategy.text("default")
        if default in by_name:
            return by_name[default]
        self._findings.lose(strategy.at("default"), "there is no such target here; the first one is used")
        return children[0][2] if children else Group("priority", [])

    def _retries(self, table: Table) -> int | None:
        retry = table.table("retry")
        attempts = retry.number("attempts")
        if retry.has("on_status_codes"):
            retry.take("on_status_codes")
            self._findings.change(retry.at("on_status_codes"), "which failures are tried again is fixed")
        if retry.has("use_retry_after_header"):
            retry.take("use_retry_after_header")
            self._findings.change(
                retry.at("use_retry_after_header"), "a wait of up to 5 s is kept to; else the next target"
            )
        retry.close({}, _OTHERWISE)
        if attempts is None:
            return None
        self._findings.change(retry.at("attempts"), "retry: a repeat goes to another target first")
        return int(attempts)

    def _timeout(self, table: Table) -> float | None:
        if not table.has("request_timeout"):
            return None
        milliseconds = table.number("request_timeout")
        if milliseconds is None:
            return None
        if 0 < milliseconds <= DAY_MS:
            text = "timeout_s, in seconds: all attempts together, the longest of the targets'"
            self._findings.change(table.at("request_timeout"), text)
            return milliseconds / 1000
        self._findings.lose(table.at("request_timeout"), "expected milliseconds, at most a day")
        return None

    def _close(self, table: Table) -> None:
        for name in INHERITED:
            if name not in {snake(left) for left in table.left}:
                continue
            table.take(name)  # it is told where a target takes it over
        table.close(_ADVICE, _OTHERWISE)


def _with(table: Table, inherited: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in a target, as it is spelled there, and what it takes over."""
    own = {name: inherited.get(snake(name), table.peek(name)) for name in table.left}
    written = {snake(name) for name in own}
    return {**own, **{name: value for name, value in inherited.items() if value is not None and name not in written}}


def _over(above: Any, own: Any) -> Any:
    """What a target says wins over what it stands in; mappings are put together."""
    if isinstance(above, dict) and isinstance(own, dict):
        return {**above, **own}
    return above if own is None else own


def _in_order(groups: Sequence[Group]) -> Group:
    """One after the other: targets in a row are one group, others stand behind it."""
    row: list[Group] = []
    for group in groups:
        for one in (replace(group, behind=[]), *group.behind):
            if row and row[-1].strategy == one.strategy == "priority":
                row[-1] = replace(row[-1], leaves=[*row[-1].leaves, *one.leaves])
            else:
                row.append(one)
    return replace(row[0], behind=row[1:]) if row else Group("priority", [])


def _models_asked(query: Any) -> list[str]:
    """The names of models that a condition asks for, where it asks for nothing else."""
    if not isinstance(query, dict) or list(query) != ["params.model"]:
        return []
    match query["params.model"]:
        case str() as name:
            return [name]
        case {"$eq": str() as name, **others} if not others:
            return [name]
        case {"$in": list() as names, **others} if not others and all(isinstance(name, str) for name in names):
            return names
    return []


def _most(*values: Any) -> Any:
    given = [value for value in values if value is not None]
    return max(given) if given else None
