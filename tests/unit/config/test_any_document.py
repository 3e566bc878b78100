"""Whatever stands in a file: problems or a snapshot, and never anything else."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stellwerk.config.compile import snapshot_of, write
from stellwerk.config.compiled import read
from stellwerk.config.load import Verdict, examine
from stellwerk.config.references import resolve

PLANTED = "PLANTED-SECRET-0123456789"

WORDS = st.sampled_from(
    [
        "server", "admin", "state", "retry", "providers", "models", "keys", "listen", "workers", "tls", "cors",
        "limits", "name", "kind", "key", "token", "targets", "provider", "model", "weight", "fallback", "strategy",
        "api_key", "base_url", "host", "directory", "origins", "trusted_proxies", "strategy_options", "requires",
        "timeout_s", "cache", "attempts", "certificate",
    ]
)  # fmt: skip
TEXTS = st.sampled_from(
    [
        "openai", "compatible", "priority", "a", "b", "127.0.0.1:0", "http://127.0.0.1:9/v1", "ollama", "*",
        "10.0.0.0/8", "env:K", "env:GONE", "file:gone", "file:/", "file:.", "vault:x", "toml:x", "-----BEGIN X-----",
    ]
) | st.text(max_size=5)  # fmt: skip
SCALARS = TEXTS | st.booleans() | st.integers() | st.floats(allow_nan=True)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4), max_leaves=12
)
NAMES = st.sampled_from(["a", "b", "c"])
PROVIDERS = st.fixed_dictionaries(
    {"name": NAMES, "kind": st.sampled_from(["openai", "compatible"])},
    optional={"api_key": TEXTS, "base_url": TEXTS, "host": TEXTS},
)
TARGETS = st.fixed_dictionaries({"provider": NAMES, "model": TEXTS}, optional={"weight": SCALARS})
MODELS = st.fixed_dictionaries(
    {"name": NAMES, "targets": st.lists(TARGETS, min_size=1, max_size=2)},
    optional={"fallback": st.lists(NAMES, max_size=2), "strategy": TEXTS, "strategy_options": VALUES},
)
KEYS = st.fixed_dictionaries({"name": NAMES, "key": TEXTS}, optional={"models": st.lists(NAMES, max_size=2)})
LIKELY = st.fixed_dictionaries(
    {},
    optional={
        "providers": st.lists(PROVIDERS, max_size=2),
        "models": st.lists(MODELS, max_size=3),
        "keys": st.lists(KEYS, max_size=2),
    },
)
VISIBLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=8)
SECRETS = VISIBLE.map(lambda text: PLANTED + text)
LABELS = st.text(min_size=1, max_size=5).filter(lambda text: text.isprintable() and text == text.strip())
MODEL_NAMES = st.text("ab1._:/@+~-", min_size=1, max_size=5).map(lambda text: f"x{text}")
SOUND_MODELS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"name": MODEL_NAMES, "targets": st.just([{"provider": "a", "model": "m"}])},
    optional={
        "timeout_s": st.floats(1e-9, 86_400) | st.integers(1, 86_400),
        "retry": st.fixed_dictionaries({}, optional={"attempts": st.integers(1, 100)}),
        "requires": st.lists(st.just("tools")),
    },
)
SOUND_KEYS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"name": LABELS, "key": SECRETS}, optional={"team": LABELS}
)
SOUND: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "admin": st.fixed_dictionaries({"token": SECRETS}),
        "providers": st.fixed_dictionaries({"name": st.just("a"), "kind": st.just("openai"), "api_key": SECRETS}).map(
            lambda provider: [provider]
        ),
        "models": st.lists(
            SOUND_MODELS,
            max_size=3,
            unique_by=lambda model: model["name"],
        ),
        "keys": st.lists(
            SOUND_KEYS,
            max_size=3,
            unique_by=(lambda key: key["name"], lambda key: key["key"]),
        ),
    }
)
UNLIKELY = st.dictionaries(WORDS, VALUES, max_size=5)


def toml(value: Any) -> str:
    """A value in TOML; a document is its table without the braces."""
    match value:
        case dict():
            return "{" + ", ".join(f"{json.dumps(key)} = {toml(inner)}" for key, inner in value.items()) + "}"
        case list():
            return "[" + ", ".join(toml(inner) for inner in value) + "]"
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def judged(text: str, folder: Path) -> Verdict:
    """Either problems, each in one line with a line that exists, or a snapshot that survives being written."""
    path = folder / "stellwerk.toml"
    path.write_text(text, encoding="utf-8", newline="")
    verdict = examine(path)
    assert (verdict.settings is None) == bool(verdict.problems)
    for problem in (*verdict.problems, *verdict.warnings):
        assert 0 <= problem.line <= text.count("\n") + 1
        assert "\n" not in problem.message
        assert PLANTED not in problem.message
    if verdict.settings is not None:
        snapshot = snapshot_of(verdict.settings, path, version=1)
        write(snapshot, folder / "compiled")
        assert read(folder / "compiled") == snapshot
        assert PLANTED.encode() not in (folder / "compiled").read_bytes()
    return verdict


ANY_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@ANY_FOLDER
@given(document=LIKELY | UNLIKELY)
def test_any_document_has_problems_or_becomes_a_snapshot(document: dict[str, Any], tmp_path: Path) -> None:
    judged("".join(f"{json.dumps(key)} = {toml(value)}\n" for key, value in document.items()), tmp_path)


@ANY_FOLDER
@given(document=SOUND)
def test_any_sound_document_becomes_a_snapshot_whose_secrets_are_found_again(
    document: dict[str, Any], tmp_path: Path
) -> None:
    verdict = judged("".join(f"{json.dumps(key)} = {toml(value)}\n" for key, value in document.items()), tmp_path)
    assert verdict.lines == ()
    snapshot = read(tmp_path / "compiled")
    assert resolve(snapshot.admin.token or "") == document["admin"]["token"]
    assert resolve(snapshot.providers[0].secrets["api_key"]) == document["providers"][0]["api_key"]
    assert [resolve(key.key) for key in snapshot.keys] == [key["key"] for key in document["keys"]]


@ANY_FOLDER
@given(text=st.text(st.characters(codec="utf-8")) | st.text("[]{}=.,\"'#\n ab1\\"))
def test_any_text_has_problems_or_becomes_a_snapshot(text: str, tmp_path: Path) -> None:
    judged(text, tmp_path)


@ANY_FOLDER
@given(
    secret=st.sampled_from([PLANTED, f"{PLANTED} ", f"{PLANTED}\n", [PLANTED], {"a": PLANTED}, {"name": PLANTED}]),
    kind=st.sampled_from(["openai", "compatible", "opena", "env:GONE", 5]),
    extra=st.just({}) | UNLIKELY,
)
def test_a_secret_at_its_place_is_never_told_nor_compiled(
    secret: Any, kind: Any, extra: dict[str, Any], tmp_path: Path
) -> None:
    pem = f"-----BEGIN X-----{secret}" if isinstance(secret, str) else secret
    document = {
        **extra,
        "admin": {"token": secret},
        "server": {"tls": {"certificate": pem, "key": pem}},
        "providers": [{"name": "a", "kind": kind, "host": "ollama", "api_key": secret}],
        "keys": [{"name": "k", "key": secret}],
    }
    judged("".join(f"{json.dumps(key)} = {toml(value)}\n" for key, value in document.items()), tmp_path)


@pytest.mark.parametrize("depth", [1, 31, 32, 33, 200, 2_000])
@pytest.mark.parametrize("style", ["dotted", "arrays", "tables"])
def test_a_document_of_any_depth_is_judged(depth: int, style: str, tmp_path: Path) -> None:
    text = {
        "dotted": "a." * depth + "a = 1",
        "arrays": "providers = [{ x = " + "[" * depth + "]" * depth + " }]",
        "tables": "providers = [" + "{ x = " * depth + "1" + " }" * depth + "]",
    }[style]
    judged(text, tmp_path)
