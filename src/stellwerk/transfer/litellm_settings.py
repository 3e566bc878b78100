"""LiteLLM's settings beside its models: fallbacks, retries, timeouts, circuits, and who may call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stellwerk.core.snapshot import BreakerSpec, ModelSpec
from stellwerk.transfer.draft import Draft, Unusable
from stellwerk.transfer.litellm_deployments import Deployment
from stellwerk.transfer.litellm_upstreams import secret
from stellwerk.transfer.source import Table

MOST_FAILURES = 64
DAY_S = 86_400

_SHARED = "limits and budgets of several hosts are counted in Valkey or Redis: see [state]"
_EVENTS = "follow /metrics, or export events with `stellwerk events export`"
_NOT_YET = "not in this version"
_ROUTER = {
    "redis_host": _SHARED,
    "redis_port": _SHARED,
    "redis_password": _SHARED,
    "redis_url": _SHARED,
    "retry_policy": "which failures are tried again is fixed; see the page on routing",
    "allowed_fails_policy": "what counts as a failure is fixed; see the page on routing",
    "content_policy_fallbacks": "a refusal for its content is an answer, and goes to the caller",
    "enable_tag_filtering": "requests are not routed by tags: make a model for each",
    "tag_filtering_match_any": "requests are not routed by tags: make a model for each",
    "routing_strategy_args": "see the options of each strategy on the page of the configuration",
    "optional_pre_call_checks": '`strategy = "sticky"` keeps conversations where they are; limits always hold',
    "provider_budget_config": "give the provider a budget: `budget = { limit_usd = … }`",
}
_LIBRARY = {
    "cache": f"caching is {_NOT_YET}",
    "cache_params": f"caching is {_NOT_YET}",
    "callbacks": _EVENTS,
    "success_callback": _EVENTS,
    "failure_callback": _EVENTS,
    "service_callbacks": _EVENTS,
    "content_policy_fallbacks": _ROUTER["content_policy_fallbacks"],
    "max_budget": "give an organization, a team or keys a budget: `stellwerk budgets set`",
    "budget_duration": "a budget's `period`",
    "default_team_settings": "teams are made in the file or with `stellwerk apply`",
    "default_internal_user_params": "users are made in the file or with `stellwerk apply`",
    "json_logs": "logs are JSON lines",
    "set_verbose": "logs say what an operator needs",
    "turn_off_message_logging": "messages are never logged",
    "redact_user_api_key_info": "keys are never logged",
    "modify_params": "what is translated between dialects is documented, and told in a header",
}
_GENERAL = {
    "database_url": "keys, teams and budgets in a database are not read: write them into a file for `stellwerk apply`",
    "store_model_in_db": "models stand in the file alone",
    "database_connection_pool_limit": "the database here is [state] database",
    "alerting": f"alerts are in the log; channels are {_NOT_YET}",
    "alerting_threshold": f"alerts are in the log; channels are {_NOT_YET}",
    "max_parallel_requests": "limits are said at keys, models and providers: `limits = { concurrency = … }`",
    "global_max_parallel_requests": "limits are said at keys, models and providers: `limits = { concurrency = … }`",
    "background_health_checks": "idle providers are asked by themselves: [health]",
    "health_check_interval": "[health] probe_every_s",
    "custom_auth": "callers are known by their keys",
    "enable_jwt_auth": "callers are known by their keys",
    "proxy_budget_rescheduler_min_time": "budgets begin anew exactly on time",
    "proxy_budget_rescheduler_max_time": "budgets begin anew exactly on time",
    "master_key": "see above",
}


def fallbacks(router: Table, library: Table, draft: Draft) -> None:
    """Which models follow which, in LiteLLM's order of precedence."""
    for section in (router, library):
        for name, others, path in _pairs(section, "fallbacks"):
            names = list(draft.models) if name == "*" else [name]
            done = [draft.fall_back(one, other, path) for one in names for other in others if one != other]
            if done and all(done):
                draft.findings.carry(path, "fallback")
        for name, others, path in _pairs(section, "context_window_fallbacks"):
            if [True for other in others if draft.fall_back(name, other, path)]:
                text = "prompts that do not fit go where they do; but other failures lead there as well (fallback)"
                draft.findings.change(path, text)
        path = section.at("default_fallbacks")
        defaults = section.texts("default_fallbacks") if section.has("default_fallbacks") else []
        if defaults:
            bare = [name for name, model in draft.models.items() if not model.get("fallback") and name not in defaults]
            if [True for name in bare for other in defaults if draft.fall_back(name, other, path)]:
                draft.findings.change(path, "they follow after every failure, not only where a model is unknown")


def _pairs(section: Table, name: str) -> Iterator[tuple[str, list[str], str]]:
    """``[{"a": ["b", "c"]}, …]`` as a, (b, c) and the place."""
    for entry in section.tables(name) if section.has(name) else ():
        for model in entry.left:
            yield model, entry.texts(model), entry.at(model)


def patience(found: list[Deployment], router: Table, library: Table, draft: Draft) -> None:
    """Timeouts, retries and circuits."""
    general = _seconds(router, "timeout") or _seconds(library, "request_timeout")
    streams = _seconds(router, "stream_timeout")
    for name, model in draft.models.items():
        mine = [deployment for deployment in found if deployment.name == name]
        _time(model, "timeout_s", [one.timeout_s for one in mine], general, ModelSpec("", ()).timeout_s)
        _time(model, "first_byte_timeout_s", [one.stream_timeout_s for one in mine], streams, None)
    for deployment in found:
        for key, seconds in (("timeout", deployment.timeout_s), ("stream_timeout", deployment.stream_timeout_s)):
            if seconds is not None:
                path = f"{deployment.path}.litellm_params.{key}"
                draft.findings.change(path, "one time holds for the whole model: the longest of its targets'")
    _retries(router, library, draft)
    _circuits(router, draft)


def _time(model: dict[str, Any], key: str, own: list[float | None], general: float | None, usual: float | None) -> None:
    given = [seconds for seconds in own if seconds is not None]
    seconds = max(given) if given else general
    if seconds is not None and seconds != usual:
        model[key] = float(seconds)


def _seconds(section: Table, name: str) -> float | None:
    if not section.has(name):
        return None
    seconds = section.number(name)
    if seconds is not None and not 0 < seconds <= DAY_S:
        section.findings.lose(section.at(name), "expected at most a day")
        return None
    if seconds is not None:
        text = "timeout_s: all attempts together, until a stream's first content or a whole answer's end"
        section.findings.change(section.at(name), text if name != "stream_timeout" else "first_byte_timeout_s")
    return seconds


def _retries(router: Table, library: Table, draft: Draft) -> None:
    path, retries = router.at("num_retries"), router.number("num_retries")
    if library.has("num_retries"):
        found = library.number("num_retries")
        path, retries = (library.at("num_retries"), found) if retries is None else (path, retries)
    if retries is None:
        return
    draft.sections["retry"] = dict(draft.retry(retries))
    draft.findings.change(path, "a repeat goes to another target first, and repeats are a tenth of the traffic at most")


def _circuits(router: Table, draft: Draft) -> None:
    breaker: dict[str, Any] = {}
    if router.has("disable_cooldowns") and router.flag("disable_cooldowns"):
        breaker["enabled"] = False
        draft.findings.carry(router.at("disable_cooldowns"), "[breaker] enabled = false")
    if router.has("allowed_fails") and (fails := router.number("allowed_fails")) is not None:
        breaker["failures"] = min(int(fails) + 1, MOST_FAILURES)
        draft.findings.change(
            router.at("allowed_fails"), "[breaker] failures counts failures in a row, not in a minute"
        )
    if router.has("cooldown_time") and (seconds := router.number("cooldown_time")) is not None:
        if 0 < seconds <= DAY_S:
            longest = max(float(seconds), BreakerSpec().max_cool_down_s)
            breaker |= {"cool_down_s": float(seconds)}
            breaker |= {"max_cool_down_s": longest} if longest > BreakerSpec().max_cool_down_s else {}
            text = "[breaker] cool_down_s: then one call probes the target, and twice as long after each that fails"
            draft.findings.change(router.at("cooldown_time"), text)
        else:
            draft.findings.lose(router.at("cooldown_time"), "expected at most a day")
    if breaker:
        draft.sections["breaker"] = breaker


def callers(general: Table, draft: Draft) -> None:
    """The master key goes on as a caller's key; the admin side gets a token of its own."""
    token = draft.variable("STELLWERK_ADMIN_TOKEN", "opens the admin side; make one up", "general_settings")
    draft.sections["admin"] = {"token": token}
    path = general.at("master_key")
    key = None
    try:
        key = secret(general, "master_key", "LITELLM_MASTER_KEY", draft)
    except Unusable as error:
        draft.findings.lose(error.path, error.text)
    if key is not None:
        draft.findings.change(
            path, "it is a key of callers, and opens nothing else; the admin side has a token of its own"
        )
        draft.keys.append({"name": "master", "key": key})
        return
    key = draft.variable("STELLWERK_KEY", "what callers send; make one up", path)
    draft.findings.change(path, "there is none, so callers get a new key: the gateway answers nobody without one")
    draft.keys.append({"name": "callers", "key": key})


def close(router: Table, library: Table, general: Table) -> None:
    """What these sections say beyond that."""
    if router.has("enable_pre_call_checks"):
        router.take("enable_pre_call_checks")
        router.findings.carry(router.at("enable_pre_call_checks"), "prompts go only where there is room for them")
    if library.has("drop_params"):
        library.take("drop_params")
        text = "what a provider's dialect cannot say is dropped and named in a header, or refused where it matters"
        library.findings.change(library.at("drop_params"), text)
    router.close(_ROUTER, "there is no such setting here")
    library.close(_LIBRARY, "there is no such setting here")
    general.close(_GENERAL, "there is no such setting here")
