"""Where a target of Portkey leads: its provider and credentials as a provider here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stellwerk.transfer import hosts
from stellwerk.transfer.credentials import given, one_sort_of_credentials
from stellwerk.transfer.draft import PLACEHOLDERS, Draft, Unusable
from stellwerk.transfer.source import Table

HOST_OF = {
    "cerebras": "cerebras",
    "cohere": "cohere",
    "deepinfra": "deepinfra",
    "deepseek": "deepseek",
    "fireworks-ai": "fireworks",
    "groq": "groq",
    "huggingface": "huggingface",
    "mistral-ai": "mistral",
    "moonshot": "moonshot",
    "ollama": "ollama",
    "openrouter": "openrouter",
    "perplexity-ai": "perplexity",
    "sambanova": "sambanova",
    "together-ai": "together",
    "x-ai": "xai",
}
"""Portkey's providers that speak OpenAI's dialect, by the host here."""


def provider(target: Table, draft: Draft) -> str | None:
    """The name of the provider; ``None`` where there is none like it here, which has been told."""
    try:
        return _provider(target, draft)
    except Unusable as error:
        draft.findings.lose(error.path, error.text)
        return None


def _provider(target: Table, draft: Draft) -> str | None:
    path, kind = target.at("provider"), target.text("provider")
    virtual = target.at("virtual_key"), target.text("virtual_key")
    if kind is None or kind.startswith("@"):
        advice = 'name it as "provider" beside the key, and import again'
        draft.findings.lose(path if kind else virtual[0], f"only Portkey knows which provider this is: {advice}")
        return None
    if kind not in HOST_OF and kind not in _MAKERS:
        draft.findings.lose(path, f"there is no provider for {kind} here; {_COMPATIBLE}")
        return None
    base_url = _url(target, draft)
    key = _secret(target, "api_key", f"{kind}_API_KEY", draft)
    if key is None and virtual[1] is not None:
        wish = f"{kind}_API_KEY"
        purpose, why = f"the key of {kind} that Portkey kept", "only Portkey knows the secret behind it"
        key = draft.secret(f"virtual key {virtual[1]}", wish, purpose, virtual[0], why)
    options = (
        _MAKERS[kind](target, base_url, key, draft) if kind in _MAKERS else _compatible(kind, base_url, key, draft)
    )
    if options is None:
        return None
    return draft.provider(_wish(kind, options), options)


_COMPATIBLE = 'where its host speaks OpenAI\'s dialect, write a provider of kind = "compatible" with its base_url'


def _wish(kind: str, options: Mapping[str, Any]) -> str:
    where = {
        "azure": hosts.label(options.get("base_url")),
        "bedrock": options.get("region", ""),
        "vertex": options.get("location", ""),
    }
    if kind == "openai" and options["kind"] == "compatible":
        return hosts.label(options["base_url"])
    place = str(where.get(options["kind"], ""))
    return kind if place.startswith("env:") else f"{kind}-{place}".rstrip("-")


def _url(target: Table, draft: Draft) -> str | None:
    path, value = target.at("custom_host"), target.text("custom_host")
    return hosts.url(value, draft, path) if value is not None else None


def _secret(target: Table, name: str, wish: str, draft: Draft) -> str | None:
    path, value = target.at(name), target.text(name)
    if value is None or value.lower() in PLACEHOLDERS:
        return None
    return draft.secret(
        value, wish, f"{wish.lower().replace('_', ' ')}, for {target.path or 'the configuration'}", path
    )


def _needed(key: str | None, kind: str, target: Table, draft: Draft) -> str | None:
    """Portkey takes a key from the request where the configuration has none."""
    if key is not None:
        return key
    name = f"{kind.replace('-', '_').upper()}_API_KEY"
    draft.findings.change(target.at("api_key"), f"there is none, so requests brought it: set {name}")
    return draft.variable(name, f"the key of {kind}", target.at("api_key"))


def _compatible(kind: str, base_url: str | None, key: str | None, draft: Draft) -> dict[str, Any]:
    host = HOST_OF[kind]
    if host == "ollama" and base_url is not None and not base_url.endswith("/v1"):
        base_url = f"{base_url}/v1"
    if key is None and host not in hosts.LOCAL:
        key = draft.variable(f"{kind.replace('-', '_').upper()}_API_KEY", f"the key of {kind}", kind)
    return given(hosts.options(host, base_url), api_key=key)


def _openai(target: Table, base_url: str | None, key: str | None, draft: Draft) -> dict[str, Any] | None:
    if base_url is not None and not hosts.is_at(base_url, "api.openai.com"):
        return given({"kind": "compatible", "base_url": base_url}, api_key=key)
    key = _needed(key, "openai", target, draft)
    named = {name: target.text(f"openai_{name}") for name in ("organization", "project")}
    return given({"kind": "openai"}, api_key=key, **named)


def _anthropic(target: Table, base_url: str | None, key: str | None, draft: Draft) -> dict[str, Any] | None:
    base_url = base_url.removesuffix("/v1") if base_url else None
    options = given({"kind": "anthropic"}, api_key=_needed(key, "anthropic", target, draft), base_url=base_url)
    options = given(options, version=target.text("anthropic_version"))
    betas = [beta.strip() for beta in (target.text("anthropic_beta") or "").split(",") if beta.strip()]
    return {**options, "betas": betas} if betas else options


def _google(target: Table, base_url: str | None, key: str | None, draft: Draft) -> dict[str, Any] | None:
    for version in ("/v1beta", "/v1"):
        base_url = base_url.removesuffix(version) if base_url else None
    return given({"kind": "gemini"}, api_key=_needed(key, "google", target, draft), base_url=base_url)


def _azure(target: Table, base_url: str | None, key: str | None, draft: Draft) -> dict[str, Any] | None:
    resource = target.text("resource_name")
    if base_url is None and resource is None:
        draft.findings.lose(target.path, "an Azure target without resource_name; left out")
        return None
    mode = target.text("azure_auth_mode")
    application = {
        "tenant_id": target.text("azure_entra_tenant_id"),
        "client_id": target.text("azure_entra_client_id") or target.text("azure_managed_client_id"),
        "client_secret": _secret(target, "azure_entra_client_secret", "AZURE_CLIENT_SECRET", draft),
    }
    if key is not None and any(application.values()):
        draft.findings.change(target.at("api_key"), "the application of Entra is used, and the key left out")
        key = None
    if key is None and not any(application.values()) and mode is None:
        key = _needed(None, "azure-openai", target, draft)
    options = {"kind": "azure", "base_url": base_url or f"https://{resource}.openai.azure.com", "path": "deployments"}
    return given(options, api_version=target.text("api_version"), api_key=key, **application)


def _bedrock(target: Table, base_url: str | None, key: str | None, draft: Draft) -> dict[str, Any] | None:
    region = target.text("aws_region") or draft.variable("AWS_REGION", "the region of Bedrock", target.at("aws_region"))
    target.take("aws_auth_type")
    options = given(
        {"kind": "bedrock"},
        region=region,
        base_url=base_url,
        api_key=key,
        access_key_id=_secret(target, "aws_access_key_id", "AWS_ACCESS_KEY_ID", draft),
        secret_access_key=_secret(target, "aws_secret_access_key", "AWS_SECRET_ACCESS_KEY", draft),
        session_token=_secret(target, "aws_session_token", "AWS_SESSION_TOKEN", draft),
    )
    return one_sort_of_credentials(options, draft, target.path)


def _vertex(target: Table, base_url: str | None, key: str | None, draft: Draft) -> dict[str, Any] | None:
    path = target.at("vertex_project_id")
    project = target.text("vertex_project_id") or draft.variable("VERTEX_PROJECT", "the Google Cloud project", path)
    credentials, at = target.take("vertex_service_account_json"), target.at("vertex_service_account_json")
    if credentials is not None:
        credentials = draft.secret(str(credentials), "GOOGLE_CREDENTIALS", "a service account's key, as JSON text", at)
        key = None
    location = target.text("vertex_region") or "us-central1"
    options = {"kind": "vertex", "project": project, "location": location}
    return given(options, base_url=base_url, credentials=credentials, access_token=key)


_Maker = Callable[[Table, str | None, str | None, Draft], dict[str, Any] | None]
_MAKERS: dict[str, _Maker] = {
    "anthropic": _anthropic,
    "azure-openai": _azure,
    "bedrock": _bedrock,
    "google": _google,
    "openai": _openai,
    "vertex-ai": _vertex,
}
