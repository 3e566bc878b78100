"""A configuration of the LiteLLM proxy as a ``stellwerk.toml``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stellwerk.errors import ConfigurationError
from stellwerk.transfer import litellm_settings
from stellwerk.transfer.draft import Draft
from stellwerk.transfer.findings import Findings
from stellwerk.transfer.litellm_deployments import Deployment, deployments
from stellwerk.transfer.litellm_upstreams import REFERENCE
from stellwerk.transfer.source import Table

SECTIONS = ("model_list", "router_settings", "litellm_settings", "general_settings", "environment_variables")
STRATEGIES = {
    "simple-shuffle": "weighted",
    "least-busy": "least_busy",
    "latency-based-routing": "fastest",
    "cost-based-routing": "cheapest",
    "usage-based-routing": "least_busy",
    "usage-based-routing-v2": "least_busy",
}
_SECTION_ADVICE = {
    "include": "files that are included are not read: put them into one file first",
    "guardrails": "guardrails are not in this version",
    "mcp_servers": "tools are the callers' own",
    "pass_through_endpoints": "only the endpoints of the documented dialects are served",
    "callback_settings": "follow /metrics, or export events with `stellwerk events export`",
}


def convert(document: Mapping[str, Any], findings: Findings) -> Draft:
    """The draft; ``findings`` are told what became of each setting. Raises ``ConfigurationError``."""
    if not any(name in document for name in SECTIONS):
        raise ConfigurationError((f"no configuration of LiteLLM: it has none of {', '.join(SECTIONS)}",))
    root, draft = Table(document, "", findings), Draft(findings)
    draft.reserve(set(_references(document)))
    _variables(root, draft)
    router, library = root.table("router_settings"), root.table("litellm_settings")
    general = root.table("general_settings")
    found = list(deployments(root, draft))
    _models(found, router, draft)
    litellm_settings.patience(found, router, library, draft)
    aliases = dict(_aliases(router, draft))
    litellm_settings.fallbacks(router, library, draft)
    for alias, name in aliases.items():
        draft.models[alias].pop("fallback", None)
        for other in draft.models[name].get("fallback", ()):
            draft.fall_back(alias, other, router.at("model_group_alias"))
    litellm_settings.callers(general, draft)
    litellm_settings.close(router, library, general)
    root.close(_SECTION_ADVICE, "this section has no counterpart here")
    return draft


def _references(value: Any) -> Iterator[str]:
    """Every environment variable that is referred to."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str) and value.startswith(REFERENCE):
            yield value.removeprefix(REFERENCE)
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _variables(root: Table, draft: Draft) -> None:
    """``environment_variables`` sets what has to be set from outside here: the names go on the list, no value does."""
    section = root.table("environment_variables")
    for name in section.left:
        section.take(name)
        draft.reserve({name})
        draft.findings.change(section.at(name), f"the file sets no variables: set {name} where the gateway starts")


def _models(found: list[Deployment], router: Table, draft: Draft) -> None:
    """Deployments of one name are the targets of one model."""
    path, named = router.at("routing_strategy"), router.text("routing_strategy") or "simple-shuffle"
    strategy = STRATEGIES.get(named, "weighted")
    groups: dict[str, list[Deployment]] = {}
    for deployment in found:
        groups.setdefault(deployment.name, []).append(deployment)
    for name, group in groups.items():
        draft.models[name] = _model(name, group, strategy)
        _tell_order(group, draft)
    if named not in STRATEGIES:
        draft.findings.lose(path, "there is no such strategy here; targets are chosen by weight")
    elif named.startswith("usage-based-routing"):
        draft.findings.change(path, "targets are chosen by the requests they have now (least_busy), not by their usage")
    elif router.peek("routing_strategy") is not None:
        draft.findings.carry(path, f'strategy = "{strategy}"')


def _model(name: str, group: list[Deployment], strategy: str) -> dict[str, Any]:
    if any(deployment.order is not None for deployment in group):
        strategy = "priority"
        group = sorted(group, key=lambda one: float("inf") if one.order is None else one.order)
    targets = [dict(deployment.target) for deployment in group]
    if strategy == "weighted" and len(group) > 1:
        weights = _weights(group)
        if set(weights) != {1}:
            targets = [{**target, "weight": weight} for target, weight in zip(targets, weights, strict=True)]
    model: dict[str, Any] = {"name": name}
    if len(group) > 1 and strategy != "priority":
        model["strategy"] = strategy
    return {**model, "targets": targets}


def _weights(group: list[Deployment]) -> list[float]:
    """As LiteLLM's shuffle draws: by weight where there is one, else by requests, else by tokens a minute."""
    for name in ("weight", "rpm", "tpm"):
        given = [getattr(deployment, name) for deployment in group]
        if any(given):
            return [min(weight or 0, 10**9) for weight in given]
    return [1] * len(group)


def _tell_order(group: list[Deployment], draft: Draft) -> None:
    orders = [deployment.order for deployment in group if deployment.order is not None]
    if orders and (len(set(orders)) < len(group)):
        draft.findings.change(f"{group[0].path}.litellm_params.order", "those of one order follow in the file's order")


def _aliases(router: Table, draft: Draft) -> Iterator[tuple[str, str]]:
    """A further name of a model is a model of its own with the same targets; gives both names."""
    section = router.table("model_group_alias")
    for alias in section.left:
        at, is_said = section.at(alias), isinstance(section.peek(alias), dict)
        said = section.table(alias) if is_said else Table({"model": section.take(alias)}, at, draft.findings)
        target, is_hidden = said.text("model"), said.flag("hidden")
        name = draft.model_name(alias, at)
        if name is None or target is None or target not in draft.models:
            draft.findings.lose(at, "the model that it stands for is not here")
        elif name in draft.models:
            draft.findings.lose(at, f"there is a model {name} already")
        else:
            draft.models[name] = {**draft.models[target], "name": name}
            draft.findings.carry(at, f"a model {name} with the targets of {target}")
            if is_hidden:
                draft.findings.change(said.at("hidden"), "every model that a key may use is listed")
            said.close({}, "unknown at another name of a model")
            yield name, target
