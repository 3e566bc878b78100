"""LiteLLM's ``model_list``: each deployment as a target of a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from stellwerk.catalog.document import MOST_USD
from stellwerk.transfer import litellm_upstreams
from stellwerk.transfer.draft import Draft
from stellwerk.transfer.findings import Findings
from stellwerk.transfer.source import Table

PRICES = {
    "input_cost_per_token": ("input", 1_000_000),
    "output_cost_per_token": ("output", 1_000_000),
    "cache_read_input_token_cost": ("cache_read", 1_000_000),
    "cache_creation_input_token_cost": ("cache_write", 1_000_000),
    "output_cost_per_reasoning_token": ("reasoning", 1_000_000),
    "input_cost_per_audio_token": ("input_audio", 1_000_000),
    "output_cost_per_audio_token": ("output_audio", 1_000_000),
    "input_cost_per_request": ("request", 1_000),
}
"""LiteLLM's price of one to the rate here, and for how many of them that is."""

_PARAMS_ADVICE = {
    "aws_role_name": "name the role in a profile of the AWS configuration (role_arn), and that profile as `profile`",
    "aws_session_name": "name it in a profile of the AWS configuration (role_session_name)",
    "aws_web_identity_token": "the AWS default chain reads AWS_WEB_IDENTITY_TOKEN_FILE",
    "aws_external_id": "name it in a profile of the AWS configuration (external_id)",
    "azure_ad_token": "use tenant_id, client_id and client_secret, or the managed identity of the machine",
    "max_budget": "give the provider or the model a budget: `budget = { limit_usd = … }`",
    "budget_duration": "a budget's `period`",
    "max_retries": "retries are said for all targets: [retry] same_target",
    "max_parallel_requests": "give the provider or the model a limit: `limits = { concurrency = … }`",
    "tags": "requests are not routed by tags: make a model for each",
    "extra_headers": "targets add no headers of their own",
    "model_info": "it stands beside litellm_params",
    "organization": "only OpenAI has organizations",
    "weight": "only simple-shuffle goes by weight",
    "merge_reasoning_content_in_choices": "reasoning is passed on as each dialect has it",
}
_INFO_ADVICE = {
    "access_groups": "list the models at each key: `models = […]`",
    "id": "targets are known by provider and model",
    "max_tokens": "the catalogue says how long answers may be (`stellwerk models show`)",
    "team_id": "list the models at each key: `models = […]`",
}
_CAPABILITIES = ("supports_", "max_input_tokens", "max_output_tokens", "litellm_provider")


@dataclass(frozen=True, slots=True)
class Deployment:
    """One entry of ``model_list``: the model it serves, its target, and how it is chosen among others."""

    name: str
    path: str
    target: Mapping[str, Any]
    order: float | None
    weight: float | None
    rpm: float | None
    tpm: float | None
    timeout_s: float | None
    stream_timeout_s: float | None


def deployments(root: Table, draft: Draft) -> Iterator[Deployment]:
    """Those that can be carried over, in the order of the file."""
    credentials = _credentials(root)
    for entry in root.tables("model_list"):
        found = _deployment(entry, credentials, draft)
        entry.close({}, "unknown at a deployment")
        if found is not None:
            yield found


def _credentials(root: Table) -> dict[str, Mapping[str, Any]]:
    """``credential_list``, by name."""
    named: dict[str, Mapping[str, Any]] = {}
    for entry in root.tables("credential_list") if root.has("credential_list") else ():
        name, values = entry.text("credential_name"), entry.take("credential_values")
        entry.take("credential_info")
        if name is not None and isinstance(values, dict):
            named[name] = values
        entry.close({}, "unknown at a credential")
    return named


def _deployment(entry: Table, credentials: Mapping[str, Mapping[str, Any]], draft: Draft) -> Deployment | None:
    findings = draft.findings
    named, given = entry.text("model_name"), entry.peek("litellm_params")
    credential = given.get("litellm_credential_name") if isinstance(given, dict) else None
    params = entry.table("litellm_params")
    if isinstance(credential, str):
        params.take("litellm_credential_name")
        if credential not in credentials:
            findings.lose(params.at("litellm_credential_name"), "credential_list has no such name")
        params = Table({**credentials.get(credential, {}), **_without(given)}, params.path, findings)
    info = entry.table("model_info")
    upstream = litellm_upstreams.upstream(params, info.text("base_model"), draft)
    if upstream is None:
        return None
    name = draft.model_name(named, entry.at("model_name")) if named and "*" not in named else None
    found = _choice(name or "", entry.path, _target(upstream, params, info), params)
    params.close(_PARAMS_ADVICE, "targets set no parameters of requests: callers do")
    _close_info(info)
    if name is None or "*" in upstream.model:
        _tell_unnamed(named, upstream, entry, findings)
        return None
    findings.carry(entry.path, f"a target of {name}: {upstream.model} at {upstream.provider}")
    return found


def _without(given: Any) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name != "litellm_credential_name"}


def _target(upstream: litellm_upstreams.Upstream, params: Table, info: Table) -> dict[str, Any]:
    target: dict[str, Any] = {"provider": upstream.provider, "model": upstream.model}
    row = _prices(params) | _prices(info)
    return target | ({"prices": [row]} if row else {})


def _prices(table: Table) -> dict[str, float]:
    row: dict[str, float] = {}
    for name, (rate, count) in PRICES.items():
        if table.has(name) and (usd := table.number(name)) is not None:
            dollars = Decimal(repr(usd)) * count
            if dollars > MOST_USD:
                table.findings.lose(table.at(name), "more than a price may be")
            else:
                row[rate] = float(dollars)
                table.findings.carry(table.at(name), f"prices: {rate}")
    return row


def _choice(name: str, path: str, target: Mapping[str, Any], params: Table) -> Deployment:
    """How it is chosen. Limits of a single target there are none, so they count as its share."""
    for limit in ("rpm", "tpm"):
        if params.has(limit):
            text = "a share among several targets; a limit stands at a provider, a model or a key: `limits = { … }`"
            params.findings.change(params.at(limit), text)
    return Deployment(
        name,
        path,
        target,
        order=params.number("order"),
        weight=params.number("weight"),
        rpm=params.number("rpm"),
        tpm=params.number("tpm"),
        timeout_s=_seconds(params, "timeout"),
        stream_timeout_s=_seconds(params, "stream_timeout"),
    )


def _seconds(params: Table, name: str) -> float | None:
    seconds = params.number(name)
    if seconds is not None and not 0 < seconds <= 86_400:
        params.findings.lose(params.at(name), "expected at most a day")
        return None
    return seconds


def _close_info(info: Table) -> None:
    info.take("mode")  # every model takes whatever its provider does
    for name in list(info.left):
        if name.startswith(_CAPABILITIES):
            info.take(name)
            info.findings.lose(info.at(name), "the catalogue says what models can do (`stellwerk models show`)")
    info.close(_INFO_ADVICE, "nothing here says more of a target than its price")


def _tell_unnamed(named: str | None, upstream: litellm_upstreams.Upstream, entry: Table, findings: Findings) -> None:
    if named is None:
        findings.lose(entry.path, "a deployment without a model_name; left out")
    elif "*" in named or "*" in upstream.model:
        text = f"models are listed one by one: write those that callers use, with targets at {upstream.provider}"
        findings.lose(entry.at("model_name"), text)
