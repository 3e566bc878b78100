"""The options of the cache's embedder: judged by its plugin, its secrets left where they are, its files found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stellwerk.config.compile import compile_file
from stellwerk.core.snapshot import Snapshot
from stellwerk.errors import ConfigurationError
from stellwerk.gateway.upstreams import egress_policy, embedder_of
from stellwerk.ports.embedder import RemoteEmbedder

Write = Callable[[str], Path]
Said = Callable[[str], list[str]]

SEMANTIC = '[cache]\nsemantic = true\nembedder = "compatible"\n'
URL = "https://vectors.example.com/v1"


@pytest.fixture
def compiled(write: Write, head: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Snapshot]:
    """What becomes of a configuration with these lines."""
    monkeypatch.setenv("VECTORS_KEY", "secret-of-vectors")
    return lambda text: compile_file(write(head + text))


def test_secrets_are_references_until_somebody_needs_them(compiled: Callable[[str], Snapshot]) -> None:
    snapshot = compiled(f'{SEMANTIC}embedder_options = {{ api_key = "env:VECTORS_KEY", base_url = "{URL}" }}\n')
    assert snapshot.cache.embedder_options == {"api_key": "env:VECTORS_KEY", "base_url": URL}
    embedder = embedder_of(snapshot)
    assert isinstance(embedder, RemoteEmbedder)
    assert b"secret-of-vectors" in embedder.prepare(("a",)).fields
    assert egress_policy(snapshot).judge_url(URL).word == "allow"


@pytest.mark.parametrize(
    "text",
    ["[cache]\nexact = true\n", "[cache]\nsemantic = true\n", SEMANTIC.replace("semantic = true", "exact = true")],
)
def test_no_service_is_asked_where_there_is_no_use_for_one(text: str, compiled: Callable[[str], Snapshot]) -> None:
    snapshot = compiled(text)
    assert embedder_of(snapshot) is None
    assert egress_policy(snapshot).judge_url("https://api.openai.com/v1").word == "deny"


def test_a_key_that_cannot_be_one_is_told_of_without_being_shown(
    compiled: Callable[[str], Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = compiled(f'{SEMANTIC}embedder_options = {{ api_key = "env:VECTORS_KEY" }}\n')
    monkeypatch.setenv("VECTORS_KEY", "two words")
    with pytest.raises(ConfigurationError, match="visible ASCII") as caught:
        embedder_of(snapshot)
    assert "two words" not in str(caught.value)


def test_a_file_of_weights_lies_beside_the_configuration(compiled: Callable[[str], Snapshot], tmp_path: Path) -> None:
    snapshot = compiled('[cache]\nsemantic = true\nembedder_options = { weights = "model.safetensors" }\n')
    assert snapshot.cache.embedder_options == {"weights": str(tmp_path / "model.safetensors")}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('embedder = "minilmm"', "did you mean 'minilm'"),
        ('embedder = "minilmm"\nembedder_options = { api_key = "PLANTED" }', "did you mean 'minilm'"),
        ("embedder_options = { wieghts = 'x' }", "wieghts"),
        ('embedder = "compatible"\nembedder_options = { dimensions = 1 }', "dimensions"),
        ('embedder = "compatible"\nembedder_options = { api_key = 1 }', "a string"),
    ],
)
def test_what_cannot_be_is_told_of(text: str, reason: str, said: Said, head: str) -> None:
    told = "\n".join(said(f"{head}[cache]\nsemantic = true\n{text}\n"))
    assert reason in told
    assert "PLANTED" not in told
