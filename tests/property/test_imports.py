"""Whatever stands in another gateway's file: it is imported or refused with a reason, and no secret comes along."""

from __future__ import annotations

import json
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stellwerk.config.load import examine
from stellwerk.errors import ConfigurationError
from stellwerk.transfer import documents, litellm, portkey, toml
from stellwerk.transfer.findings import Findings

SECRET = "never-tell-0123456789"

LITELLM_PARAMS = (
    *("model", "api_key", "api_base", "base_url", "api_version", "custom_llm_provider", "organization", "rpm", "tpm"),
    *("weight", "order", "timeout", "stream_timeout", "aws_region_name", "region_name", "aws_access_key_id"),
    *("aws_secret_access_key", "aws_session_token", "aws_profile_name", "aws_role_name", "model_id", "vertex_project"),
    *("vertex_location", "vertex_credentials", "tenant_id", "client_id", "client_secret", "litellm_credential_name"),
    *("input_cost_per_token", "output_cost_per_token", "temperature", "tags", "aws_bedrock_runtime_endpoint"),
)
LITELLM_MODELS = (
    *("openai/gpt-4.1", "azure/dep", "bedrock/anthropic.claude-v2", "bedrock/us-east-1/x", "vertex_ai/gemini-2.5-pro"),
    *("gemini/gemini-2.5-pro", "anthropic/claude", "groq/llama", "ollama/llama", "gpt-4.1", "*", "openai/*", "x/y", ""),
)
PORTKEY_KEYS = (
    *("strategy", "targets", "provider", "api_key", "virtual_key", "apiKey", "virtualKey", "weight", "retry", "cache"),
    *("override_params", "overrideParams", "custom_host", "request_timeout", "requestTimeout", "resource_name", "name"),
    *("deployment_id", "api_version", "aws_region", "aws_access_key_id", "aws_secret_access_key", "vertex_project_id"),
    *("vertex_service_account_json", "azure_entra_client_secret", "azure_auth_mode", "input_guardrails", "metadata"),
)

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=12).filter(lambda text: all(not "\ud800" <= character <= "\udfff" for character in text)),
    st.sampled_from(
        (
            *("os.environ/SOME_KEY", "os.environ/", "none", "30", "eu-central-1", "https://api.example.com/v1"),
            *("http://10.0.0.1:8000", "http://host", '{"type": "service_account"}'),
        )
    ),
)


urls = st.sampled_from((f"https://u:{SECRET}@host/v1", f"https://host/v1?key={SECRET}")) | leaves
"""What stands where a URL is expected; elsewhere nobody puts a secret into a URL."""


def either(names: tuple[str, ...]) -> dict[str, st.SearchStrategy[Any]]:
    """A value for each of the names."""
    wanting = {"api_base", "base_url", "custom_host", "aws_bedrock_runtime_endpoint"}
    return {name: urls if name in wanting else leaves for name in names}


def anything(names: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Values of every shape, with the names of settings in mappings."""
    return st.recursive(
        leaves,
        lambda inside: st.lists(inside, max_size=3) | st.dictionaries(names, inside, max_size=4),
        max_leaves=8,
    )


names = st.sampled_from(("fallbacks", "chat", "model", "hidden", "mode", "attempts", "a b")) | st.text(
    max_size=5
).filter(lambda text: all(not "\ud800" <= character <= "\udfff" for character in text))
params = st.fixed_dictionaries(
    {"model": st.sampled_from(LITELLM_MODELS)},
    optional=either(LITELLM_PARAMS[1:]) | {"api_key": st.just(SECRET) | leaves},
)
deployment = st.fixed_dictionaries(
    {"model_name": st.sampled_from(("chat", "fast", "a b", "*", "")) | leaves, "litellm_params": params | leaves},
    optional={"model_info": st.dictionaries(st.sampled_from(("base_model", "id", "mode")), leaves) | leaves},
)
PAIRS = st.lists(st.dictionaries(st.sampled_from(("chat", "fast", "*")), st.lists(st.sampled_from(("chat", "fast")))))
ROUTER = ("routing_strategy", "num_retries", "timeout", "allowed_fails", "cooldown_time", "model_group_alias", "x")
configuration = st.fixed_dictionaries(
    {"model_list": st.lists(deployment, max_size=4) | leaves},
    optional={
        "router_settings": st.fixed_dictionaries(
            {}, optional={**{name: anything(names) for name in ROUTER}, "fallbacks": PAIRS | anything(names)}
        )
        | leaves,
        "litellm_settings": anything(names),
        "general_settings": st.fixed_dictionaries({}, optional={"master_key": st.just(SECRET) | leaves}) | leaves,
        "environment_variables": st.dictionaries(names, st.just(SECRET)) | leaves,
        "credential_list": anything(names),
    },
)
own = st.fixed_dictionaries(
    {"provider": st.sampled_from(("openai", "azure-openai", "bedrock", "google", "vertex-ai", "groq", "ollama", "?"))},
    optional={
        **either(PORTKEY_KEYS[3:]),
        "api_key": st.just(SECRET) | leaves,
        "override_params": st.fixed_dictionaries({}, optional={"model": leaves, "temperature": leaves}) | leaves,
    },
)
tree = st.recursive(
    own,
    lambda inside: st.fixed_dictionaries(
        {"targets": st.lists(inside, max_size=3) | leaves},
        optional={
            "strategy": st.fixed_dictionaries(
                {"mode": st.sampled_from(("single", "fallback", "loadbalance", "conditional", "?"))},
                optional={"conditions": anything(names), "default": st.sampled_from(("a", "b"))},
            )
            | leaves,
            "name": st.sampled_from(("a", "b")),
            "weight": leaves,
            "override_params": leaves | st.dictionaries(names, leaves),
            "retry": anything(names),
            "request_timeout": leaves,
        },
    ),
    max_leaves=6,
)


def judge(text: str, findings: Findings) -> None:
    """What holds of every file that is made."""
    tomllib.loads(text)
    told = [*findings.carried, *findings.changed, *findings.lost]
    assert SECRET not in text
    assert all(SECRET not in note.path + note.text for note in told)
    assert SECRET not in json.dumps(findings.variables)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "stellwerk.toml")
        file.write_text(text, encoding="utf-8")
        examine(file, is_offline=True)


@settings(max_examples=150, deadline=None)
@given(configuration | anything(st.sampled_from(("model_list", "router_settings"))))
def test_a_configuration_of_litellm_is_carried_over_or_refused(document: Any) -> None:
    findings = Findings()
    if not isinstance(document, dict):
        return
    try:
        draft = litellm.convert(document, findings)
    except ConfigurationError:
        return
    judge(draft.text("litellm"), findings)


@settings(max_examples=150, deadline=None)
@given(tree | anything(st.sampled_from(PORTKEY_KEYS)), st.lists(st.sampled_from(("smart", "fast")), unique=True))
def test_a_configuration_of_portkey_is_carried_over_or_refused(document: Any, models: list[str]) -> None:
    findings = Findings()
    if not isinstance(document, dict):
        return
    try:
        draft = portkey.convert(document, findings, models, "config")
    except ConfigurationError:
        return
    judge(draft.text("portkey"), findings)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200) | st.binary(max_size=200), st.sampled_from((".yaml", ".json")))
@example("a: &a [*a]", ".yaml")
@example("&a : *a", ".yaml")
@example("? [x]\n: y", ".yaml")
@example("a: !!python/object:os.system {}", ".yaml")
@example("a: 0b", ".yaml")
@example("a: 1_", ".yaml")
@example("a: !!int x", ".yaml")
@example("a: !!bool x", ".yaml")
@example("a: !!timestamp x", ".yaml")
@example("a: !!float .", ".yaml")
@example(f"a: {'9' * 5000}", ".yaml")
@example('"\\ud800": 1', ".yaml")
@example('{"a": "\\ud800"}', ".json")
@example('{"a": NaN}', ".json")
@example(f'{{"a": {"9" * 5000}}}', ".json")
@example('{"a": 1e999}', ".json")
@example("[]", ".json")
@example("", ".yaml")
@example("\x00", ".yaml")
def test_a_file_is_read_or_refused(content: str | bytes, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"source{suffix}")
        file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "replace"))
        try:
            document = documents.load(file)
        except ConfigurationError as error:
            (problem,) = error.problems
            assert problem.startswith(str(file))  # either way is good, and this is one of them
        else:
            json.dumps(document, ensure_ascii=False).encode()


plain = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inside: (
        st.lists(inside, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), inside, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), plain, max_size=5))
def test_what_is_written_as_toml_reads_back_the_same(entries: dict[str, Any]) -> None:
    assert tomllib.loads(toml.table("[[of]]", entries)) == {"of": [entries]}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "\n".join(
                ["a: &a0 [x, x, x, x, x, x, x, x, x]"]
                + [f"b{n}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]" for n in range(12)]
            ),
            "values",
        ),
        ("[" * 100_000, "inside one another"),
        ("{a: " * 1000, "inside one another"),
        ("- " * 1000, "inside one another"),
        ("a: &a {b: *a}", "alias"),
        ("? {a: b}\n: c", "a key that is a mapping"),
        ("a: *nobody", "alias"),
        ("a: &b c\n*b : d", "a key that is an alias"),
        ("a: !!binary aGk=", "a tag"),
        ("a: !custom {b: c}", "a tag"),
        ("- 1\n- 2\n", "expected a mapping"),
        ("a: [", "not YAML"),
    ],
    ids=range(12),
)
def test_yaml_that_is_too_much_or_makes_more_than_values_is_refused(text: str, why: str, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=why):
        documents.load(file)


def test_files_beyond_all_bounds_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    for content, why in (
        ("[" * 500_000, "objects and arrays"),
        ('{"a": ' + "[" * 40 + "]" * 40 + "}", "levels"),
        ('{"a": [' + ",".join("1" for _ in range(150_000)) + "]}", "values"),
        (" " * 2_000_000, "larger than"),
    ):
        file.write_text(content)
        with pytest.raises(ConfigurationError, match=why):
            documents.load(file)
    with pytest.raises(ConfigurationError, match="no such file"):
        documents.load(tmp_path / "away.yaml")


def test_yaml_is_read_as_its_users_mean_it(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        "base: &base {a: 1, b: yes}\nmine: {<<: *base, b: 'yes'}\nboth: {<<: [*base, {c: ~}]}\n"
        "list: [1.5, 0x10, null, 2024-10-21, plain text]\n1: one\n---\nanother: document\n"
    )
    assert documents.load(file) == {
        "base": {"a": 1, "b": True},
        "mine": {"a": 1, "b": "yes"},
        "both": {"a": 1, "b": True, "c": None},
        "list": [1.5, 16, None, "2024-10-21", "plain text"],
        "1": "one",
    }
