"""A configuration that is judged by somebody who connects to nobody, and so has none of its secrets."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stellwerk.config.compile import compile_file
from stellwerk.config.load import examine
from stellwerk.errors import ConfigurationError
from tests.unit.config.test_load import WHOLE

Write = Callable[[str], Path]

AWAY = ("ADMIN_TOKEN", "OPENAI_API_KEY", "LOCAL_URL", "WEB_KEY", "K")
NESTED = """\
[[providers]]
name = "cloud"
kind = "azure"
base_url = "https://example.openai.azure.com"
api_key = "env:GONE"
deployments = { ours = "env:GONE" }
"""


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without any of the variables that the examples refer to."""
    for name in AWAY:
        monkeypatch.delenv(name)


def test_whoever_is_offline_needs_neither_secrets_nor_certificates_nor_addresses(write: Write) -> None:
    path = write(WHOLE)
    assert len(examine(path).lines) == 6
    verdict = examine(path, is_offline=True)
    assert (verdict.lines, verdict.warnings) == ((), ())
    snapshot = compile_file(path, is_offline=True)
    assert [model.name for model in snapshot.models] == ["smart", "fast"]
    assert snapshot.providers[0].secrets == {"api_key": "env:OPENAI_API_KEY"}


def test_no_secret_is_looked_up_even_where_it_could_be(
    write: Write, head: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("K", "a key with spaces in it")
    assert len(examine(write(head)).lines) == 1
    assert examine(write(head), is_offline=True).lines == ()


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        ('targets = [{ provider = "up", model = "env:GONE" }]', "models[0].targets[0].model"),
        ('targets = [{ provider = "down", model = "x" }]', "models[0].targets[0].provider"),
        ("targets = []", "models[0].targets"),
    ],
)
def test_what_decides_where_a_request_goes_has_to_be_known(write: Write, head: str, found: str, problem: str) -> None:
    path = write(head.replace('targets = [{ provider = "up", model = "x" }]', found))
    (line,) = examine(path, is_offline=True).lines
    assert f": {problem}: " in line
    with pytest.raises(ConfigurationError):
        compile_file(path, is_offline=True)


def test_options_that_are_there_are_judged_as_ever(write: Write, head: str) -> None:
    assert examine(write(head + NESTED), is_offline=True).lines == ()
    text = head + NESTED.replace("deployments", "surprise = 1\ndeployments")
    (line,) = examine(write(text), is_offline=True).lines
    assert "providers[1].surprise" in line


@pytest.mark.parametrize(
    "providers", ['providers = "env:GONE"', 'providers = ["env:GONE"]', 'providers.x = "env:GONE"']
)
def test_providers_of_any_shape_are_judged_without_harm(write: Write, providers: str) -> None:
    assert examine(write(providers), is_offline=True).lines
