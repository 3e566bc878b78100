"""Where a deployment of LiteLLM leads: its ``litellm_params`` as a provider and the provider's name for the model."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stellwerk.transfer import hosts
from stellwerk.transfer.credentials import given, one_sort_of_credentials
from stellwerk.transfer.draft import PLACEHOLDERS, Draft, Unusable
from stellwerk.transfer.source import Table

REFERENCE = "os.environ/"


@dataclass(frozen=True, slots=True)
class Upstream:
    """A provider in the draft, and its name for the model; ``*`` for whatever callers name."""

    provider: str
    model: str


HOST_OF = {
    "cerebras": ("cerebras", "CEREBRAS_API_KEY"),
    "cohere": ("cohere", "COHERE_API_KEY"),
    "cohere_chat": ("cohere", "COHERE_API_KEY"),
    "deepinfra": ("deepinfra", "DEEPINFRA_API_KEY"),
    "deepseek": ("deepseek", "DEEPSEEK_API_KEY"),
    "fireworks_ai": ("fireworks", "FIREWORKS_API_KEY"),
    "groq": ("groq", "GROQ_API_KEY"),
    "hosted_vllm": ("vllm", ""),
    "huggingface": ("huggingface", "HF_TOKEN"),
    "llamafile": ("llama.cpp", ""),
    "lm_studio": ("lmstudio", ""),
    "meta_llama": ("meta-llama", "LLAMA_API_KEY"),
    "mistral": ("mistral", "MISTRAL_API_KEY"),
    "moonshot": ("moonshot", "MOONSHOT_API_KEY"),
    "nvidia_nim": ("nvidia-nim", "NVIDIA_NIM_API_KEY"),
    "ollama": ("ollama", ""),
    "ollama_chat": ("ollama", ""),
    "openrouter": ("openrouter", "OPENROUTER_API_KEY"),
    "perplexity": ("perplexity", "PERPLEXITYAI_API_KEY"),
    "sambanova": ("sambanova", "SAMBANOVA_API_KEY"),
    "together_ai": ("together", "TOGETHERAI_API_KEY"),
    "xai": ("xai", "XAI_API_KEY"),
}
"""LiteLLM's providers that speak OpenAI's dialect: the host here, and the variable LiteLLM reads the key from."""
_ANY_HOST = frozenset({"custom_openai", "litellm_proxy", "openai_like"})
_GUESSES = (
    (re.compile(r"(ft:)?(gpt-|chatgpt-|o[1-9]|davinci|babbage|text-embedding-|omni-moderation)"), "openai"),
    (re.compile(r"claude"), "anthropic"),
    (re.compile(r"gemini"), "vertex_ai"),
)
"""Which provider LiteLLM takes for a model that names none."""
_AZURE_SERIES = re.compile(r"(?:o_series|gpt5_series|responses)/")
_BEDROCK_ROUTE = re.compile(r"(?:converse|converse_like|invoke)/")
_BEDROCK_OTHER = re.compile(r"(?:agent|agentcore|async_invoke|openai|mantle)/|.*embed|.*rerank|.*stable-|.*image")
_REGION = re.compile(r"([a-z]{2,4}(?:-[a-z]+)+-\d{1,2})/")


def upstream(params: Table, base_model: str | None, draft: Draft) -> Upstream | None:
    """The provider and the model; ``None`` where there is no such provider here, which has been told."""
    try:
        return _upstream(params, base_model, draft)
    except Unusable as error:
        draft.findings.lose(error.path, error.text)
        return None


def _upstream(params: Table, base_model: str | None, draft: Draft) -> Upstream | None:
    named, path = params.text("model"), params.at("model")
    if named is None:
        draft.findings.lose(path, "a deployment without a model; left out")
        return None
    kind, model = _split(named, params.text("custom_llm_provider"), params)
    if kind in HOST_OF or kind in _ANY_HOST:
        return _compatible(kind, model, params, draft)
    make = _MAKERS.get(kind)
    if make is None:
        advice = 'where its host speaks OpenAI\'s dialect, write a provider of kind = "compatible" with its base_url'
        draft.findings.lose(path, f"there is no provider for {kind or 'it'} here; {advice}")
        return None
    return make(model, base_model, params, draft)


def _split(named: str, stated: str | None, params: Table) -> tuple[str, str]:
    """LiteLLM's name of the provider, and the model's name behind it."""
    if stated is not None:
        return stated, named.removeprefix(f"{stated}/")
    kind, slash, model = named.partition("/")
    if slash and (kind in HOST_OF or kind in _MAKERS or kind in _ANY_HOST):
        return kind, model
    for pattern, guess in _GUESSES:
        if pattern.match(named):
            return guess, named
    if named == "*":
        return "openai", named
    return (kind, model) if slash else ("openai" if params.has("api_base") else "", named)


def secret(params: Table, name: str, wish: str, draft: Draft, default: str = "") -> str | None:
    """A reference to a secret: what the source refers to, a variable for what it holds, or LiteLLM's own default.

    Raises ``Unusable``.
    """
    path, value = params.at(name), params.text(name)
    purpose = f"{wish.lower().replace('_', ' ')}, for {params.path}"
    if value is not None and value.startswith(REFERENCE):
        return draft.variable(value.removeprefix(REFERENCE), purpose, path)
    if value is not None and value.lower() not in PLACEHOLDERS:
        return draft.secret(value, wish, purpose, path)
    if value is not None:
        draft.findings.change(path, "a key that is none is left out")
        return None
    return draft.variable(default, purpose, path) if default else None


def plain(params: Table, name: str, draft: Draft) -> str | None:
    """An option that is no secret, or a reference to it."""
    value = params.text(name)
    if value is not None and value.startswith(REFERENCE):
        return draft.variable(value.removeprefix(REFERENCE), name.replace("_", " "), params.at(name))
    return value


def _url(params: Table, draft: Draft) -> str | None:
    return _url_at("api_base" if params.has("api_base") or not params.has("base_url") else "base_url", params, draft)


def _url_at(name: str, params: Table, draft: Draft) -> str | None:
    path, value = params.at(name), plain(params, name, draft)
    return value if value is None or value.startswith("env:") else hosts.url(value, draft, path)


def _compatible(kind: str, model: str, params: Table, draft: Draft) -> Upstream | None:
    host, default = HOST_OF.get(kind, ("", ""))
    base_url = _url(params, draft)
    if not host and base_url is None:
        draft.findings.lose(params.at("model"), "a host without api_base; left out")
        return None
    if host == "ollama" and base_url is not None and not base_url.endswith("/v1"):
        if base_url.startswith("env:"):
            draft.findings.change(params.path, f"the URL in {base_url.removeprefix('env:')} has to end with /v1 now")
        else:
            base_url = f"{base_url}/v1"
    key = secret(params, "api_key", default or f"{host or kind}_API_KEY", draft, default)
    options = hosts.options(host, base_url) if host else {"kind": "compatible", "base_url": base_url}
    wish = host or hosts.label(base_url) or kind
    return Upstream(draft.provider(wish, given(options, api_key=key)), model)


def _openai(model: str, base_model: str | None, params: Table, draft: Draft) -> Upstream | None:
    del base_model
    base_url = _url(params, draft)
    if base_url is not None and not hosts.is_at(base_url, "api.openai.com"):
        key = secret(params, "api_key", f"{hosts.label(base_url) or 'OPENAI'}_API_KEY", draft)
        options = given({"kind": "compatible", "base_url": base_url}, api_key=key)
        return Upstream(draft.provider(hosts.label(base_url) or "compatible", options), model)
    key = secret(params, "api_key", "OPENAI_API_KEY", draft, "OPENAI_API_KEY")
    if key is None:
        _keyless(params, draft)
        return None
    organization = plain(params, "organization", draft)
    return Upstream(
        draft.provider("openai", given({"kind": "openai", "api_key": key}, organization=organization)), model
    )


def _anthropic(model: str, base_model: str | None, params: Table, draft: Draft) -> Upstream | None:
    del base_model
    base_url = _url(params, draft)
    key = secret(params, "api_key", "ANTHROPIC_API_KEY", draft, "ANTHROPIC_API_KEY")
    if key is None:
        _keyless(params, draft)
        return None
    base_url = base_url.removesuffix("/v1") if base_url else None
    return Upstream(draft.provider("anthropic", given({"kind": "anthropic", "api_key": key}, base_url=base_url)), model)


def _gemini(model: str, base_model: str | None, params: Table, draft: Draft) -> Upstream | None:
    del base_model
    base_url = _url(params, draft)
    key = secret(params, "api_key", "GEMINI_API_KEY", draft, "GEMINI_API_KEY")
    if key is None:
        _keyless(params, draft)
        return None
    return Upstream(draft.provider("gemini", given({"kind": "gemini", "api_key": key}, base_url=base_url)), model)


def _azure(model: str, base_model: str | None, params: Table, draft: Draft) -> Upstream | None:
    base_url = _url(params, draft) or draft.variable("AZURE_API_BASE", "the resource's endpoint", params.at("api_base"))
    if not base_url.startswith("env:"):
        base_url = base_url.partition("/openai")[0]
    version = plain(params, "api_version", draft)
    application = {name: plain(params, name, draft) for name in ("tenant_id", "client_id")}
    application["client_secret"] = secret(params, "client_secret", "AZURE_CLIENT_SECRET", draft)
    default = "" if any(application.values()) else "AZURE_API_KEY"
    key = secret(params, "api_key", "AZURE_API_KEY", draft, default)
    if key is not None and any(application.values()):
        draft.findings.change(params.at("tenant_id"), "the API key is used, and the application left out")
        application = {}
    is_v1 = version in {"v1", "latest", "preview"}
    options: dict[str, Any] = {"kind": "azure", "base_url": base_url}
    options |= {"api_version": version} if version and version not in {"v1", "latest"} else {}
    options |= {} if is_v1 else {"path": "deployments"}
    deployment = _AZURE_SERIES.sub("", model, count=1)
    known = {deployment: base_model.removeprefix("azure/")} if base_model and deployment != "*" else None
    wish = f"azure-{hosts.label(base_url)}".rstrip("-")
    return Upstream(draft.provider(wish, given(options, api_key=key, **application), known), deployment)


def _bedrock(model: str, base_model: str | None, params: Table, draft: Draft) -> Upstream | None:
    del base_model
    model = _BEDROCK_ROUTE.sub("", model, count=1)
    if _BEDROCK_OTHER.match(model):
        draft.findings.lose(params.at("model"), "Bedrock is asked through Converse alone, which this model has not")
        return None
    region = plain(params, "aws_region_name", draft) or plain(params, "region_name", draft)
    if inside := _REGION.match(model):
        region, model = region or inside[1], model[inside.end() :]
    model = plain(params, "model_id", draft) or model
    if region is None:
        region = draft.variable("AWS_REGION", "the region of Bedrock", params.path)
    options = given(
        {"kind": "bedrock"},
        region=region,
        base_url=_url_at("aws_bedrock_runtime_endpoint", params, draft),
        api_key=secret(params, "api_key", "AWS_BEARER_TOKEN_BEDROCK", draft),
        access_key_id=secret(params, "aws_access_key_id", "AWS_ACCESS_KEY_ID", draft),
        secret_access_key=secret(params, "aws_secret_access_key", "AWS_SECRET_ACCESS_KEY", draft),
        session_token=secret(params, "aws_session_token", "AWS_SESSION_TOKEN", draft),
        profile=plain(params, "aws_profile_name", draft),
    )
    options = one_sort_of_credentials(options, draft, params.path)
    where = "" if region.startswith("env:") else region
    return Upstream(draft.provider(f"bedrock-{where}".rstrip("-"), options), model)


def _vertex(model: str, base_model: str | None, params: Table, draft: Draft) -> Upstream | None:
    del base_model
    model = model.removeprefix("gemini/")
    if not model.startswith("gemini") and model != "*":
        draft.findings.lose(params.at("model"), "of Vertex AI, only Gemini models can be asked")
        return None
    project = plain(params, "vertex_project", draft)
    if project is None:
        project = draft.variable("VERTEXAI_PROJECT", "the Google Cloud project", params.at("vertex_project"))
    location = plain(params, "vertex_location", draft) or plain(params, "region_name", draft) or "us-central1"
    options = {"kind": "vertex", "project": project, "location": location}
    credentials = google_credentials(params, "vertex_credentials", draft)
    where = "" if location.startswith("env:") else location
    return Upstream(draft.provider(f"vertex-{where}".rstrip("-"), given(options, credentials=credentials)), model)


def google_credentials(params: Table, name: str, draft: Draft) -> str | None:
    """A service account's key: a file stays one, a text becomes a variable."""
    path, value = params.at(name), params.peek(name)
    if isinstance(value, dict) or (isinstance(value, str) and value.lstrip().startswith("{")):
        params.take(name)
        return draft.secret(str(value), "GOOGLE_CREDENTIALS", "a service account's key, as JSON text", path)
    text = params.text(name)
    if text is None:
        return None
    if text.startswith(REFERENCE):
        draft.findings.change(path, f"{text.removeprefix(REFERENCE)} has to hold the key's text, not a path to it")
        return draft.variable(text.removeprefix(REFERENCE), "a service account's key, as JSON text", path)
    if not text.startswith("/"):
        draft.findings.change(path, "the file is looked for beside stellwerk.toml")
    return f"file:{text}"


def _keyless(params: Table, draft: Draft) -> None:
    draft.findings.lose(params.path, "this provider needs a key; left out")


_Maker = Callable[[str, str | None, Table, Draft], Upstream | None]
_MAKERS: dict[str, _Maker] = {
    "anthropic": _anthropic,
    "azure": _azure,
    "azure_text": _azure,
    "bedrock": _bedrock,
    "bedrock_converse": _bedrock,
    "gemini": _gemini,
    "openai": _openai,
    "text-completion-openai": _openai,
    "vertex_ai": _vertex,
    "vertex_ai_beta": _vertex,
}
