"""``stellwerk import`` as it speaks to people: where it writes, and what it says."""

import json
from pathlib import Path

import pytest

from stellwerk.cli import main

PORTKEY = {"provider": "openai", "api_key": "never-tell", "override_params": {"model": "gpt-4.1"}, "cache": {}}


def test_without_a_file_to_write_the_configuration_is_printed_and_the_report_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "my config.json"
    source.write_text(json.dumps(PORTKEY))
    assert main(["import", "portkey", str(source)]) == 0
    out, err = capsys.readouterr()
    assert 'name = "my-config"' in out
    assert "Not carried over:\n  cache: caching is not in this version\n" in err
    assert "Changed in meaning:\n  api_key:" in err
    assert "Set these environment variables:\n  OPENAI_API_KEY:" in err
    assert "(the file): a model my-config, 1 target" in err


def test_what_has_to_be_put_right_by_hand_is_told_and_the_file_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, output = tmp_path / "config.json", tmp_path / "stellwerk.toml"
    bedrock = {"provider": "bedrock", "aws_region": "nowhere at all", "override_params": {"model": "m"}}
    source.write_text(json.dumps(bedrock))
    assert main(["import", "portkey", str(source), "--output", str(output)]) == 1
    out, _ = capsys.readouterr()
    assert "To be put right by hand:\n  stellwerk.toml:" in out
    assert "providers[0]" in out
    assert out.endswith(f"{output}: written\n")
    assert 'region = "nowhere at all"' in output.read_text()


@pytest.mark.parametrize(
    ("source", "text", "why"),
    [
        ("litellm", '{"a": 1}', "no configuration of LiteLLM"),
        ("portkey", '{"a": 1}', "no configuration of Portkey"),
        ("portkey", '{"config": "{"}', "the text under config: this is not JSON"),
        ("portkey", json.dumps({"config": '{"targets":[' * 500 + "]}" * 500}), "the text under config: more than 32"),
        ("litellm", "[1]", "expected a mapping"),
    ],
    ids=range(5),
)
def test_what_is_no_configuration_is_refused(
    source: str, text: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.json"
    file.write_text(text)
    assert main(["import", source, str(file)]) == 1
    assert why in capsys.readouterr().err


def test_a_configuration_without_models_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "config.json"
    file.write_text('{"router_settings": {}}')
    assert main(["import", "litellm", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["variables"].keys() == {"STELLWERK_ADMIN_TOKEN", "STELLWERK_KEY"}
