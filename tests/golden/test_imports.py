"""Configurations of other gateways, and what becomes of them: the file, and what is told of every setting.

Beside each source stand the ``.toml`` and the ``.report.json`` that it leads to. The sources are our own, modelled on
what LiteLLM and Portkey document.
"""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stellwerk.cli import main
from stellwerk.config.load import examine, load
from stellwerk.transfer import documents, litellm, portkey
from stellwerk.transfer.findings import Findings

GOLDEN = Path(__file__).parent / "imports"
SOURCES = sorted(path for path in GOLDEN.rglob("*") if path.suffix in {".yaml", ".json"} and ".report" not in path.name)
MODELS = {"single": ("--model", "gpt-4.1", "--model", "gpt-4.1-mini")}
"""What is said of configurations that name no model."""
SECRET = "never-tell"
VALUES = {
    "AWS_REGION": "eu-central-1",
    "AZURE_API_BASE": "https://resource.openai.azure.com",
    "GOOGLE_CREDENTIALS": '{"type": "service_account"}',
    "OLLAMA_URL": "http://127.0.0.1:11434/v1",
    "RESOURCE_URL": "https://other.openai.azure.com",
}
"""Of variables that are no keys."""


def imported(source: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The document of one import."""
    arguments = ("import", source.parent.name, str(source), *MODELS.get(source.stem, ()), "--json")
    assert main(arguments) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_configuration_becomes_the_file_and_the_report_that_it_should(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = imported(source, capsys)
    assert found.pop("toml") == source.with_suffix(".toml").read_text(encoding="utf-8")
    assert found == json.loads(source.with_suffix(".report.json").read_bytes())
    assert found["problems"] == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_secret_of_the_source_is_in_what_comes_out(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = imported(source, capsys)
    assert SECRET not in json.dumps(found)
    assert SECRET in source.read_text(encoding="utf-8") or source.parent.name == "litellm"


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_file_is_loaded_without_a_warning_once_its_variables_are_set(
    source: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = imported(source, capsys)
    for number, name in enumerate(found["variables"]):
        monkeypatch.setenv(name, VALUES.get(name, f"value-{number}-0123456789abcdef"))
    file = tmp_path / "stellwerk.toml"
    text = found["toml"].replace("file:/run/secrets/google.json", f"file:{tmp_path}/google.json")
    for name in ("google.json", "key.json"):
        (tmp_path / name).write_text("{}")
    file.write_text(text, encoding="utf-8")
    assert examine(file).lines == ()
    assert [warning.render("") for warning in examine(file).warnings] == []
    assert load(file).models
    written = tomllib.loads(text)
    assert set(found["variables"]) == _variables(written)


def _variables(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set().union(*(_variables(child) for child in value.values()))
    if isinstance(value, list):
        return set().union(*(_variables(child) for child in value))
    return {value.removeprefix("env:")} if isinstance(value, str) and value.startswith("env:") else set()


def test_both_sources_have_examples() -> None:
    assert {source.parent.name for source in SOURCES} == {"litellm", "portkey"}
    assert len(SOURCES) >= 10


def places(value: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every mapping of a document, with its path."""
    if isinstance(value, dict):
        yield path, value
        for name, child in value.items():
            yield from places(child, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for place, child in enumerate(value):
            yield from places(child, f"{path}[{place}]")


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_setting_is_left_out_in_silence_wherever_it_stands(source: Path) -> None:
    original = documents.load(source)
    for path, _ in list(places(original, "")):
        if path.startswith("shared") or path.endswith("credential_info"):
            continue  # of no consequence: a note for people, and what YAML repeats from elsewhere
        document = copy.deepcopy(original)
        next(found for place, found in places(document, "") if place == path)["never_heard_of"] = "x"
        findings = Findings()
        if source.parent.name == "litellm":
            litellm.convert(document, findings)
        elif isinstance(document.get("data"), dict):
            continue  # what stands around an answer of the API
        else:
            portkey.convert(document, findings, ("any",), "config")
        told = {note.path for note in (*findings.changed, *findings.lost)}
        mine = f"{path}.never_heard_of" if path else "never_heard_of"
        above = {mine[:end] for end, character in enumerate(mine) if character in ".["}
        entry = mine[: mine.rfind("]") + 1]
        is_left_out = entry and not any(note.path == entry for note in findings.carried)
        is_told = any(one.endswith("never_heard_of") for one in told) or bool(above & told)
        assert is_told or (is_left_out and any(note.path.startswith(entry) for note in findings.lost)), mine
