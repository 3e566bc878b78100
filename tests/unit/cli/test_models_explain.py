"""``stellwerk models explain``: where a request would go, who is passed over and why, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stellwerk.cli import main

CONFIG = """\
[state]
directory = "state"

[[providers]]
name = "openai"
kind = "openai"
api_key = "env:NOWHERE_TO_BE_FOUND"

[[providers]]
name = "claude"
kind = "anthropic"
api_key = "env:NOWHERE_TO_BE_FOUND"

[[providers]]
name = "own"
kind = "compatible"
base_url = "env:NOWHERE_TO_BE_FOUND"

[[models]]
name = "smart"
targets = [
  { provider = "openai", model = "gpt-3.5-turbo" },
  { provider = "claude", model = "claude-sonnet-4-5" },
  { provider = "own", model = "llama" },
]
fallback = ["old", "spare"]

[[models]]
name = "old"
requires = ["json_schema"]
targets = [{ provider = "openai", model = "gpt-3.5-turbo" }, { provider = "openai", model = "gpt-4" }]
fallback = ["spare"]

[[models]]
name = "spare"
targets = [{ provider = "openai", model = "gpt-5.2" }, { provider = "own", model = "llama" }]

[[keys]]
name = "web"
key = "env:NOWHERE_TO_BE_FOUND"
"""
PICTURE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a configuration none of whose references lead anywhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NOWHERE_TO_BE_FOUND", raising=False)
    (tmp_path / "stellwerk.toml").write_text(CONFIG)
    return tmp_path


def chat(content: Any = "Hello there", **rest: Any) -> dict[str, Any]:
    """A request for the model ``smart``."""
    return {"model": "smart", "messages": [{"role": "user", "content": content}], **rest}


def explained(body: Any, capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> dict[str, Any]:
    """What the command says in JSON of a request."""
    Path("request.json").write_text(json.dumps(body))
    assert main(["models", "explain", "--request", "request.json", "--json", *arguments]) == status
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def reasons(found: dict[str, Any]) -> dict[str, str]:
    return {target["target"]: target["reason"] for target in found["targets"]}


def test_a_plain_request_goes_by_the_strategy_and_then_to_fallbacks(capsys: pytest.CaptureFixture[str]) -> None:
    found = explained(chat(max_tokens=100), capsys)
    assert found["order"] == ["openai/gpt-3.5-turbo", "claude/claude-sonnet-4-5", "own/llama", "openai/gpt-5.2"]
    assert (found["ok"], found["needs"], found["dialect"]) == (True, [], "openai_chat")
    assert (found["strategy"], found["reason"]) == ("priority", "the order of the configuration")
    assert [target["model"] for target in found["targets"]] == ["smart", "smart", "smart", "spare", "old"]
    assert reasons(found)["openai/gpt-4"] == "no json_schema"
    assert 0 < found["prompt_tokens"]["at_least"] <= found["prompt_tokens"]["at_most"] < 50


def test_costs_are_those_of_the_prompt_and_a_usual_answer(capsys: pytest.CaptureFixture[str]) -> None:
    found = explained(chat(), capsys)
    costs = {target["target"]: target["expected_cost_usd"] for target in found["targets"]}
    tokens = found["prompt_tokens"]["at_most"]
    assert found["expected_output_tokens"] == 500
    assert float(costs["claude/claude-sonnet-4-5"]) == pytest.approx((tokens * 3 + 500 * 15) / 1e6)
    assert costs["own/llama"] is None
    found = explained(chat(max_tokens=10, n=2), capsys)
    assert (found["output_cap"], found["expected_output_tokens"]) == (10, 20)


def test_who_lacks_something_is_passed_over_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    found = explained(chat([PICTURE]), capsys)
    assert found["needs"] == ["vision"]
    assert found["order"][0] == "claude/claude-sonnet-4-5"
    assert reasons(found)["openai/gpt-3.5-turbo"] == "no vision"
    assert next(target for target in found["targets"] if target["place"] is None)["place"] is None


def test_a_long_prompt_goes_where_there_is_room(capsys: pytest.CaptureFixture[str]) -> None:
    found = explained(chat("word " * 12_000), capsys)
    assert found["order"] == ["claude/claude-sonnet-4-5", "own/llama", "openai/gpt-3.5-turbo", "openai/gpt-5.2"]
    assert reasons(found)["openai/gpt-3.5-turbo"] == "may not fit"
    found = explained(chat("word " * 20_000), capsys)
    assert "openai/gpt-3.5-turbo" not in found["order"]
    assert reasons(found)["openai/gpt-3.5-turbo"] == "context window 16385, the prompt has at least 19999 tokens"


def test_when_nobody_is_able_it_fails_with_what_a_caller_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    text = CONFIG.replace('fallback = ["old", "spare"]', 'fallback = ["old"]').replace('fallback = ["spare"]', "")
    Path("stellwerk.toml").write_text(text)
    found = explained(chat([PICTURE]), capsys, "--model", "old", status=1)
    assert (found["ok"], found["order"], found["reason"]) == (False, [], "")
    assert found["problem"].startswith("No target of the model 'old' can serve this request (openai/gpt-3.5-turbo: no ")
    assert main(["models", "explain", "--request", "request.json", "--model", "old"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == found["problem"]


def test_the_strategy_alone_may_leave_targets_out(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    information = site / "first-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: first\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[stellwerk.strategies]\nfirst = first_strategy\n")
    (site / "first_strategy.py").write_text(
        '"""Only the last target."""\n'
        "import msgspec\n"
        "from stellwerk.core.route import Plan\n"
        "class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):\n"
        '    """None."""\n'
        "class First:\n"
        "    minds_conversations = False\n"
        "    def fixed(self, targets):\n"
        "        return None\n"
        "    def plan(self, targets, ask, standings):\n"
        "        calm = all(standings[one.identity].in_flight == 0 for one in targets)\n"
        "        return Plan(targets[-1:], f'{ask.input_tokens()} tokens, draw {ask.draw}, calm {calm}')\n"
        "def build(settings):\n"
        "    return First()\n"
    )
    monkeypatch.syspath_prepend(str(site))
    Path("stellwerk.toml").write_text(CONFIG.replace('name = "spare"', 'name = "spare"\nstrategy = "first"'))
    found = explained(chat(), capsys, "--model", "spare")
    assert found["order"] == ["own/llama"]
    assert found["reason"] == f"{found['prompt_tokens']['at_most']} tokens, draw 0.5, calm True"
    assert reasons(found)["openai/gpt-5.2"] == "left out by the strategy"


def test_people_get_a_line_for_each_target(capsys: pytest.CaptureFixture[str]) -> None:
    Path("request.json").write_text(json.dumps(chat([PICTURE], max_tokens=100)))
    assert main(["models", "explain", "--request", "request.json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "model    smart, asked for in the dialect openai_chat"
    assert lines[1] == "needs    vision"
    assert [line.split()[:2] for line in lines[lines.index("") + 1 :]] == [
        ["1", "claude/claude-sonnet-4-5"],
        ["2", "own/llama"],
        ["3", "openai/gpt-5.2"],
        ["-", "openai/gpt-3.5-turbo"],
        ["-", "openai/gpt-4"],
    ]
    assert lines[-2].endswith("  no vision")
    assert lines[-3].endswith("  fits (fallback spare)")
    assert "unpriced" in lines[-4]


def test_requirements_of_a_model_are_told_and_hold(capsys: pytest.CaptureFixture[str]) -> None:
    Path("request.json").write_text(json.dumps(chat()))
    assert main(["models", "explain", "--request", "request.json", "--model", "old"]) == 0
    assert "\nrequires json_schema\n" in capsys.readouterr().out


def test_other_dialects_are_told_by_their_shape_or_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    body = {"contents": [{"parts": [{"text": "hello"}]}]}
    assert explained(body, capsys, "--model", "smart")["dialect"] == "gemini"
    assert explained(chat(max_tokens=9), capsys, "--dialect", "anthropic_messages")["dialect"] == "anthropic_messages"


@pytest.mark.parametrize(
    ("body", "arguments", "said"),
    [
        (chat(), ("--model", "nosuch"), "there is no model 'nosuch', only smart, old, spare"),
        ({"contents": []}, (), "say it with --model"),
        ({"model": "smart"}, (), "Missing required parameter: 'messages'"),
    ],
)
def test_what_cannot_be_asked_is_wrong_use(
    body: Any, arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = explained(body, capsys, *arguments, status=2)
    assert found["ok"] is False
    assert said in found["problems"][0]
    assert main(["models", "explain", "--request", "request.json", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_file_that_is_away_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "explain", "--request", "gone.json"]) == 2
    assert capsys.readouterr().err == "gone.json: the request cannot be read: no such file or directory\n"


def test_a_configuration_that_cannot_be_used_fails(capsys: pytest.CaptureFixture[str]) -> None:
    Path("request.json").write_text(json.dumps(chat()))
    Path("stellwerk.toml").write_text(CONFIG.replace('provider = "claude"', 'provider = "nobody"'))
    assert main(["models", "explain", "--request", "request.json"]) == 1
    assert "models[0].targets[1].provider" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [(), ("--request", "r.json", "--dialect", "klingon")])
def test_wrong_arguments_are_wrong_use(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["models", "explain", *arguments])
    assert ended.value.code == 2
